//! When sessions and passes were last used: heard of from the gate, and written together.
//!
//! Guarantees: a use that the store did not take is written the next time, if it is a pass's; a
//! session's waits for its next use.

use crate::app::messages::last_uses::LastUses;
use crate::app::worker::state::WorkerState;
use crate::auth::event::{Action, Actor, Event};
use crate::clock::Timestamp;
use crate::ledger::Change;

impl WorkerState {
    /// Takes over what the gate alone notices.
    pub(super) fn note_last_uses(&mut self, last_uses: &LastUses) {
        for session in &last_uses.sessions {
            self.sessions.touch(&session.id, session.last_seen);
        }
        for (id, at) in &last_uses.passes {
            if let Some(pass) = self.passes.get_mut(id).filter(|pass| pass.last_used < Some(*at)) {
                pass.last_used = Some(*at);
                self.used_passes.insert(*id);
            }
        }
    }

    /// Writes what was noted, and at the end that the gate stops.
    pub(super) fn write_last_uses(&mut self, ending: bool, now: Timestamp) {
        let touched = self.sessions.take_touched().into_iter();
        let mut changes: Vec<_> =
            touched.map(|session| Change::UseSession(session.id, session.last_seen)).collect();
        changes.extend(self.used_passes.iter().filter_map(|id| {
            let last_used = self.passes.get(id)?.last_used?;
            Some(Change::UsePass(*id, last_used))
        }));
        if ending {
            let stopped = Event::new(Action::GateStopped, Actor::Gate);
            changes
                .push(Change::Audit(stopped.about(concat!("version ", env!("CARGO_PKG_VERSION")))));
        }
        match self.commit(changes, now) {
            Ok(_) => self.used_passes.clear(),
            Err(error) => log::error!("times of last use not written error=\"{error}\""),
        }
    }
}
