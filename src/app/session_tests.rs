//! Until when a session cookie is worth something.

use crate::app::testing::{Ask, ONE_DOMAIN, WholeGate};

#[test]
fn a_session_lasts_as_long_as_it_was_given_and_idle_ones_end_sooner() {
    let mut gate = WholeGate::with(&format!("{ONE_DOMAIN}lifetime = \"1h\"\nidle = \"20m\"\n"));
    let owner = gate.add_user("owner");
    let token = gate.log_in(&owner);
    for minutes in [15, 30, 45] {
        gate.pass(15 * 60);
        assert!(gate.is_open_to(&token), "used every quarter of an hour, minute {minutes}");
    }
    gate.pass(15 * 60);
    assert!(gate.is_open_to(&token), "its last second");
    gate.pass(1);
    assert!(!gate.is_open_to(&token), "not beyond its lifetime, used or not");
}

#[test]
fn an_idle_session_ends() {
    let mut gate = WholeGate::with(&format!("{ONE_DOMAIN}idle = \"20m\"\n"));
    let owner = gate.add_user("owner");
    let token = gate.log_in(&owner);
    assert!(gate.is_open_to(&token));
    gate.pass(21 * 60);
    assert!(!gate.is_open_to(&token));
}

#[test]
fn the_sixty_fifth_session_ends_the_oldest() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let mut tokens = Vec::new();
    for n in 0..65 {
        gate.pass(60);
        let answer = gate.post_code(&gate.code(&owner), "198.51.100.1");
        tokens.push(answer.cookie("auth_token").unwrap_or_else(|| panic!("login {n}: {answer:?}")));
    }
    assert!(!gate.is_open_to(&tokens[0]));
    assert!(tokens[1..].iter().all(|token| gate.is_open_to(token)));
}

#[test]
fn with_a_living_session_the_page_leads_straight_on() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let token = gate.log_in(&owner);
    gate.pass(3_600);
    let page = "/login?next=https%3A%2F%2Fapp.example.test%2Fx%3Fa%3D1";
    let answer = gate.send(&Ask::get(page).cookie("auth_token", &token));
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("https://app.example.test/x?a=1")),
        "{answer:?}"
    );
    // The browser may have the cookie under attributes that have changed since.
    assert_eq!(answer.cookie("auth_token").as_deref(), Some(token.as_str()));
    let line = answer.all("set-cookie").next().expect("a cookie");
    for part in
        ["Max-Age=82800", "HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Domain=example.test"]
    {
        assert!(line.split("; ").any(|p| p == part), "{part} in {line}");
    }
    let tossed =
        gate.send(&Ask::get(page).cookie("auth_token", &format!("garbage; auth_token={token}")));
    assert_eq!(
        tossed.cookie("auth_token").as_deref(),
        Some(token.as_str()),
        "the one that is good"
    );
    let answer = gate.send(&Ask::get(page).cookie("auth_token", &format!("{token}x")));
    assert_eq!(answer.status, 200, "not with a broken one");
}
