//! The stored form, byte by byte.
//!
//! One sled tree, so that a change of several records is one batch: it happens as a whole or not at
//! all.
//!
//! ```text
//! key      kind (1 byte) | 16 bytes of HMAC-SHA-256 over kind and identity (name, session id, …)
//! value    nonce (24) | XChaCha20-Poly1305 of (record version (1) | postcard) | tag (16)
//!          associated data: "portcullis store" | schema (4, little endian) | key (17)
//!
//! kinds    u user   s session   c counter   g the gate's own record (one)   m manifest (one)
//!          p pass   a audit entry (by its number)   t head and index of the audit log
//! schema   key "v": schema (4, little endian) | key fingerprint (8) | first 8 bytes of SHA-256
//!          over both; not sealed, so that a release which seals in another way is recognised
//!          instead of being taken for damage
//! ```
//!
//! A record that is moved to another key, or whose bits flip, does not unseal: it is an error,
//! never another user. No name and no address stands on the disk in the clear.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The schema that this program writes. Raise it with a step in [`crate::ledger::local::migrate`].
pub(super) const SCHEMA: u32 = 3;

/// Where the schema record is.
pub(super) const SCHEMA_KEY: &[u8] = b"v";

/// A record's key on the disk.
pub(super) type RecordKey = [u8; 17];

/// What a record is: the first byte of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum RecordKind {
    User,
    Session,
    Counter,
    Gate,
    Manifest,
    AuditEntry,
    AuditLog,
    Pass,
}

impl RecordKind {
    /// The kinds that the manifest counts, in its order.
    pub(super) const COUNTED: [Self; 7] = [
        Self::User,
        Self::Session,
        Self::Counter,
        Self::Gate,
        Self::AuditEntry,
        Self::AuditLog,
        Self::Pass,
    ];

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::User => b'u',
            Self::Session => b's',
            Self::Counter => b'c',
            Self::Gate => b'g',
            Self::Manifest => b'm',
            Self::AuditEntry => b'a',
            Self::AuditLog => b't',
            Self::Pass => b'p',
        }
    }

    pub(super) fn of(key: &RecordKey) -> Option<Self> {
        let [byte, ..] = *key;
        Self::COUNTED.into_iter().chain([Self::Manifest]).find(|kind| kind.byte() == byte)
    }

    /// Whether the snapshot holds these.
    pub(super) const fn in_snapshot(self) -> bool {
        matches!(self, Self::User | Self::Gate | Self::Pass)
    }
}

/// Tells keys apart without telling anything about them.
pub(super) type Fingerprint = [u8; 8];

/// The schema record.
pub(super) fn schema_record(fingerprint: &Fingerprint) -> Vec<u8> {
    let mut record = SCHEMA.to_le_bytes().to_vec();
    record.extend_from_slice(fingerprint);
    let check = Sha256::digest(&record);
    record.extend(check.iter().take(8));
    record
}

/// Reads a schema record: the schema and the key it is under. `None` if it is damaged.
pub(super) fn read_schema_record(record: &[u8]) -> Option<(u32, Fingerprint)> {
    let (said, check) = record.split_at_checked(12)?;
    if check.len() != 8 || !Sha256::digest(said).starts_with(check) {
        return None;
    }
    let (schema, fingerprint) = said.split_at_checked(4)?;
    Some((u32::from_le_bytes(schema.try_into().ok()?), fingerprint.try_into().ok()?))
}
