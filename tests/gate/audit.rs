//! The audit log as an operator sees it, with the daemon running and without it.

use serde_json::{Value, json};

use crate::support::codes::Person;
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;
use crate::support::setup::{SetupBrowser, code_of};
use crate::support::wait::{self, PATIENCE};

/// sysexits.h
const USAGE: i32 = 64;
const DATA: i32 = 65;
const CONFIG: i32 = 78;

/// All lines; the chain must be whole.
fn lines(place: &Place) -> Vec<Value> {
    let shown = place.json(&["audit", "show", "--limit", "5000"]);
    let verdict = place.json(&["audit", "verify"]);
    assert_eq!(verdict["whole"], json!(true), "{verdict}");
    shown.as_array().cloned().expect("an array")
}

/// Action, result, actor, subject, address and reason.
fn words(line: &Value) -> String {
    let members = ["action", "result", "actor", "subject", "client", "why"];
    members.map(|member| line[member].as_str().unwrap_or("-")).join("|")
}

/// All lines as text, less their hashes, in which any six digits may stand by chance.
fn text(place: &Place) -> String {
    let mut lines = lines(place);
    lines.iter_mut().filter_map(Value::as_object_mut).for_each(|line| drop(line.remove("hash")));
    Value::from(lines).to_string()
}

fn told(place: &Place, action: &str) -> Vec<String> {
    lines(place).iter().filter(|line| line["action"] == action).map(words).collect()
}

/// The user who runs the tests, as the log names the command line's.
fn me() -> String {
    format!("uid {}", nix::unistd::getuid())
}

#[test]
fn logins_failures_and_logouts_are_told_with_their_address_and_reason() {
    let gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let (code, wrong) = (owner.fresh_code(), owner.wrong_code());
    let before = lines(&gate.place).len();
    for malformed in ["", "12345", "abcdef", "1234567"] {
        gate.post_code(malformed, "203.0.113.7");
    }
    assert_eq!(lines(&gate.place).len(), before, "what is malformed is told nobody");
    gate.post_code(&wrong, "203.0.113.7");
    let token = gate.post_code(&code, "2001:db8::7").cookie("auth_token").expect("a session");
    gate.post_code(&code, "::ffff:203.0.113.9");
    let page = Ask::get("/logout").cookie("auth_token", &token).send(gate.address).text();
    let form = page
        .split("name=\"token\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a token");
    let ask = Ask::form("/logout", &[("token", form), ("all", "1")]).cookie("auth_token", &token);
    let out = ask.header("X-Forwarded-For", "2001:db8::7").send(gate.address);
    assert_eq!(out.status, 302, "{out:?}");
    assert_eq!(
        told(&gate.place, "login"),
        [
            "login|refused|visitor|-|203.0.113.7|wrong-code",
            "login|ok|user owner|owner|2001:db8::7|-",
            "login|refused|visitor|owner|203.0.113.9|spent-code",
        ]
    );
    assert_eq!(
        told(&gate.place, "logout"),
        ["logout|ok|user owner|owner|2001:db8::7|all sessions"]
    );
    let everything = text(&gate.place);
    for secret in [&code, &wrong, &token, &owner.secret] {
        assert!(!everything.contains(secret.as_str()), "{secret} in {everything}");
    }
}

#[test]
fn refusals_by_limit_write_nothing_and_the_emptied_budget_is_told_once() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[login]\nask_username = true\n"));
    let owner = gate.place.add_user("owner");
    let post = |code: &str, name: &str, from: &str| {
        let fields = [("otp", code), ("username", name), ("next", "/")];
        Ask::form("/login", &fields).header("X-Forwarded-For", from).send(gate.address).status
    };
    let wrong = owner.wrong_code();
    // A code in the wrong field is a name that nobody has.
    assert_eq!(post(&wrong, "424242", "203.0.113.200"), 401);
    let mut refused = 0;
    for number in 0..120 {
        let status = post(&wrong, "owner", &format!("203.0.113.{}", number % 30));
        refused += u32::from(status == 429);
    }
    assert!(refused >= 20, "{refused}");
    let failures = told(&gate.place, "login");
    assert_eq!(
        failures.first().map(String::as_str),
        Some("login|refused|visitor|-|203.0.113.200|unknown-name")
    );
    assert_eq!(failures.len(), 100, "the budget of strangers holds a hundred");
    let empty = told(&gate.place, "limit-reached");
    assert!(
        empty.len() == 1 && empty[0].starts_with("limit-reached|ok|gate|internet|203.0.113."),
        "{empty:?}"
    );
    assert!(!text(&gate.place).contains("424242"));
    gate.place.json(&["limit", "clear", "strangers"]);
    assert_eq!(
        told(&gate.place, "limits-cleared"),
        [format!("limits-cleared|ok|operator {}|strangers|-|counters: 1", me())]
    );
}

