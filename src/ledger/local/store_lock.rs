//! One process has the store at a time, in a directory that nobody else can write to.
//!
//! Guarantees: before anything is read, a directory is refused in which others could put another
//! store in the place of this one, and for root also one with links in it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::O_NOFOLLOW;

use crate::ledger::local::error::{StoreError, takes_no_writes};
use crate::ledger::local::state_dir::{
    AUDIT, DATABASE, DATABASE_OLD, HIGH_WATER_MARK, ID, KEY, SNAPSHOT, StateDir,
};

const LOCK: &str = "store.lock";

/// Held as long as the store is open.
pub(super) type StoreLock = Flock<File>;

impl StateDir {
    /// Refuses what others may write to: they could put an old store, or one of another key, in its
    /// place, or take it away.
    fn refuse_exposed(&self) -> Result<(), StoreError> {
        let parts = [ID, HIGH_WATER_MARK, DATABASE, DATABASE_OLD, SNAPSHOT, AUDIT, KEY];
        let paths = parts.iter().map(|part| self.path(part)).chain([self.dir().to_path_buf()]);
        for path in paths {
            // What is not there, or cannot be looked at, is for the opening to tell. A link has no
            // mode of its own.
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            let about =
                if path == self.dir() { fs::metadata(&path).unwrap_or(about) } else { about };
            let mode = about.permissions().mode() & 0o7777;
            if mode & 0o022 != 0 && !about.is_symlink() {
                return Err(StoreError::Exposed { path, mode });
            }
        }
        Ok(())
    }

    /// Takes the store for this process. Sled has a lock of its own; this one also covers snapshot
    /// and renaming, and the moments in which the database is closed to be rebuilt.
    pub(super) fn lock(&self) -> Result<StoreLock, StoreError> {
        self.refuse_exposed()?;
        if self.owner.is_some() {
            refuse_links(self.dir())?;
        }
        let path = self.path(LOCK);
        let failed = |error: io::Error| StoreError::io("opening", &path, &error);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600).custom_flags(O_NOFOLLOW);
        let file = match options.open(&path) {
            // Nothing is ever written into it.
            Err(error) if takes_no_writes(&error) => File::open(&path).map_err(failed)?,
            opened => {
                let file = opened.map_err(failed)?;
                self.give(&file, &path)?;
                file
            }
        };
        self.flock(file)
    }

    /// The same without writing anything; `None` where the lock's file is missing, so that no
    /// process can hold it.
    pub(super) fn lock_if_there(&self) -> Result<Option<StoreLock>, StoreError> {
        if self.owner.is_some() {
            refuse_links(self.dir())?;
        }
        let path = self.path(LOCK);
        let open =
            |write| OpenOptions::new().read(true).write(write).custom_flags(O_NOFOLLOW).open(&path);
        // Over a network an exclusive lock takes a descriptor for writing (flock(2)).
        let opened = open(true)
            .or_else(|error| if takes_no_writes(&error) { open(false) } else { Err(error) });
        match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("opening", &path, &error)),
            Ok(file) => self.flock(file).map(Some),
        }
    }

    fn flock(&self, file: File) -> Result<StoreLock, StoreError> {
        Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
            Errno::EWOULDBLOCK => StoreError::Locked(self.dir().to_path_buf()),
            other => StoreError::io("locking", &self.path(LOCK), &other.into()),
        })
    }
}

/// Refuses a directory in which anything is a link, however deep.
fn refuse_links(dir: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::io("looking for links in", dir, &error);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_symlink() {
            return Err(StoreError::io(
                "using",
                &entry.path(),
                &io::Error::other("it is a link: remove it"),
            ));
        }
        if kind.is_dir() {
            refuse_links(&entry.path())?;
        }
    }
    Ok(())
}
