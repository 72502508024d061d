//! What the command about the clock is answered with.

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};

/// The present time is taken for true: `clock reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct ClockReset {
    /// The present time, by RFC 3339.
    pub now: String,
    /// Sessions that ended.
    pub sessions_ended: usize,
    /// Users whose last code belonged to a time still to come; their codes are taken again.
    pub users_freed: usize,
}

read_members!(ClockReset { now, sessions_ended, users_freed });
