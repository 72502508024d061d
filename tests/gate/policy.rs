//! `policy test` by the built program: whose groups count, and what the shell's words may hold.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::{Value, json};

use crate::support::daemon::{Done, ONE_DOMAIN, Place};

const RULES: &str = r#"
[[rule]]
name = "family"
hosts = ["app.example.test"]
paths = ["/family/**"]
access = "session"
groups = ["family"]

[[rule]]
name = "shares"
paths = ["/share/**"]
access = "open"
"#;

fn place() -> Place {
    let place = Place::new(&format!("{ONE_DOMAIN}{RULES}"));
    place.json(&["user", "add", "anna", "--group", "family"]);
    place.json(&["user", "add", "ben"]);
    place
}

/// What each user gets.
fn of_the_users(place: &Place) -> [Value; 2] {
    let url = "https://app.example.test/family/a";
    ["anna", "ben"].map(|user| place.json(&["policy", "test", url, "--user", user]))
}

#[test]
fn a_users_groups_come_from_the_daemon_or_from_the_store() {
    let place = place();
    let without = of_the_users(&place);
    let decisions = without.each_ref().map(|answer| answer[0]["decision"].clone());
    assert_eq!(decisions, ["session", "forbidden"]);
    let nobody = place.run(&["policy", "test", "https://app.example.test/", "--user", "nobody"]);
    assert_eq!((nobody.status, nobody.out.as_str()), (67, ""), "{nobody:?}");
    let gate = place.start();
    assert_eq!(of_the_users(&gate.place), without);
    gate.place.json(&["user", "disable", "anna"]);
    let url = "https://app.example.test/family/a";
    let disabled = gate.place.run(&["policy", "test", url, "--user", "anna"]);
    assert!(disabled.err.contains("anna is disabled"), "{disabled:?}");
    assert!(disabled.out.contains("needs a login; open to anna"), "{disabled:?}");
}

#[test]
fn without_a_user_neither_store_nor_secret_is_touched() {
    let place = Place::new(&format!("{ONE_DOMAIN}{RULES}")).with_environment("JWT_SECRET", "short");
    let answer = place.json(&["policy", "test", "https://app.example.test/share/a"]);
    assert_eq!((&answer[0]["decision"], &answer[0]["rule"]), (&json!("open"), &json!("shares")));
    let file = std::fs::read_to_string(place.config_file()).expect("the settings");
    let line = answer[0]["line"].as_u64().and_then(|line| usize::try_from(line).ok());
    let rule = file.lines().skip(line.expect("a line") - 1).take(2).collect::<Vec<_>>();
    assert_eq!(rule, ["[[rule]]", "name = \"shares\""]);
    assert!(!place.state().exists());
}

#[test]
fn octets_that_are_no_text_are_judged_as_they_are() {
    let place = Place::new(&format!("{ONE_DOMAIN}{RULES}"));
    let mut command = place.command(&["policy", "test", "--json"]);
    command.arg(OsStr::from_bytes(b"https://app.example.test/share/\xFF\\"));
    let done = Done::from(command.output().expect("the built program runs"));
    let answer: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(answer[0]["url"], "https://app.example.test/share/\\xFF\\x5C", "{done:?}");
    assert_eq!(answer[0]["decision"], "session", "{done:?}");
    assert_eq!(answer[0]["readings"][0]["path"], "/share/\\xFF\\x5C", "{done:?}");
}
