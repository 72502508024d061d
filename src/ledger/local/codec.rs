//! A record's plain form: one version byte, then postcard. Buffers are wiped, because users' seeds
//! pass through.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The version of every record's layout that this program writes.
const VERSION: u8 = 1;

/// Large enough for all but the oddest record, so that growing leaves no unwiped copy behind.
const ROOM: usize = 1024;

/// The record as bytes; `None` if it has a form that postcard cannot write.
pub fn encode(record: &impl Serialize) -> Option<Zeroizing<Vec<u8>>> {
    encode_into(record, ROOM)
}

/// The same for a record that takes about `room` bytes.
pub(super) fn encode_into(record: &impl Serialize, room: usize) -> Option<Zeroizing<Vec<u8>>> {
    encode_as(VERSION, record, room)
}

/// The same for a record of another layout.
pub(super) fn encode_as(
    version: u8,
    record: &impl Serialize,
    room: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(room);
    bytes.push(version);
    postcard::to_extend(record, bytes).ok().map(Zeroizing::new)
}

/// The record in these bytes; `None` for another version, a malformed record and anything left over
/// behind it.
pub fn decode<'r, T: Deserialize<'r>>(bytes: &'r [u8]) -> Option<T> {
    decode_as(VERSION, bytes)
}

/// The same for a record of another layout.
pub(super) fn decode_as<'r, T: Deserialize<'r>>(version: u8, bytes: &'r [u8]) -> Option<T> {
    let (found, record) = bytes.split_first()?;
    if *found != version {
        return None;
    }
    match postcard::take_from_bytes(record) {
        Ok((record, [])) => Some(record),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = ("anna".to_owned(), 7_u64, vec![1_u8, 2, 3]);
        let bytes = encode(&record).expect("encodes");
        assert_eq!(decode(&bytes), Some(record));
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = encode(&7_u64).expect("encodes");
        *bytes.first_mut().expect("a version") = VERSION + 1;
        assert_eq!(decode::<u64>(&bytes), None);
    }

    #[test]
    fn bytes_behind_a_record_are_refused() {
        let mut bytes = encode(&7_u64).expect("encodes");
        bytes.push(0);
        assert_eq!(decode::<u64>(&bytes), None);
    }

    #[test]
    fn nothing_at_all_is_no_record() {
        assert_eq!(decode::<u64>(&[]), None);
        assert_eq!(decode::<u64>(&[VERSION]), None);
    }
}
