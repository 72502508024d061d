//! What is found where the database should be: a sound one, none, or one that cannot be trusted.

use crate::clock::Timestamp;
use crate::ledger::local::crash_guard::CrashGuard;
use crate::ledger::local::engine::{Engine, OpenError};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::{Distrust, Evidence};
use crate::ledger::local::read_only;
use crate::ledger::local::record_cache::RecordCache;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::sound_database::SoundDatabase;
use crate::ledger::local::state_dir::{DATABASE, StateDir};
use crate::ledger::local::unsound::{Unsound, refuse};

/// What is found.
pub(super) enum Diagnosis {
    /// Opened, with every commit that was acknowledged.
    Sound(Engine, Box<SoundDatabase>),
    /// There is none.
    Nothing,
    /// It does not open, or an old one is in its place.
    Damaged(Distrust),
}

/// Reads and checks the database.
pub(super) fn database(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
) -> Result<Diagnosis, StoreError> {
    if !state_dir.has(DATABASE) {
        return Ok(Diagnosis::Nothing);
    }
    let Some(guard) = CrashGuard::begin(state_dir) else {
        let why = "opening the database ended the program several times".to_owned();
        return Ok(Diagnosis::Damaged(Distrust { why, due: 0 }));
    };
    let found = read_database(state_dir, vault, evidence);
    guard.end();
    found
}

fn read_database(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
) -> Result<Diagnosis, StoreError> {
    let engine = match Engine::open(state_dir, &state_dir.path(DATABASE)) {
        Ok(engine) => engine,
        Err(error) => return unopened(error, state_dir, vault),
    };
    let Distrust { why, due } = match engine.records() {
        Err(error) => return unopened(error, state_dir, vault),
        Ok(raw) => match RecordCache::load(raw, vault) {
            Err(Unsound::Damaged(why)) => Distrust { why, due: 0 },
            Err(other) => return Err(refuse(other)),
            Ok(loaded) => match SoundDatabase::of(state_dir, loaded, vault, evidence) {
                Ok(sound) => return Ok(Diagnosis::Sound(engine, Box::new(sound))),
                Err(distrust) => distrust,
            },
        },
    };
    Ok(Diagnosis::Damaged(Distrust { why: format!("the database is not whole: {why}"), due }))
}

/// A database that does not open is damaged, unless the machine is to blame.
fn unopened(
    error: OpenError,
    state_dir: &StateDir,
    vault: &mut Vault,
) -> Result<Diagnosis, StoreError> {
    let why = match error {
        // A disk that cannot even be read from is damage: the snapshot may well be readable.
        OpenError::System(error @ StoreError::Failing(_))
            if read_only::read(state_dir, vault, Timestamp::default()).is_err() =>
        {
            error.to_string()
        }
        OpenError::System(error) => return Err(error),
        OpenError::Damaged(why) => why,
    };
    Ok(Diagnosis::Damaged(Distrust { why: format!("the database does not open: {why}"), due: 0 }))
}
