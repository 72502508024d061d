//! What the command line asks of the gate, one JSON object each way, and why that is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::app::messages::records::Records;
use crate::ledger::StoreError;

/// The most octets of records in one answer or order over the control socket. All that the daemon
/// holds of unread answers and unfinished requests is twice as much.
pub const MOST_AT_ONCE: usize = 5 * 1024 * 1024;

/// One order of the command line. Names and addresses are still text here: who executes it checks
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Adds a user with a new seed.
    UserAdd {
        /// The user's name.
        name: String,
        /// May use the admin pages.
        admin: bool,
        /// For `Remote-Groups`.
        groups: Vec<String>,
        /// For `Remote-Name`.
        display_name: String,
        /// For `Remote-Email`.
        email: String,
        /// `sha1`, `sha256` or `sha512`.
        algorithm: Option<String>,
        /// 6 or 8.
        digits: Option<u8>,
    },
    /// All users.
    UserList,
    /// One user, without the seed.
    UserShow {
        /// The user's name.
        name: String,
    },
    /// Ends the user's sessions and takes no more codes.
    UserDisable {
        /// The user's name.
        name: String,
    },
    /// Takes codes again.
    UserEnable {
        /// The user's name.
        name: String,
    },
    /// Removes the user for good.
    UserRemove {
        /// The user's name.
        name: String,
    },
    /// Gives the user a new seed; the old one and all sessions end.
    UserRotate {
        /// The user's name.
        name: String,
    },
    /// The user's seed as `otpauth://`.
    UserExport {
        /// The user's name.
        name: String,
    },
    /// All living sessions.
    SessionList,
    /// Ends sessions: exactly one of the three is given.
    SessionRevoke {
        /// These sessions.
        ids: Vec<String>,
        /// All sessions of this user.
        user: Option<String>,
        /// All sessions and device cookies.
        all: bool,
    },
    /// Makes a pass for a program.
    PassCreate {
        /// What it is for.
        name: String,
        /// Whose it is.
        user: String,
        /// Hosts, or `*.example.com`: at least one.
        hosts: Vec<String>,
        /// Patterns of paths; none: all.
        paths: Vec<String>,
        /// Names of networks; none: from anywhere.
        networks: Vec<String>,
        /// How long it is good, in seconds; `None`: as long as is usual.
        lifetime: Option<u64>,
    },
    /// All living passes.
    PassList,
    /// Ends passes: exactly one of the three is given.
    PassRevoke {
        /// These passes.
        ids: Vec<String>,
        /// All passes of this user.
        user: Option<String>,
        /// All passes.
        all: bool,
    },
    /// Who is counted.
    LimitList,
    /// Forgets failures: of one address (its /64), user, or `strangers`; or all.
    LimitClear {
        /// An address, a name or `strangers`; empty with `all`.
        what: String,
        /// Everything.
        all: bool,
    },
    /// Takes the present time for true: resets floor and future steps, ends all sessions.
    ClockReset,
    /// How the enrolment of the first user stands.
    Setup {
        /// Make another code first.
        new_code: bool,
    },
    /// All users with their seeds, for a backup.
    Backup,
    /// Takes the users of a backup in, where no user has ever existed.
    Restore {
        /// What [`Command::Backup`] gave.
        records: Records,
    },
    /// Adds a user with a default name where none is given: `user`, `user2`…
    Generate {
        /// The user's name.
        name: Option<String>,
    },
    /// Lines of the audit log.
    AuditShow {
        /// None older than so many seconds.
        since: Option<u64>,
        /// Those of and about this user.
        user: Option<String>,
        /// The newest so many.
        limit: u64,
        /// Those before this number.
        before: Option<u64>,
    },
    /// Walks the audit log's chain.
    AuditVerify {
        /// A hash that was noted earlier; some entry must have it.
        expect: Option<String>,
    },
    /// What is wrong with this gate, and what to do about it.
    Doctor,
}

impl Command {
    /// Whether the socket's group is not enough for it: floor and spent steps go back, or seeds
    /// that count already are shown or leave the store. A new seed (`UserAdd`, `UserRotate`) and a
    /// new pass are shown to whoever orders them; a user notices that the old seed is gone, and the
    /// audit log tells of both.
    pub const fn needs_owner(&self) -> bool {
        matches!(
            self,
            Self::ClockReset
                | Self::Setup { .. }
                | Self::Backup
                | Self::Restore { .. }
                | Self::UserExport { .. }
        )
    }
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRefused {
    /// Exit code, as in sysexits.h.
    pub code: u8,
    /// For the operator: what is wrong and the way out.
    pub message: String,
}

impl fmt::Display for CommandRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl CommandRefused {
    /// Bad input, `EX_DATAERR`.
    pub fn data(message: impl Into<String>) -> Self {
        Self { code: 65, message: message.into() }
    }

    /// What was sent is no command that this version of the gate knows, `EX_DATAERR`.
    pub fn unknown(error: &serde_json::Error) -> Self {
        Self::data(format!(
            "the running gate, version {}, does not know this command ({error}): if it is older than this program, restart \
             it (`systemctl restart portcullis`)",
            env!("CARGO_PKG_VERSION"),
        ))
    }

    /// An answer of another kind than the command's, `EX_SOFTWARE`.
    pub fn mistaken() -> Self {
        let message = "a fault of this program: the answer is that of another command";
        Self { code: 70, message: message.to_owned() }
    }

    /// Unknown user, `EX_NOUSER`.
    pub fn no_user(name: &str) -> Self {
        Self {
            code: 67,
            message: format!("there is no user {name:?}; `portcullis user list` shows all"),
        }
    }
}

impl From<StoreError> for CommandRefused {
    /// `EX_IOERR`.
    fn from(error: StoreError) -> Self {
        Self { code: 74, message: error.to_string() }
    }
}
