//! What comes of an opening, whichever way it went.

use crate::clock::Timestamp;
use crate::ledger::change::StoredState;
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::engine::Engine;
use crate::ledger::local::high_water_mark::HighWaterMark;
use crate::ledger::local::record_cache::RecordCache;

/// What an open store is made of.
pub(super) struct ReadyStore {
    /// `None` where the disk takes no writes.
    pub(super) writers: Option<(Engine, HighWaterMark)>,
    pub(super) cache: RecordCache,
    pub(super) audit_log: AuditLog,
    pub(super) contents: StoredState,
    pub(super) snapshot_taken: Timestamp,
    /// What the operator is told, if the snapshot had to stand in.
    pub(super) recovered: Option<String>,
}
