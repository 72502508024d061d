//! Why bytes are no request: the status that refuses them, and the reason in words.
//!
//! Guarantees: a reason is a fixed text, never anything that was sent.

use core::fmt;

use super::response::Status;

/// Bytes that are no acceptable request. The connection is answered and ends: nothing behind them
/// can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The status to answer: 400, 405, 413, 414, 431, 501 or 505.
    pub status: Status,
    /// What is wrong, in words for who looks after the proxy.
    pub reason: &'static str,
}

impl Malformed {
    /// A 400 with its reason.
    pub const fn bad(reason: &'static str) -> Self {
        Self { status: Status::BAD_REQUEST, reason }
    }

    /// A refusal with its reason.
    pub const fn of(status: Status, reason: &'static str) -> Self {
        Self { status, reason }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
    }
}
