//! The only file that knows sled: opening, one batch at a time, and what must be done so that a
//! batch is on the disk.
//!
//! sled 0.34 ends a flush with `sync_file_range`, which makes neither the file's length nor the
//! drive's cache last, so every batch is followed by our own `fdatasync`. It panics on some damaged
//! files, which is caught here where panics unwind; where they abort, the
//! next start sees that the last one did not end ([`crate::ledger::local::crash_guard`]). It also
//! writes and syncs when it is dropped, and panics where that fails; so it is cut off from its file
//! before.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::clock;
use crate::ledger::local::error::{StoreError, is_failing, is_full};
use crate::ledger::local::state_dir::{StateDir, sync_dir};
use crate::sys::redirect_descriptor;

/// The page cache. All records are in memory once more anyway; this is for sled's own index pages.
const CACHE: u64 = 1024 * 1024;

/// sled's default segment, in bytes.
const SEGMENT: u64 = 512 * 1024;

/// How long to wait for sled to let go of its lock after it was closed: its threads drop the file a
/// moment later.
const LET_GO: Duration = Duration::from_secs(2);

/// Why the database did not open.
pub(super) enum OpenError {
    /// The operating system refused for a reason that is not in the files.
    System(StoreError),
    /// The files are damaged.
    Damaged(String),
}

/// An open database. Dropped, it is let go without another write, whether the disk works or not:
/// what [`Engine::apply`] has acknowledged is on it.
pub(super) struct Engine {
    database: sled::Db,
    /// The file `db`, for syncing: sled does not lend its own.
    file: File,
    folder: PathBuf,
}

impl Engine {
    /// Opens or creates the database in `folder`. Its files are private, and new ones last.
    pub(super) fn open(state_dir: &StateDir, folder: &Path) -> Result<Self, OpenError> {
        let fresh = !folder.join("db").exists();
        sweep(folder, |name| name.ends_with(".generating"));
        let database = match start(folder) {
            Err(OpenError::Damaged(_)) if sweep(folder, |_| true) => start(folder),
            other => other,
        }?;
        let path = folder.join("db");
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) => {
                mem::forget(database);
                return Err(OpenError::System(StoreError::io("opening", &path, &error)));
            }
        };
        let engine = Self { database, file, folder: folder.to_path_buf() };
        engine.settle(state_dir, fresh).map_err(OpenError::System)?;
        Ok(engine)
    }

    fn settle(&self, state_dir: &StateDir, fresh: bool) -> Result<(), StoreError> {
        state_dir.make_private(&self.folder)?;
        // Later on nothing but sled's index is new, and it can do without.
        if !fresh {
            return Ok(());
        }
        let failed = |error: io::Error| StoreError::io("syncing", &self.folder, &error);
        self.file.sync_all().map_err(failed)?;
        File::open(self.folder.join("conf")).and_then(|conf| conf.sync_all()).map_err(failed)?;
        sync_dir(&self.folder).map_err(failed)
    }

    /// All records.
    pub(super) fn records(&self) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, OpenError> {
        let read = || {
            self.database
                .iter()
                .map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())))
                .collect()
        };
        let records: sled::Result<_> = guarded(read).map_err(OpenError::Damaged)?;
        records.map_err(|error| classify(&self.folder, error))
    }

    /// Writes all of it or nothing (`None` removes); on return it is on the disk. After an error it
    /// is unknown what is on the disk and what sled believes: this engine must be dropped.
    pub(super) fn apply<'a>(
        &self,
        writes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    ) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        let write = || self.database.apply_batch(batch).and_then(|()| self.database.flush());
        match guarded(write).map_err(StoreError::Io)? {
            Ok(_) => self
                .fill_segment()
                .and_then(|()| self.file.sync_data())
                .map_err(|error| StoreError::io("syncing", &self.folder, &error)),
            Err(sled::Error::Io(error)) => {
                Err(StoreError::io("writing", &self.folder, &with_number(error)))
            }
            Err(error) => {
                Err(StoreError::Io(format!("writing {}: {error}", self.folder.display())))
            }
        }
    }

    /// Fills a segment that the log has just entered up with zeros, which sled reads as the end of
    /// its log. Otherwise every commit makes the file longer, and the file system writes 12 KiB of
    /// journal for each.
    fn fill_segment(&self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let missing = length.next_multiple_of(SEGMENT) - length;
        // One byte less than a segment is what sled makes of a full one.
        if missing <= 1 {
            return Ok(());
        }
        let zeros = vec![0; usize::try_from(missing).unwrap_or(0)];
        self.file.write_all_at(&zeros, length)
    }

    /// Length of the database's file in bytes.
    pub(super) fn file_len(&self) -> u64 {
        self.file.metadata().map_or(0, |meta| meta.len())
    }

    /// Reads the database's file from end to end, as a dying disk may not let it be read, and gives
    /// its length. Not through sled: see [`crate::ledger::local::examination`].
    pub(super) fn read_through(&self) -> Result<u64, String> {
        let path = self.folder.join("db");
        let told = |error: io::Error| format!("{}: {error}", path.display());
        let (ours, named) =
            (self.file.metadata().map_err(told)?, fs::metadata(&path).map_err(told)?);
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
            return Err(format!(
                "{} is not the file any more that the gate writes to",
                path.display()
            ));
        }
        let (mut piece, mut at) = (vec![0; 64 * 1024], 0);
        loop {
            match self.file.read_at(&mut piece, at).map_err(told)? {
                0 => return Ok(at),
                read => at = at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX)),
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = cut_off(&self.file) {
            log::warn!("store: a database that was closed stays in memory: {error}");
            // One reference more than will be dropped. About 1 MiB and a descriptor are the price
            // of not panicking.
            mem::forget(self.database.clone());
        }
    }
}

