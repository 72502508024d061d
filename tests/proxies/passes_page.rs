//! The curl lines of docs/passes.md, as they are written, behind a real proxy.

use std::fs;
use std::process::Command;

use crate::support::caddy::Ports;
use crate::support::daemon::{Done, Place};
use crate::support::test_stack::{ProxyKind, TestStack, with_public_url};

/// Lines that a shell is to take.
fn lines() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/passes.md");
    let page = fs::read_to_string(page).expect("the page");
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with("curl "));
    lines.map(str::to_owned).collect()
}

/// The status that the line's curl ends with; every host leads to the proxy of the test.
fn status(line: &str, token: &str, port: u16) -> String {
    let curl = format!(
        "curl() {{ command curl --silent --show-error --noproxy '*' --max-time 20 --insecure \
         --connect-to ::127.0.0.1:{port} --output /dev/null --write-out '%{{http_code}}' \"$@\"; }}"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{curl}\n{line}")]).env("TOKEN", token);
    let done = Done::from(shell.output().expect("a shell"));
    assert_eq!((done.status, done.err.as_str()), (0, ""), "{line}: {done:?}");
    done.out
}

#[test]
fn the_curl_lines_of_the_page_on_passes_open_the_site() {
    let ports = Ports::free();
    let place = Place::new(&with_public_url(ports.https, ""));
    let stack = TestStack::of(place, ProxyKind::Caddy, ports, "photos.example.com");
    stack.gate.place.add_user("anna");
    let words = ["pass", "create", "photos", "--user", "anna", "--host", "photos.example.com"];
    let made = stack.gate.place.json(&words);
    let token = made["token"].as_str().expect("a token");
    let lines = lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in &lines {
        assert_eq!(status(line, token, stack.ports.https), "200", "{line}");
    }
    assert_eq!(stack.app.seen().len(), 3);
    stack.gate.place.json(&["pass", "revoke", "--all"]);
    for line in &lines {
        assert_eq!(status(line, token, stack.ports.https), "401", "{line}");
    }
    assert_eq!(stack.app.seen().len(), 3, "nothing more reached the site");
}
