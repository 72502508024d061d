//! The real process lives by the system's clocks and the kernel's word of them. What the gate
//! makes of a clock that is wrong, or is set, src/app/clock_tests.rs shows without one.

use crate::support::clock::before_the_build;
use crate::support::codes::wrong_code_near;
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;

#[test]
fn the_daemon_goes_by_the_system_s_clock_and_the_kernel_s_word_of_it() {
    let settings = format!("{ONE_DOMAIN}[clock]\nrequire_sync = true\n");
    let gate = Place::new(&settings).with_movable_clock().start();
    let owner = gate.place.add_user("owner");
    let ready = || {
        let answer = Ask::get("/ready").send(gate.address);
        (answer.status, answer.text())
    };
    let (status, told) = ready();
    assert!(status == 503 && told.contains("has not been synchronised since boot"), "{told}");
    let code = owner.fresh_code();
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 503);

    gate.place.confirm_clock();
    let token = gate.post_code(&code, "192.168.1.1").cookie("auth_token").expect("a session");
    assert!(gate.is_open_to(&token));

    gate.place.set_clock(before_the_build());
    assert!(!gate.is_open_to(&token));
    assert_eq!(gate.post_code(&owner.code_at(gate.place.step()), "192.168.1.1").status, 503);
    gate.place.shift_clock(0);
    assert!(gate.is_open_to(&token));
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.1").status, 302);
}

/// A wall clock that is set frees nobody; time that passes does.
#[test]
fn limits_count_by_the_system_s_monotonic_clock() {
    let places = [
        (Place::new(ONE_DOMAIN).with_movable_clock(), 429),
        (Place::new(ONE_DOMAIN).with_movable_clocks(), 401),
    ];
    for (place, afterwards) in places {
        let gate = place.start();
        let owner = gate.place.add_user("owner");
        let wrong = |gate: &Daemon| wrong_code_near(&[&owner], gate.place.step());
        let guess = |gate: &Daemon| gate.post_code(&wrong(gate), "203.0.113.7").status;
        assert_eq!([(); 6].map(|()| guess(&gate)), [401, 401, 401, 401, 401, 429]);
        gate.place.shift_clock(16 * 60);
        assert_eq!(guess(&gate), afterwards);
    }
}
