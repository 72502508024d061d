//! One-time codes as they are typed.
//!
//! Guarantees: one code has one form, whatever white space came with it, and two are compared in
//! constant time.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::auth::typed::is_blank;

/// The longest code, in digits.
const LONGEST: usize = 8;

/// A well-formed code: 6 or 8 ASCII digits. No `Debug`: codes do not belong in a log.
#[derive(Clone, Copy)]
pub struct Code {
    digits: [u8; LONGEST],
    len: u8,
}

impl Code {
    /// Reads what was typed or pasted. White space of any kind is stripped ([`is_blank`]), once,
    /// and everything after works on the result, so that one code has one form. `None` for anything
    /// but 6 or 8 ASCII digits: such input is no guess and counts nothing.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut digits = [0; LONGEST];
        let mut len = 0u8;
        for letter in typed.chars().filter(|letter| !is_blank(*letter)) {
            let digit = u8::try_from(letter).ok().filter(u8::is_ascii_digit)?;
            *digits.get_mut(usize::from(len))? = digit;
            len += 1;
        }
        matches!(len, 6 | 8).then_some(Self { digits, len })
    }

    /// The code that `totp-rs` computed, in the same form.
    pub(super) fn of(token: &totp_rs::Token) -> Self {
        let mut written = Digit8 { code: Self { digits: [0; LONGEST], len: 0 } };
        // Writing eight digits at most cannot fail; a code cut short would match nothing.
        let _ = fmt::Write::write_fmt(&mut written, format_args!("{token}"));
        written.code
    }

    /// Whether both are the same, in a time that depends on neither.
    pub fn is_same(&self, other: &Self) -> bool {
        self.same(other).into()
    }

    /// As [`Code::is_same`], for who adds up several.
    pub(super) fn same(&self, other: &Self) -> Choice {
        self.digits.ct_eq(&other.digits) & self.len.ct_eq(&other.len)
    }
}

/// Receives the digits of a token without an allocation.
struct Digit8 {
    code: Code,
}

impl fmt::Write for Digit8 {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            *self.code.digits.get_mut(usize::from(self.code.len)).ok_or(fmt::Error)? = byte;
            self.code.len += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::parse(text).unwrap()
    }

    #[test]
    fn only_six_or_eight_ascii_digits_are_a_code() {
        for good in [
            "123456",
            " 123456",
            "123456 ",
            "123 456",
            "1 2 3 4 5 6",
            "12345678",
            "1234 5678",
            "123456\r\n",
            "\t123456",
            "123\u{a0}456",
            "123\u{202f}456",
            "\u{200e}123\u{2009}456\u{202c}",
            "\u{feff}123\u{200b}456",
        ] {
            assert!(Code::parse(good).is_some(), "{good:?}");
        }
        let long = "1".repeat(1_000_000);
        for bad in [
            "",
            " ",
            "12345",
            "1234567",
            "123456789",
            "0123456",
            "+123456",
            "-12345",
            "12345a",
            "abcdef",
            "１２３４５６",
            "123456\0",
            "123\u{ad}456",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "12345\u{ff16}",
            "123456&code=000000",
            "0x1234",
            "1234.5",
            "\u{31}\u{0}23456",
            long.as_str(),
        ] {
            assert!(Code::parse(bad).is_none(), "{:?}", bad.get(..20).unwrap_or(bad));
        }
    }

    #[test]
    fn spellings_of_one_code_are_one_code() {
        let plain = code("123456");
        for spelling in [" 123456", "123456 ", "123 456", "123\u{a0}456\n", "\u{200b}123456"] {
            assert!(bool::from(plain.same(&code(spelling))));
        }
        assert!(!bool::from(plain.same(&code("12345600"))));
        assert!(!bool::from(plain.same(&code("123457"))));
    }
}
