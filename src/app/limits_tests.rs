//! How long whoever has guessed too often waits.

use crate::app::messages::command::Command;
use crate::app::testing::{ONE_DOMAIN, Person, WholeGate, login_form};
use crate::clock::Clock as _;

fn guess(gate: &mut WholeGate, person: &Person, from: &str, times: usize) -> Vec<u16> {
    let code = gate.wrong_code(person);
    (0..times).map(|_| gate.post_code(&code, from).status).collect()
}

/// Empties the bucket of all strangers from the internet: five failures from each of many
/// addresses.
fn spend_strangers(gate: &mut WholeGate, person: &Person) {
    for n in 0..20 {
        let statuses = guess(gate, person, &format!("203.0.113.{n}"), 5);
        assert_eq!(statuses, [401; 5], "address {n}");
    }
}

/// While the gate runs, limits count by a clock that cannot be set; time that passes while it is
/// off counts by the wall clock, if that is synchronised.
fn let_time_pass_while_it_is_off(gate: &mut WholeGate, seconds: u64) {
    gate.end();
    gate.pass(seconds);
    gate.clock.set_synchronised(Some(true));
    gate.start();
}

#[test]
fn after_five_failures_an_address_waits_even_with_the_right_code() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    assert_eq!(guess(&mut gate, &owner, "203.0.113.7", 1), [401]);
    gate.pass(7);
    assert_eq!(guess(&mut gate, &owner, "203.0.113.7", 5), [401, 401, 401, 401, 429]);
    let code = gate.fresh_code(&owner);
    let limited = gate.post_code(&code, "203.0.113.7");
    assert_eq!(limited.status, 429);
    // A quarter of an hour from the first one on.
    assert_eq!(limited.header("retry-after"), Some("893"));
    assert_eq!(limited.all("set-cookie").count(), 0);
    assert!(
        limited.text().contains("<html") && limited.text().len() > 200,
        "a page that names what still works"
    );
    assert_eq!(
        gate.post_code(&code, "203.0.113.8").status,
        302,
        "the limit spent no code, and others are not concerned"
    );
}

#[test]
fn the_window_opens_again_after_its_time() {
    for is_off in [true, false] {
        let mut gate = WholeGate::with(ONE_DOMAIN);
        let owner = gate.add_user("owner");
        guess(&mut gate, &owner, "203.0.113.7", 6);
        let mut pass = |seconds| {
            if is_off {
                let_time_pass_while_it_is_off(&mut gate, seconds);
            } else {
                gate.pass(seconds);
            }
            guess(&mut gate, &owner, "203.0.113.7", 1)
        };
        assert_eq!(pass(14 * 60), [429], "off: {is_off}");
        assert_eq!(pass(2 * 60), [401], "off: {is_off}");
    }
}

#[test]
fn a_success_does_not_refill_the_strangers_bucket_and_time_does_slowly() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    spend_strangers(&mut gate, &owner);
    let code = gate.fresh_code(&owner);
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 302);
    assert_eq!(guess(&mut gate, &owner, "198.51.100.1", 1), [429]);
    let_time_pass_while_it_is_off(&mut gate, 6 * 3_600 + 60);
    assert_eq!(guess(&mut gate, &owner, "198.51.100.2", 2), [401, 429], "one in six hours");
}

#[test]
fn a_device_cookie_ends_with_disable_rotate_and_revoke_all() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let people = ["disable", "rotate", "all"].map(|name| gate.add_user(name));
    let cookies = people.each_ref().map(|person| {
        let code = gate.fresh_code(person);
        gate.post_code(&code, "192.168.1.1").cookie("auth_device").expect("a device cookie")
    });
    spend_strangers(&mut gate, &people[0]);
    gate.order(&Command::UserDisable { name: "disable".to_owned() });
    gate.order(&Command::UserEnable { name: "disable".to_owned() });
    let rotated = gate.order(&Command::UserRotate { name: "rotate".to_owned() });
    let rotated = Person::from_answer(&rotated);
    let post = |gate: &mut WholeGate, person: &Person, cookie: &str| {
        let code = gate.fresh_code(person);
        gate.send(&login_form(&code, "198.51.100.5").cookie("auth_device", cookie)).status
    };
    assert_eq!(post(&mut gate, &people[0], &cookies[0]), 429, "disabled and enabled again");
    assert_eq!(post(&mut gate, &rotated, &cookies[1]), 429, "rotated");
    assert_eq!(post(&mut gate, &people[2], &cookies[2]), 302, "nothing happened to this one");
    gate.order(&Command::SessionRevoke { ids: Vec::new(), user: None, all: true });
    gate.pass(60);
    let code = gate.fresh_code(&people[2]);
    let ask = login_form(&code, "198.51.100.5").cookie("auth_device", &cookies[2]);
    assert_eq!(gate.send(&ask).status, 429, "everything revoked");
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 302, "it was not the code");
}

#[test]
fn setting_the_clock_while_the_gate_runs_frees_nobody() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    guess(&mut gate, &owner, "203.0.113.7", 6);
    gate.clock.set(gate.clock.now().plus(std::time::Duration::from_secs(16 * 60)));
    assert_eq!(guess(&mut gate, &owner, "203.0.113.7", 1), [429]);
}
