//! Chromium, driven through chromedriver's WebDriver protocol (W3C WebDriver, and Chromium's own
//! DevTools commands).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::caddy::free_port;
use super::http::Ask;
use super::process::Running;
use super::scratch::Scratch;
use super::wait::{self, PATIENCE};

/// A browser with a profile of its own, closed on drop. Names below `example.test` lead to this
/// machine, and the test authority's certificates are taken.
pub struct Browser {
    driver: Running,
    address: SocketAddr,
    session: String,
    profile: Scratch,
}

impl Browser {
    pub fn start() -> Self {
        // Not port 0: it takes what the kernel gives it for IPv6 and wants the same for IPv4, where
        // it may be taken.
        let port = format!("--port={}", free_port());
        let mut driver = Running::start("chromedriver", Command::new("chromedriver").arg(port));
        let address = driver.wait_for("its port", PATIENCE, |text| {
            let (_, rest) = text.split_once("started successfully on port ")?;
            let (port, _) = rest.split_once('.')?;
            Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?)))
        });
        let profile = Scratch::new("browser");
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--ignore-certificate-errors",
            "--hide-scrollbars",
            "--window-size=1280,900",
            "--host-resolver-rules=MAP *.example.test 127.0.0.1",
        ];
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        let flags: Vec<_> = flags.into_iter().chain([profile_flag.as_str()]).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": flags },
        } } });
        let mut browser = Self { driver, address, session: String::new(), profile };
        let answer = browser.say("POST", "/session", &wanted);
        browser.session = answer["sessionId"].as_str().expect("a session id").to_owned();
        browser
    }

    /// One command; panics with the driver's message when it fails.
    fn say(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_say(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_say(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut ask = Ask::new(method, path).header("Content-Type", "application/json");
        if method == "POST" {
            ask = ask.body(body.to_string().as_bytes());
        }
        let answer = ask.try_send(self.address).map_err(|error| error.to_string())?;
        let value = answer.json()["value"].take();
        if answer.status == 200 {
            Ok(value)
        } else {
            Err(format!("{}: {}", value["error"], value["message"]))
        }
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.say(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Goes to an address, as if typed; returns when the page has loaded.
    pub fn open(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    pub fn url(&self) -> String {
        self.text_of(self.command("GET", "/url", &Value::Null))
    }

    pub fn title(&self) -> String {
        self.text_of(self.command("GET", "/title", &Value::Null))
    }

    fn text_of(&self, value: Value) -> String {
        value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
    }

    fn find(&self, css: &str) -> Result<String, String> {
        let path = format!("/session/{}/element", self.session);
        let found =
            self.try_say("POST", &path, &json!({ "using": "css selector", "value": css }))?;
        let id =
            found.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| format!("no element {css}"))
    }

    fn element(&self, css: &str) -> String {
        self.find(css).unwrap_or_else(|error| panic!("{css} on {}: {error}", self.url()))
    }

    pub fn has(&self, css: &str) -> bool {
        self.find(css).is_ok()
    }

    /// The text of an element as it is shown.
    pub fn text(&self, css: &str) -> String {
        let element = self.element(css);
        self.text_of(self.command("GET", &format!("/element/{element}/text"), &Value::Null))
    }

    /// Waits until an element shows a text with this in it, also while one page gives way to
    /// another.
    pub fn wait_for_text(&self, css: &str, part: &str) {
        let shown = || {
            let path = format!("/session/{}/element/{}/text", self.session, self.find(css).ok()?);
            let text = self.try_say("GET", &path, &Value::Null).ok()?;
            text.as_str().is_some_and(|text| text.contains(part)).then_some(())
        };
        wait::until(&format!("{part:?} in {css}"), PATIENCE, shown);
    }

    /// An attribute as it stands in the page's source.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let element = self.element(css);
        let value =
            self.command("GET", &format!("/element/{element}/attribute/{name}"), &Value::Null);
        value.as_str().map(str::to_owned)
    }

    pub fn type_into(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    pub fn clear(&self, css: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/clear"), &json!({}));
    }

    pub fn click(&self, css: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Types into whatever has the focus.
    pub fn type_blindly(&self, text: &str) {
        let keys: Vec<_> = text
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        self.command(
            "POST",
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keys", "actions": keys }] }),
        );
    }

    /// The value of a JavaScript expression, awaited where it is a promise.
    pub fn value_of(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             Promise.resolve().then(async () => ({expression})).then(done, error => done('threw ' + error));"
        );
        self.command("POST", "/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script that may lead away from the page; what it makes of it is not waited for.
    pub fn run(&self, script: &str) {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }));
    }

    /// When the page shown began, which tells one load from the next; `None` while one page gives
    /// way to another.
    pub fn page_began(&self) -> Option<f64> {
        let path = format!("/session/{}/execute/sync", self.session);
        let script = json!({ "script": "return performance.timeOrigin", "args": [] });
        self.try_say("POST", &path, &script).ok()?.as_f64()
    }

    /// Waits until the page's address is this one.
    pub fn wait_for_url(&self, url: &str) {
        wait::until(&format!("the address {url}, it is {}", self.url()), PATIENCE, || {
            (self.url() == url).then_some(())
        });
    }

    /// Waits until something fits the selector.
    pub fn wait_for(&self, css: &str) {
        wait::until(&format!("{css} on {}", self.url()), PATIENCE, || self.has(css).then_some(()));
    }

    /// The cookies that belong to the page shown.
    pub fn cookies(&self) -> Vec<Value> {
        self.command("GET", "/cookie", &Value::Null).as_array().cloned().unwrap_or_default()
    }

    pub fn forget_cookies(&self) {
        self.command("DELETE", "/cookie", &Value::Null);
        self.devtools("Network.clearBrowserCookies", &json!({}));
    }

    /// What the browser wrote to its console since the last call: CSP violations, failed loads,
    /// script errors.
    pub fn console(&self) -> Vec<String> {
        let lines = self.command("POST", "/se/log", &json!({ "type": "browser" }));
        lines
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| self.text_of(line["message"].clone()))
            .collect()
    }

    /// A DevTools command.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// From the next page on no page's own scripts run.
    pub fn switch_scripts_off(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    /// Shows pages as on a screen of that size, in a light or dark setting.
    pub fn emulate(&self, width: u32, height: u32, phone: bool, scheme: &str) {
        let scale = if phone { 2 } else { 1 };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// Saves what is shown to `target/screenshots/NAME.png`, for people to look at; gives a copy
    /// that is this browser's own, for another run of the tests may write the same name.
    pub fn save_screenshot(&self, name: &str) -> PathBuf {
        let picture = self.text_of(self.command("GET", "/screenshot", &Value::Null));
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&dir).expect("the target directory can be written");
        let name = format!("{name}.png");
        let own = self.profile.path().join(&name);
        std::fs::write(&own, STANDARD.decode(picture).expect("base64"))
            .expect("the test's own directory");
        std::fs::copy(&own, dir.join(&name)).expect("the target directory can be written");
        own
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let source = format!("/session/{}/source", self.session);
        if std::thread::panicking()
            && let Ok(source) = self.try_say("GET", &source, &Value::Null)
        {
            eprintln!("-- the page shown was:\n{}", source.as_str().unwrap_or_default());
        }
        // Closing the session ends Chromium; ending the driver alone would leave it behind.
        let _ = self.try_say("DELETE", &format!("/session/{}", self.session), &Value::Null);
        self.driver.kill();
    }
}
