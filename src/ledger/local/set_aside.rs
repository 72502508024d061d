//! Setting a store aside for `init --again`, so that a power cut after any step leaves nothing that
//! starts with less than there was.

use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::open_store::Store;
use crate::ledger::local::place::{self, Place};
use crate::ledger::local::{attempt, opening};

/// What belongs to a store, in the order in which it is set aside. A power cut may end that after
/// any of them: what is left is the whole old store or one that refuses to start, never an empty
/// one and never an older state. So the snapshot goes before the database that it could stand in
/// for, likewise the database's predecessor, and the identity last.
const SET_ASIDE: [&str; 7] = [
    place::SNAPSHOT,
    place::DATABASE_OLD,
    place::DATABASE,
    place::WITNESS,
    place::AUDIT,
    place::KEY,
    place::ID,
];

impl Store {
    /// Whether anything in `dir` shows that there is or was a store. Changes nothing.
    pub fn is_in(dir: &Path) -> bool {
        dir.is_dir() && Place::prepare(dir).is_ok_and(|place| place.holds_a_store())
    }

    /// Moves everything in `dir` that belongs to a store into a folder beside it, for
    /// `init --again`, and gives that folder. `None` if there was nothing.
    pub fn set_aside(dir: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        let place = Place::prepare(dir)?;
        let _lock = place.lock()?;
        if !SET_ASIDE.iter().any(|part| place.has(part)) {
            return Ok(None);
        }
        let folder = opening::free_name(&place, &format!("set-aside-{}", now.unix()));
        place.make_folder(&folder)?;
        for part in SET_ASIDE.into_iter().filter(|part| place.has(part)) {
            place.rename(part, &format!("{folder}/{part}"))?;
        }
        attempt::forget(&place);
        Ok(Some(place.path(&folder)))
    }
}

#[cfg(test)]
#[path = "set_aside_tests.rs"]
mod tests;
