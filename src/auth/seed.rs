//! The shared key of a time-based one-time password.
//!
//! Its lengths are those of RFC 4226 section 4; its text is base32, RFC 4648 section 6.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::auth::typed::is_blank;
use crate::entropy::Entropy;
use crate::secret::Secret;

/// The key that a user's authenticator and the gate share. Wiped on drop, compared in constant
/// time, no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Secret);

impl Seed {
    /// 160 bits, what RFC 4226 section 4 (R6) recommends.
    pub const DEFAULT_BYTES: usize = 20;
    /// 128 bits, the least that RFC 4226 section 4 (R6) allows.
    pub const MIN_BYTES: usize = 16;
    /// The block of SHA-1 and SHA-256 and the output of SHA-512: more adds nothing.
    pub const MAX_BYTES: usize = 64;

    /// Takes a seed from elsewhere; `None` unless it is 16 to 64 bytes long.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let seed = Secret::new(bytes);
        (Self::MIN_BYTES..=Self::MAX_BYTES).contains(&seed.expose().len()).then_some(Self(seed))
    }

    /// A fresh seed of 160 bits.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(Secret::new(entropy.bytes::<{ Self::DEFAULT_BYTES }>().to_vec()))
    }

    /// Reads base32 (RFC 4648 section 6) as authenticators show it: any case, white space and
    /// padding ignored.
    pub fn from_base32(text: &str) -> Option<Self> {
        let letters = text
            .chars()
            .filter(|letter| !is_blank(*letter))
            .map(|letter| letter.to_ascii_uppercase());
        let compact = zeroize::Zeroizing::new(letters.collect::<String>());
        let secret = totp_rs::Secret::try_from_base32(compact.trim_end_matches('=')).ok()?;
        Self::new(secret.as_bytes().to_vec())
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        self.0.expose().len()
    }

    /// The bytes, for the MAC.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// A seed that no user has, for guesses that must cost the same all the same.
    pub(super) fn of_nobody() -> Self {
        Self(Secret::new(vec![0; Self::DEFAULT_BYTES]))
    }

    /// The seed in base32 without padding, as it is typed into an authenticator. Show it once,
    /// never log it.
    pub fn base32(&self) -> String {
        totp_rs::Secret::from(self.0.expose()).to_base32()
    }
}

impl Serialize for Seed {
    /// The bare bytes. Only the store may ask for them: it seals what it writes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.expose().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a seed has 16 to 64 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::Counting;

    #[test]
    fn a_seed_has_16_to_64_bytes_and_tells_how_many() {
        for length in 0..=80 {
            let accepted = Seed::new(vec![7; length]).map(|seed| seed.bytes());
            assert_eq!(accepted, (16..=64).contains(&length).then_some(length));
        }
    }

    #[test]
    fn a_seed_has_160_bits_and_survives_base32() {
        let seed = Seed::generate(&mut Counting(7));
        assert_eq!(seed.base32().len(), 32);
        for text in [seed.base32(), seed.base32().to_lowercase(), format!("{}====", seed.base32())]
        {
            assert!(Seed::from_base32(&text).is_some_and(|read| read == seed));
        }
        let grouped: Vec<_> = seed
            .base32()
            .as_bytes()
            .chunks(4)
            .map(|c| String::from_utf8_lossy(c).into_owned())
            .collect();
        assert!(Seed::from_base32(&grouped.join(" ")).is_some_and(|read| read == seed));
        assert!(Seed::generate(&mut Counting(8)) != seed);
        assert!(Seed::from_base32("ABC1").is_none() && Seed::from_base32("").is_none());
        assert!(Seed::new(vec![1; 15]).is_none() && Seed::new(vec![1; 65]).is_none());
    }
}
