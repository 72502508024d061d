//! Checking a session token (JWT, RFC 7519), without an allocation.
//!
//! The header must be, byte for byte, the one that a key of ours issues; the MAC is compared in
//! constant time before a byte of the claims is looked at; the claims must be exactly ours, each
//! once and of its type. Nothing is accepted that `jsonwebtoken::decode` with the same key and
//! leeways refuses: `token_tests.rs` holds both side by side, and the list of what only this
//! refuses. A token that was found genuine is remembered (`token_cache.rs`), its times are checked
//! anew. Whether the session still lives is asked of [`crate::auth::sessions`].

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use serde::Deserialize;

use crate::auth::keyring::{ISSUER, Keyring, REALM};
use crate::auth::session::SessionId;
use crate::auth::token_cache::{TokenCache, VerifiedToken};
use crate::auth::token_length::{MAC_TEXT, MAX_CLAIMS};
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

pub use crate::auth::claims::Claims;
pub use crate::auth::token_length::MAX_TOKEN;

/// How far in the future `iat` may lie: clocks are set back by a little now and then.
pub const IAT_LEEWAY: Duration = Duration::from_secs(60);

/// Room for decoding, and the tokens that were found genuine. Make one, use it for every token.
pub struct Scratch {
    json: [u8; MAX_CLAIMS],
    cache: TokenCache,
}

impl Scratch {
    /// Empty room. The only allocation of all checks.
    pub fn new() -> Self {
        Self { json: [0; MAX_CLAIMS], cache: TokenCache::new() }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a token is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not the shape of a token of ours: length, number of parts, encoding.
    Malformed,
    /// The header is not the text of a key that we have.
    Header,
    /// The MAC is another.
    Mac,
    /// Claims are missing, added, doubled, of another type or value.
    Claims,
    /// `exp` is past.
    Expired,
    /// `iat` lies more than [`IAT_LEEWAY`] in the future.
    NotYet,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a session token",
            Self::Header => "token of another key or kind",
            Self::Mac => "token signature is wrong",
            Self::Claims => "token claims are not ours",
            Self::Expired => "token has expired",
            Self::NotYet => "token is from the future",
        })
    }
}

impl std::error::Error for TokenError {}

/// The claims of a genuine, unexpired token.
pub fn verify<'s>(
    token: &[u8],
    keyring: &Keyring,
    now: Timestamp,
    scratch: &'s mut Scratch,
) -> Result<Claims<'s>, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::Malformed);
    }
    let place = scratch.cache.place(token).ok_or(TokenError::Malformed)?;
    let is_known =
        place.as_ref().is_some_and(|genuine| keyring.contains(genuine.key) && genuine.is(token));
    if !is_known {
        let claims = prove(token, keyring, &mut scratch.json)?;
        *place = VerifiedToken::new(token, &claims);
    }
    let claims = place.as_ref().ok_or(TokenError::Claims)?.claims();
    if claims.exp < now {
        return Err(TokenError::Expired);
    }
    if claims.iat > now.plus(IAT_LEEWAY) {
        return Err(TokenError::NotYet);
    }
    Ok(claims)
}

/// Header, then MAC, then claims. Leaves the times aside.
fn prove<'j>(
    token: &[u8],
    keyring: &Keyring,
    json: &'j mut [u8; MAX_CLAIMS],
) -> Result<Claims<'j>, TokenError> {
    let (key, rest) = keyring.key_of(token).ok_or(TokenError::Header)?;
    let (payload, mac) = split_mac(rest).ok_or(TokenError::Malformed)?;
    key.mac_after_header().chain_update(payload).verify_slice(&mac).map_err(|_| TokenError::Mac)?;
    let payload = read_payload(payload, json).ok_or(TokenError::Claims)?;
    if payload.iss != ISSUER || payload.rlm != REALM || !UserName::is_canonical(payload.sub) {
        return Err(TokenError::Claims);
    }
    Ok(Claims {
        sub: payload.sub,
        iat: Timestamp::from_unix(payload.iat),
        exp: Timestamp::from_unix(payload.exp),
        jti: SessionId::parse(payload.jti).ok_or(TokenError::Claims)?,
        key: key.id,
    })
}

/// The encoded claims and the decoded MAC of `claims.mac`. One MAC has one text: the decoder
/// refuses padding and trailing bits.
fn split_mac(rest: &[u8]) -> Option<(&[u8], [u8; 32])> {
    let (rest, mac) = rest.split_at_checked(rest.len().checked_sub(MAC_TEXT)?)?;
    let payload = rest.strip_suffix(b".")?;
    // The decoder wants room for whole groups of three bytes.
    let mut room = [0; 33];
    let written = URL_SAFE_NO_PAD.decode_slice(mac, &mut room).ok()?;
    Some((payload, room.get(..written)?.try_into().ok()?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'j> {
    iss: &'j str,
    sub: &'j str,
    iat: u64,
    exp: u64,
    jti: &'j str,
    rlm: &'j str,
}

fn read_payload<'j>(encoded: &[u8], room: &'j mut [u8; MAX_CLAIMS]) -> Option<Payload<'j>> {
    let written = URL_SAFE_NO_PAD.decode_slice(encoded, room).ok()?;
    let json = room.get(..written)?;
    // serde-json-core neither unescapes strings nor refuses raw control characters in them; ours
    // have neither.
    if !json.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\') {
        return None;
    }
    serde_json_core::from_slice(json).ok().map(|(payload, _)| payload)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
