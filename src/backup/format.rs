//! The measures of a backup file's format, which [`crate::backup`] writes down octet by octet.

/// What a file begins with.
pub(super) const MAGIC: &[u8; 8] = b"PCBACKUP";

/// The form that is written.
pub(super) const VERSION: u8 = 1;

/// Octets before the seal.
pub(super) const HEADER: usize = 59;

/// Octets of the salt.
pub(super) const SALT: usize = 16;

/// Octets of the nonce.
pub(super) const NONCE: usize = 24;

/// The longest file that is read, in octets: ten thousand users with every field at its longest.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// A length as files give it.
pub(super) fn octets(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
