//! What must survive a pulled plug: users, sessions, passes, counters, the gate's own record.
//!
//! [`Ledger`] is all that the worker speaks to: it commits changes while the facts that they rest
//! on are true, and tells what other gates did. Today one gate decides for itself, over a store of
//! its own (`local/`).

mod change;
mod condition;
mod local;
#[cfg(test)]
mod memory;
mod seam;
mod secret_bytes;

pub use change::{Change, Counter, CounterKey, GateRecord, StoredState};
pub use condition::{Commit, Condition};
pub use local::codec;
pub use local::{
    AuditPiece, AuditReader, Examination, Opened, PortableUsers, Store, StoreCopy, StoreError,
    StoreKey, existing_key, load_or_create_key,
};
#[cfg(test)]
pub use memory::MemoryLedger;
pub use seam::Ledger;
