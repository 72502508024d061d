//! What the log says, and what it never says.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::{Ask, Connection, percent_encode};
use crate::support::scrape::{Scrape, WITH_METRICS};
use crate::support::wait::{self, PATIENCE};

#[test]
fn no_seed_code_token_or_cookie_is_ever_written() {
    let mut gate = Daemon::with(&format!("{ONE_DOMAIN}[log]\nlevel = \"trace\"\n"));
    let owner = gate.place.add_user("owner");
    let (good, wrong) = (owner.fresh_code(), owner.wrong_code());
    let answer = gate.post_code(&good, "203.0.113.7");
    let (session, device) =
        (answer.cookie("auth_token").expect("one"), answer.cookie("auth_device").expect("one"));
    gate.post_code(&wrong, "203.0.113.8");
    gate.post_code(&format!("{wrong}77"), "203.0.113.8");
    gate.post_code(&good, "203.0.113.9");
    gate.ask_with(&session);
    gate.ask_with(&format!("{session}x"));
    let logout = Ask::get("/logout").cookie("auth_token", &session).send(gate.address).text();
    Ask::get("/login?otp=424242&next=%2Fx").cookie("auth_device", &device).send(gate.address);
    gate.place.json(&["user", "rotate", "owner"]);
    gate.place.json(&["session", "revoke", "--all"]);
    gate.stop();
    let log = gate.running.text();
    assert!(log.contains("203.0.113.8"), "failed logins are logged: {log}");
    assert!(log.contains("owner"), "and who logged in: {log}");
    let mut secrets = vec![
        owner.secret.clone(),
        good,
        wrong,
        session.clone(),
        device.clone(),
        "424242".to_owned(),
    ];
    secrets.extend(session.split('.').skip(1).map(str::to_owned));
    secrets.extend(
        logout
            .split("value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|v| v.len() > 15)
            .map(str::to_owned),
    );
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log:\n{log}");
    }
    let made =
        std::fs::read_to_string(gate.place.state().join("jwt.secret")).expect("the secret it made");
    assert!(made.len() > 32 && !log.contains(made.trim()), "its own secret is in the log");
}

