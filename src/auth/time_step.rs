//! The steps of 30 seconds in which time passes for codes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How long one code is current (RFC 6238 section 5.2 recommends 30 seconds).
pub const STEP: Duration = Duration::from_secs(30);

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
