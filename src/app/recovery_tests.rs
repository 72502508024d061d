//! Who gets in after the snapshot stood in for the database.

use std::fs::OpenOptions;

use crate::app::messages::command::Command;
use crate::app::testing::{ONE_DOMAIN, WholeGate, login_form};

#[test]
fn after_a_recovery_home_and_known_devices_get_in_and_strangers_wait() {
    let mut gate = WholeGate::with(ONE_DOMAIN);
    let owner = gate.add_user("owner");
    let code = gate.fresh_code(&owner);
    let known = gate.post_code(&code, "203.0.113.200").cookie("auth_device").expect("a device");
    gate.end();
    let database = OpenOptions::new().write(true).open(gate.state().join("db/db"));
    database.and_then(|file| file.set_len(100)).expect("ours");
    gate.start();
    let report = gate.order(&Command::Doctor).to_string();
    assert!(report.contains("the snapshot stands in for it"), "{report}");
    // Past the codes that a recovery spends.
    gate.pass(600);
    let wrong = gate.wrong_code(&owner);
    assert_eq!(gate.post_code(&wrong, "203.0.113.1").status, 429, "a stranger from the internet");
    assert_eq!(gate.post_code(&wrong, "192.168.1.1").status, 401, "home");
    let abroad = |gate: &mut WholeGate, code: &str| {
        gate.send(&login_form(code, "198.51.100.77").cookie("auth_device", &known)).status
    };
    assert_eq!(abroad(&mut gate, &wrong), 401, "a known device abroad");
    let right = gate.code(&owner);
    assert_eq!(abroad(&mut gate, &right), 302, "a known device abroad");
    gate.pass(60);
    assert_eq!(gate.post_code(&gate.code(&owner), "192.168.1.1").status, 302, "home");
    // Ten wrong codes, and no more: one was used up above.
    for n in 2..=10 {
        assert_eq!(gate.post_code(&wrong, &format!("192.168.1.{n}")).status, 401, "{n}");
    }
    assert_eq!(gate.post_code(&wrong, "192.168.1.11").status, 429);
}
