//! A clock that cannot be right opens nothing, and is used again once it is right.

use std::time::Duration;

use crate::app::messages::command::Command;
use crate::app::testing::{Ask, ONE_DOMAIN, UNSET, WholeGate, before_the_build};
use crate::clock::Clock as _;

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_clock_before_its_floor_refuses_logins_and_sessions_until_it_is_right() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let token = gate.log_in(&owner);
    let right = gate.clock.now();
    // The floor of a new gate is the program's date, as long as nobody has confirmed a later time.
    let day_before = before_the_build().minus(DAY);
    for wrong in [before_the_build(), day_before, UNSET] {
        gate.clock.set(wrong);
        let answer = gate.post_code(&gate.code(&owner), "192.168.1.1");
        assert_eq!(answer.status, 503, "{wrong}: {answer:?}");
        let told = answer.text().replace("&#39;", "'").to_lowercase();
        assert!(told.contains("the server's clock is not set yet"), "{told}");
        assert!(!gate.is_open_to(&token), "{wrong}");
        assert_eq!(gate.send(&Ask::get("/ready")).status, 503);
        assert_eq!(gate.send(&Ask::get("/health")).status, 200);
    }
    gate.clock.set(right);
    assert!(gate.is_open_to(&token), "the answer changes by itself");
    assert_eq!(gate.send(&Ask::get("/ready")).status, 200);
    let code = gate.fresh_code(&owner);
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 302);
    assert_eq!(gate.limits().iter().filter(|limit| limit["kind"] == "address").count(), 0);
}

#[test]
fn a_minute_backwards_is_tolerated() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    // A time that was certainly reached, and so the floor.
    gate.clock.set_synchronised(Some(true));
    let token = gate.log_in(&owner);
    gate.pass(0);
    let reached = gate.clock.now();
    gate.clock.set(reached.minus(Duration::from_secs(50)));
    assert!(gate.is_open_to(&token));
    gate.clock.set(reached.minus(Duration::from_secs(70)));
    assert!(!gate.is_open_to(&token), "and no more");
}

#[test]
fn a_start_in_1970_serves_pages_and_nothing_else() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let token = gate.log_in(&owner);
    let right = gate.clock.now();
    gate.end();
    gate.clock.set(UNSET);
    gate.start();
    assert!(!gate.is_open_to(&token));
    assert_eq!(gate.send(&Ask::get("/login")).status, 200);
    assert_eq!(gate.post_code(&gate.code(&owner), "192.168.1.1").status, 503);
    gate.clock.set(right);
    assert!(gate.is_open_to(&token), "its session was not lost");
}

#[test]
fn a_jump_ahead_that_nobody_confirmed_does_not_lock_the_door_when_it_is_taken_back() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let right = gate.clock.now();
    gate.clock.set(right.plus(DAY * 400));
    assert_eq!(gate.send(&Ask::get("/login")).status, 200);
    gate.add_user("written-in-the-future");
    gate.clock.set(right);
    let code = gate.fresh_code(&owner);
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 302);
}

#[test]
fn clock_reset_ends_all_sessions_and_forgets_steps_of_the_future() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let right = gate.clock.now();
    gate.clock.set(right.plus(DAY * 2));
    let answer = gate.post_code(&gate.code(&owner), "192.168.1.1");
    let token = answer.cookie("auth_token").expect("a login in the future");
    gate.clock.set(right);
    let code = gate.fresh_code(&owner);
    assert_eq!(
        gate.post_code(&code, "192.168.1.1").status,
        401,
        "the step of the day after tomorrow is spent"
    );
    gate.order(&Command::ClockReset);
    assert!(!gate.is_open_to(&token));
    let code = gate.fresh_code(&owner);
    assert_eq!(gate.post_code(&code, "192.168.1.2").status, 302);
}

/// `exp` of a login while the clock was ahead lies further away than the session may live; until
/// the clock gets there again the token is one from the future.
#[test]
fn a_login_while_the_clock_is_ahead_counts_for_nothing_when_it_is_taken_back() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let right = gate.clock.now();
    gate.clock.set(right.plus(Duration::from_secs(3_600)));
    let answer = gate.post_code(&gate.code(&owner), "192.168.1.1");
    let token = answer.cookie("auth_token").expect("a login");
    assert!(gate.is_open_to(&token));
    gate.clock.set(right);
    assert!(!gate.is_open_to(&token));
}
