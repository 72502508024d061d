//! What a code is worth to a gate that has taken its users from a backup, while time passes.

use serde_json::json;

use crate::app::messages::command::Command;
use crate::app::messages::records::Records;
use crate::app::testing::{Ask, ONE_DOMAIN, Person, UNSET, WholeGate};
use crate::clock::Clock as _;

/// Seconds until the steps are over that a restore spends.
const LATER: u64 = 120;

/// Somebody of another gate, and its backup.
fn given() -> (Person, Records) {
    let mut old = WholeGate::with(ONE_DOMAIN);
    let anna = old.add_user("anna");
    let answer = old.order(&Command::Backup);
    (anna, serde_json::from_value(answer["records"].clone()).expect("records"))
}

fn post(gate: &mut WholeGate, person: &Person) -> u16 {
    gate.post_code(&gate.code(person), "198.51.100.9").status
}

#[test]
fn the_first_code_after_a_restart_is_taken_too() {
    let (anna, records) = given();
    let mut new = WholeGate::with(ONE_DOMAIN);
    new.order(&Command::Restore { records });
    new.start();
    assert_eq!(post(&mut new, &anna), 401);
    new.pass(LATER);
    assert_eq!(post(&mut new, &anna), 302);
}

#[test]
fn with_an_unset_clock_users_come_in_and_no_code_does_until_it_is_set() {
    let (anna, records) = given();
    let mut new = WholeGate::with(ONE_DOMAIN);
    let right = new.clock.now();
    new.clock.set(UNSET);
    new.start();
    assert_eq!(new.order(&Command::Restore { records })["users"], json!(1));
    new.start();
    let code = anna.code_at(right.unix() / 30);
    assert_eq!(new.post_code(&code, "198.51.100.9").status, 503);
    new.clock.set(right);
    assert_eq!(new.send(&Ask::get("/ready")).status, 200);
    assert_eq!(post(&mut new, &anna), 401, "the old gate may have seen it");
    new.pass(LATER);
    assert_eq!(post(&mut new, &anna), 302);
}
