//! How often something was seen, and when.

use crate::clock::Timestamp;

/// How often something was seen, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrences {
    /// How often.
    pub count: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}

impl Occurrences {
    pub(super) const fn once(now: Timestamp) -> Self {
        Self { count: 1, first: now, last: now }
    }

    pub(super) fn again(&mut self, now: Timestamp) {
        self.count = self.count.saturating_add(1);
        self.last = now;
    }
}
