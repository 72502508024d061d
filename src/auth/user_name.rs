//! Login names.
//!
//! A [`UserName`] has one spelling, so that counters, sessions and headers can never disagree about
//! who it is.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A login name: `[a-z0-9][a-z0-9._-]{0,63}`. Kept in place, so that a copy allocates nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(heapless::String<{ UserName::MAX_BYTES }>);

impl UserName {
    /// The longest name.
    pub const MAX_BYTES: usize = 64;

    /// Reads a name as it was typed. ASCII letters are lower-cased; nothing is trimmed and nothing
    /// else is mapped, so ` user`, full-width letters and anything else that only looks alike is
    /// refused instead of counted apart.
    pub fn parse(typed: &str) -> Result<Self, NameError> {
        let mut name = heapless::String::new();
        for (position, typed) in typed.chars().enumerate() {
            let letter = typed.to_ascii_lowercase();
            if !allowed(letter, position) {
                return Err(if position == 0 { NameError::Start } else { NameError::Character });
            }
            name.push(letter).map_err(|_| NameError::TooLong)?;
        }
        if name.is_empty() { Err(NameError::Empty) } else { Ok(Self(name)) }
    }

    /// Whether `text` is a name in its one spelling, letter for letter.
    pub fn is_canonical(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= Self::MAX_BYTES
            && text.bytes().enumerate().all(|(position, byte)| allowed(char::from(byte), position))
    }

    /// The name whose one spelling `text` is. Allocates nothing.
    pub fn from_canonical(text: &str) -> Option<Self> {
        if Self::is_canonical(text) {
            heapless::String::try_from(text).ok().map(Self)
        } else {
            None
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn allowed(letter: char, position: usize) -> bool {
    match letter {
        'a'..='z' | '0'..='9' => true,
        '.' | '_' | '-' => position > 0,
        _ => false,
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl std::str::FromStr for UserName {
    type Err = NameError;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        Self::parse(typed)
    }
}

impl Serialize for UserName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Why a text is no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// No letter at all.
    Empty,
    /// More than 64 letters.
    TooLong,
    /// The first letter is none of a-z and 0-9.
    Start,
    /// A letter outside of the allowed ones.
    Character,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a user name is missing: give one like \"anna\"",
            Self::TooLong => "a user name has at most 64 letters: choose a shorter one",
            Self::Start => "a user name starts with one of a-z and 0-9",
            Self::Character => {
                "a user name holds only a-z, 0-9, dot, underscore and dash: put a mail address or full name into its own field (--email, --name)"
            }
        })
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
#[path = "user_name_tests.rs"]
mod tests;
