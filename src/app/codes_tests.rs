//! A code works once, and only around its own time.

use std::time::Duration;

use crate::app::messages::command::Command;
use crate::app::testing::{ONE_DOMAIN, Person, WholeGate};
use crate::clock::Clock as _;

const AT_HOME: &str = "192.168.1.1";

/// What each of these codes comes to, in this order; how many steps they are away from the present.
fn statuses(gate: &mut WholeGate, person: &Person, offsets: &[i64]) -> Vec<u16> {
    let now = gate.step();
    let codes = offsets.iter().map(|o| person.code_at(now.checked_add_signed(*o).expect("a step")));
    codes.map(|code| gate.post_code(&code, AT_HOME).status).collect()
}

#[test]
fn the_steps_around_now_are_good_once_and_never_backwards() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let clear = Command::LimitClear { what: String::new(), all: true };
    let person = gate.add_user("a");
    assert_eq!(
        statuses(&mut gate, &person, &[-2, 2, -1, -1, 0, 0, 1, 1]),
        [401, 401, 302, 401, 302, 401, 302, 401]
    );
    gate.order(&clear);
    let person = gate.add_user("b");
    assert_eq!(
        statuses(&mut gate, &person, &[1, 0, -1]),
        [302, 401, 401],
        "older ones are spent with the newest"
    );
    gate.order(&clear);
    let person = gate.add_user("c");
    assert_eq!(statuses(&mut gate, &person, &[0, -1, 1]), [302, 401, 302]);
}

#[test]
fn without_skew_only_the_current_step_is_good() {
    let mut gate = WholeGate::with(&format!("{ONE_DOMAIN}[login]\nskew = 0\n"));
    let person = gate.add_user("owner");
    assert_eq!(statuses(&mut gate, &person, &[-1, 1, 0]), [401, 401, 302]);
}

#[test]
fn a_spent_code_stays_spent_when_the_clock_is_set_back() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let person = gate.add_user("owner");
    let (step, right) = (gate.step(), gate.clock.now());
    let code = person.code_at(step);
    assert_eq!(gate.post_code(&code, AT_HOME).status, 302);
    gate.end();
    gate.clock.set(right.minus(Duration::from_secs(60)));
    gate.start();
    let answer = gate.post_code(&code, AT_HOME);
    assert!(matches!(answer.status, 401 | 503), "{answer:?}");
    gate.clock.set(right);
    let next = person.code_at(step + 1);
    assert_eq!(gate.post_code(&next, AT_HOME).status, 302, "the next one is good");
}
