//! A backup file: users with their passes, and the text of the configuration, sealed by a
//! passphrase for the way to another machine.
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

mod contents;
mod cost;
mod file_error;
mod format;
mod seal;
mod sealed;

pub use contents::Backup;
pub use file_error::FileError;
pub use format::LONGEST;
pub use sealed::Sealed;
