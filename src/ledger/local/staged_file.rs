//! Replacing a file so that a power cut leaves the old one or the new one: temporary file, fsync,
//! rename, fsync of the directory.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::libc::O_NOFOLLOW;

use crate::ledger::local::error::StoreError;
use crate::ledger::local::state_dir::StateDir;

impl StateDir {
    /// Replaces a file: temporary file, fsync, rename, fsync of the directory.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.stage(name, bytes)?.publish(self)
    }

    /// The first half of [`StateDir::write`]: everything that is likely to fail.
    pub(super) fn stage(&self, name: &str, bytes: &[u8]) -> Result<StagedFile, StoreError> {
        let staged = StagedFile {
            from: self.path(&format!("{name}.new")),
            to: self.path(name),
            len: bytes.len(),
        };
        let failed = |error: io::Error| StoreError::io("writing", &staged.to, &error);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW)
            .open(&staged.from)
            .map_err(failed)?;
        self.give(&file, &staged.from)?;
        file.write_all(bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(staged)
    }
}

/// A file that is written and waits for its name.
#[must_use]
pub(super) struct StagedFile {
    from: PathBuf,
    to: PathBuf,
    len: usize,
}

impl StagedFile {
    /// Its length in bytes.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Gives the file its name.
    pub(super) fn publish(self, state_dir: &StateDir) -> Result<(), StoreError> {
        fs::rename(&self.from, &self.to)
            .map_err(|error| StoreError::io("renaming to", &self.to, &error))?;
        state_dir.sync()
    }
}
