//! The first enrolment: who holds it, how long, and what it takes to begin it.
//!
//! There is one [`Setup`] while no user has ever existed. Its code is good for 30 minutes and until
//! the tenth wrong try. The first browser that enters it holds the enrolment for 10 minutes; after
//! that its seed, which it has seen, is worth nothing, and the next holder gets a new one. `now` is
//! a steady clock: setting the clock frees and ends nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::auth::authenticator::Authenticator;
use crate::auth::setup_code::{CodeDigest, SetupCode};
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// The wrong try after which it is good no more.
pub const WRONG_TRIES: u32 = 10;
/// How long a browser holds the enrolment, and its cookie's `Max-Age`.
pub const HOLD: Duration = Duration::from_secs(10 * 60);

/// The enrolment of the first user, until there is one.
pub struct Setup {
    code: CodeDigest,
    opened: Timestamp,
    wrong: u32,
    hold: Option<Hold>,
    authenticator: Authenticator,
}

/// A browser that entered the code.
struct Hold {
    /// Of the cookie's value.
    digest: [u8; 32],
    until: Timestamp,
}

/// Why a code is good no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// Its 30 minutes are over.
    Late,
    /// It was guessed at too often.
    Guessed,
}

/// What came of entering a code.
#[must_use]
pub enum SetupOutcome {
    /// The browser holds the enrolment from now on; the value of its cookie.
    Begun(String),
    /// It does already.
    Yours,
    /// Another browser holds it, for so long.
    Held(Duration),
    /// Another code.
    Wrong,
    /// No code is good any more; nothing was compared.
    Void(Void),
}

impl Setup {
    /// Opens it with a code that is good from now on.
    pub fn open(code: &SetupCode, now: Timestamp, entropy: &mut impl Entropy) -> Self {
        let authenticator = Authenticator::generate(entropy);
        Self { code: code.digest(), opened: now, wrong: 0, hold: None, authenticator }
    }

    /// Ends a hold whose time is over. Called before anything else is asked.
    pub fn settle(&mut self, now: Timestamp, entropy: &mut impl Entropy) {
        if self.hold.take_if(|hold| hold.until <= now).is_some() {
            self.authenticator = Authenticator::generate(entropy);
        }
    }

    /// When the code ends and how many wrong tries it bears, or why it is good no more.
    pub fn code(&self, now: Timestamp) -> Result<(Timestamp, u32), Void> {
        let end = self.opened.plus(CODE_LIFETIME);
        match WRONG_TRIES.saturating_sub(self.wrong) {
            0 => Err(Void::Guessed),
            _ if end <= now => Err(Void::Late),
            left => Ok((end, left)),
        }
    }

    /// Holds `typed` against the code. `holders` are the cookies that came with it.
    pub fn enter(
        &mut self,
        typed: &SetupCode,
        holders: &[Vec<u8>],
        now: Timestamp,
        entropy: &mut impl Entropy,
    ) -> SetupOutcome {
        if let Err(void) = self.code(now) {
            return SetupOutcome::Void(void);
        }
        if !self.code.is_of(typed) {
            self.wrong = self.wrong.saturating_add(1);
            return SetupOutcome::Wrong;
        }
        if self.holder_among(holders).is_some() {
            return SetupOutcome::Yours;
        }
        if let Some(left) = self.held(now) {
            return SetupOutcome::Held(left);
        }
        let value = URL_SAFE_NO_PAD.encode(entropy.bytes::<16>());
        self.hold =
            Some(Hold { digest: Sha256::digest(value.as_bytes()).into(), until: now.plus(HOLD) });
        SetupOutcome::Begun(value)
    }

    /// How long the enrolment is still held.
    pub fn held(&self, now: Timestamp) -> Option<Duration> {
        self.hold.as_ref().map(|hold| hold.until.since(now)).filter(|left| !left.is_zero())
    }

    /// The cookie's value that is the holder's, of several.
    pub fn holder_among<'v>(&self, values: &'v [Vec<u8>]) -> Option<&'v [u8]> {
        values.iter().map(Vec::as_slice).find(|value| self.is_holder(value))
    }

    /// Whether a cookie's value is the holder's.
    pub fn is_holder(&self, value: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(value).into();
        self.hold.as_ref().is_some_and(|hold| hold.digest.ct_eq(&digest).into())
    }

    /// What the first user's codes will be made with.
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
