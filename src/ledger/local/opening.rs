//! Opening: the database if it is sound, else the snapshot, else a refusal. Never zero users by
//! accident.

use crate::clock::Timestamp;
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::diagnosis::{Diagnosis, database};
use crate::ledger::local::engine::Engine;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::Evidence;
use crate::ledger::local::high_water_mark::{Acknowledged, HighWaterMark};
use crate::ledger::local::migrate;
use crate::ledger::local::new_store::{log_begun, refresh_snapshot};
use crate::ledger::local::ready_store::ReadyStore;
use crate::ledger::local::record_cache::{Edits, RecordCache};
use crate::ledger::local::recovery::recover;
use crate::ledger::local::rewrite::{rewrite, tidy};
use crate::ledger::local::schema::SCHEMA;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::sound_database::SoundDatabase;
use crate::ledger::local::state_dir::{HIGH_WATER_MARK, StateDir};
use crate::ledger::local::store_id::{self, StoreId};
use crate::ledger::local::unsound::refuse;

/// Opens, recovers, or makes a new store. The lock is held.
pub(super) fn open(
    state_dir: &StateDir,
    vault: &mut Vault,
    now: Timestamp,
) -> Result<ReadyStore, StoreError> {
    let id = store_id::read(state_dir)?;
    if let StoreId::Says { schema, fingerprint } = id {
        migrate::admit((schema, fingerprint), vault).map_err(refuse)?;
    }
    tidy(state_dir)?;
    let evidence = Evidence::gather(state_dir, vault).map_err(refuse)?;
    let lost = match database(state_dir, vault, &evidence)? {
        Diagnosis::Sound(engine, sound) => {
            return complete(state_dir, vault, &evidence, &id, (engine, *sound), now);
        }
        Diagnosis::Nothing => None,
        Diagnosis::Damaged(distrust) => Some(distrust),
    };
    recover(state_dir, vault, &evidence, lost, now)
}

/// Adds to a sound database what is missing beside it: the plug was pulled, or an older release
/// wrote it.
fn complete(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
    id: &StoreId,
    (engine, sound): (Engine, SoundDatabase),
    now: Timestamp,
) -> Result<ReadyStore, StoreError> {
    let SoundDatabase { mut cache, schema, contents, audit_log } = sound;
    let is_of_today = schema == SCHEMA && audit_log.is_some();
    let audit_log = audit_log.map_or_else(|| begin_log(&mut cache, vault, now), Ok)?;
    let engine =
        if is_of_today { engine } else { rewrite(state_dir, vault, &cache, Some(engine))? };
    let snapshot_taken = refresh_snapshot(state_dir, vault, &cache, evidence.snapshot, now)?;
    // What was taken over got the number of a commit, and the snapshot of that commit is the latest
    // from now on.
    let was_older = !is_of_today || matches!(id, StoreId::Says { schema, .. } if *schema != SCHEMA);
    if was_older || !state_dir.has(HIGH_WATER_MARK) {
        HighWaterMark::create(state_dir, vault, Acknowledged::of(cache.manifest(), &audit_log))?;
    }
    let high_water_mark = HighWaterMark::open(state_dir)?;
    if !matches!(id, StoreId::Says { schema: SCHEMA, .. }) {
        store_id::write(state_dir, vault.fingerprint())?;
    }
    Ok(ReadyStore {
        writers: Some((engine, high_water_mark)),
        cache,
        audit_log,
        contents,
        snapshot_taken,
        recovered: None,
    })
}

/// The log of a store that a release without one wrote, and its records in the cache.
fn begin_log(
    cache: &mut RecordCache,
    vault: &mut Vault,
    now: Timestamp,
) -> Result<AuditLog, StoreError> {
    let (begun, mut edits) = (log_begun("an older release kept none"), Edits::new());
    let audit_log = AuditLog::default().begin(&begun, now, vault, &mut edits)?;
    let manifest = cache.manifest_after(&edits, true, vault);
    cache.apply(edits, manifest);
    Ok(audit_log)
}
