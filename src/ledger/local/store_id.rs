//! `store.id`: says that there is a store and which key it is under, so that a lost database beside
//! its key is noticed instead of being taken for a first start.
//!
//! ```text
//! portcullis store
//! schema 1
//! key 1f2e3d4c5b6a7988
//! check 0a1b2c3d
//! ```

use std::io;

use sha2::{Digest, Sha256};

use crate::ledger::local::error::StoreError;
use crate::ledger::local::schema::{Fingerprint, SCHEMA};
use crate::ledger::local::state_dir::{ID, StateDir};

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StoreId {
    /// There is none: no store was ever completed here.
    Missing,
    /// It is there and damaged: there is a store.
    Unreadable,
    /// There is a store with this schema under this key.
    Says { schema: u32, fingerprint: Fingerprint },
}

/// Reads it.
pub(super) fn read(state_dir: &StateDir) -> Result<StoreId, StoreError> {
    match state_dir.read(ID) {
        Ok(text) => Ok(parse(&text).unwrap_or(StoreId::Unreadable)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(StoreId::Missing),
        Err(error) => Err(StoreError::io("reading", &state_dir.path(ID), &error)),
    }
}

/// Writes it: the last step of making a store.
pub(super) fn write(state_dir: &StateDir, fingerprint: &Fingerprint) -> Result<(), StoreError> {
    state_dir.write(ID, compose(SCHEMA, fingerprint).as_bytes())
}

fn compose(schema: u32, fingerprint: &Fingerprint) -> String {
    let key = u64::from_be_bytes(*fingerprint);
    let said = format!("portcullis store\nschema {schema}\nkey {key:016x}\n");
    let check = Sha256::digest(&said)
        .iter()
        .take(4)
        .fold(0_u32, |check, byte| check << 8 | u32::from(*byte));
    format!("{said}check {check:08x}\n")
}

fn parse(text: &[u8]) -> Option<StoreId> {
    let text = str::from_utf8(text).ok()?;
    let mut lines = text.lines().skip(1);
    let schema = lines.next()?.strip_prefix("schema ")?.parse().ok()?;
    let key = u64::from_str_radix(lines.next()?.strip_prefix("key ")?, 16).ok()?;
    let fingerprint = key.to_be_bytes();
    // Whatever was read must be exactly what would have been written.
    (compose(schema, &fingerprint) == text).then_some(StoreId::Says { schema, fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_written() {
        let fingerprint = [0, 1, 2, 3, 4, 5, 6, 255];
        let says = parse(compose(7, &fingerprint).as_bytes());
        assert_eq!(says, Some(StoreId::Says { schema: 7, fingerprint }));
    }

    #[test]
    fn no_flipped_bit_makes_it_say_something_else() {
        let text = compose(1, &[9; 8]).into_bytes();
        for at in 0..text.len() * 8 {
            let mut flipped = text.clone();
            if let Some(byte) = flipped.get_mut(at / 8) {
                *byte ^= 1 << (at % 8);
            }
            assert_eq!(parse(&flipped), None, "bit {at}");
        }
    }

    #[test]
    fn half_of_it_says_nothing() {
        let text = compose(1, &[9; 8]);
        for length in 0..text.len() {
            assert_eq!(
                parse(text.as_bytes().get(..length).expect("shorter")),
                None,
                "{length} bytes"
            );
        }
    }
}
