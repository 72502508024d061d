//! The state directory: its files, whom they belong to, and whether there is room.
//!
//! Where root works in somebody else's directory no link in it is followed: its owner may have been
//! taken over, and lie in wait. Links that are there when the store is locked are refused; the
//! files of our own are opened without following one that appears later, and get mode and owner by
//! their descriptors. What is left is the moment in which sled opens its files by their names, and
//! links to a folder in the place of `db` or `audit`.
//!
//! ```text
//! store.key     the key (0600), unless it is a credential
//! store.id      says that there is a store and which key it is under; text
//! store.seq     the number of the last acknowledged commit, and of the snapshot and the last line
//!               of the audit log with it
//! store.lock    locked by the one process that has the store
//! db/           sled's database
//! snapshot      users and the gate's own record, sealed
//! audit/        the audit log's older entries, sealed
//! db.new/       a database being built; garbage after a crash
//! db.old/       the one being replaced
//! db.opening    how often opening the database was begun and not ended since the machine started
//! db.damaged-T/ a database that did not open, set aside at the Unix time T
//! set-aside-T/  everything that `init --again` found
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::geteuid;

use crate::ledger::local::error::StoreError;

pub(super) const KEY: &str = "store.key";
pub(super) const ID: &str = "store.id";
pub(super) const DATABASE: &str = "db";
pub(super) const DATABASE_NEW: &str = "db.new";
pub(super) const DATABASE_OLD: &str = "db.old";
pub(super) const OPENING: &str = "db.opening";
pub(super) const SNAPSHOT: &str = "snapshot";
pub(super) const AUDIT: &str = "audit";
pub(super) const HIGH_WATER_MARK: &str = "store.seq";

/// Room that must be free before a change is begun. The database writes at most one segment (512
/// KiB) at a time, and running out in the middle costs a rebuild.
const RESERVE: u64 = 1024 * 1024;

/// The state directory.
pub(super) struct StateDir {
    dir: PathBuf,
    /// Whom new files must belong to, where that is not whoever runs this: root runs a verb beside
    /// a daemon that has a user of its own.
    pub(super) owner: Option<(u32, u32)>,
}

