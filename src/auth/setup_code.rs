//! The set-up code: what a person types to prove that the machine is his, before there is any user.
//!
//! 80 bits as 16 letters of base32 (RFC 4648 section 6), shown as `ABCD-EFGH-IJKL-MNOP`. Whoever
//! checks one keeps its digest alone; the code itself has no `Debug` and is wiped on drop.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::auth::typed::is_blank;
use crate::entropy::Entropy;

/// 80 bits: beyond guessing at any rate, and short enough to type.
const BYTES: usize = 10;
/// Letters of the typed form, without dashes.
const LETTERS: usize = BYTES * 8 / 5;

/// A set-up code.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SetupCode([u8; BYTES]);

impl SetupCode {
    /// A fresh one.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// Reads what was typed or stands in a file: letters of any case; dashes and white space
    /// ([`is_blank`]) are passed over. `None` for everything else: such input is no guess and
    /// counts nothing.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut letters = Zeroizing::new(String::with_capacity(LETTERS));
        for letter in typed.chars().filter(|letter| *letter != '-' && !is_blank(*letter)) {
            if letters.len() == LETTERS || !letter.is_ascii_alphanumeric() {
                return None;
            }
            letters.push(letter.to_ascii_uppercase());
        }
        let secret = totp_rs::Secret::try_from_base32(letters.as_str()).ok()?;
        secret.as_bytes().try_into().ok().map(Self)
    }

    /// What the one who checks it keeps.
    pub fn digest(&self) -> CodeDigest {
        CodeDigest(Sha256::digest(self.0).into())
    }
}

impl fmt::Display for SetupCode {
    /// Four groups of four letters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = Zeroizing::new(totp_rs::Secret::from(self.0.as_slice()).to_base32());
        for (position, letter) in letters.chars().enumerate() {
            if position > 0 && position % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// The SHA-256 of a code: 80 random bits cannot be searched through, so it needs no slow hash.
#[derive(Clone, Copy)]
pub struct CodeDigest([u8; 32]);

impl CodeDigest {
    /// Whether it is this code's, in a time that depends on neither.
    pub fn is_of(&self, code: &SetupCode) -> bool {
        self.0.ct_eq(&code.digest().0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::Counting;

    #[test]
    fn a_code_survives_being_shown_and_typed() {
        for start in 0..50 {
            let code = SetupCode::generate(&mut Counting(start));
            let shown = code.to_string();
            let groups: Vec<&str> = shown.split('-').collect();
            assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 4), "{shown}");
            let typed = [
                shown.clone(),
                shown.to_lowercase(),
                shown.replace('-', ""),
                shown.replace('-', " "),
            ];
            for typed in typed.into_iter().chain([
                format!(" {shown} \r\n"),
                format!("\u{feff}{}\u{a0}", shown.replace('-', "\t")),
                shown.replace('-', "\u{200b}\u{2003}"),
            ]) {
                assert!(
                    SetupCode::parse(&typed).is_some_and(|read| code.digest().is_of(&read)),
                    "{typed:?}"
                );
            }
        }
    }

    #[test]
    fn the_letters_are_those_of_rfc_4648() {
        let code = SetupCode::parse("AAAA-AAAA-AAAA-AAAB").expect("a code");
        assert_eq!(code.0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(SetupCode([0xFF; BYTES]).to_string(), "7777-7777-7777-7777");
    }

    #[test]
    fn anything_but_sixteen_letters_of_base32_is_no_code() {
        for text in [
            "",
            "----",
            "ABCD-EFGH-IJKL-MNO",
            "ABCD-EFGH-IJKL-MNOPQ",
            "ABCD-EFGH-IJKL-MNO1",
            "ABCD-EFGH-IJKL-MNO0",
            "ABCD-EFGH-IJKL-MN==",
            "ABCD_EFGH_IJKL_MNOP",
            "ABCD\u{2010}EFGH\u{2010}IJKL\u{2010}MNOP",
            "ABCD\u{ad}EFGHIJKLMNOP",
            "ABCD\0EFGHIJKLMNOP",
            "\u{ff21}BCD-EFGH-IJKL-MNOP",
        ] {
            assert!(SetupCode::parse(text).is_none(), "{text:?}");
        }
        assert!(SetupCode::parse(&"A".repeat(100_000)).is_none());
    }

    #[test]
    fn another_code_is_not_taken() {
        let (one, other) =
            (SetupCode::generate(&mut Counting(1)), SetupCode::generate(&mut Counting(2)));
        assert!(one.digest().is_of(&one) && !one.digest().is_of(&other));
    }
}
