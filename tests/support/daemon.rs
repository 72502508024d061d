//! The built program: a state directory and a configuration of its own, the daemon on a free port,
//! the command line.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use portcullis::clock::{Timestamp, now};
use serde_json::Value;

use super::caddy::free_port;
use super::clock;
use super::codes::{Person, STEP};
use super::faults;
use super::http::{Answer, Ask};
use super::process::Running;
use super::scratch::Scratch;
use super::wait::PATIENCE;

/// The program that Cargo built for the tests.
const BUILT: &str = env!("CARGO_BIN_EXE_portcullis");

/// What most tests configure: a login host of its own, one cookie for the whole domain.
pub const ONE_DOMAIN: &str = r#"
public_url = "https://auth.example.test"
[session]
cookie_domain = "example.test"
"#;

/// Where a gate lives, whether its daemon runs or not.
pub struct Place {
    dir: Scratch,
    state: Option<PathBuf>,
    control: Option<PathBuf>,
    settings: String,
    listen: String,
    environment: Vec<(String, String)>,
    /// The arguments before the verb.
    program: Vec<String>,
    /// How far a movable clock is from the test's own, in seconds.
    shift: AtomicI64,
}

impl Place {
    /// `settings` is TOML without `listen`, top-level keys first.
    pub fn new(settings: &str) -> Self {
        let place = Self {
            dir: Scratch::new("gate"),
            state: None,
            control: None,
            settings: settings.to_owned(),
            // Not port 0: what the kernel gave once it may give to somebody else between a stop and
            // the next start.
            listen: format!("127.0.0.1:{}", free_port()),
            environment: Vec::new(),
            program: vec![BUILT.to_owned()],
            shift: AtomicI64::new(0),
        };
        place.write_settings();
        place
    }

    fn write_settings(&self) {
        self.dir.write(
            "portcullis.toml",
            &format!("listen = [\"{}\"]\n{}", self.listen, self.settings),
        );
    }

    /// Other settings from the next start (or SIGHUP) on.
    pub fn configure(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
        self.write_settings();
    }

