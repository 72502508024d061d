//! Setting a store aside for `init --again`, so that a power cut after any step leaves nothing that
//! starts with less than there was.

use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::open_store::Store;
use crate::ledger::local::state_dir::{self, StateDir};
use crate::ledger::local::{crash_guard, recovery};

/// What belongs to a store, in the order in which it is set aside. A power cut may end that after
/// any of them: what is left is the whole old store or one that refuses to start, never an empty
/// one and never an older state. So the snapshot goes before the database that it could stand in
/// for, likewise the database's predecessor, and the identity last.
const SET_ASIDE: [&str; 7] = [
    state_dir::SNAPSHOT,
    state_dir::DATABASE_OLD,
    state_dir::DATABASE,
    state_dir::HIGH_WATER_MARK,
    state_dir::AUDIT,
    state_dir::KEY,
    state_dir::ID,
];

impl Store {
    /// Whether anything in `dir` shows that there is or was a store. Changes nothing.
    pub fn is_in(dir: &Path) -> bool {
        dir.is_dir() && StateDir::prepare(dir).is_ok_and(|state_dir| state_dir.holds_a_store())
    }

    /// Moves everything in `dir` that belongs to a store into a folder beside it, for
    /// `init --again`, and gives that folder. `None` if there was nothing.
    pub fn set_aside(dir: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        let state_dir = StateDir::prepare(dir)?;
        let _lock = state_dir.lock()?;
        if !SET_ASIDE.iter().any(|part| state_dir.has(part)) {
            return Ok(None);
        }
        let folder = recovery::free_name(&state_dir, &format!("set-aside-{}", now.unix()));
        state_dir.make_folder(&folder)?;
        for part in SET_ASIDE.into_iter().filter(|part| state_dir.has(part)) {
            state_dir.rename(part, &format!("{folder}/{part}"))?;
        }
        crash_guard::forget(&state_dir);
        Ok(Some(state_dir.path(&folder)))
    }
}

#[cfg(test)]
#[path = "set_aside_tests.rs"]
mod tests;