#[test]
fn start_stop_reload_and_a_changed_secret_are_told() {
    let place = Place::new(ONE_DOMAIN).with_environment("JWT_SECRET", &"a".repeat(40));
    let owner = place.add_user("owner");
    let mut gate = place.start();
    wait::until("the first line", PATIENCE, || {
        (told(&gate.place, "gate-started").len() == 1).then_some(())
    });
    gate.log_in(&owner);
    gate.running.signal(nix::sys::signal::Signal::SIGHUP);
    wait::until("a reload", PATIENCE, || {
        (told(&gate.place, "settings-reloaded").len() == 1).then_some(())
    });
    gate.stop();
    let stopped = format!("gate-stopped|ok|gate|version {}|-|-", env!("CARGO_PKG_VERSION"));
    assert_eq!(told(&gate.place, "gate-stopped"), [stopped]);
    let Daemon { place, .. } = gate;
    let place = place.with_environment("JWT_SECRET", &"b".repeat(40));
    let gate = place.start();
    assert_eq!(
        told(&gate.place, "session-secret-changed"),
        ["session-secret-changed|ok|gate|-|-|sessions: 1"]
    );
    let version = format!("gate-started|ok|gate|version {}|-|-", env!("CARGO_PKG_VERSION"));
    wait::until("the second line", PATIENCE, || {
        (told(&gate.place, "gate-started") == [version.clone(), version.clone()]).then_some(())
    });
}

