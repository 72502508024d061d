//! A pass as it is kept.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::pass_id::PassId;
use super::pass_token::PassDigest;
use crate::auth::policy::scope::PlaceScope;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

/// A pass as it is kept: not the token, only its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPass {
    /// How people name it.
    pub id: PassId,
    /// What is kept of the token.
    pub digest: PassDigest,
    /// What it is for.
    pub name: PassName,
    /// Whose it is. It ends with this user.
    pub user: UserName,
    /// Where it is good.
    pub scope: PlaceScope,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it last let a request pass, to the hour; `None`: never.
    pub last_used: Option<Timestamp>,
}

impl AccessPass {
    /// Whether its time is over. The second `expires` itself still counts, as for sessions.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires < now
    }
}

/// What a pass is for, in its owner's words: 1 to 64 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PassName(String);

/// The text is no name of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPassName;

impl PassName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    /// It is empty or too long, begins or ends with a blank, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, NoPassName> {
        let harmful = |letter: char| {
            letter.is_control()
                || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let is_name = (1..=Self::MAX_BYTES).contains(&text.len())
            && text.trim() == text
            && !text.chars().any(harmful);
        if is_name { Ok(Self(text.to_owned())) } else { Err(NoPassName) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for NoPassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a pass is named by 1 to 64 bytes of text without control characters, and no blanks around it",
        )
    }
}

impl<'de> Deserialize<'de> for PassName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
