//! Opening where the disk takes no writes: it is full, or read-only after an error of its own.
//!
//! sled writes when it opens, so its files are copied into memory, read there, and removed. What
//! comes of it is a store as after a failed write: it knows everything that was acknowledged,
//! refuses changes, and writes the database anew as soon as the disk takes it. So after a power cut
//! with a full card people who are signed in stay so. The copy is sealed like the original.
//!
//! Left out: a database that is damaged as well, or of a release that kept no audit log; then the
//! first error stands.

use crate::clock::Timestamp;
use crate::ledger::local::engine::{Engine, OpenError};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::Evidence;
use crate::ledger::local::migrate;
use crate::ledger::local::ready_store::ReadyStore;
use crate::ledger::local::record_cache::RecordCache;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::sound_database::SoundDatabase;
use crate::ledger::local::state_dir::{DATABASE, DATABASE_OLD, StateDir};
use crate::ledger::local::store_copy::StoreCopy;
use crate::ledger::local::store_id::{self, StoreId};
use crate::ledger::local::unsound::refuse;

/// What the store holds, read from a copy.
///
/// # Errors
/// There is no store, it is damaged, or there is no room for the copy either.
pub(super) fn read(
    state_dir: &StateDir,
    vault: &mut Vault,
    now: Timestamp,
) -> Result<ReadyStore, StoreError> {
    let StoreId::Says { schema, fingerprint } = store_id::read(state_dir)? else {
        return Err(StoreError::Damaged("the store's making has not ended".to_owned()));
    };
    migrate::admit((schema, fingerprint), vault).map_err(refuse)?;
    let from = [DATABASE, DATABASE_OLD].into_iter().find(|name| state_dir.has(name));
    let from = from.ok_or_else(|| StoreError::Empty(state_dir.dir().to_path_buf()))?;
    let copy = StoreCopy::empty(u64::from_le_bytes(vault.random()))?;
    copy.take_database(&state_dir.path(from), DATABASE)?;
    let unopened = |error| match error {
        OpenError::System(error) => error,
        OpenError::Damaged(why) => StoreError::Damaged(why),
    };
    let engine = Engine::open(state_dir, &copy.path().join(DATABASE)).map_err(unopened)?;
    let raw = engine.records();
    drop(engine);
    let loaded = RecordCache::load(raw.map_err(unopened)?, vault).map_err(refuse)?;
    let evidence = Evidence::gather(state_dir, vault).map_err(refuse)?;
    let SoundDatabase { cache, contents, audit_log, .. } =
        SoundDatabase::of(state_dir, loaded, vault, &evidence)
            .map_err(|distrust| StoreError::Damaged(distrust.why))?;
    let audit_log =
        audit_log.ok_or_else(|| StoreError::Damaged("it has no audit log yet".to_owned()))?;
    let (writers, recovered) = (None, None);
    Ok(ReadyStore { writers, cache, audit_log, contents, snapshot_taken: now, recovered })
}
