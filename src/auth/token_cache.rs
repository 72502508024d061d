//! Tokens that were found genuine a moment ago, so that a page of a hundred pictures costs one MAC
//! and not a hundred.
//!
//! A place is found by the token's own MAC and taken by a genuine token only: without the key
//! nobody can fill or choose one. A token counts as verified if it is the same from the first byte
//! to the last, compared in constant time. What it says may still have expired or ended; that is
//! asked anew every time.

use subtle::ConstantTimeEq;

use crate::auth::claims::Claims;
use crate::auth::key_id::KeyId;
use crate::auth::session::SessionId;
use crate::auth::token_length::MAX_TOKEN;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

/// How many tokens are remembered: more than the browsers of a household, in 130 KiB.
const PLACES: usize = 256;

/// The table of verified tokens, of fixed size.
pub(super) struct TokenCache(Box<[Option<VerifiedToken>]>);

/// A token and what it says.
pub(super) struct VerifiedToken {
    token: heapless::Vec<u8, MAX_TOKEN>,
    sub: UserName,
    iat: Timestamp,
    exp: Timestamp,
    jti: SessionId,
    /// The key it was verified with.
    pub(super) key: KeyId,
}

impl VerifiedToken {
    /// What `token` was found to say; `None` if it is none that we could have issued.
    pub(super) fn new(token: &[u8], claims: &Claims<'_>) -> Option<Self> {
        Some(Self {
            token: heapless::Vec::from_slice(token).ok()?,
            sub: UserName::from_canonical(claims.sub)?,
            iat: claims.iat,
            exp: claims.exp,
            jti: claims.jti,
            key: claims.key,
        })
    }

    /// What it says.
    pub(super) fn claims(&self) -> Claims<'_> {
        Claims {
            sub: self.sub.as_str(),
            iat: self.iat,
            exp: self.exp,
            jti: self.jti,
            key: self.key,
        }
    }

    /// Whether it is this one, byte for byte, in a time that depends on the length alone: what
    /// differs is gathered from all bytes before anything is asked about it. Eight at once: one by
    /// one, the comparison would cost more than everything around it.
    pub(super) fn is(&self, token: &[u8]) -> bool {
        if self.token.len() != token.len() {
            return false;
        }
        let (ours, our_end) = self.token.as_chunks();
        let (theirs, their_end) = token.as_chunks();
        let differing = |bits, (our, their): (&[u8; 8], &[u8; 8])| {
            bits | (u64::from_ne_bytes(*our) ^ u64::from_ne_bytes(*their))
        };
        let differing = ours.iter().zip(theirs).fold(0, differing);
        (differing.ct_eq(&0) & our_end.ct_eq(their_end)).into()
    }
}

impl TokenCache {
    /// Nothing verified yet. The only allocation.
    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(|| None).take(PLACES).collect())
    }

    /// The place of a token: from letters of its MAC, which are random if it is genuine.
    pub(super) fn place(&mut self, token: &[u8]) -> Option<&mut Option<VerifiedToken>> {
        let letters = u64::from_le_bytes(*token.last_chunk()?);
        // Fibonacci hashing: the upper byte depends on all letters.
        let [place, ..] = letters.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        self.0.get_mut(usize::from(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{Counting, keyring, session};
    use crate::auth::token::{Scratch, verify};
    use crate::clock::Timestamp;

    #[test]
    fn a_token_is_recognised_by_all_of_its_bytes_and_by_no_others() {
        let (keyring, now) = (keyring(1), Timestamp::from_unix(1_800_000_000));
        let token = keyring
            .sign(&session("anna", now, keyring.current_id(), &mut Counting(1)))
            .expect("signs");
        let mut scratch = Scratch::new();
        let claims = verify(token.as_bytes(), &keyring, now, &mut scratch).expect("genuine");
        let genuine = VerifiedToken::new(token.as_bytes(), &claims).expect("ours");
        assert!(genuine.is(token.as_bytes()));
        for length in 0..token.len() {
            assert!(!genuine.is(&token.as_bytes()[..length]), "{length}");
        }
        for more in 1..24 {
            assert!(!genuine.is(format!("{token}{}", "A".repeat(more)).as_bytes()), "{more}");
        }
        for at in 0..token.len() {
            for bit in 0..8 {
                let mut changed = token.clone().into_bytes();
                changed[at] ^= 1 << bit;
                assert!(!genuine.is(&changed), "{at} {bit}");
                // The same change elsewhere does not take it back.
                for other in (at + 1..token.len()).step_by(7) {
                    changed[other] ^= 1 << bit;
                    assert!(!genuine.is(&changed), "{at} {other} {bit}");
                    changed[other] ^= 1 << bit;
                }
            }
        }
    }
}
