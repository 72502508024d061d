//! A backup file: users, and the text of the configuration, sealed by a passphrase for the way to
//! another machine.
//!
//! ```text
//!  0   8  "PCBACKUP"
//!  8   1  version of this form: 1
//!  9   4  memory of Argon2id in KiB, little endian
//! 13   1  passes of Argon2id
//! 14   1  lanes of Argon2id
//! 15  16  salt
//! 31  24  nonce
//! 55   4  octets that follow, little endian
//! 59      XChaCha20-Poly1305 of the contents | tag (16)
//! ```
//!
//! The key is Argon2id (RFC 9106, version 0x13) of the passphrase, 32 octets; the 59 octets in
//! front are the associated data, so that none of them can be changed. The contents are one
//! postcard record:
//!
//! ```text
//! created        text, RFC 3339
//! users          number
//! records        octets, as the store packs them for another store, with versions of their own
//! configuration  none, or text
//! ```
//!
//! Guarantees: nothing of a file is read before its tag is checked, and a hostile file costs 128
//! MiB at most. Whether the passphrase is wrong or the file is damaged nobody can tell. Leaves out
//! what the records mean: the store knows.

mod form;
mod seal;

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use form::Sealed;

use crate::entropy::Entropy;
use crate::secret::Secret;

/// The longest file that is read, in octets: ten thousand users with every field at its longest.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// What a backup holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Backup {
    /// When it was made, as RFC 3339 has it.
    pub created: String,
    /// How many users are in it.
    pub users: u64,
    /// The users, as the store packed them.
    pub records: Zeroizing<Vec<u8>>,
    /// The text of the configuration file, if there was one.
    pub configuration: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Contents<'c> {
    created: &'c str,
    users: u64,
    records: &'c [u8],
    configuration: Option<&'c str>,
}

impl Backup {
    /// The contents as they are sealed; `None` if they are too long for a file.
    pub fn encode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let Self { created, users, records, configuration } = self;
        let configuration = configuration.as_deref();
        // Room for all of it at once: growing would leave copies behind.
        let room = records.len() + created.len() + configuration.map_or(0, str::len) + 64;
        let contents = Contents { created, users: *users, records, configuration };
        postcard::to_extend(&contents, Vec::with_capacity(room)).ok().map(Zeroizing::new)
    }

    /// Reads contents that were unsealed; `None` for anything that [`Backup::encode`] does not
    /// write.
    pub fn decode(plain: &[u8]) -> Option<Self> {
        let (Contents { created, users, records, configuration }, []) =
            postcard::take_from_bytes(plain).ok()?
        else {
            return None;
        };
        Some(Self {
            created: created.to_owned(),
            users,
            records: Zeroizing::new(records.to_vec()),
            configuration: configuration.map(str::to_owned),
        })
    }

    /// The whole file. Takes about a second on a small board, and 64 MiB of memory.
    ///
    /// # Errors
    /// No memory, or more contents than a file may have.
    pub fn seal(
        &self,
        passphrase: &Secret,
        entropy: &mut impl Entropy,
    ) -> Result<Vec<u8>, FileError> {
        seal::seal(self, passphrase, seal::Cost::USUAL, entropy)
    }
}

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
                "the backup has form {version}, this program knows form {}: it was made by a newer release, restore it with that",
                form::VERSION
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

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
