//! A clock that cannot be right opens nothing, and mends itself.

use std::time::Duration;

use crate::support::clock::{UNSET, before_the_build};
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;

fn gate() -> Daemon {
    Place::new(&format!("{ONE_DOMAIN}[clock]\nrequire_sync = false\n")).with_movable_clock().start()
}

#[test]
fn a_clock_before_its_floor_refuses_logins_and_sessions_until_it_is_right() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    // The floor of a new gate is the program's date, as long as nobody has confirmed a later time.
    let day_before = before_the_build().minus(Duration::from_secs(86_400));
    for wrong in [before_the_build(), day_before, UNSET] {
        gate.place.set_clock(wrong);
        let answer = gate.post_code(&owner.code_at(gate.place.step()), "192.168.1.1");
        assert_eq!(answer.status, 503, "{wrong}: {answer:?}");
        let told = answer.text().replace("&#39;", "'").to_lowercase();
        assert!(told.contains("the server's clock is not set yet"), "{told}");
        assert!(!gate.is_open_to(&token), "{wrong}");
        assert_eq!(Ask::get("/ready").send(gate.address).status, 503);
        assert_eq!(Ask::get("/health").send(gate.address).status, 200);
    }
    gate.place.shift_clock(0);
    assert!(gate.is_open_to(&token), "the answer changes by itself");
    assert_eq!(Ask::get("/ready").send(gate.address).status, 200);
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.1").status, 302);
    assert_eq!(
        gate.place
            .json(&["limit", "list"])
            .as_array()
            .map(|l| l.iter().filter(|e| e["kind"] == "address").count()),
        Some(0)
    );
}

#[test]
fn a_minute_backwards_is_tolerated() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    gate.place.shift_clock(-50);
    assert!(gate.is_open_to(&token));
}

#[test]
fn a_start_in_1970_serves_pages_and_nothing_else() {
    let mut gate = gate();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    gate.kill();
    gate.place.set_clock(UNSET);
    gate.start_again();
    assert!(!gate.is_open_to(&token));
    assert_eq!(Ask::get("/login").send(gate.address).status, 200);
    assert_eq!(gate.post_code(&owner.code_at(gate.place.step()), "192.168.1.1").status, 503);
    gate.place.shift_clock(0);
    assert!(gate.is_open_to(&token), "its session was not lost");
}

#[test]
fn a_jump_ahead_that_nobody_confirmed_does_not_lock_the_door_when_it_is_taken_back() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    gate.place.shift_clock(400 * 86_400);
    assert_eq!(Ask::get("/login").send(gate.address).status, 200);
    gate.place.add_user("written-in-the-future");
    gate.place.shift_clock(0);
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.1").status, 302);
}

#[test]
fn clock_reset_ends_all_sessions_and_forgets_steps_of_the_future() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    gate.place.shift_clock(2 * 86_400);
    let code = owner.code_at(gate.place.step());
    let token =
        gate.post_code(&code, "192.168.1.1").cookie("auth_token").expect("a login in the future");
    gate.place.shift_clock(0);
    assert_eq!(
        gate.post_code(&owner.fresh_code(), "192.168.1.1").status,
        401,
        "the step of the day after tomorrow is spent"
    );
    gate.place.json(&["clock", "reset"]);
    assert!(!gate.is_open_to(&token));
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.2").status, 302);
}
