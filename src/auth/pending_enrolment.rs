//! An enrolment that has begun: somebody is about to get an authenticator, and one browser alone
//! has seen its seed.
//!
//! A browser holds the enrolment for 10 minutes. After that the seed, which it has seen, is worth
//! nothing, and the next holder gets a new one. Who may begin, and what is made of the
//! authenticator in the end, is not known here: [`crate::auth::setup`] is for the first user. `now`
//! is a steady clock: setting the clock frees and ends nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::auth::authenticator::Authenticator;
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// How long a browser holds an enrolment, and its cookie's `Max-Age`.
pub const HOLD: Duration = Duration::from_secs(10 * 60);

/// The authenticator that somebody is about to get, and who holds it.
pub struct PendingEnrolment {
    hold: Option<Hold>,
    authenticator: Authenticator,
}

/// The browser that may go on.
struct Hold {
    /// Of the cookie's value.
    digest: [u8; 32],
    until: Timestamp,
}

impl PendingEnrolment {
    /// With a new seed, held by nobody.
    pub fn new(entropy: &mut impl Entropy) -> Self {
        Self { hold: None, authenticator: Authenticator::generate(entropy) }
    }

    /// Ends a hold whose time is over. Called before anything else is asked.
    pub fn settle(&mut self, now: Timestamp, entropy: &mut impl Entropy) {
        if self.hold.take_if(|hold| hold.until <= now).is_some() {
            self.authenticator = Authenticator::generate(entropy);
        }
    }

    /// A browser holds it from now on; gives the value of its cookie.
    pub fn begin(&mut self, now: Timestamp, entropy: &mut impl Entropy) -> String {
        let value = URL_SAFE_NO_PAD.encode(entropy.bytes::<16>());
        let digest = Sha256::digest(value.as_bytes()).into();
        self.hold = Some(Hold { digest, until: now.plus(HOLD) });
        value
    }

    /// How long it is still held.
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

    /// What the codes will be made with.
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }
}
