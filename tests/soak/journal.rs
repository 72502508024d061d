//! The log: one line an event whatever visitors write, and never a secret.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::support::codes::{Person, current_step};
use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place};
use crate::support::http::{Ask, percent_encode};
use crate::support::setup;

const EVERYTHING: &str = "[login]\nask_username = true\n[log]\nlevel = \"trace\"\n";

/// What a header can carry; CR, LF and NUL are not let through by any proxy, nor by us.
fn hostile() -> Vec<String> {
    vec![
        "\u{1b}[2J\u{1b}[1;1H".to_owned(),
        "\u{1b}]0;title\u{7}".to_owned(),
        "\u{2028}error forged=1\u{2029}".to_owned(),
        "\u{85}\u{9b}2J\u{202e}txt".to_owned(),
        "\" client=1.2.3.4 result=ok user=\"root".to_owned(),
        "\\\" \\n forged \\u000a".to_owned(),
        "\t\u{b}\u{c}\u{8}\u{8}\u{8}".to_owned(),
        "x".repeat(10_240),
    ]
}

/// The same and line ends, for where an encoding takes them.
fn encoded() -> Vec<String> {
    let lines =
        ["\r\nerror forged=1 login result=ok\r\n", "\n\n\n", "\r", "\0", "%0d%0aerror forged=1"];
    hostile().into_iter().chain(lines.map(str::to_owned)).collect()
}

#[test]
fn nothing_that_anybody_writes_at_any_door_breaks_a_line() {
    let mut gate = Daemon::with(&format!("{ONE_DOMAIN}{EVERYTHING}"));
    let owner = gate.place.add_user("owner");
    let token = named(&gate, "owner", &owner.fresh_code(), "192.168.1.1")
        .cookie("auth_token")
        .expect("a session");
    let mut asked = 0;
    let mut send = |ask: Ask| {
        asked += 1;
        // Some is no HTTP and gets 400; what matters is what is written about it.
        let _ = ask.try_send(gate.address);
    };
    let page = || Ask::verify("/verify/caddy", "https://app.example.test/");
    for text in hostile() {
        for name in [
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Forwarded-Uri",
            "X-Forwarded-Method",
            "X-Forwarded-Port",
        ] {
            send(page().set(name, &text));
            send(page().set(name, format!("/{text}")).cookie("auth_token", &token));
        }
        for name in [
            "User-Agent",
            "Referer",
            "Remote-User",
            "Cookie",
            "Host",
            "Origin",
            "X-Real-IP",
            "CF-Connecting-IP",
            "Accept",
        ] {
            send(page().set(name, &text));
            send(Ask::get("/login").set(name, &text));
        }
        for name in ["X-Original-URL", "X-Original-URI", "X-Original-Method"] {
            send(Ask::verify_nginx("/verify/nginx", "https://app.example.test/").set(name, &text));
            send(
                Ask::verify_nginx("/verify/nginx/refusal", "https://app.example.test/")
                    .set(name, format!("/{text}")),
            );
        }
        // A login that succeeds keeps the browser's name; one that fails is logged.
        let wrong = Ask::form("/login", &[("username", "owner"), ("otp", &owner.wrong_code())]);
        send(
            wrong
                .header("X-Forwarded-For", format!("{text}, 203.0.113.7"))
                .header("User-Agent", &text),
        );
        send(Ask::new(&text, "/login"));
        send(Ask::get(&format!("/{text}")));
    }
    for text in encoded() {
        for (path, fields) in [
            ("/login", vec![("username", text.as_str()), ("otp", "123456")]),
            ("/login", vec![("username", "owner"), ("otp", &text)]),
            ("/login", vec![("username", "owner"), ("otp", "123456"), ("next", &text)]),
            ("/setup", vec![("setup_code", &text), ("username", &text)]),
            ("/logout", vec![("token", &text), ("next", &text)]),
        ] {
            send(Ask::form(path, &fields).header("X-Forwarded-For", "10.1.1.1"));
        }
        send(Ask::get(&format!(
            "/login?next={}",
            percent_encode(&format!("https://evil.example/{text}"))
        )));
        send(page().set("X-Forwarded-Uri", format!("/{}", percent_encode(&text))));
        // The command line is a door as well.
        if !text.contains('\0') {
            for words in [&["user", "add", &text][..], &["limit", "clear", &text]] {
                assert_ne!(gate.place.run(words).status, 0, "{words:?}");
            }
        }
    }
    gate.place.json(&["limit", "clear", "--all"]);
    // Octets below 0x20 are no header; all else is kept, cut.
    let fit: String =
        hostile().concat().chars().filter(|letter| !letter.is_ascii_control()).collect();
    let agent = named_ask("owner", &owner.fresh_code(), "192.168.1.9").header("User-Agent", fit);
    assert_eq!(agent.send(gate.address).status, 302);
    gate.stop();
    let log = gate.running.text();
    // Each line begins as ours do; what does not is the tail of a line that somebody broke.
    for (number, line) in log.lines().enumerate() {
        let level = line.split_whitespace().next().unwrap_or_default();
        let known = [
            "<3>", "<4>", "<5>", "<6>", "<7>", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "error",
            "warn", "info", "debug", "trace",
        ];
        assert!(known.iter().any(|known| level.starts_with(known)), "line {number}: {line:?}");
        assert!(!line.starts_with("error forged"), "line {number}: {line:?}");
        let unfit = |letter: char| {
            letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202e}')
        };
        assert!(!line.contains(unfit), "line {number}: {line:?}");
        assert!(line.len() < 4096, "line {number} has {} bytes", line.len());
    }
    assert!(
        log.lines().count() < asked * 2 + 200,
        "{} lines for {asked} requests",
        log.lines().count()
    );
}

