//! A sound database: one that has every commit that was acknowledged, as far as anything tells.
//!
//! Looks at what was read from it, whole by its manifest, and at the files beside it; opens and
//! changes nothing. So a database that is opened and a copy of one are judged alike.

use crate::ledger::change::StoredState;
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::evidence::{Distrust, Evidence};
use crate::ledger::local::record_cache::RecordCache;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::state_dir::{AUDIT, HIGH_WATER_MARK, ID, StateDir};

/// What a database holds.
pub(super) struct SoundDatabase {
    pub(super) cache: RecordCache,
    /// The schema in which it lies on the disk; `cache` is in today's.
    pub(super) schema: u32,
    pub(super) contents: StoredState,
    /// `None` if a release wrote it that kept no audit log.
    pub(super) audit_log: Option<AuditLog>,
}

impl SoundDatabase {
    /// What is kept, if the database has every commit that was acknowledged.
    pub(super) fn of(
        state_dir: &StateDir,
        (cache, schema): (RecordCache, u32),
        vault: &Vault,
        evidence: &Evidence,
    ) -> Result<Self, Distrust> {
        let due = cache.manifest().snapshot;
        let distrust = |why| Distrust { why, due };
        let contents = cache.contents(vault).map_err(distrust)?;
        let audit_log = AuditLog::load(&cache, vault).map_err(distrust)?;
        // The plug was pulled while the store was made, whose last files are these two: nothing was
        // acknowledged yet. Both lost from a store that is in use is another thing: that one has
        // had a user.
        let unborn = ![HIGH_WATER_MARK, ID, AUDIT].iter().any(|name| state_dir.has(name))
            && contents.users.is_empty()
            && !contents.gate_record.ever_had_user;
        evidence.support(&cache, audit_log.as_ref(), unborn)?;
        Ok(Self { cache, schema, contents, audit_log })
    }
}
