//! What can go wrong with the store, each with the way out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nix::libc::{EIO, EROFS};

/// Why the store does not open or did not take a change. After an error from a commit nothing has
/// changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Another process has it open.
    Locked(PathBuf),
    /// The store was written under another key.
    WrongKey,
    /// There is a store, but no key beside it.
    KeyMissing(PathBuf),
    /// The key cannot be used as it is.
    BadKey(String),
    /// Others may write to what the store is kept in.
    Exposed {
        /// The directory, or a part of the store.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A newer release wrote it.
    Newer {
        /// The schema that was found.
        found: u32,
    },
    /// There was a store, and now there is neither database nor snapshot.
    Empty(PathBuf),
    /// The database is damaged and so is the snapshot.
    Damaged(String),
    /// The snapshot was asked for alone, and is missing or damaged.
    NoSnapshot(String),
    /// No room on the disk.
    Full(PathBuf),
    /// The disk fails, or has become read-only.
    Failing(String),
    /// The operating system refused.
    Io(String),
    /// Another gate changed the same at the same moment, again and again.
    Contended,
}

impl StoreError {
    /// An error of the operating system while doing something to `path`.
    pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        if is_full(error) {
            return Self::Full(path.to_path_buf());
        }
        let what = format!("{doing} {}: {error}", path.display());
        if is_failing(error) { Self::Failing(what) } else { Self::Io(what) }
    }

    /// Whether the disk takes no writes, and may have to be read only.
    pub(super) const fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Failing(_))
    }
}

/// Whether an error says that the disk takes no writes. By the number of the error: a file system
/// that has become read-only by an error of its own need not say so elsewhere (ext4's emergency
/// state does not show in statvfs(3)).
pub(super) fn is_failing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(EIO | EROFS))
}

/// Whether an error says that the disk takes no writes, for whatever reason.
pub(super) fn takes_no_writes(error: &io::Error) -> bool {
    is_full(error) || is_failing(error)
}

/// Whether an error says that there is no room: a full disk, a spent quota, a limit on file size.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked(dir) => write!(
                f,
                "the store in {} is in use by another process: the daemon runs. Let this command talk to it (is --control right?), or stop it first",
                dir.display()
            ),
            Self::WrongKey => f.write_str(
                "the store was written under another key: put the store.key (or the credential store_key) back that belongs to it, or begin anew with `portcullis init --again`, which keeps the old store aside",
            ),
            Self::KeyMissing(path) => write!(
                f,
                "there is a store but its key {} is missing: put it back, or begin anew with `portcullis init --again`, which keeps the old store aside, and bring the users of a backup back with `portcullis restore`",
                path.display()
            ),
            Self::BadKey(why) => write!(f, "the store's key cannot be used: {why}"),
            Self::Exposed { path, mode } => {
                let who = if mode & 0o002 != 0 { "every user of this machine" } else { "its group" };
                let path = path.display();
                write!(
                    f,
                    "{who} may write to {path} (mode {mode:04o}), and put something else in the place of the store: run `chmod go-w {path}`"
                )
            }
            Self::Newer { found } => write!(
                f,
                "the store has schema {found}, this program knows up to {}: it was written by a newer release. Install that release again; nothing was changed",
                super::schema::SCHEMA
            ),
            Self::Empty(dir) => write!(
                f,
                "there was a store in {}, and now its database and its snapshot are gone. The gate does not start with zero users by accident: begin anew with `portcullis init --again`, and bring the users of a backup back with `portcullis restore`",
                dir.display()
            ),
            Self::Damaged(why) => write!(
                f,
                "the store is damaged and its snapshot does not help: {why}. Nothing was removed: begin anew with `portcullis init --again`, which keeps the old store aside, and bring the users of a backup back with `portcullis restore`"
            ),
            Self::NoSnapshot(why) => write!(
                f,
                "the users cannot be read from the store's snapshot: {why}. Start the gate once: it writes the snapshot anew"
            ),
            Self::Full(path) => write!(
                f,
                "no room to write {}: make room on that disk. Signed-in visitors still pass, sign-ins work again as soon as there is room",
                path.display()
            ),
            Self::Failing(what) => write!(
                f,
                "the disk fails or is read-only: {what}. Signed-in visitors still pass, sign-ins work again as soon as it takes writes; a card may be worn out"
            ),
            Self::Io(what) => write!(f, "the store could not be written or read: {what}. Check the disk and the owner of the state directory"),
            Self::Contended => f.write_str(
                "another gate changed the same at the same moment, and nothing was done: try again",
            ),
        }
    }
}

impl std::error::Error for StoreError {}
