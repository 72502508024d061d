//! Time-based one-time passwords: seeds, codes and the question whose code this is.
//!
//! HOTP is RFC 4226, TOTP is RFC 6238; the HMAC and its truncation are `totp-rs`. Its own `check`
//! ends at the first candidate that fits and at the first wrong length, so the candidates are
//! compared here: every one of them, in constant time, whatever the code looks like. Nothing here
//! remembers a code: the caller keeps the spent step.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

pub use crate::auth::seed::Seed;
use crate::auth::typed::is_blank;
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// How long one code is current (RFC 6238 section 5.2 recommends 30 seconds).
pub const STEP: Duration = Duration::from_secs(30);

/// The widest window: two steps before and after the current one.
pub const MAX_SKEW: u8 = 2;

/// The longest code, in digits.
const LONGEST: usize = 8;

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
pub enum Digits {
    /// What every authenticator can show.
    #[default]
    Six,
    /// A hundred times harder to guess; some authenticators cannot show it.
    Eight,
}

impl Digits {
    /// The number itself.
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Eight => 8,
        }
    }
}

impl From<Digits> for u8 {
    fn from(digits: Digits) -> Self {
        digits.count()
    }
}

impl TryFrom<u8> for Digits {
    type Error = &'static str;

    fn try_from(count: u8) -> Result<Self, Self::Error> {
        match count {
            6 => Ok(Self::Six),
            8 => Ok(Self::Eight),
            _ => Err("codes have 6 or 8 digits"),
        }
    }
}

/// The number of a 30-second step since 1970 (T in RFC 6238 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimeStep(u64);

impl TimeStep {
    /// The last one there can be. As a spent step it says: all, until the time is known.
    pub const LAST: Self = Self(u64::MAX);

    /// The step that `now` lies in.
    pub const fn at(now: Timestamp) -> Self {
        Self(now.unix() / STEP.as_secs())
    }

    /// The step by its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The step `count` later; stays at the last one instead of overflowing.
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The first second of the step.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_unix(self.0.saturating_mul(STEP.as_secs()))
    }
}

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
    fn of(token: &totp_rs::Token) -> Self {
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
    fn same(&self, other: &Self) -> Choice {
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

/// What one user's codes are made with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// The shared key.
    pub seed: Seed,
    /// The hash.
    pub algorithm: Algorithm,
    /// The length of a code.
    pub digits: Digits,
}

impl Authenticator {
    /// A fresh seed with what every authenticator understands: SHA-1 and six digits.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self::generate_with(Algorithm::default(), Digits::default(), entropy)
    }

    /// A fresh seed for this hash and length.
    pub fn generate_with(algorithm: Algorithm, digits: Digits, entropy: &mut impl Entropy) -> Self {
        Self { seed: Seed::generate(entropy), algorithm, digits }
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
    fn matching_steps(
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
            let expected = Code::of(&totp.generate(TimeStep(step).start().unix()));
            let fits = expected.same(code);
            first.conditional_assign(&step, fits & !any);
            last.conditional_assign(&step, fits);
            any |= fits;
        }
        bool::from(any).then_some((TimeStep(first), TimeStep(last)))
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

/// One user whose code it was.
#[derive(Clone, Copy, Debug)]
pub struct Match<'u> {
    /// The user.
    pub user: &'u User,
    /// The step to spend: the latest one with these digits.
    pub step: TimeStep,
    /// The code was used before: a failure.
    pub spent: bool,
}

/// Whose code it was.
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict<'u> {
    /// Nobody's: a failure.
    Nobody,
    /// One user's. Lets that user in unless it is spent; the step must be stored before the answer
    /// goes out.
    One(Match<'u>),
    /// Several users': a failure, and the step is to be spent for each of them.
    Several(Vec<Match<'u>>),
}

/// Asks every enabled user's seed, to the last one, wherever the match is.
pub fn who<'u>(
    users: impl IntoIterator<Item = &'u User>,
    code: &Code,
    now: Timestamp,
    skew: u8,
) -> Verdict<'u> {
    // Room beforehand, so that a match costs no allocation that a miss does not.
    let mut matches = Vec::with_capacity(4);
    for user in users.into_iter().filter(|user| user.enabled) {
        if let Some(found) = ask(user, code, now, skew) {
            matches.push(found);
        }
    }
    match matches.as_slice() {
        [] => Verdict::Nobody,
        [one] => Verdict::One(*one),
        _ => Verdict::Several(matches),
    }
}

/// Asks one user by name. An unknown or disabled one costs as much as a wrong code: the same number
/// of HMACs over a seed that nobody has.
pub fn whether<'u>(user: Option<&'u User>, code: &Code, now: Timestamp, skew: u8) -> Verdict<'u> {
    match user {
        Some(user) => match ask(user, code, now, skew) {
            Some(found) if user.enabled => Verdict::One(found),
            _ => Verdict::Nobody,
        },
        None => {
            let _ =
                std::hint::black_box(Authenticator::of_nobody().matching_steps(code, now, skew));
            Verdict::Nobody
        }
    }
}

fn ask<'u>(user: &'u User, code: &Code, now: Timestamp, skew: u8) -> Option<Match<'u>> {
    let (first, latest) = user.authenticator.matching_steps(code, now, skew)?;
    // Digits that were spent at their first step stay spent at a later step that happens to have
    // the same.
    Some(Match { user, step: latest, spent: user.has_spent(first) })
}

impl Authenticator {
    fn of_nobody() -> Self {
        Self { seed: Seed::of_nobody(), algorithm: Algorithm::default(), digits: Digits::default() }
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
#[path = "totp_tests.rs"]
mod tests;
