//! When sessions and passes were last used: only the gate notices, and the worker keeps it.

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::session::Session;
use crate::clock::Timestamp;

/// What was used since the last report.
#[derive(Default)]
pub struct LastUses {
    /// Sessions, each with its last use.
    pub sessions: Vec<Session>,
    /// Passes, and when.
    pub passes: Vec<(PassId, Timestamp)>,
}

impl LastUses {
    /// Whether nothing was used.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.passes.is_empty()
    }
}
