//! An ordinary client: curl with a jar of cookies, for which every name and port leads to the proxy
//! of a test.

use std::process::Command;

use super::caddy::Ports;
use super::daemon::Done;
use super::scratch::Scratch;

/// A visitor who keeps his cookies, as long as the browser's rules let him.
pub struct Curl {
    ports: Ports,
    from: String,
    jar: Scratch,
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub location: String,
    pub body: String,
}

impl Curl {
    pub fn new(ports: Ports) -> Self {
        Self::from(ports, "127.0.0.1")
    }

    /// One who speaks from that address of this machine; all of 127.0.0.0/8 is.
    pub fn from(ports: Ports, address: &str) -> Self {
        Self { ports, from: address.to_owned(), jar: Scratch::new("curl") }
    }

    /// Loads a page as a browser does, with more options for curl. No certificate is checked.
    pub fn load(&self, url: &str, options: &[&str]) -> Page {
        let port = if url.starts_with("http://") { self.ports.http } else { self.ports.https };
        let jar = self.jar.path().join("cookies");
        let mut command = command();
        // Over HTTP/2, curl 7.88 loses an answer that comes before the form has been sent and
        // resets the stream, as Go's proxies do when they refuse; it must not (RFC 9113, section
        // 8.1). HTTP/2 is what the browser's tests speak.
        command.args([
            "--insecure",
            "--http1.1",
            "--interface",
            &self.from,
            "--connect-to",
            &format!("::127.0.0.1:{port}"),
        ]);
        command.arg("--cookie").arg(&jar).arg("--cookie-jar").arg(&jar);
        command.args(["--header", "Accept: text/html", "--header", "Sec-Fetch-Mode: navigate"]);
        page(command.args(options), url)
    }
}

/// curl that says nothing but errors, knows no proxy of the environment, and ends after 20 seconds.
pub fn command() -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]);
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Done {
    Done::from(command.output().expect("curl runs; tests/run installs what is missing"))
}

/// Loads one page with it, which must succeed.
pub fn page(command: &mut Command, url: &str) -> Page {
    let done = run(command.args(["--write-out", "\n%{http_code} %header{location}", url]));
    assert_eq!(done.status, 0, "{url}: {done:?}");
    let (body, last) = done.out.rsplit_once('\n').expect("the line that curl adds");
    let (status, location) = last.split_once(' ').expect("a status");
    Page {
        status: status.parse().expect("a number"),
        location: location.to_owned(),
        body: body.to_owned(),
    }
}