/// Turns sled's own descriptor of this file away, to an empty file in memory: sled writes and syncs
/// once more while it is dropped, and panics where the disk does not let it. With the descriptor
/// goes sled's lock.
fn cut_off(file: &File) -> io::Result<()> {
    let ours = file.metadata()?;
    let nowhere = memfd_create(c"closed", MFdFlags::MFD_CLOEXEC)?;
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let same = |other: fs::Metadata| (other.dev(), other.ino()) == (ours.dev(), ours.ino());
        // One that has been closed meanwhile is not sled's.
        if number == file.as_raw_fd() || !fs::metadata(entry.path()).is_ok_and(same) {
            continue;
        }
        if !redirect_descriptor(number, &nowhere) {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn start(folder: &Path) -> Result<sled::Db, OpenError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(None);
    let give_up = clock::monotonic() + LET_GO;
    loop {
        match guarded(|| config.open()).map_err(OpenError::Damaged)? {
            Ok(database) => return Ok(database),
            // The store's own lock is held, so only a closed database of this process can hold
            // sled's.
            Err(sled::Error::Io(error)) if is_lock(&error) && clock::monotonic() < give_up => {
                thread::park_timeout(Duration::from_millis(1));
            }
            Err(error) => return Err(classify(folder, error)),
        }
    }
}

/// The error with its number: what a thread of sled's has met comes as text, `Os { code: 5, …`.
fn with_number(error: io::Error) -> io::Error {
    let told = error.to_string();
    let number =
        told.split_once("Os { code: ").and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
    number.map_or(error, io::Error::from_raw_os_error)
}

fn is_lock(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// Tells what the machine lacks from what the files lack.
fn classify(folder: &Path, error: sled::Error) -> OpenError {
    use io::ErrorKind::{OutOfMemory, PermissionDenied, WouldBlock};
    use nix::libc::{EMFILE, ENFILE};
    let error = match error {
        sled::Error::Io(error) => sled::Error::Io(with_number(error)),
        other => other,
    };
    match error {
        sled::Error::Io(error)
            if is_full(&error)
                || is_failing(&error)
                || is_lock(&error)
                || matches!(error.kind(), OutOfMemory | PermissionDenied | WouldBlock)
                || matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) =>
        {
            OpenError::System(StoreError::io("opening", folder, &error))
        }
        error => OpenError::Damaged(error.to_string()),
    }
}

/// Runs sled's code; a panic in it becomes a message where panics unwind.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        format!("sled gave up: {}", said.unwrap_or("no reason given"))
    })
}

/// Removes sled's index files that are wanted gone, and says whether there were any. They only
/// shorten the opening: without one sled reads its whole log. Killed while it writes one, sled
/// leaves a half `snap.….generating`, takes it for an index at the next start and does not open.
fn sweep(folder: &Path, unwanted: impl Fn(&str) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    let mut swept = false;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_index =
            name.to_str().is_some_and(|name| name.starts_with("snap.") && unwanted(name));
        swept |= is_index && fs::remove_file(entry.path()).is_ok();
    }
    swept
}
