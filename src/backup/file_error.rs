//! Why a file gives no backup, in words for the one who wants it back.

use std::fmt;

use super::format::{LONGEST, VERSION};

/// Why a file gives no backup, or a backup no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// It does not begin like one.
    NotABackup,
    /// It ends too early.
    Short {
        /// Its octets.
        has: u64,
        /// How many it should have, as far as it says.
        of: u64,
    },
    /// It has a form that this program does not know.
    Newer(u8),
    /// Its passphrase would have to be stretched with more memory or time than any of ours asks
    /// for.
    Costly,
    /// Wrong passphrase, or damaged.
    Unopened,
    /// More than [`LONGEST`].
    Long,
    /// The machine has no memory for stretching the passphrase.
    NoMemory,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotABackup => f.write_str("this is no backup of Portcullis"),
            Self::Short { has, of } => {
                write!(f, "the backup is cut short: {has} of {of} bytes are there; copy it once more from where it was made")
            }
            Self::Newer(version) => write!(
                f,
                "the backup has form {version}, this program knows form {VERSION}: it was made by a newer release, restore it with that"
            ),
            Self::Costly => f.write_str(
                "the backup asks for more memory or time than any backup of Portcullis does: it is damaged, or made by somebody else",
            ),
            Self::Unopened => f.write_str(
                "the backup does not open: the passphrase is wrong, or the file is damaged (nobody can tell which)",
            ),
            Self::Long => write!(f, "a backup has at most {LONGEST} bytes"),
            Self::NoMemory => f.write_str("there is not enough free memory for the passphrase: 64 MiB are needed"),
        }
    }
}

impl std::error::Error for FileError {}
