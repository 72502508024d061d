//! Passes by command line, with the daemon running and without it; what they open until they end;
//! and what is left of their tokens in the log and in the state directory: nothing.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::{Answer, Ask};
use crate::support::wait::{self, PATIENCE};

/// sysexits.h
const USAGE: i32 = 64;
const DATA: i32 = 65;
const NO_USER: i32 = 67;

const SETTINGS: &str = r#"
public_url = "https://auth.example.test"
[session]
cookie_domain = "example.test"
[log]
level = "trace"
[networks]
home = ["192.168.1.0/24"]
"#;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member}: {value}"))
}

fn create(place: &Place, name: &str, user: &str) -> Value {
    place.json(&["pass", "create", name, "--user", user, "--host", "photos.example.test"])
}

fn list(place: &Place) -> Vec<Value> {
    place.json(&["pass", "list"]).as_array().cloned().expect("a list")
}

/// What a script may do with passes, in both ways. Returns the tokens that it saw.
fn the_life_of_passes(place: &Place) -> Vec<String> {
    place.add_user("anna");
    place.add_user("ben");
    let line = "pass create photos --user anna --host Photos.Example.Test. --host *.media.example.test \
                --path /api/** --network home --for 2d";
    let made = place.json(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(
        keys(&made),
        [
            "created",
            "expires",
            "hosts",
            "id",
            "name",
            "networks",
            "paths",
            "taken_in_authorization",
            "token",
            "user",
            "warnings"
        ]
    );
    assert_eq!(made["hosts"], json!(["photos.example.test", "*.media.example.test"]));
    let token = text(&made, "token").to_owned();
    assert!(token.starts_with("pcp_") && token.len() == 42, "{token}");
    let other = create(place, "photos", "ben");
    let [line, _] = &list(place)[..] else { panic!("two of them") };
    assert_eq!(
        keys(line),
        ["created", "expires", "hosts", "id", "last_used", "name", "networks", "paths", "user"]
    );
    for member in ["created", "expires", "hosts", "id", "name", "networks", "paths", "user"] {
        assert_eq!(line[member], made[member], "{member}");
    }
    assert_eq!(line["last_used"], Value::Null);
    assert_eq!(place.json(&["user", "show", "anna"])["passes"], 1);
    refusals(place, text(&made, "id"));

    let printed =
        place.run(&["pass", "create", "by hand", "--user", "ben", "--host", "a.example.test"]);
    assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{printed:?}");
    let shown = printed.out.split("token:").nth(1).expect("a token").lines().next();
    let shown = shown.expect("a line").trim().to_owned();
    for way in [format!("Authorization: Bearer {shown}"), format!("X-Portcullis-Pass: {shown}")] {
        assert!(printed.out.contains(&way), "{printed:?}");
    }

    let revoked = place.json(&["pass", "revoke", text(&made, "id"), text(&other, "id")]);
    assert_eq!(revoked, json!({ "revoked": 2 }));
    create(place, "photos", "anna");
    assert_eq!(place.json(&["user", "remove", "ben"])["removed"], true);
    let [left] = &list(place)[..] else { panic!("anna's alone") };
    assert_eq!(left["user"], "anna");
    assert_eq!(place.json(&["pass", "revoke", "--user", "anna"]), json!({ "revoked": 1 }));
    assert_eq!(place.json(&["pass", "revoke", "--all"]), json!({ "revoked": 0 }));
    assert_eq!(list(place), [] as [Value; 0]);
    vec![token, text(&other, "token").to_owned(), shown]
}

/// What is wrong ends with its code and the way out, and changes nothing.
fn refusals(place: &Place, taken: &str) {
    let before = list(place);
    let host = "photos.example.test";
    for (line, status, way) in [
        (format!("create a --user carl --host {host}"), NO_USER, "portcullis user list"),
        (format!("create photos --user anna --host {host}"), DATA, taken),
        ("create a --user anna --host https://a.example.test/x".to_owned(), DATA, "--path"),
        (format!("create a --user anna --host {host} --path x"), DATA, "write \"/x\""),
        (
            format!("create a --user anna --host {host} --network hoem"),
            DATA,
            "did you mean \"home\"",
        ),
        (format!("create a --user anna --host {host} --for 0d"), USAGE, "more than nothing"),
        (format!("create a --user anna --host {host} --for 3651d"), USAGE, "ten years"),
        (format!("create a --user anna --host {host} --for soon"), USAGE, "s, m, h or d"),
        ("create a --user anna".to_owned(), USAGE, "--host"),
        (format!("revoke {taken} zzzzzzzz"), DATA, "portcullis pass list"),
        ("revoke --user carl".to_owned(), NO_USER, "portcullis user list"),
        ("revoke".to_owned(), USAGE, "--all"),
    ] {
        let words: Vec<_> = ["pass"].into_iter().chain(line.split(' ')).collect();
        let done = place.run(&words);
        assert_eq!((done.status, done.out.as_str()), (status, ""), "{line}: {done:?}");
        assert!(done.err.contains(way), "{line} names {way}: {}", done.err);
    }
    assert_eq!(list(place), before);
}

/// All files below a folder, with their contents.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match entry.file_type().expect("its kind") {
            kind if kind.is_dir() => found.extend(files(&path)),
            kind if kind.is_file() => found.push((path.clone(), fs::read(path).expect("readable"))),
            _ => {}
        }
    }
    found
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