#[test]
fn orders_are_told_with_the_way_they_came_and_the_user_who_gave_them() {
    let place = Place::new(ONE_DOMAIN);
    let command_line = format!("command line {}", me());
    place.add_user("anna");
    place.json(&["user", "export", "anna"]);
    place.json(&["user", "disable", "anna"]);
    assert_eq!(told(&place, "user-added"), [format!("user-added|ok|{command_line}|anna|-|-")]);
    assert_eq!(
        told(&place, "user-exported"),
        [format!("user-exported|ok|{command_line}|anna|-|-")]
    );
    let gate = place.start();
    let operator = format!("operator {}", me());
    gate.place.json(&["user", "enable", "anna"]);
    let rotated = Person::from_answer(&gate.place.json(&["user", "rotate", "anna"]));
    gate.log_in(&rotated);
    gate.place.json(&["session", "revoke", "--user", "anna"]);
    gate.place.json(&["user", "remove", "anna"]);
    let anna = gate.place.json(&["audit", "show", "--user", "anna"]);
    let actions: Vec<_> = anna
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| line["action"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(
        actions,
        [
            "user-added",
            "user-exported",
            "user-disabled",
            "user-enabled",
            "user-rotated",
            "login",
            "session-revoked",
            "user-removed"
        ]
    );
    assert_eq!(
        told(&gate.place, "session-revoked"),
        [format!("session-revoked|ok|{operator}|anna|-|sessions: 1")]
    );
}

#[test]
fn the_first_enrolment_and_the_guesses_at_its_code_are_told() {
    let gate = Daemon::with(ONE_DOMAIN);
    let code = code_of(&gate);
    let from = |address: &str| SetupBrowser::from(&gate, address);
    for number in 0..3 {
        assert_eq!(from(&format!("192.168.9.{number}")).enter("AAAA-AAAA-AAAA-AAAA").status, 401);
    }
    let mut visitor = from("192.168.1.7");
    visitor.enter(&code);
    let person = visitor.scan();
    assert_eq!(visitor.finish("anna", &person.wrong_code()).status, 401);
    let fresh = person.fresh_code();
    assert_eq!(visitor.finish("anna", &fresh).status, 302);
    let tried = told(&gate.place, "setup-code");
    assert_eq!(tried.len(), 4, "{tried:?}");
    assert_eq!(tried[0], "setup-code|refused|visitor|-|192.168.9.0|wrong-code");
    assert_eq!(tried[3], "setup-code|ok|visitor|-|192.168.1.7|-");
    assert_eq!(
        told(&gate.place, "enrolment"),
        [
            "enrolment|refused|visitor|-|192.168.1.7|wrong-code",
            "enrolment|ok|user anna|anna|192.168.1.7|-"
        ]
    );
    let everything = text(&gate.place);
    for secret in [&code, &fresh, &person.secret] {
        assert!(!everything.contains(secret.as_str()), "{secret}");
    }
}

#[test]
fn a_set_up_code_that_was_guessed_at_too_often_is_told_to_be_void() {
    let gate = Daemon::with(ONE_DOMAIN);
    code_of(&gate);
    for number in 0..10 {
        SetupBrowser::from(&gate, &format!("192.168.9.{number}")).enter("AAAA-AAAA-AAAA-AAAA");
    }
    SetupBrowser::from(&gate, "192.168.9.99").enter("AAAA-AAAA-AAAA-AAAA");
    assert_eq!(
        told(&gate.place, "setup-code-void"),
        ["setup-code-void|ok|gate|-|192.168.9.9|too many wrong tries"]
    );
    assert_eq!(told(&gate.place, "setup-code").len(), 10);
    gate.place.json(&["init", "--new-code"]);
    assert_eq!(told(&gate.place, "setup-code-made").len(), 1);
}

#[test]
fn a_store_that_was_set_aside_is_told_in_the_new_one() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    place.json(&["init", "--again"]);
    let lines = lines(&place);
    let told: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap_or("")).collect();
    assert_eq!(told, ["log-begun", "store-set-aside"]);
    assert!(
        lines[1]["subject"].as_str().is_some_and(|name| name.starts_with("set-aside-")),
        "{lines:?}"
    );
}

#[test]
fn the_lists_are_for_people_and_for_scripts_in_both_ways() {
    let place = Place::new(ONE_DOMAIN);
    for number in 0..5 {
        place.add_user(&format!("user{number}"));
    }
    let look = |place: &Place| {
        let all = lines(place);
        let numbers: Vec<_> = all.iter().filter_map(|line| line["number"].as_u64()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "newest last");
        let mut keys: Vec<_> =
            all[0].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            ["action", "actor", "client", "hash", "number", "result", "subject", "time", "why"]
        );
        let two = place.json(&["audit", "show", "--limit", "2"]);
        assert_eq!(two.as_array().map(Vec::as_slice), all.get(all.len() - 2..));
        assert_eq!(
            place.json(&["audit", "show", "--since", "1h"]).as_array().map(Vec::len),
            Some(all.len())
        );
        let table = place.run(&["audit", "show"]);
        let first = table
            .out
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(first, "NO TIME ACTION RESULT BY ABOUT ADDRESS WHY");
        assert_eq!(table.out.lines().count(), all.len() + 1);

        let verdict = place.json(&["audit", "verify"]);
        let head = verdict["head"].as_str().expect("a head");
        assert_eq!(all.last().map(|line| &line["hash"]), Some(&verdict["head"]));
        let said = place.run(&["audit", "verify"]);
        assert_eq!(said.status, 0, "{said:?}");
        let entries = verdict["entries"].as_u64().expect("a number");
        assert!(
            said.out.starts_with(&format!("{entries} entries, chain whole, from 20")),
            "{said:?}"
        );
        assert!(said.out.ends_with(&format!("head: {head}\n")), "{said:?}");
        let early = all[1]["hash"].as_str().expect("a hash");
        assert_eq!(place.run(&["audit", "verify", "--expect", early]).status, 0);
        let other = place.run(&["audit", "verify", "--expect", &"1".repeat(64)]);
        assert_eq!((other.status, other.out.as_str()), (DATA, ""), "{other:?}");
        assert!(other.err.contains("no entry has the expected hash"), "{other:?}");
        assert_eq!(place.run(&["audit", "verify", "--expect", "short"]).status, DATA);
        assert_eq!(place.run(&["audit", "show", "--since", "yesterday"]).status, USAGE);
        assert_eq!(place.run(&["audit", "show", "--user", "a@b"]).status, DATA);
    };
    look(&place);
    let gate = place.start();
    wait::until("the first line", PATIENCE, || {
        (told(&gate.place, "gate-started").len() == 1).then_some(())
    });
    look(&gate.place);
}

