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
    use crate::app::messages::command::Command;
    use crate::app::testing::{ONE_DOMAIN, WholeGate};

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
}
