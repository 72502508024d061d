//! What a program shows: `pcp_`, 160 random bits and a check.
//!
//! ```text
//! "pcp_" | 32 letters of base32 (RFC 4648 section 6, lower case): 160 bits | 6 letters: the check
//! digest   SHA-256 over "pcp_" and the 32 letters
//! check    the first 30 bits of the digest: tells a pass, and one that was copied in part, from
//!          whatever else an application may take for its own
//! ```
//!
//! The gate keeps the digest alone: 160 random bits cannot be searched through, so it needs no slow
//! hash. Reading a token allocates nothing.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::entropy::Entropy;

const PREFIX: &[u8] = b"pcp_";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Random bytes of a pass.
const BYTES: usize = 20;
/// Octets in front of the check.
const CHECKED: usize = PREFIX.len() + BYTES * 8 / 5;
/// Letters of the check.
const CHECK: usize = 6;

/// A pass as it is shown once. No `Debug`, and wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PassToken([u8; PassToken::LENGTH]);

impl PassToken {
    /// Octets of a token.
    pub const LENGTH: usize = CHECKED + CHECK;

    /// A fresh one.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let random: [u8; BYTES] = entropy.bytes();
        let mut token = [0; Self::LENGTH];
        let letters = PREFIX.iter().copied().chain(letters_of(&random));
        token.iter_mut().zip(letters).for_each(|(to, letter)| *to = letter);
        let digest = digest_of(&token);
        token.iter_mut().skip(CHECKED).zip(digest.check()).for_each(|(to, letter)| *to = letter);
        Self(token)
    }

    /// What the gate keeps of it.
    pub fn digest(&self) -> PassDigest {
        digest_of(&self.0)
    }

    /// The token as text.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The SHA-256 of a pass.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct PassDigest([u8; 32]);

impl PassDigest {
    /// That of a token, which is written in exactly one way; `None` for whatever is none.
    pub fn of(token: &[u8]) -> Option<Self> {
        let token: &[u8; PassToken::LENGTH] = token.try_into().ok()?;
        let (checked, check) = token.split_at_checked(CHECKED)?;
        if !checked.starts_with(PREFIX) || !checked.iter().skip(PREFIX.len()).all(is_letter) {
            return None;
        }
        let digest = digest_of(token);
        check.iter().copied().eq(digest.check()).then_some(digest)
    }

    fn check(&self) -> impl Iterator<Item = u8> + use<'_> {
        letters_of(&self.0).take(CHECK)
    }
}

impl PartialEq for PassDigest {
    /// In a time that depends on neither.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for PassDigest {}

impl Hash for PassDigest {
    /// A quarter of its bits, behind those that the check tells.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [_, _, _, _, quarter @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            self.0;
        state.write_u64(u64::from_ne_bytes(quarter));
    }
}

impl fmt::Debug for PassDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassDigest(…)")
    }
}

fn digest_of(token: &[u8; PassToken::LENGTH]) -> PassDigest {
    let checked = token.get(..CHECKED).unwrap_or_default();
    PassDigest(Sha256::digest(checked).into())
}

fn is_letter(octet: &u8) -> bool {
    matches!(octet, b'a'..=b'z' | b'2'..=b'7')
}

/// Base32, five bits a letter, from the first bit on; a rest of fewer than five bits is left out.
fn letters_of(bytes: &[u8]) -> impl Iterator<Item = u8> + use<'_> {
    (0..bytes.len() * 8 / 5).map(|letter| {
        let bit = letter * 5;
        let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or_default());
        let pair = (byte(bit / 8) << 8) | byte(bit / 8 + 1);
        let five = (pair >> (11 - bit % 8)) & 31;
        ALPHABET.get(usize::from(five)).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::Counting;
    use crate::entropy::System;

    #[test]
    fn a_token_is_read_as_it_was_shown() {
        for start in 0..50 {
            let token = PassToken::generate(&mut Counting(start));
            assert_eq!(PassDigest::of(token.expose().as_bytes()), Some(token.digest()));
            assert!(token.expose().starts_with("pcp_"), "{}", token.expose());
            assert_eq!(token.expose().len(), 42);
        }
    }

    #[test]
    fn the_letters_are_those_of_rfc_4648() {
        let random: Vec<u8> = (0..20).map(|byte| byte * 13).collect();
        let text: String = letters_of(&random).map(char::from).collect();
        let reference = totp_rs::Secret::from(random.as_slice()).to_base32();
        assert_eq!(text, reference.to_lowercase());
    }

    #[test]
    fn any_other_character_in_any_place_makes_it_none() {
        let token = PassToken::generate(&mut System).expose().as_bytes().to_vec();
        for place in 0..token.len() {
            for octet in 0..=u8::MAX {
                let mut other = token.clone();
                if other[place] != octet {
                    other[place] = octet;
                    assert_eq!(PassDigest::of(&other), None, "{place} {octet}");
                }
            }
        }
    }

    #[test]
    fn a_part_of_a_token_is_none() {
        let token = PassToken::generate(&mut System);
        let text = token.expose();
        for length in 0..text.len() {
            assert_eq!(PassDigest::of(&text.as_bytes()[..length]), None, "{length}");
        }
        for other in
            [format!("{text} "), format!(" {text}"), format!("{text}a"), text.to_uppercase()]
        {
            assert_eq!(PassDigest::of(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn two_tokens_have_two_digests() {
        let (one, other) = (PassToken::generate(&mut System), PassToken::generate(&mut System));
        assert_ne!(one.digest(), other.digest());
        assert_eq!(one.digest(), one.clone().digest());
    }
}
