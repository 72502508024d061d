//! The first command of the README, as a person at a terminal runs it.

use std::fs::File;
use std::net::TcpStream;
use std::process::Command;

use super::steps::{CODE, send_code};
use crate::support::browser::Browser;
use crate::support::codes::Person;
use crate::support::process::Running;
use crate::support::scratch::Scratch;
use crate::support::wait::{self, PATIENCE};

#[test]
fn the_demo_shows_a_qr_code_and_its_site_opens_after_the_login() {
    // It has fixed ports: another run on this machine waits until this one has ended.
    let lock =
        File::create(std::env::temp_dir().join("portcullis-demo.lock")).expect("a file of ours");
    wait::until("the end of another run", PATIENCE * 5, || lock.try_lock().ok());
    let dir = Scratch::new("demo");
    let mut command = Command::new("script");
    // A terminal of its own: the first user is made only where somebody can see the code.
    command.args(["--quiet", "--return", "--command", "tests/demo", "/dev/null"]);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DEMO_DIR", dir.path())
        .env("TERM", "xterm");
    command.env("DEMO_BINARY", env!("CARGO_BIN_EXE_portcullis"));
    let mut demo = Running::start("the demo", &mut command);
    let secret = demo.wait_for("the code for the app", PATIENCE, |text| {
        let (_, rest) = text.split_once("otpauth://totp/Portcullis:owner?secret=")?;
        let (secret, _) = rest.split_once('&')?;
        text.contains("listening address=").then(|| secret.to_owned())
    });
    let shown = demo.text();
    assert!(
        shown.lines().filter(|line| line.contains(['▀', '▄', '█'])).count() > 15,
        "no QR code: {shown}"
    );
    assert!(shown.contains("https://app.portcullis.localhost:8443"), "{shown}");

    let owner = Person::from_answer(&serde_json::json!({ "name": "owner", "secret": secret }));
    let browser = Browser::start();
    browser.open("https://app.portcullis.localhost:8443/");
    browser.wait_for(CODE);
    send_code(&browser, &owner.fresh_code());
    browser.wait_for_url("https://app.portcullis.localhost:8443/");
    browser.wait_for("h1");
    assert_eq!(browser.text("h1"), "Hello, owner");

    drop(browser);
    demo.signal(nix::sys::signal::Signal::SIGTERM);
    demo.ended(PATIENCE);
    for port in [3000, 8080, 8443] {
        wait::until("everything to have ended", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).err()
        });
    }
}