fn assert_nowhere_in_the_state(place: &Place, tokens: &[String]) {
    let files = files(&place.state());
    assert!(files.len() > 3, "{files:?}");
    for (path, bytes) in files {
        assert!(!holds(&bytes, "pcp_"), "{path:?} holds a token");
        for token in tokens {
            assert!(!holds(&bytes, &token[4..36]), "{path:?} holds what a token is made of");
        }
    }
    for token in tokens {
        let shown = place.run(&["audit", "show", "--json"]);
        assert!(
            shown.out.contains("pass-made") && !shown.out.contains(token.as_str()),
            "{shown:?}"
        );
    }
}

#[test]
fn passes_are_managed_without_the_daemon() {
    let place = Place::new(SETTINGS);
    let tokens = the_life_of_passes(&place);
    assert_nowhere_in_the_state(&place, &tokens);
}

#[test]
fn a_pass_lives_from_its_making_to_its_end() {
    let mut gate = Daemon::with(SETTINGS);
    let tokens = the_life_of_passes(&gate.place);
    let kept = create(&gate.place, "kept", "anna");
    let before = list(&gate.place);
    for kill in [false, true] {
        if kill {
            gate.kill()
        } else {
            gate.stop()
        }
        assert_eq!(list(&gate.place), before, "without the daemon");
        gate.start_again();
        assert_eq!(list(&gate.place), before, "a restart keeps them");
    }
    gate.stop();
    assert_nowhere_in_the_state(&gate.place, &tokens);
    let log = gate.running.text();
    let token = text(&kept, "token");
    assert!(!log.contains("pcp_") && !log.contains(&token[4..36]), "{log}");
}

/// The log of the run in which passes are made, at its finest.
#[test]
fn the_log_tells_that_a_pass_was_made_and_not_its_token() {
    let mut gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let made = create(&gate.place, "photos", "anna");
    gate.place.json(&["pass", "revoke", text(&made, "id")]);
    gate.stop();
    let log = gate.running.text();
    let line = format!("pass made id={} user=anna", text(&made, "id"));
    assert!(log.contains(&line) && log.contains("passes revoked count=1"), "{log}");
    assert!(!log.contains("pcp_") && !log.contains(&text(&made, "token")[4..36]), "{log}");
}

