//! One login that lasts: its identifier and its record.
//!
//! The record is what was issued; the token that the visitor carries must say the same (see
//! [`crate::auth::token`]).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::auth::key_id::KeyId;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// 128 random bits, the token's `jti`. As text: 22 characters of base64url without padding (RFC
/// 4648 section 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId([u8; SessionId::BYTES]);

impl SessionId {
    /// Length in bytes.
    pub const BYTES: usize = 16;
    /// Length as text.
    pub const TEXT: usize = 22;

    /// A fresh one.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The identifier with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Reads the one text form; `None` for any other length, alphabet, padding or trailing bits.
    /// Allocates nothing.
    pub fn parse(text: &str) -> Option<Self> {
        // The decoder asks for room up to the next whole group.
        let mut room = [0; Self::BYTES + 2];
        if text.len() != Self::TEXT {
            return None;
        }
        let written = URL_SAFE_NO_PAD.decode_slice(text, &mut room).ok()?;
        room.get(..written)?.try_into().ok().map(Self)
    }
}

impl Hash for SessionId {
    /// Half of its bits: they are random, and as good as all.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [half @ .., _, _, _, _, _, _, _, _] = self.0;
        state.write_u64(u64::from_ne_bytes(half));
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = [0; Self::TEXT];
        let written = URL_SAFE_NO_PAD.encode_slice(self.0, &mut room).map_err(|_| fmt::Error)?;
        let text = room
            .get(..written)
            .and_then(|text| std::str::from_utf8(text).ok())
            .ok_or(fmt::Error)?;
        f.pad(text)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Deserialize::deserialize(deserializer).map(Self);
        }
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("no session identifier"))
    }
}

/// A session as issued and as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The token's `jti`.
    pub id: SessionId,
    /// The token's `sub`.
    pub user: UserName,
    /// The token's `iat`.
    pub created: Timestamp,
    /// The token's `exp`: the absolute timeout.
    pub expires: Timestamp,
    /// The last request that it let pass; coalesced, so the stored value may be older.
    pub last_seen: Timestamp,
    /// Where the login came from.
    pub client_ip: IpAddr,
    /// What the browser called itself, made harmless by [`clean_user_agent`].
    pub user_agent: String,
    /// The key that the token was signed with.
    pub key: KeyId,
}

/// The longest user agent that is kept, in bytes.
pub const MAX_USER_AGENT: usize = 256;

impl Session {
    /// A session that begins now, to be signed with the key `key`.
    pub fn begin(
        user: UserName,
        now: Timestamp,
        lifetime: Duration,
        client_ip: IpAddr,
        user_agent: &[u8],
        key: KeyId,
        entropy: &mut impl Entropy,
    ) -> Self {
        Self {
            id: SessionId::generate(entropy),
            user,
            created: now,
            expires: now.plus(lifetime),
            last_seen: now,
            client_ip: client_ip.to_canonical(),
            user_agent: clean_user_agent(user_agent),
            key,
        }
    }

    /// Whether the absolute timeout has passed. The second `expires` itself still counts, as with
    /// the leeway of 0 that `jsonwebtoken` has.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires < now
    }

    /// Whether nothing has been let pass for longer than `idle`.
    pub fn is_idle(&self, now: Timestamp, idle: Option<Duration>) -> bool {
        idle.is_some_and(|idle| now.since(self.last_seen) > idle)
    }
}

/// A `User-Agent` that can be listed in a terminal and a log: at most 256 bytes, every control
/// character and every byte that is no UTF-8 replaced by U+FFFD.
pub fn clean_user_agent(sent: &[u8]) -> String {
    let mut clean = String::new();
    // Whatever lies beyond the limit cannot show: the replacement is longer than any byte it stands
    // for.
    let sent = sent.get(..MAX_USER_AGENT).unwrap_or(sent);
    for letter in String::from_utf8_lossy(sent).chars() {
        let harmful = letter.is_control()
            || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let letter = if harmful { char::REPLACEMENT_CHARACTER } else { letter };
        if clean.len() + letter.len_utf8() > MAX_USER_AGENT {
            break;
        }
        clean.push(letter);
    }
    clean
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
