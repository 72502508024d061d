//! When sessions and passes were last used, on its way to the worker.

use crate::app::gate::state::Gate;
use crate::app::messages::last_uses::LastUses;

impl Gate {
    /// What was used since the last report. The worker hears of it with this one, and is to write
    /// it with the next background job.
    pub(super) fn take_last_uses(&mut self) -> LastUses {
        let last_uses =
            LastUses { sessions: self.sessions.take_touched(), passes: self.passes.take_touched() };
        self.uses_unwritten |= !last_uses.is_empty();
        last_uses
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::app::messages::command::Command;
    use crate::app::testing::{ONE_DOMAIN, WholeGate};
    use crate::auth::access_pass::pass_id::PassId;

    #[test]
    fn a_use_that_a_list_has_shown_is_written_all_the_same() {
        let mut gate = WholeGate::with(ONE_DOMAIN);
        let owner = gate.add_user("owner");
        let token = gate.log_in(&owner);
        gate.pass(1_000);
        assert!(gate.is_open_to(&token));
        let last_seen =
            |gate: &mut WholeGate| gate.order(&Command::SessionList)[0]["last_seen"].clone();
        let used = last_seen(&mut gate);
        gate.pass(3_600);
        gate.end();
        gate.start();
        assert_eq!(last_seen(&mut gate), used);
    }

    fn made(gate: &mut WholeGate) -> PassId {
        let made = gate.order(&Command::PassCreate {
            name: "photos".to_owned(),
            user: "owner".to_owned(),
            hosts: vec!["photos.example.test".to_owned()],
            paths: Vec::new(),
            networks: Vec::new(),
            lifetime: None,
        });
        PassId::parse(made["id"].as_str().expect("an id")).expect("a pass")
    }

    #[test]
    fn the_last_use_of_a_pass_is_written_within_the_hour() {
        let mut gate = WholeGate::with(ONE_DOMAIN);
        gate.add_user("owner");
        let id = made(&mut gate);
        let last_used =
            |gate: &mut WholeGate| gate.order(&Command::PassList)[0]["last_used"].clone();
        assert_eq!(last_used(&mut gate), Value::Null);
        gate.pass(1_000);
        let now = gate.now();
        gate.gate_side().passes.touch(id, now);
        // Written with no list in between, then with one.
        for listed in [false, true] {
            if listed {
                gate.pass(3_600);
                let now = gate.now();
                gate.gate_side().passes.touch(id, now);
                assert_eq!(last_used(&mut gate), now.to_string());
            }
            let used = gate.now().to_string();
            gate.pass(3_600);
            gate.end();
            gate.start();
            assert_eq!(last_used(&mut gate), used, "listed: {listed}");
        }
    }
}
