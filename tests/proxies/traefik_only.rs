//! What concerns Traefik alone: another proxy before it, as docs/traefik.md has it.

use std::process::Command;

use crate::support::daemon::Done;
use crate::support::town::Town;

/// Where the other proxy speaks from. All of 127.0.0.0/8 is this machine.
const OUTER: &str = "127.0.0.2";

/// A Traefik that is told of the other proxy, and a gate that is.
fn behind_another() -> Town {
    let settings = format!("[proxy]\ntrust = [\"127.0.0.1\", \"{OUTER}\"]\n");
    Town::behind_traefik(&settings, |text| {
        let trusted = format!("\"\n#       forwardedHeaders: {{trustedIPs: [\"{OUTER}\"]}}\n#       http:\n");
        let edited = text
            .replace("\"\n#       http:\n", &trusted)
            .replace("trustForwardHeader: false", "trustForwardHeader: true");
        assert!(edited.matches("trustedIPs").count() == 2 && edited.contains("trustForwardHeader: true"), "{text}");
        edited
    })
}

/// Status and `Location` for somebody who speaks from that address of this machine.
fn ask_from(town: &Town, address: &str, url: &str, words: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--insecure",
        "--noproxy",
        "*",
        "--max-time",
        "20",
        "--output",
        "/dev/null",
    ]);
    command.args(["--interface", address, "--connect-to", &format!("::127.0.0.1:{}", town.ports.https)]);
    command.args(["--write-out", "%{http_code} %header{location}"]).args(words).arg(url);
    let done = Done::from(command.output().expect("curl runs; tests/run installs what is missing"));
    assert_eq!(done.status, 0, "{done:?}");
    let (status, location) = done.out.split_once(' ').unwrap_or_else(|| panic!("no status: {done:?}"));
    (status.parse().expect("a number"), location.to_owned())
}

#[test]
fn behind_another_proxy_every_visitor_has_a_counter_of_his_own() {
    let town = behind_another();
    let owner = town.gate.place.add_user("owner");
    let login = town.url("auth", "/login");
    let wrong = format!("otp={}", owner.wrong_code());
    for last in 1..=6 {
        let claimed = format!("X-Forwarded-For: 6.6.6.6, 198.51.100.{last}");
        let words = ["--data", &wrong, "--header", &claimed, "--header", "X-Forwarded-Proto: https"];
        assert_eq!(ask_from(&town, OUTER, &login, &words).0, 401, "{last}");
    }
    // And who is not that proxy is not believed.
    let words = ["--data", &wrong, "--header", "X-Forwarded-For: 198.51.100.77"];
    assert_eq!(ask_from(&town, "127.0.0.3", &login, &words).0, 401);
    let limits = town.gate.place.json(&["limit", "list"]);
    let addresses = limits.as_array().into_iter().flatten().filter(|entry| entry["kind"] == "address");
    let mut addresses: Vec<_> = addresses.map(|entry| entry["key"].as_str().expect("an address")).collect();
    addresses.sort_unstable();
    let mut wanted: Vec<_> = (1..=6).map(|last| format!("198.51.100.{last}")).collect();
    wanted.insert(0, "127.0.0.3".to_owned());
    assert_eq!(addresses, wanted, "{limits}");
}

/// The other proxy hands on what it does not know, and Traefik would take the visitor's word before its own.
#[test]
fn behind_another_proxy_a_visitor_does_not_choose_what_the_gate_is_asked_about() {
    let town = behind_another();
    let host = format!("app.example.test:{}", town.ports.https);
    let url = town.url("app", "/real?x=1");
    let told = format!("X-Forwarded-Host: {host}");
    let mut words = vec!["--data", "n=1", "--header", "Accept: text/html", "--header", "Sec-Fetch-Mode: navigate"];
    for header in [
        told.as_str(),
        "X-Forwarded-For: 198.51.100.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Uri: /share/open",
        "X-Forwarded-Method: OPTIONS",
        "X-Original-URL: https://app.example.test/share/open",
        "Access-Control-Request-Method: GET",
    ] {
        words.extend(["--header", header]);
    }
    let (status, location) = ask_from(&town, OUTER, &url, &words);
    let next = format!("next=https%3A%2F%2Fapp.example.test%3A{}%2Freal%3Fx%3D1", town.ports.https);
    assert_eq!(status, 303, "{location}");
    assert!(location.ends_with(&next), "{location}");
    assert_eq!(town.app.seen().len(), 0);
}

#[test]
fn a_router_that_names_a_middleware_which_is_not_there_serves_nobody() {
    let town = Town::behind_traefik("", |text| text.replace("        - portcullis\n", "        - portcullis-gone\n"));
    let token = town.gate.log_in(&town.gate.place.add_user("owner"));
    let answer = town.page_load("/").cookie("auth_token", &token).send(town.http());
    assert_eq!((answer.status, town.app.seen().len()), (404, 0), "{answer:?}");
}
