//! The seam: what the worker says to whoever keeps the state.
//!
//! The worker speaks in intents. It hands over changes together with the facts on which they rest,
//! and learns whether they were committed; it asks what other gates did meanwhile. It writes a
//! record back only on the condition that nobody has changed it since, so two gates that decide at
//! the same instant cannot both have their way with one code.

use crate::clock::Timestamp;
use crate::ledger::change::Change;
use crate::ledger::condition::{Commit, Condition};
use crate::ledger::local::{AuditReader, Examination, Store, StoreError};
#[cfg(test)]
use crate::ledger::memory::MemoryLedger;

/// Who decides what is committed. Each gate has a store of its own in any case: its audit log, and
/// what it starts from.
pub enum Ledger {
    /// The store of the one gate there is: its lock keeps all others out.
    Local(Store),
    /// Memory that several gates in one process share: for tests of the seam.
    #[cfg(test)]
    Memory(MemoryLedger),
}

impl From<Store> for Ledger {
    fn from(store: Store) -> Self {
        Self::Local(store)
    }
}

impl Ledger {
    /// Makes all `changes` if all `conditions` are true at that moment, else none. On return they
    /// are on the disk.
    ///
    /// # Errors
    /// As of [`Store::commit`]; then nothing has changed, but that a code may be spent for other
    /// gates.
    pub fn commit(
        &mut self,
        changes: &[Change],
        conditions: &[Condition],
        now: Timestamp,
    ) -> Result<Commit, StoreError> {
        match self {
            Self::Local(store) => store.commit_if(changes, conditions, now),
            #[cfg(test)]
            Self::Memory(shared) => shared.commit(changes, conditions, now),
        }
    }

    /// What other gates did since the last call, on this gate's disk already as far as it takes
    /// writes. Of each record only its present form: applied in any order, and twice, they come to
    /// the same. Nothing, without allocating, where there is one gate.
    pub fn poll(&mut self, now: Timestamp) -> Vec<Change> {
        // Only a shared ledger has a use for the time.
        let _ = now;
        match self {
            Self::Local(_) => Vec::new(),
            #[cfg(test)]
            Self::Memory(shared) => shared.poll(now),
        }
    }

    /// This gate's audit log.
    pub const fn audit(&self) -> AuditReader<'_> {
        self.own().audit()
    }

    /// [`Store::prune_audit`]
    ///
    /// # Errors
    /// As of [`Store::commit`].
    pub fn prune_audit(
        &mut self,
        before: Timestamp,
        most: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.own_mut().prune_audit(before, most, now)
    }

    /// [`Store::writable`]
    ///
    /// # Errors
    /// Why a commit would be refused.
    pub fn writable(&mut self) -> Result<(), StoreError> {
        self.own_mut().writable()
    }

    /// [`Store::examine`]
    pub fn examine(&mut self) -> Examination {
        self.own_mut().examine()
    }

    /// [`Store::commits`]
    pub const fn commits(&self) -> u64 {
        self.own().commits()
    }

    /// [`Store::bytes_written`]
    pub const fn bytes_written(&self) -> u64 {
        self.own().bytes_written()
    }

    const fn own(&self) -> &Store {
        match self {
            Self::Local(store) => store,
            #[cfg(test)]
            Self::Memory(shared) => shared.own(),
        }
    }

    const fn own_mut(&mut self) -> &mut Store {
        match self {
            Self::Local(store) => store,
            #[cfg(test)]
            Self::Memory(shared) => shared.own_mut(),
        }
    }
}

#[cfg(test)]
impl From<MemoryLedger> for Ledger {
    fn from(shared: MemoryLedger) -> Self {
        Self::Memory(shared)
    }
}
