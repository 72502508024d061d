//! `policy test` and `policy replay` by the built program: whose groups count, what the shell's
//! words may hold, and what docs/command-line.md shows.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::{Value, json};

use crate::support::daemon::{Done, ONE_DOMAIN, Place, bare_command};
use crate::support::scratch::Scratch;

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

const OF_THE_PAGE: &str = r#"public_url = "https://auth.example.com"

[session]
cookie_domain = "example.com"

[[rule]]
name = "no administration"
hosts = ["photos.example.com"]
paths = ["/admin/**"]
access = "deny"

[[rule]]
name = "photo shares"
hosts = ["photos.example.com"]
paths = ["/share/**"]
access = "open"
"#;

/// A log of the sites photos and cloud, with one line that is about something else.
fn log_of_the_page() -> String {
    let line = |(host, uri): (&str, &str)| {
        let request = json!({
            "client_ip": "203.0.113.7", "method": "GET", "host": format!("{host}.example.com"),
            "uri": uri, "tls": {"version": 772},
        });
        json!({"logger": "http.log.access.log0", "request": request}).to_string()
    };
    let mut lines = [
        ("photos", "/share/abc"),
        ("photos", "/share/abc?size=large"),
        ("photos", "/share/def"),
        ("photos", "/"),
        ("photos", "/albums/7"),
        ("photos", "/share/..%2Fadmin/users"),
        ("photos", "/share/a;b"),
        ("cloud", "/"),
    ]
    .map(line)
    .to_vec();
    lines.insert(4, json!({"logger": "tls", "msg": "cleaning storage unit"}).to_string());
    lines.join("\n")
}

#[test]
fn the_page_shows_what_is_said() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/command-line.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let dir = Scratch::new("page");
    let config = dir.write("new.toml", OF_THE_PAGE).display().to_string();
    let log = dir.write("access.log", &log_of_the_page()).display().to_string();
    let urls = ["/share/abc", "/share/..%2Fadmin"];
    let urls = urls.map(|path| format!("https://photos.example.com{path}"));
    for words in [["test", &urls[0], &urls[1]].as_slice(), &["replay", &log]] {
        let mut command = bare_command(&["policy"]);
        command.args(words).args(["--config", &config]);
        let done = Done::from(command.output().expect("the built program runs"));
        assert!(done.status == 0 && done.err.is_empty(), "{done:?}");
        assert!(page.contains(&format!("\n{}```\n", done.out)), "the page lacks:\n{}", done.out);
    }
}