#[test]
fn a_pass_for_the_login_host_is_made_with_a_warning() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let words = ["pass", "create", "a", "--user", "anna", "--host", "auth.example.test"];
    let done = place.run(&words);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.err.starts_with("portcullis: warning: auth.example.test is the gate's own host"));
}

/// A pass that is over is not shown; housekeeping removes it later.
#[test]
fn a_pass_ends_when_its_time_is_over() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let words = ["pass", "create", "short", "--user", "anna", "--host", "a.example.test"];
    place.json(&[&words[..], &["--for", "1s"]].concat());
    wait::until("its end", PATIENCE, || list(&place).is_empty().then_some(()));
    let doctor = place.run(&["doctor"]);
    assert!(!doctor.out.contains("\npasses\n"), "{}", doctor.out);
}

#[test]
fn doctor_tells_which_pass_ends_soon_and_which_network_has_lost_its_name() {
    let mut gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let words = ["pass", "create", "soon", "--user", "anna", "--host", "a.example.test"];
    let made = gate.place.json(&[&words[..], &["--network", "home", "--for", "10d"]].concat());
    let id = text(&made, "id");
    let said = gate.place.run(&["doctor"]).out;
    let remedy = "portcullis pass create NAME --user anna --host a.example.test --network home";
    for words in [&format!("{id} (soon, of anna) expires at"), remedy] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("there is no network"), "{said}");
    gate.place.configure(ONE_DOMAIN);
    gate.stop();
    let said = gate.place.run(&["doctor"]).out;
    let lost = format!("{id} (soon, of anna): there is no network \"home\"");
    assert!(
        said.contains(&lost) && said.contains(&format!("portcullis pass revoke {id}")),
        "{said}"
    );
}

/// Asks about a place as Caddy would for a program that brings this token.
fn ask(gate: &Daemon, url: &str, token: &str) -> Answer {
    Ask::verify("/verify/caddy", url).header("X-Portcullis-Pass", token).send(gate.address)
}

fn opens(gate: &Daemon, token: &str) -> bool {
    match ask(gate, "https://photos.example.test/api/x", token).status {
        204 => true,
        401 => false,
        other => panic!("a program is answered by {other}"),
    }
}

