//! What a commit rests on. Whoever decides, decides on facts that may be old by the time at which
//! the ledger writes: the conditions name them, and the ledger commits only while they are true.

use crate::auth::session::SessionId;
use crate::auth::totp::TimeStep;
use crate::auth::user::{User, UserName};
use crate::ledger::change::{CounterKey, GateRecord};

/// One fact that must still be true at the moment of the commit. No `Debug`: it may hold secrets.
#[derive(Clone)]
pub enum Condition {
    /// Neither the code of this step nor a later one was taken from the user: a code is taken at
    /// most once.
    StepUnspent {
        /// Whose code it is.
        user: UserName,
        /// The step of the code.
        step: TimeStep,
    },
    /// The user is there and enabled, and of this generation: neither disabled nor given another
    /// seed since.
    UserEnabled {
        /// The user's name.
        name: UserName,
        /// [`User::generation`], as it was read.
        generation: u32,
    },
    /// The user is there, exactly like this. Each login changes a user, so it also says that no
    /// session of theirs began since.
    UserUnchanged(Box<User>),
    /// Nobody has this name.
    UserAbsent(UserName),
    /// There never was a user: set-up and restore.
    NoUserYet,
    /// The session has not been ended.
    SessionLiving(SessionId),
    /// The gate's own record is exactly this one.
    GateRecordUnchanged(Box<GateRecord>),
    /// No other gate has counted under this key, or cleared it, since the last poll.
    CounterUnmoved(CounterKey),
}

/// Whether a commit has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Commit {
    /// All changes are on the disk.
    Committed,
    /// A condition is not true any more, and nothing has changed.
    Conflict,
}

/// What conditions are checked against.
pub(super) trait RecordView {
    /// The user as kept.
    fn user(&self, name: &UserName) -> Option<User>;
    /// Whether the session is kept.
    fn has_session(&self, id: &SessionId) -> bool;
    /// The gate's own record as kept.
    fn gate_record(&self) -> Option<GateRecord>;
    /// Whether another gate has changed this counter since the last poll.
    fn has_moved(&self, counter: &CounterKey) -> bool;
}

impl Condition {
    /// Whether it is true of `records`.
    pub(super) fn holds(&self, records: &impl RecordView) -> bool {
        match self {
            Self::StepUnspent { user, step } => {
                records.user(user).is_some_and(|user| !user.has_spent(*step))
            }
            Self::UserEnabled { name, generation } => records
                .user(name)
                .is_some_and(|user| user.enabled && user.generation == *generation),
            Self::UserUnchanged(expected) => {
                records.user(&expected.name).is_some_and(|user| user == **expected)
            }
            Self::UserAbsent(name) => records.user(name).is_none(),
            Self::NoUserYet => records.gate_record().is_some_and(|record| !record.ever_had_user),
            Self::SessionLiving(id) => records.has_session(id),
            Self::GateRecordUnchanged(expected) => {
                records.gate_record().is_some_and(|record| record == **expected)
            }
            Self::CounterUnmoved(key) => !records.has_moved(key),
        }
    }
}
