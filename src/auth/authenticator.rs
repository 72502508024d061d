//! What a user's codes are made with: a seed, a hash and a number of digits.
//!
//! HOTP is RFC 4226, TOTP is RFC 6238; the HMAC and its truncation are `totp-rs`. Its own `check`
//! ends at the first candidate that fits and at the first wrong length, so the candidates are
//! compared here: every one of them, in constant time, whatever the code looks like.

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConditionallySelectable};

use crate::auth::code::Code;
use crate::auth::seed::Seed;
use crate::auth::time_step::{STEP, TimeStep};
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// The widest window: two steps before and after the current one.
pub const MAX_SKEW: u8 = 2;

/// The hash beneath the code. Many authenticators silently compute SHA-1 whatever the URL says, so
/// it is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA-1.
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl Algorithm {
    /// The spelling in an `otpauth` URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads `SHA1`, `sha-256` and the like; `None` for any other hash.
    pub fn parse(text: &str) -> Option<Self> {
        [(Self::Sha1, "SHA-1"), (Self::Sha256, "SHA-256"), (Self::Sha512, "SHA-512")]
            .into_iter()
            .find_map(|(algorithm, dashed)| {
                (text.eq_ignore_ascii_case(dashed) || text.eq_ignore_ascii_case(algorithm.as_str()))
                    .then_some(algorithm)
            })
    }
}

impl From<Algorithm> for totp_rs::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::SHA1,
            Algorithm::Sha256 => Self::SHA256,
            Algorithm::Sha512 => Self::SHA512,
        }
    }
}

/// How many digits a user's codes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum CodeLength {
    /// What every authenticator can show.
    #[default]
    Six,
    /// A hundred times harder to guess; some authenticators cannot show it.
    Eight,
}

impl CodeLength {
    /// The number itself.
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Eight => 8,
        }
    }
}

impl From<CodeLength> for u8 {
    fn from(digits: CodeLength) -> Self {
        digits.count()
    }
}

impl TryFrom<u8> for CodeLength {
    type Error = &'static str;

    fn try_from(count: u8) -> Result<Self, Self::Error> {
        match count {
            6 => Ok(Self::Six),
            8 => Ok(Self::Eight),
            _ => Err("codes have 6 or 8 digits"),
        }
    }
}

/// What one user's codes are made with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// The shared key.
    pub seed: Seed,
    /// The hash.
    pub algorithm: Algorithm,
    /// The length of a code.
    pub digits: CodeLength,
}

impl Authenticator {
    /// A fresh seed with what every authenticator understands: SHA-1 and six digits.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self::generate_with(Algorithm::default(), CodeLength::default(), entropy)
    }

    /// A fresh seed for this hash and length.
    pub fn generate_with(
        algorithm: Algorithm,
        digits: CodeLength,
        entropy: &mut impl Entropy,
    ) -> Self {
        Self { seed: Seed::generate(entropy), algorithm, digits }
    }

    /// That of nobody: it costs what a user's own costs, and no code is its own.
    pub(super) fn of_nobody() -> Self {
        Self {
            seed: Seed::of_nobody(),
            algorithm: Algorithm::default(),
            digits: CodeLength::default(),
        }
    }

    /// The code of one step, as text. For enrolment pages and tests; a login compares, it does not
    /// print.
    pub fn code(&self, step: TimeStep) -> String {
        self.totp().generate(step.start().unix()).to_string()
    }

    /// The latest step within `skew` of `now` whose code this is. All candidates are computed and
    /// compared, whatever comes out. A `skew` above [`MAX_SKEW`] counts as that.
    pub fn matching_step(&self, code: &Code, now: Timestamp, skew: u8) -> Option<TimeStep> {
        self.matching_steps(code, now, skew).map(|(_, latest)| latest)
    }

    /// First and last matching step: they differ where two steps of the window happen to have the
    /// same digits.
    pub(super) fn matching_steps(
        &self,
        code: &Code,
        now: Timestamp,
        skew: u8,
    ) -> Option<(TimeStep, TimeStep)> {
        let totp = self.totp();
        let current = TimeStep::at(now).number();
        let reach = u64::from(skew.min(MAX_SKEW));
        let (mut first, mut last, mut any) = (0, 0, Choice::from(0));
        for step in current.saturating_sub(reach)..=current.saturating_add(reach) {
            let expected = Code::of(&totp.generate(TimeStep::new(step).start().unix()));
            let fits = expected.same(code);
            first.conditional_assign(&step, fits & !any);
            last.conditional_assign(&step, fits);
            any |= fits;
        }
        bool::from(any).then_some((TimeStep::new(first), TimeStep::new(last)))
    }

    /// The URL that an authenticator reads from a QR code: `otpauth://totp/ISSUER:NAME?secret=…`.
    pub fn otpauth_url(&self, name: &UserName, issuer: &str) -> String {
        let issuer = percent_encoded(issuer);
        format!(
            "otpauth://totp/{issuer}:{name}?secret={}&issuer={issuer}&algorithm={}&digits={}&period={}",
            self.seed.base32(),
            self.algorithm.as_str(),
            self.digits.count(),
            STEP.as_secs(),
        )
    }

    /// `build_noncompliant` leaves out the checks that the types here have made already.
    fn totp(&self) -> totp_rs::Totp {
        totp_rs::Builder::new()
            .with_algorithm(self.algorithm.into())
            .with_digits(self.digits.count())
            .with_step_duration(STEP.as_secs())
            .with_secret(self.seed.expose())
            .build_noncompliant()
    }
}

/// RFC 3986 section 2.1: everything but unreserved characters is encoded.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;
