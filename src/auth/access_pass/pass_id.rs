//! How people name a pass: eight letters that are no secret.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::entropy::Entropy;

/// Letters of an identifier. No vowels, so that they spell no word.
const LETTERS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";

/// Names a pass: eight letters, one of 25.6 thousand million. It never begins with `-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassId([u8; PassId::LENGTH]);

impl PassId {
    /// Letters of an identifier.
    pub const LENGTH: usize = 8;

    /// A fresh one.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let random: [u8; Self::LENGTH] = entropy.bytes();
        Self(random.map(|byte| {
            LETTERS.get(usize::from(byte) % LETTERS.len()).copied().unwrap_or_default()
        }))
    }

    /// Reads an identifier, in any case; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; Self::LENGTH] = text.to_ascii_lowercase().as_bytes().try_into().ok()?;
        letters.iter().all(|letter| LETTERS.contains(letter)).then_some(Self(letters))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PassId({self})")
    }
}

impl Serialize for PassId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PassId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("no identifier of a pass"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::System;

    #[test]
    fn an_identifier_is_read_as_it_is_shown() {
        for _ in 0..100 {
            let id = PassId::generate(&mut System);
            assert_eq!(PassId::parse(id.as_str()), Some(id));
            assert_eq!(PassId::parse(&id.as_str().to_uppercase()), Some(id));
            assert!(!id.as_str().starts_with('-'));
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in
            ["", "bcdfghj", "bcdfghjkl", "bcdfghja", "bcdfghj1", "-bcdfghj", "bcdfghj\u{fc}"]
        {
            assert_eq!(PassId::parse(text), None, "{text:?}");
        }
    }
}
