//! Which changes the snapshot follows at once.

use crate::clock::Timestamp;
use crate::ledger::change::Change;
use crate::ledger::local::open_store::Store;

/// How far the clock's floor in the snapshot may stay behind.
const FLOOR_IN_SNAPSHOT: core::time::Duration = core::time::Duration::from_secs(86_400);

impl Store {
    /// Whether the snapshot must have seen this change before it is acknowledged.
    pub(super) fn concerns_snapshot(&self, change: &Change, now: Timestamp) -> bool {
        match change {
            Change::PutUser(user) => {
                self.cache.user(&user.name, &self.vault).is_none_or(|mut before| {
                    before.spent = user.spent;
                    before != *user
                })
            }
            // The floor alone rises each hour: written anew so often, the snapshot would be most of
            // what an idle gate writes. One that stands in is a day behind at most, and spends all
            // steps up to the present anyway. One that was taken by a clock ahead of its time is
            // replaced as soon as the clock is right.
            Change::PutGateRecord(gate_record) => {
                self.cache.gate_record(&self.vault).is_none_or(|mut before| {
                    let risen = before.clock_floor <= gate_record.clock_floor;
                    before.clock_floor = gate_record.clock_floor;
                    let due = self.snapshot_taken > now
                        || now.since(self.snapshot_taken) >= FLOOR_IN_SNAPSHOT;
                    !risen || before != *gate_record || due
                })
            }
            Change::PutPass(pass) => {
                self.cache.pass(pass.id, &self.vault).is_none_or(|mut before| {
                    before.last_used = pass.last_used;
                    before != *pass
                })
            }
            Change::RemoveUser(_) | Change::RemovePass(_) => true,
            Change::SpendStep(..)
            | Change::PutSession(_)
            | Change::UseSession(..)
            | Change::EndSession(_)
            | Change::UsePass(..)
            | Change::PutCounter(..)
            | Change::RemoveCounter(_)
            | Change::Audit(_) => false,
        }
    }
}