    /// A clock that [`Place::shift_clock`] can move while the daemon runs, by libfaketime; the
    /// monotonic one stays true.
    pub fn with_movable_clock(self) -> Self {
        self.with_movable_clocks().with_environment("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// The same, and [`Place::shift_clock`] moves the monotonic clock too: it is as if that time
    /// had passed.
    pub fn with_movable_clocks(mut self) -> Self {
        let unsynchronised = faults::build("unsynchronised", &self.dir);
        // The test's own may be loaded already, and no library is loaded twice.
        let libraries = clock::preloaded(&[&clock::libfaketime(), &unsynchronised]);
        self.shift_clock(0);
        let (file, confirmed) = (self.clock_file(), self.confirmed_file());
        for (name, value) in [
            ("LD_PRELOAD", Path::new(&libraries)),
            ("CLOCK_CONFIRMED", confirmed.as_path()),
            ("FAKETIME_TIMESTAMP_FILE", file.as_path()),
            ("FAKETIME_NO_CACHE", Path::new("1")),
            ("FAKETIME_DISABLE_SHM", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("0")),
        ] {
            self.environment.push((name.to_owned(), value.display().to_string()));
        }
        self
    }

    fn clock_file(&self) -> PathBuf {
        self.dir.path().join("clock")
    }

    fn confirmed_file(&self) -> PathBuf {
        self.dir.path().join("clock.confirmed")
    }

    /// From now on a movable clock counts as synchronised: what it shows is the true time.
    pub fn confirm_clock(&self) {
        self.dir.write("clock.confirmed", "");
    }

    /// Sets the daemon's wall clock so many seconds before or after the test's own.
    pub fn shift_clock(&self, seconds: i64) {
        // Renamed into place: the daemon must never read half of it.
        let new = self.dir.write("clock.new", &format!("{:+}", clock::ahead() + seconds));
        std::fs::rename(new, self.clock_file()).expect("a file of ours can be renamed");
        self.shift.store(seconds, Ordering::Relaxed);
    }

    /// Sets the daemon's wall clock to that time, from which it goes on. For one that must be wrong
    /// there is [`clock::before_the_build`]: how many days back that is depends on the build.
    pub fn set_clock(&self, time: Timestamp) {
        self.shift_clock(time.unix().cast_signed() - now().unix().cast_signed());
    }

    /// The time step that the daemon's clock is in.
    pub fn step(&self) -> u64 {
        now().unix().saturating_add_signed(self.shift.load(Ordering::Relaxed)) / STEP
    }

    pub fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another build of the program, behind an emulator perhaps, instead of the one that Cargo
    /// built for the tests.
    pub fn with_program(mut self, arguments: &[&str]) -> Self {
        self.program = arguments.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Another state directory than the one beside the configuration.
    pub fn with_state(mut self, state: &Path) -> Self {
        self.state = Some(state.to_owned());
        self
    }

    /// Another control socket than the one in the state directory.
    pub fn with_control(mut self, control: &Path) -> Self {
        self.control = Some(control.to_owned());
        self
    }

    pub fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(|| self.dir.path().join("state"))
    }

    /// `ip:port` of the main listener, once the daemon told it.
    pub fn gate_address(&self) -> String {
        self.listen.clone()
    }

    /// The `path_prefix` in its settings.
    fn prefix(&self) -> &str {
        let line = self.settings.lines().find_map(|line| line.strip_prefix("path_prefix = \""));
        line.and_then(|rest| rest.split('"').next()).unwrap_or_default()
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.path().join("portcullis.toml")
    }

    /// The program with this place's state and configuration; of the machine's environment as
    /// little as [`bare_command`].
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program: Vec<_> = self.program.iter().map(String::as_str).collect();
        let mut command = bare(&program, arguments);
        command.arg("--state-dir").arg(self.state()).arg("--config").arg(self.config_file());
        if let Some(control) = &self.control {
            command.arg("--control").arg(control);
        }
        if self.clock_file().exists() {
            // It would count for more than the file.
            command.env_remove("FAKETIME");
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a verb to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::from(self.command(arguments).output().expect("the built program runs"))
    }

    /// Runs a verb that must succeed, with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        let done = self.run(&arguments);
        assert_eq!(done.status, 0, "{arguments:?}: {}{}", done.out, done.err);
        serde_json::from_str(&done.out)
            .unwrap_or_else(|error| panic!("{arguments:?}: no JSON ({error}): {}", done.out))
    }

    /// Adds somebody with an authenticator app.
    pub fn add_user(&self, name: &str) -> Person {
        Person::from_answer(&self.json(&["user", "add", name]))
    }

    /// Starts the daemon and waits until it serves.
    pub fn start(self) -> Daemon {
        let running = self.launch();
        let mut daemon =
            Daemon { place: self, running, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        daemon.become_ready();
        daemon
    }

    /// What the daemon says when it must refuse to start.
    pub fn refused_start(&self) -> String {
        let mut running = self.launch();
        let status = running.ended(PATIENCE);
        assert!(!status.success(), "it ended well: {}", running.text());
        running.text()
    }

    /// Starts the daemon without waiting for anything.
    pub fn launch(&self) -> Running {
        Running::start("portcullis", &mut self.command(&["serve"]))
    }
}

/// A daemon that runs until it is dropped.
pub struct Daemon {
    // Dropped first: it writes into the folder of its place until it has ended.
    pub running: Running,
    pub place: Place,
    pub address: SocketAddr,
}

impl Daemon {
    /// A gate with these settings.
    pub fn with(settings: &str) -> Self {
        Place::new(settings).start()
    }

    /// Waits for the address it says it listens on, and for its first answer. It keeps that port
    /// from then on.
    fn become_ready(&mut self) {
        self.address =
            self.running.wait_for("the address it listens on", PATIENCE, listening_address);
        self.place.listen = self.address.to_string();
        self.place.write_settings();
        let health = format!("{}/health", self.place.prefix());
        assert_eq!(Ask::get(&health).send(self.address).status, 200);
    }

    /// Starts again after [`Daemon::kill`] or [`Daemon::stop`], on the same port; says how long
    /// until the first answer.
    pub fn start_again(&mut self) -> Duration {
        let start = portcullis::clock::monotonic();
        self.running = self.place.launch();
        self.become_ready();
        portcullis::clock::monotonic() - start
    }

    /// SIGKILL: nothing is written any more.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// SIGTERM, and waits for a clean end.
    pub fn stop(&mut self) {
        self.running.signal(Signal::SIGTERM);
        let status = self.running.ended(PATIENCE);
        assert!(status.success(), "SIGTERM ended it with {status}: {}", self.running.text());
    }

    /// Posts the login form with that code from the address `from`.
    pub fn post_code(&self, code: &str, from: &str) -> Answer {
        self.login_form(code, from).send(self.address)
    }

    /// The request of [`Daemon::post_code`], to be changed before it is sent.
    pub fn login_form(&self, code: &str, from: &str) -> Ask {
        Ask::form("/login", &[("otp", code), ("next", "/")])
            .header("X-Forwarded-For", from)
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "auth.example.test")
    }

    /// Logs in and returns the session cookie's value.
    pub fn log_in(&self, person: &Person) -> String {
        let answer = self.post_code(&person.fresh_code(), "198.51.100.1");
        assert_eq!(answer.status, 302, "{answer:?}");
        answer.cookie("auth_token").expect("a login sets the session cookie")
    }

    /// Asks about a page of a site as Caddy would, with this session cookie.
    pub fn ask_with(&self, token: &str) -> Answer {
        Ask::verify("/verify/caddy", "https://app.example.test/")
            .by_page_load()
            .cookie("auth_token", token)
            .send(self.address)
    }

    /// Whether this session cookie opens a site.
    pub fn is_open_to(&self, token: &str) -> bool {
        match self.ask_with(token).status {
            204 => true,
            302 => false,
            other => panic!("a page load is answered by {other}"),
        }
    }
}

/// How a verb ended and what it said.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The built program with no environment but PATH, the place and the time.
pub fn bare_command(arguments: &[&str]) -> Command {
    bare(&[BUILT], arguments)
}

fn bare(program: &[&str], arguments: &[&str]) -> Command {
    let [program, before @ ..] = program else { panic!("no program to start") };
    let mut command = Command::new(program);
    command
        .args(before)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(clock::surroundings());
    command
}

/// The environment that a command was given, for another that is to start it.
pub fn environment_of(command: &Command) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    command.get_envs().filter_map(|(name, value)| Some((name, value?)))
}

/// The address in the line `listening address=…`.
pub fn listening_address(text: &str) -> Option<SocketAddr> {
    let line = text.lines().find(|line| line.contains("listening") && line.contains("address="))?;
    let (_, rest) = line.split_once("address=")?;
    rest.trim_matches('"').split([' ', '"', ',']).next()?.parse().ok()
}
