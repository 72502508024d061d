//! The hash of keys that are random by themselves.

use std::hash::Hasher;

/// The hash of a key is the bits that it gives. For keys that nobody can choose so that they
/// collide with those of a table: random identifiers and digests of random secrets.
#[derive(Default)]
pub struct OwnBits(u64);

impl Hasher for OwnBits {
    fn write(&mut self, bytes: &[u8]) {
        // No key comes this way.
        self.0 = bytes.iter().fold(self.0, |bits, byte| bits.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_hashed_all_count() {
        let hash = |bytes: &[u8]| {
            let mut hasher = OwnBits::default();
            hasher.write(bytes);
            hasher.finish()
        };
        assert_eq!(hash(&[1, 2, 3, 4, 5, 6, 7, 8]), 0x0102_0304_0506_0708);
        assert_eq!(hash(&[0xFF; 9]), 0xFFFF_FFFF_FFFF_FF00);
    }
}