#[test]
fn a_long_list_comes_through_the_daemon_in_pieces() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    fill(&place, 2_500);
    let gate = place.start();
    let all = lines(&gate.place);
    assert!(all.len() > 2_500, "{}", all.len());
    let numbers: Vec<_> = all.iter().filter_map(|line| line["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    assert_eq!(gate.place.json(&["audit", "show"]).as_array().map(Vec::len), Some(100));
}

#[test]
fn a_file_of_the_log_that_is_gone_is_named_and_the_gate_works_on() {
    let place = Place::new(ONE_DOMAIN);
    let owner = place.add_user("owner");
    fill(&place, 600);
    std::fs::remove_file(place.state().join("audit/000000000257")).expect("removed");
    let complain = |place: &Place| {
        let done = place.run(&["audit", "verify", "--json"]);
        assert_eq!(done.status, DATA, "{done:?}");
        let verdict: Value = serde_json::from_str(&done.out).expect("JSON");
        assert_eq!(
            (&verdict["whole"], &verdict["problem"]["number"]),
            (&json!(false), &json!(257))
        );
        assert!(
            done.err.contains("the audit log is not whole: entries 257 to 512 cannot be read"),
            "{done:?}"
        );
    };
    complain(&place);
    let gate = place.start();
    complain(&gate.place);
    assert!(gate.is_open_to(&gate.log_in(&owner)));
}

#[test]
fn a_time_to_keep_of_less_than_a_day_is_refused() {
    let place = Place::new(&format!("{ONE_DOMAIN}[audit]\nkeep = \"0d\"\n"));
    let done = place.run(&["config", "check"]);
    assert_eq!(done.status, CONFIG, "{done:?}");
    assert!(done.err.contains("audit.keep"), "{done:?}");
}

#[test]
fn what_visitors_write_is_not_in_the_log() {
    let gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let hostile = "x\u{202e}\u{2028}forged";
    let ask = |code: &str| {
        gate.login_form(code, "203.0.113.7")
            .header("User-Agent", hostile)
            .header("Referer", hostile)
    };
    ask(&owner.wrong_code()).send(gate.address);
    assert_eq!(ask(&owner.fresh_code()).send(gate.address).status, 302);
    let far = Ask::form(
        "/login",
        &[("otp", &owner.wrong_code()), ("next", "/forged"), ("username", "forged\n")],
    );
    far.header("X-Forwarded-For", format!("6.6.6.6{hostile}")).send(gate.address);
    let table = gate.place.run(&["audit", "show"]).out;
    assert!(!table.contains("forged") && !table.contains(['\u{1b}', '\u{2028}']), "{table}");
    let count = told(&gate.place, "login").len();
    assert_eq!(count, 3, "{table}");
}

/// Adds so many entries to the log of a gate that does not run.
fn fill(place: &Place, entries: usize) {
    use portcullis::auth::event::{Action, Actor, Event};
    use portcullis::clock;
    use portcullis::entropy::System;
    use portcullis::ledger::{Change, Store, load_or_create_key};

    let key = load_or_create_key(&place.state(), None, &mut System)
        .unwrap_or_else(|error| panic!("{error}"));
    let opened = Store::open(&place.state(), &key, clock::now(), System);
    let (mut store, _) = opened.unwrap_or_else(|error| panic!("{error}"));
    let changes: Vec<_> = (0..entries)
        .map(|number| Change::Audit(Event::new(Action::Login, Actor::Visitor).about(number)))
        .collect();
    store.commit(&changes, clock::now()).expect("commits");
}
