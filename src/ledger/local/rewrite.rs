//! Writes a whole database anew from the records in memory and puts it in place of the old one: at
//! the first start, after a recovery, when the file has grown, and when a failed write has left it
//! unknown what is on the disk.
//!
//! ```text
//! 1. db.new is built and synced       crash: db stands, db.new is garbage
//! 2. db     -> db.old                 crash: no db, db.old goes back
//! 3. db.new -> db                     crash: db stands, db.old is garbage
//! 4. db.old is removed                only now the new one is written to
//! ```

use crate::ledger::local::engine::{Engine, OpenError};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::record_cache::RecordCache;
use crate::ledger::local::schema::{self, SCHEMA_KEY};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::state_dir::{DATABASE, DATABASE_NEW, DATABASE_OLD, StateDir};

/// Records a batch while building: none of it counts before it has its name, so this bounds memory
/// only.
const BATCH: usize = 500;

/// Builds the database of `cache`, puts it in place and opens it. `old` is the open database, if
/// there is one.
pub(super) fn rewrite(
    state_dir: &StateDir,
    vault: &mut Vault,
    cache: &RecordCache,
    old: Option<Engine>,
) -> Result<Engine, StoreError> {
    let built = build(state_dir, vault, cache);
    drop(old);
    built?;
    if state_dir.has(DATABASE) {
        state_dir.clear(DATABASE_OLD)?;
        state_dir.rename(DATABASE, DATABASE_OLD)?;
    }
    state_dir.rename(DATABASE_NEW, DATABASE)?;
    state_dir.clear(DATABASE_OLD)?;
    Engine::open(state_dir, &state_dir.path(DATABASE)).map_err(refused)
}

/// Brings the directory into order after a crash in the middle.
pub(super) fn tidy(state_dir: &StateDir) -> Result<(), StoreError> {
    if !state_dir.has(DATABASE) && state_dir.has(DATABASE_OLD) {
        state_dir.rename(DATABASE_OLD, DATABASE)?;
    }
    for left in [DATABASE_OLD, DATABASE_NEW] {
        if state_dir.has(left) {
            state_dir.clear(left)?;
        }
    }
    Ok(())
}

fn build(state_dir: &StateDir, vault: &mut Vault, cache: &RecordCache) -> Result<(), StoreError> {
    state_dir.clear(DATABASE_NEW)?;
    let engine = Engine::open(state_dir, &state_dir.path(DATABASE_NEW)).map_err(refused)?;
    let filled = fill(&engine, vault, cache);
    drop(engine);
    if filled.is_err() {
        // Half a database is of no use, and its room may be what is missing.
        let _ = state_dir.clear(DATABASE_NEW);
    }
    filled
}

fn fill(engine: &Engine, vault: &mut Vault, cache: &RecordCache) -> Result<(), StoreError> {
    let records: Vec<_> =
        cache.records().map(|(key, sealed)| (key.as_slice(), Some(sealed))).collect();
    for batch in records.chunks(BATCH) {
        engine.apply(batch.iter().copied())?;
    }
    let (key, sealed) = RecordCache::sealed_manifest(cache.manifest(), vault)?;
    let schema = schema::schema_record(vault.fingerprint());
    engine.apply([(SCHEMA_KEY, Some(schema.as_slice())), (key.as_slice(), Some(sealed.as_slice()))])
}

fn refused(error: OpenError) -> StoreError {
    match error {
        OpenError::System(error) => error,
        OpenError::Damaged(why) => {
            StoreError::Io(format!("a database that was just written does not open: {why}"))
        }
    }
}
