//! A copy in memory of what a store has on the disk, because sled writes wherever it opens.
//!
//! It is sealed like the original, private, and gone when it is dropped.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::entropy::Entropy;
use crate::ledger::local::audit_files;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::state_dir::{
    AUDIT, DATABASE, DATABASE_OLD, HIGH_WATER_MARK, ID, OPENING, SNAPSHOT, StateDir,
};

/// Memory that every Linux offers as a folder; a unit that may write nowhere else may write there.
const MEMORY: &str = "/dev/shm";

/// A folder in memory.
pub struct StoreCopy(PathBuf);

impl StoreCopy {
    /// All that the next start of the store in `dir` would read, but for the key and all but the
    /// newest file of the audit log's older entries: to find out what would come of that start.
    /// Writes nothing in `dir`.
    ///
    /// # Errors
    /// [`StoreError::Locked`]; a file cannot be read; there is room neither in memory nor for
    /// temporary files.
    pub fn of_store_in(dir: &Path, entropy: &mut impl Entropy) -> Result<Self, StoreError> {
        let state_dir = StateDir::prepare(dir)?;
        // No lock file: no process has had the store yet.
        let _lock = state_dir.lock_if_there()?;
        let mut number = [0; 8];
        entropy.fill(&mut number);
        let number = u64::from_le_bytes(number);
        // Where memory is short, the store is not to blame.
        Self::of(&state_dir, Path::new(MEMORY), number)
            .or_else(|_| Self::of(&state_dir, &std::env::temp_dir(), number))
    }

    fn of(state_dir: &StateDir, parent: &Path, number: u64) -> Result<Self, StoreError> {
        let copy = Self::empty_in(parent, number)?;
        for name in
            [ID, HIGH_WATER_MARK, SNAPSHOT, OPENING].into_iter().filter(|name| state_dir.has(name))
        {
            copy.take(&state_dir.path(name), name)?;
        }
        for name in [DATABASE, DATABASE_OLD].into_iter().filter(|name| state_dir.has(name)) {
            copy.take_database(&state_dir.path(name), name)?;
        }
        if state_dir.has(AUDIT) {
            make(&copy.0.join(AUDIT))?;
            if let Some(newest) = audit_files::newest(state_dir) {
                copy.take(&state_dir.path(&newest), &newest)?;
            }
        }
        Ok(copy)
    }

    /// An empty folder under a name that nobody can have taken before.
    pub(super) fn empty(number: u64) -> Result<Self, StoreError> {
        let memory = Path::new(MEMORY);
        if memory.is_dir() {
            Self::empty_in(memory, number)
        } else {
            Self::empty_in(&std::env::temp_dir(), number)
        }
    }

    fn empty_in(parent: &Path, number: u64) -> Result<Self, StoreError> {
        let path = parent.join(format!("portcullis-{}-{number:016x}", std::process::id()));
        make(&path)?;
        Ok(Self(path))
    }

    /// Copies sled's files from `folder`. Its index files are not needed.
    pub(super) fn take_database(&self, folder: &Path, name: &str) -> Result<(), StoreError> {
        make(&self.0.join(name))?;
        ["db", "conf"]
            .into_iter()
            .try_for_each(|file| self.take(&folder.join(file), &format!("{name}/{file}")))
    }

    /// Copies a file; one that is not there is for the opening to find.
    fn take(&self, from: &Path, name: &str) -> Result<(), StoreError> {
        let to = self.0.join(name);
        match fs::copy(from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io(&format!("copying {} to", from.display()), &to, &error))
            }
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StoreCopy {
    fn drop(&mut self) {
        // What cannot be removed is sealed, and gone with the next start of the machine.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn make(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().mode(0o700).create(folder);
    made.map_err(|error| StoreError::io("making", folder, &error))
}
