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
