//! Clocks that jump between a code and its check, between a session and its verify, and while the
//! gate is off.
//!
//! `require_sync = false`: the kernel's clock counts as not synchronised here, whatever the
//! machine's is.

use crate::support::codes::current_step;
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn gate() -> Daemon {
    Place::new(&format!("{ONE_DOMAIN}[clock]\nrequire_sync = false\n[limits]\nattempts = 1000\n"))
        .with_movable_clock()
        .start()
}

#[test]
fn a_step_of_an_hour_between_code_and_check_refuses_the_code_and_spends_nothing() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    // The second time a minute later, with another code.
    for (now, jump) in [(0, HOUR), (60, -HOUR)] {
        gate.place.shift_clock(now);
        let code = owner.code_at(gate.place.step());
        gate.place.shift_clock(now + jump);
        let answer = gate.post_code(&code, "192.168.1.1");
        assert!(matches!(answer.status, 401 | 503), "{jump}: {answer:?}");
        gate.place.shift_clock(now);
        // It was looked at under another time and not spent; it is good while its own time lasts.
        let again = gate.post_code(&code, "192.168.1.1");
        assert_eq!(again.status, 302, "{jump}: {again:?}");
    }
}

#[test]
fn no_step_of_the_clock_makes_a_session_longer_or_a_code_good_again() {
    let gate = gate();
    let (owner, guest) = (gate.place.add_user("owner"), gate.place.add_user("guest"));
    let code = owner.code_at(current_step());
    let token = gate.post_code(&code, "192.168.1.1").cookie("auth_token").expect("a session");
    for (jump, open) in
        [(HOUR, true), (23 * HOUR, true), (DAY + 60, false), (30 * DAY, false), (0, true)]
    {
        gate.place.shift_clock(jump);
        assert_eq!(
            gate.is_open_to(&token),
            open,
            "{jump} s ahead: judged by the limit it was issued with"
        );
    }
    // An hour back: before it was issued, which is more than the leeway of a minute.
    gate.place.shift_clock(-HOUR);
    assert!(!gate.is_open_to(&token), "a session of the future");
    assert!(matches!(gate.post_code(&code, "192.168.1.1").status, 401 | 503), "spent stays spent");
    // One that begins an hour ahead lives a day from then by every clock, and opens nothing before
    // it has begun.
    gate.place.shift_clock(HOUR);
    let ahead = gate
        .post_code(&guest.code_at(gate.place.step()), "192.168.1.2")
        .cookie("auth_token")
        .expect("a session");
    gate.place.shift_clock(0);
    assert!(!gate.is_open_to(&ahead), "it has not begun");
    gate.place.shift_clock(24 * HOUR);
    assert!(gate.is_open_to(&ahead));
    gate.place.shift_clock(25 * HOUR + 60);
    assert!(!gate.is_open_to(&ahead), "a day after it began");
}

/// A second that is told twice, or a little longer each for a day: what leap seconds look like.
#[test]
fn a_leap_second_disturbs_nobody() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    for step in [0, 1, 0, -1, 0, 1] {
        gate.place.shift_clock(step);
        assert!(gate.is_open_to(&token), "{step}");
        assert_eq!(Ask::get("/ready").send(gate.address).status, 200, "{step}");
    }
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.1").status, 302);
}

#[test]
fn starts_an_hour_behind_and_a_day_ahead_keep_counters_sessions_and_spent_codes() {
    let mut gate = gate();
    let owner = gate.place.add_user("owner");
    let code = owner.code_at(current_step());
    let token = gate.post_code(&code, "192.168.1.1").cookie("auth_token").expect("a session");
    for number in 0..30 {
        gate.post_code(&owner.wrong_code(), &format!("203.0.113.{number}"));
    }
    let failures = |gate: &Daemon, kind: &str| {
        let list = gate.place.json(&["limit", "list"]);
        let found = list
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["kind"] == kind)
            .map(|entry| entry["failures"].as_u64().unwrap_or_default());
        found.sum::<u64>()
    };
    assert_eq!((failures(&gate, "address"), failures(&gate, "strangers")), (30, 30));
    gate.kill();
    gate.place.shift_clock(-HOUR);
    gate.start_again();
    // A clock that went back freezes nobody and frees nobody.
    assert_eq!(failures(&gate, "strangers"), 30, "an hour behind");
    assert_eq!(failures(&gate, "address"), 30, "an hour behind");
    assert!(!gate.is_open_to(&token), "begun in the future");
    assert!(matches!(gate.post_code(&code, "192.168.1.1").status, 401 | 503));
    // One more, if the hour behind is not before the floor.
    let counted = |gate: &Daemon| (failures(gate, "address"), failures(gate, "strangers"));
    let before = counted(&gate);
    gate.stop();
    gate.place.shift_clock(DAY + 60);
    gate.start_again();
    assert_eq!(counted(&gate), before, "a day that nobody has confirmed gives nothing back");
    assert!(!gate.is_open_to(&token), "a day and a minute ahead: judged by its own limit of a day");
    let day_ahead = gate.post_code(&owner.code_at(gate.place.step()), "192.168.1.1");
    assert!(matches!(day_ahead.status, 302 | 503), "{day_ahead:?}");
    gate.kill();
    gate.place.shift_clock(0);
    gate.start_again();
    assert!(gate.is_open_to(&token), "the clock is right again, and so is the session of before");
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 401, "spent stays spent");
    assert_eq!(failures(&gate, "strangers"), before.1 + 1, "nor when the clock is right again");
}