#[test]
fn what_visitors_write_cannot_break_a_line_or_move_the_cursor() {
    let mut gate = Daemon::with(&format!("{ONE_DOMAIN}[log]\nlevel = \"trace\"\n"));
    let owner = gate.place.add_user("owner");
    let before = gate.running.text().lines().count();
    let hostile = "x\u{1b}[2J\u{2028}\u{85}\"quoted\" INFO forged=1";
    for n in 0..5 {
        let ask = gate
            .login_form(&owner.wrong_code(), "203.0.113.7")
            .header("User-Agent", format!("{hostile}{n}"));
        ask.header("Referer", hostile).send(gate.address);
    }
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/")
        .set("X-Forwarded-Uri", format!("/{hostile}"));
    ask.header("X-Forwarded-For", format!("6.6.6.6{hostile}")).send(gate.address);
    Ask::get(&format!(
        "/login?next={}",
        percent_encode(&format!("https://evil.example/\r\nFORGED line=1{hostile}"))
    ))
    .send(gate.address);
    let ask = gate
        .login_form(&owner.fresh_code(), "203.0.113.99")
        .header("User-Agent", "u".repeat(10_000));
    assert_eq!(ask.send(gate.address).status, 302);
    wait::until("the log", PATIENCE, || {
        (gate.running.text().lines().count() > before).then_some(())
    });
    gate.stop();
    let log = gate.running.text();
    for (n, line) in log.lines().enumerate() {
        assert!(!line.contains(['\u{1b}', '\u{2028}', '\u{85}', '\r', '\0']), "line {n}: {line:?}");
        assert!(!line.trim_start().starts_with("FORGED"), "line {n}: {line:?}");
        assert!(line.len() < 4096, "line {n} has {} bytes", line.len());
    }
    let sessions = gate.place.json(&["session", "list"]).to_string();
    assert!(!sessions.contains(&"u".repeat(300)), "a User-Agent is kept cut");
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_visitor() {
    let place = Place::new(&format!("{ONE_DOMAIN}[log]\nlevel = \"debug\"\n{WITH_METRICS}"));
    let mut command = place.command(&["serve"]);
    let mut gate = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the built program runs");
    // Read up to the line that tells of the last listener, and then no more.
    let mut log = BufReader::new(gate.stderr.take().expect("piped"));
    let (mut said, mut addresses) = (String::new(), Vec::new());
    while addresses.len() < 2 {
        assert_ne!(log.read_line(&mut said).expect("text"), 0, "{said}");
        let line = said.lines().last().unwrap_or_default();
        let address = line
            .split_once("listening address=")
            .map(|(_, rest)| rest.trim_end_matches(" for=metrics"));
        addresses.extend(address.and_then(|address| address.parse::<SocketAddr>().ok()));
    }
    let mut connection = Connection::open(addresses[0]);
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load().bytes();
    // Each writes a line of some hundred bytes; a pipe holds 64 KiB of them.
    for _ in 0..2_000 {
        connection.send(&ask);
        assert_eq!(connection.answer().status, 302);
    }
    let lost = Scrape::of(addresses[1]).value("portcullis_log_lines_left_out_total");
    assert!(lost > 100.0, "{lost}");
    // Whoever reads again is told.
    let reader = std::thread::spawn(move || {
        let mut rest = String::new();
        log.read_to_string(&mut rest).map(|_| rest)
    });
    let left_out = || Scrape::of(addresses[1]).value("portcullis_log_lines_left_out_total");
    wait::until("an answer whose line is written", PATIENCE, || {
        let before = left_out();
        connection.send(&ask);
        connection.answer();
        (left_out() - before < 1.0).then_some(())
    });
    gate.kill().expect("our own child");
    gate.wait().expect("our own child");
    let rest = reader.join().expect("no panic").expect("text");
    assert!(rest.contains("log lines left out count="), "{rest}");
}

#[test]
fn more_users_than_a_code_alone_is_good_for_are_warned_of_at_the_start_and_at_a_reload() {
    let ask_names = "[login]\nask_username = true\n";
    let mut place = Place::new(ask_names);
    for n in 0..21 {
        place.add_user(&format!("user{n}"));
    }
    place.configure("");
    let mut gate = place.start();
    let warnings =
        |gate: &Daemon| gate.running.text().matches("21 users and a login by code alone").count();
    wait::until("the warning", PATIENCE, || (warnings(&gate) == 1).then_some(()));
    gate.running.signal(Signal::SIGHUP);
    wait::until("the same at a reload", PATIENCE, || (warnings(&gate) == 2).then_some(()));
    gate.stop();
    gate.place.configure(ask_names);
    gate.start_again();
    assert_eq!(warnings(&gate), 0, "{}", gate.running.text());
}

#[test]
fn lines_of_json_hold_the_time_and_lines_of_text_where_it_is_wanted() {
    let time = |text: &str| {
        let pattern = "0000-00-00T00:00:00Z";
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(found, wanted)| match wanted {
                b'0' => found.is_ascii_digit(),
                wanted => found == wanted,
            })
    };
    let first_line = |settings: &str| {
        let mut gate = Daemon::with(&format!("{ONE_DOMAIN}[log]\n{settings}\n"));
        gate.stop();
        gate.running
            .text()
            .lines()
            .find(|line| line.contains("listening"))
            .expect("its address")
            .to_owned()
    };
    assert!(first_line("time = false").starts_with("INFO  ["));
    let text = first_line("time = true");
    let (begin, rest) = text.split_once(' ').expect("words");
    assert!(time(begin) && rest.starts_with("INFO  ["), "{text}");
    let place = Place::new(&format!("{ONE_DOMAIN}[log]\nformat = \"json\"\nlevel = \"warn\"\n"));
    let mut running =
        crate::support::process::Running::start("portcullis", &mut place.command(&["serve"]));
    let line = running.wait_for("its warning", PATIENCE, |text| {
        text.lines().find(|line| line.contains("no users yet")).map(str::to_owned)
    });
    let object: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert!(object["time"].as_str().is_some_and(time), "{line}");
}