fn named_ask(name: &str, code: &str, from: &str) -> Ask {
    Ask::form("/login", &[("username", name), ("otp", code)]).header("X-Forwarded-For", from)
}

fn named(gate: &Daemon, name: &str, code: &str, from: &str) -> crate::support::http::Answer {
    named_ask(name, code, from).send(gate.address)
}

/// What must stand in no output.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn add(&mut self, what: impl Into<String>) {
        let what = what.into();
        assert!(what.len() >= 6, "too short to be looked for: {what}");
        self.0.insert(what);
    }

    fn add_token(&mut self, token: &str) {
        self.add(token);
        // Its parts as well; the first one says the same in every token.
        token.split('.').skip(1).for_each(|part| self.add(part));
    }

    fn are_not_in(&self, what: &str, text: &str) {
        for secret in &self.0 {
            assert!(!text.contains(secret.as_str()), "{secret} is in {what}:\n{text}");
        }
    }
}

/// The whole life of a gate, everything told at the finest level: set-up, logins good and bad,
/// orders, damage, restarts.
#[test]
fn no_secret_of_a_mixed_run_is_in_any_output() {
    let mut secrets = Secrets::default();
    let mut said = Vec::new();
    let given = "0123456789abcdef0123456789abcdef-a-secret-from-outside";
    let place =
        Place::new(&format!("{ONE_DOMAIN}{EVERYTHING}")).with_environment("JWT_SECRET", given);
    secrets.add(given);
    let mut gate = place.with_movable_clock().start();

    let code = setup::code_of(&gate);
    let mut visitor = setup::SetupBrowser::from(&gate, "192.168.1.20");
    visitor.enter(&code);
    secrets.add(visitor.cookie.clone().expect("the one who holds the enrolment"));
    let owner = visitor.scan();
    let first = owner.fresh_code();
    let done = visitor.finish("owner", &first);
    secrets.add(&owner.secret);
    secrets.add(&first);
    ["auth_token", "auth_device"]
        .iter()
        .for_each(|name| secrets.add_token(&done.cookie(name).expect("set-up ends signed in")));
    let token = done.cookie("auth_token").expect("a session");
    let device = done.cookie("auth_device").expect("a device");

    let guest = gate.place.add_user("guest");
    secrets.add(&guest.secret);
    for n in 0..4_u32 {
        // A step later each time, without a wait for it.
        gate.place.shift_clock(i64::from(n) * 30);
        let (good, wrong) = (guest.code_at(current_step() + u64::from(n)), guest.wrong_code());
        let answer = named(&gate, "guest", &good, &format!("192.168.2.{n}"));
        secrets.add_token(&answer.cookie("auth_token").expect("a session"));
        answer.cookie("auth_device").iter().for_each(|device| secrets.add(device));
        named(&gate, "guest", &good, "192.168.2.99");
        named_ask("guest", &wrong, "192.168.3.1").cookie("auth_device", &device).send(gate.address);
        named(&gate, "guest", &format!("{wrong}99"), "192.168.3.2");
        [good, wrong].into_iter().for_each(|code| secrets.add(code));
    }
    // Secrets where they do not belong: in addresses, names and headers of others.
    let misplaced = owner.fresh_code();
    secrets.add(&misplaced);
    for ask in [
        Ask::get(&format!("/login?otp={misplaced}")),
        Ask::get(&format!("/verify?auth_token={token}")),
        Ask::verify(
            "/verify/caddy",
            &format!("https://app.example.test/?otp={misplaced}&auth_token={token}"),
        ),
        Ask::verify("/verify", "https://app.example.test/")
            .header("Authorization", format!("Bearer {token}")),
        Ask::verify("/verify", "https://app.example.test/")
            .header("X-Original-URL", format!("https://b.example.test/?t={token}")),
        Ask::verify("/verify", "not://an address")
            .cookie("auth_token", &format!("{token}; auth_token={token}x")),
        Ask::get(&format!("/login?next=https%3A%2F%2Fevil.example%2F%3Ft%3D{token}")),
        Ask::form("/login", &[("username", &misplaced), ("otp", "none")]),
        Ask::form("/login", &[("username", "owner"), ("otp", &misplaced), ("otp", &misplaced)]),
        Ask::form("/login", &[("username", "owner"), ("otp", &misplaced)])
            .header("Origin", "https://evil.example"),
        Ask::form("/logout", &[("token", &token)]).cookie("auth_token", &token),
        Ask::get("/logout").cookie("auth_token", &token),
    ] {
        let answer = ask.send(gate.address);
        for (name, value) in setup::inputs(&answer) {
            if name == "token" && value.len() >= 16 {
                secrets.add(value);
            }
        }
    }
    let passphrase = "five unrelated words, or so";
    secrets.add(passphrase);
    said.push(("a backup's output", backup_by_hand(&gate.place, passphrase)));
    for words in [
        &["user", "list"][..],
        &["session", "list"],
        &["limit", "list"],
        &["user", "show", "guest"],
        &["user", "add", "guest"],
        &["config", "show"],
        &["config", "check"],
        &["proxy", "print", "caddy"],
        &["proxy", "print", "nginx"],
        &["session", "revoke", "--user", "guest"],
        &["user", "disable", "guest"],
        &["user", "remove", "guest"],
        &["healthcheck"],
    ] {
        let done = gate.place.run(words);
        said.push(("the output of a verb", format!("{words:?}: {}{}", done.out, done.err)));
    }
    let rotated = Person::from_answer(&gate.place.json(&["user", "rotate", "owner"]));
    secrets.add(&rotated.secret);
    gate.running.signal(Signal::SIGHUP);
    said.push(("the log", gate.running.text().replace(&code, "")));
    gate.kill();
    // A database cut short, and the snapshot in its place.
    let database = gate.place.state().join("db/db");
    std::fs::OpenOptions::new()
        .write(true)
        .open(database)
        .and_then(|file| file.set_len(100))
        .expect("ours");
    gate.start_again();
    gate.stop();
    said.push(("the log after the damage", gate.running.text()));
    let key = std::fs::read(gate.place.state().join("store.key")).expect("the store's key");
    secrets.add(key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    secrets.add(format!("{key:?}").trim_matches(['[', ']']).to_owned());
    assert!(secrets.0.len() > 30, "{} secrets", secrets.0.len());
    for (what, text) in &said {
        assert!(text.len() > 2, "{what} is empty");
        secrets.are_not_in(what, text);
    }
    // The set-up code is for the log, once, and nowhere else.
    assert!(!said.iter().any(|(_, text)| text.contains(&code)), "the set-up code");
}

/// `backup` with the passphrase on standard input, as a script gives it; what it says.
fn backup_by_hand(place: &Place, passphrase: &str) -> String {
    let file = place.state().with_file_name("by-hand.backup");
    let words = ["backup", file.to_str().expect("text"), "--passphrase-file", "/dev/stdin"];
    let mut command = place.command(&words);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(format!("{passphrase}\n").as_bytes())
        .expect("taken");
    let done = Done::from(child.wait_with_output().expect("an end"));
    format!("{}{} {}", done.out, done.err, done.status)
}