impl StateDir {
    /// The directory, made (0700) if it is missing.
    pub(super) fn prepare(dir: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::io("making the state directory", dir, &error);
        if !dir.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
            if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_dir(parent).map_err(failed)?;
            }
        }
        let meta = fs::metadata(dir).map_err(failed)?;
        let foreign = geteuid().is_root() && (meta.uid() != 0 || meta.gid() != 0);
        Ok(Self { dir: dir.to_path_buf(), owner: foreign.then_some((meta.uid(), meta.gid())) })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Whether anything shows that there is or was a store: any of its files but the key and the
    /// lock, which a first start that was cut short leaves as well.
    pub(super) fn holds_a_store(&self) -> bool {
        [ID, HIGH_WATER_MARK, DATABASE, DATABASE_OLD, SNAPSHOT, AUDIT]
            .iter()
            .any(|name| self.has(name))
    }

    /// Opens a file.
    pub(super) fn open(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        if self.owner.is_some() {
            options.custom_flags(O_NOFOLLOW);
        }
        options.open(self.path(name))
    }

    /// All of a file that is there.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(name, OpenOptions::new().read(true))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Makes renames and removals in the directory last.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        sync_dir(&self.dir).map_err(|error| StoreError::io("syncing", &self.dir, &error))
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let from = self.path(from);
        let to = self.path(to);
        fs::rename(&from, &to).map_err(|error| StoreError::io("renaming", &from, &error))?;
        // Where it has gone first: a name that is lost on both sides would be worse than one that
        // shows twice.
        let parent = to.parent().unwrap_or(&self.dir);
        sync_dir(parent).map_err(|error| StoreError::io("syncing", parent, &error))?;
        self.sync()
    }

    /// Makes a private folder.
    pub(super) fn make_folder(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| StoreError::io("making", &path, &error))?;
        self.settle(&path)
    }

    /// Removes a folder and what is in it; one that is not there is fine.
    pub(super) fn clear(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::io("removing", &path, &error)),
            Ok(()) => self.sync(),
        }
    }

    /// Makes all files of a folder private and gives them to the right owner: sled makes them as
    /// the umask says.
    pub(super) fn make_private(&self, folder: &Path) -> Result<(), StoreError> {
        let failed = |error: io::Error| StoreError::io("making private", folder, &error);
        self.settle(folder)?;
        for entry in fs::read_dir(folder).map_err(failed)? {
            self.settle(&entry.map_err(failed)?.path())?;
        }
        Ok(())
    }

    /// Mode and owner of one file or folder.
    fn settle(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |error: io::Error| StoreError::io("making private", path, &error);
        let mut options = OpenOptions::new();
        if self.owner.is_some() {
            options.custom_flags(O_NOFOLLOW | O_NONBLOCK);
        }
        let file = options.read(true).open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        let mode = if about.is_dir() { 0o700 } else { 0o600 };
        if about.permissions().mode() & 0o777 != mode {
            file.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
        }
        self.give(&file, path)
    }

    pub(super) fn give(&self, file: &File, path: &Path) -> Result<(), StoreError> {
        let Some((uid, gid)) = self.owner else { return Ok(()) };
        fchown(file, Some(uid), Some(gid))
            .map_err(|error| StoreError::io("changing the owner of", path, &error))
    }

    /// Whether a change can be written: the disk is not read-only and has room. Writes nothing.
    pub(super) fn has_room(&self) -> Result<(), StoreError> {
        let failed =
            |errno: Errno| StoreError::io("asking for the room on", &self.dir, &errno.into());
        let disk = statvfs(&self.dir).map_err(failed)?;
        if disk.flags().contains(FsFlags::ST_RDONLY) {
            return Err(StoreError::io("writing to", &self.dir, &Errno::EROFS.into()));
        }
        #[allow(clippy::useless_conversion, reason = "on some machines these are 32 bits wide")]
        let free =
            u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size()));
        if free < RESERVE { Err(StoreError::Full(self.dir.clone())) } else { Ok(()) }
    }
}

/// Makes the entries of a directory last.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    /// Laid after the look at the lock. Skipped without root.
    #[test]
    fn root_follows_no_link_that_appears_while_it_works() {
        if !geteuid().is_root() {
            println!("skipped: needs root");
            return;
        }
        let scratch = std::env::temp_dir().join(format!("portcullis-links-{}", std::process::id()));
        let (dir, victim) = (scratch.join("state"), scratch.join("victim"));
        fs::create_dir_all(&dir).expect("a folder");
        fs::write(&victim, "root's own").expect("our file");
        fs::set_permissions(&victim, Permissions::from_mode(0o644)).expect("our file");
        chown(&dir, Some(12345), Some(12346)).expect("an owner");
        let state_dir = StateDir::prepare(&dir).expect("a directory");
        let _lock = state_dir.lock().expect("free");
        fs::create_dir(dir.join(DATABASE)).expect("a folder");
        for link in [SNAPSHOT, HIGH_WATER_MARK, "db/conf"] {
            symlink(&victim, dir.join(link)).expect("a link");
            assert!(state_dir.read(link).is_err(), "{link}");
            assert!(
                state_dir.open(link, OpenOptions::new().write(true).truncate(true)).is_err(),
                "{link}"
            );
        }
        assert!(state_dir.make_private(&dir.join(DATABASE)).is_err());
        let about = fs::metadata(&victim).expect("still there");
        assert_eq!((about.uid(), about.mode() & 0o777), (0, 0o644));
        assert_eq!(fs::read_to_string(&victim).expect("still ours"), "root's own");
        fs::remove_dir_all(scratch).expect("ours");
    }
}
