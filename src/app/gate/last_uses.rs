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
    use crate::app::testing::{Ask, ONE_DOMAIN, WholeGate};

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

    /// Makes a pass, and gives its token.
    fn made(gate: &mut WholeGate) -> String {
        let made = gate.order(&Command::PassCreate {
            name: "photos".to_owned(),
            user: "owner".to_owned(),
            hosts: vec!["photos.example.test".to_owned()],
            paths: Vec::new(),
            networks: Vec::new(),
            lifetime: None,
        });
        made["token"].as_str().expect("a token").to_owned()
    }

    #[test]
    fn the_last_use_of_a_pass_is_written_within_the_hour() {
        let mut gate = WholeGate::with(ONE_DOMAIN);
        gate.add_user("owner");
        let token = made(&mut gate);
        let used = |gate: &mut WholeGate| {
            let ask = Ask::verify("/verify/caddy", "https://photos.example.test/")
                .header("X-Portcullis-Pass", &token);
            assert_eq!(gate.send(&ask).status, 204);
        };
        let shown = |gate: &mut WholeGate| gate.order(&Command::PassList)[0]["last_used"].clone();
        assert_eq!(shown(&mut gate), Value::Null);
        gate.pass(1_000);
        used(&mut gate);
        gate.pass(3_600);
        gate.end();
        gate.start();
        let first = shown(&mut gate);
        assert!(first.is_string(), "without a list in between: {first}");
        gate.pass(3_600);
        used(&mut gate);
        let second = shown(&mut gate);
        assert_ne!(second, first, "at once");
        gate.pass(3_599);
        used(&mut gate);
        assert_eq!(shown(&mut gate), second, "once an hour is enough");
        gate.pass(3_600);
        gate.end();
        gate.start();
        assert_eq!(shown(&mut gate), second, "after a list");
    }
}
