//! What the log says, and what it never says.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Ask, percent_encode};
use crate::support::wait::{self, PATIENCE};

#[test]
fn no_seed_code_token_or_cookie_is_ever_written() {
    let mut gate = Daemon::with(&format!("{ONE_DOMAIN}[log]\nlevel = \"trace\"\n"));
    let owner = gate.place.add_user("owner");
    let (good, wrong) = (owner.fresh_code(), owner.wrong_code());
    let answer = gate.post_code(&good, "203.0.113.7");
    let (session, device) = (answer.cookie("auth_token").expect("one"), answer.cookie("auth_device").expect("one"));
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
    let mut secrets = vec![owner.secret.clone(), good, wrong, session.clone(), device.clone(), "424242".to_owned()];
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
    for file in ["jwt_secret", "store.key"] {
        if let Ok(bytes) = std::fs::read(gate.place.state().join(file)) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.trim().is_empty() || !log.contains(text.trim()), "{file} is in the log");
        }
    }
}

#[test]
fn what_visitors_write_cannot_break_a_line_or_move_the_cursor() {
    let mut gate = Daemon::with(&format!("{ONE_DOMAIN}[log]\nlevel = \"trace\"\n"));
    let owner = gate.place.add_user("owner");
    let before = gate.running.text().lines().count();
    let hostile = "x\u{1b}[2J\u{2028}\u{85}\"quoted\" INFO forged=1";
    for n in 0..5 {
        let ask = gate.login_form(&owner.wrong_code(), "203.0.113.7").header("User-Agent", format!("{hostile}{n}"));
        ask.header("Referer", hostile).send(gate.address);
    }
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/").set("X-Forwarded-Uri", format!("/{hostile}"));
    ask.header("X-Forwarded-For", format!("6.6.6.6{hostile}")).send(gate.address);
    Ask::get(&format!("/login?next={}", percent_encode(&format!("https://evil.example/\r\nFORGED line=1{hostile}"))))
        .send(gate.address);
    let ask = gate.login_form(&owner.fresh_code(), "203.0.113.99").header("User-Agent", "u".repeat(10_000));
    assert_eq!(ask.send(gate.address).status, 302);
    wait::until("the log", PATIENCE, || (gate.running.text().lines().count() > before).then_some(()));
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
