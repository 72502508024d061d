//! The visitor's authenticator app: RFC 6238 by hand, so that the product's own arithmetic is not
//! its own judge.

use std::cell::Cell;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;

/// Seconds of one time step.
pub const STEP: u64 = 30;

/// Somebody with an account and the app on the phone. Remembers which steps are spent.
pub struct Person {
    pub name: String,
    /// The seed as the app was given it: base32.
    pub secret: String,
    spent: Cell<u64>,
}

impl Person {
    /// From what `user add NAME --json` prints.
    pub fn from_answer(answer: &Value) -> Self {
        let text = |key: &str| {
            answer[key].as_str().unwrap_or_else(|| panic!("no {key} in {answer}")).to_owned()
        };
        Self { name: text("name"), secret: text("secret"), spent: Cell::new(0) }
    }

    /// The code that an app shows during `step`.
    pub fn code_at(&self, step: u64) -> String {
        code(&base32(&self.secret), step)
    }

    /// A code that is good at `now`, in seconds since 1970, and was not handed out before. `None`
    /// where three were.
    pub fn unspent_code(&self, now: u64) -> Option<String> {
        let current = now / STEP;
        // The step before is good for the rest of this one only: not taken when that is about to
        // end.
        let oldest = if now % STEP < STEP - 20 { current - 1 } else { current };
        let step = oldest.max(self.spent.get() + 1);
        (step <= current + 1).then(|| {
            self.spent.set(step);
            self.code_at(step)
        })
    }
}

/// A well-formed code that none of these people's apps shows near that step.
pub fn wrong_code_near(people: &[&Person], step: u64) -> String {
    let near: Vec<_> =
        people.iter().flat_map(|p| (step - 6..step + 7).map(|step| p.code_at(step))).collect();
    (123_456..)
        .map(|n| format!("{n:06}"))
        .find(|code| !near.contains(code))
        .expect("few codes are near")
}

/// RFC 6238 with SHA-1 and six digits.
fn code(seed: &[u8], step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).expect("any length is a key");
    mac.update(&step.to_be_bytes());
    let tag = mac.finalize().into_bytes();
    let start = usize::from(tag[19] & 0x0F);
    let word =
        u32::from_be_bytes([tag[start] & 0x7F, tag[start + 1], tag[start + 2], tag[start + 3]]);
    format!("{:06}", word % 1_000_000)
}

/// RFC 4648 base32, without padding, letters of any case.
fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.trim_end_matches('=').chars() {
        let value =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter.to_ascii_uppercase()).expect("base32");
        held = (held << 5) | u32::try_from(value).expect("below 32");
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xFF).expect("eight bits"));
        }
    }
    bytes
}
