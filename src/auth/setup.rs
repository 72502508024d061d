//! The first enrolment: what it takes to begin it.
//!
//! There is one [`Setup`] while no user has ever existed. Its code is good for 30 minutes and until
//! the tenth wrong try. The first browser that enters it holds the enrolment. `now` is a steady
//! clock: setting the clock frees and ends nothing.

use std::time::Duration;

use crate::auth::pending_enrolment::PendingEnrolment;
use crate::auth::setup_code::{CodeDigest, SetupCode};
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// The wrong try after which it is good no more.
pub const WRONG_TRIES: u32 = 10;

/// The enrolment of the first user, until there is one.
pub struct Setup {
    code: CodeDigest,
    opened: Timestamp,
    wrong: u32,
    /// What the first user will log in with.
    pub enrolment: PendingEnrolment,
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
        let enrolment = PendingEnrolment::new(entropy);
        Self { code: code.digest(), opened: now, wrong: 0, enrolment }
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
        if self.enrolment.holder_among(holders).is_some() {
            return SetupOutcome::Yours;
        }
        if let Some(left) = self.enrolment.held(now) {
            return SetupOutcome::Held(left);
        }
        SetupOutcome::Begun(self.enrolment.begin(now, entropy))
    }
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
