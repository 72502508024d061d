//! Conditions of a commit, checked against what the store holds in memory.
//!
//! One process has the store, so none of them can fail that its owner has checked against what was
//! committed. They are checked all the same: a commit that rests on a mistake is refused.

use crate::auth::session::SessionId;
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;
use crate::ledger::change::{Change, CounterKey, GateRecord};
use crate::ledger::condition::{Commit, Condition, RecordView};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::open_store::Store;

impl Store {
    /// [`Store::commit`], if all `conditions` are true.
    ///
    /// # Errors
    /// As of [`Store::commit`].
    pub fn commit_if(
        &mut self,
        changes: &[Change],
        conditions: &[Condition],
        now: Timestamp,
    ) -> Result<Commit, StoreError> {
        if !conditions.iter().all(|condition| condition.holds(self)) {
            return Ok(Commit::Conflict);
        }
        self.commit(changes, now).map(|()| Commit::Committed)
    }
}

impl RecordView for Store {
    fn user(&self, name: &UserName) -> Option<User> {
        self.cache.user(name, &self.vault)
    }

    fn has_session(&self, id: &SessionId) -> bool {
        self.cache.has_session(id, &self.vault)
    }

    fn gate_record(&self) -> Option<GateRecord> {
        self.cache.gate_record(&self.vault)
    }

    /// The lock keeps other gates out.
    fn has_moved(&self, _: &CounterKey) -> bool {
        false
    }
}

#[cfg(test)]
#[path = "conditions_tests.rs"]
mod tests;