#[test]
fn a_pass_opens_what_it_names_and_nothing_beside_it() {
    let mut gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let words = ["pass", "create", "photos", "--user", "anna", "--host", "photos.example.test"];
    let made = gate.place.json(&[&words[..], &["--path", "/api/**"]].concat());
    let token = text(&made, "token");
    let basic = STANDARD.encode(format!("any:{token}"));
    let api = "https://photos.example.test/api/x?y=z";
    for (header, value) in [
        ("X-Portcullis-Pass", token.to_owned()),
        ("Authorization", format!("Bearer {token}")),
        ("Authorization", format!("Basic {basic}")),
    ] {
        let answer = Ask::verify("/verify/caddy", api).header(header, &value).send(gate.address);
        assert_eq!(answer.status, 204, "{header}: {answer:?}");
        assert_eq!(answer.header("Remote-User"), Some("anna"));
    }
    for elsewhere in [
        "https://photos.example.test/",
        "https://photos.example.test/api/../admin",
        "https://photos.example.test/api/%2e%2e/admin",
        "https://other.example.test/api/x",
        "https://x.photos.example.test/api/x",
    ] {
        let answer = ask(&gate, elsewhere, token);
        assert_eq!(answer.status, 401, "{elsewhere}: {answer:?}");
    }
    assert_eq!(ask(&gate, api, &token[..41]).status, 401);
    assert_eq!(ask(&gate, api, &token.to_uppercase()).status, 401);
    let page = Ask::get("/").header("X-Portcullis-Pass", token).send(gate.address);
    assert!(page.status != 200 || !page.text().contains("anna"), "no page of the gate: {page:?}");
    assert_ne!(list(&gate.place)[0]["last_used"], Value::Null);
    gate.stop();
    assert_ne!(list(&gate.place)[0]["last_used"], Value::Null, "written at the end");
    let log = gate.running.text();
    for secret in [&token[4..36], &basic[..40]] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn a_pass_for_several_hosts_is_not_taken_in_the_header_that_sites_see() {
    let gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let words = ["pass", "create", "all", "--user", "anna", "--host", "*.example.test"];
    let made = gate.place.json(&words);
    assert_eq!(made["taken_in_authorization"], false);
    let token = text(&made, "token");
    assert!(opens(&gate, token));
    let bearer = Ask::verify("/verify/caddy", "https://photos.example.test/api/x")
        .header("Authorization", format!("Bearer {token}"))
        .send(gate.address);
    assert_eq!(bearer.status, 401, "{bearer:?}");
}

#[test]
fn a_pass_is_good_until_it_is_revoked_or_its_user_is_gone() {
    let mut gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let [one, two] = ["one", "two"].map(|name| create(&gate.place, name, "anna"));
    let (first, second) = (text(&one, "token"), text(&two, "token"));
    assert!(opens(&gate, first) && opens(&gate, second));
    for (words, open) in [
        (&["user", "disable", "anna"][..], false),
        (&["user", "enable", "anna"], true),
        (&["user", "rotate", "anna"], true),
        (&["session", "revoke", "--all"], true),
    ] {
        gate.place.json(words);
        assert_eq!(opens(&gate, first), open, "{words:?}");
    }
    for kill in [false, true] {
        if kill {
            gate.kill()
        } else {
            gate.stop()
        }
        gate.start_again();
        assert!(opens(&gate, first), "a restart changes nothing");
    }
    gate.place.json(&["pass", "revoke", text(&one, "id")]);
    assert!(!opens(&gate, first) && opens(&gate, second), "at the next request");
    gate.place.json(&["user", "remove", "anna"]);
    assert!(!opens(&gate, second));
    gate.place.add_user("anna");
    assert!(!opens(&gate, second), "nor the next user of that name");
    gate.kill();
    gate.start_again();
    assert!(!opens(&gate, first) && !opens(&gate, second), "nor after a restart");
}

#[test]
fn a_pass_that_has_expired_opens_nothing() {
    let gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let words = ["pass", "create", "short", "--user", "anna", "--host", "photos.example.test"];
    let made = gate.place.json(&[&words[..], &["--for", "2s"]].concat());
    let long = create(&gate.place, "long", "anna");
    wait::until("its end", PATIENCE, || (!opens(&gate, text(&made, "token"))).then_some(()));
    assert!(opens(&gate, text(&long, "token")), "one that has not expired does");
}

#[test]
fn a_pass_for_a_network_follows_what_the_settings_call_so() {
    let mut gate = Daemon::with(SETTINGS);
    gate.place.add_user("anna");
    let words = ["pass", "create", "home", "--user", "anna", "--host", "photos.example.test"];
    let made = gate.place.json(&[&words[..], &["--network", "home"]].concat());
    let from = |gate: &Daemon, client: &str| {
        Ask::verify("/verify/caddy", "https://photos.example.test/api/x")
            .set("X-Forwarded-For", client)
            .header("X-Portcullis-Pass", text(&made, "token"))
            .send(gate.address)
            .status
    };
    assert_eq!(from(&gate, "192.168.1.7"), 204);
    assert_eq!(from(&gate, "203.0.113.7"), 401);
    gate.place.configure(&SETTINGS.replace("192.168.1.0/24", "10.0.0.0/8"));
    gate.running.signal(Signal::SIGHUP);
    wait::until("the new network", PATIENCE, || (from(&gate, "10.1.2.3") == 204).then_some(()));
    assert_eq!(from(&gate, "192.168.1.7"), 401);
    gate.place.configure(ONE_DOMAIN);
    gate.running.signal(Signal::SIGHUP);
    wait::until("no network", PATIENCE, || (from(&gate, "10.1.2.3") == 401).then_some(()));
}
