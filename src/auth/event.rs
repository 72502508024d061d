//! What is worth a line in the audit log: who did what to whom, from where, and why it ended so.
//!
//! There is no field for a code, a seed, a token, a cookie or what a browser calls itself, and
//! every text is short and without control characters. Its time, its number and its place in the
//! chain an event gets in [`crate::auth::audit`].

use std::fmt;
use std::net::IpAddr;

use crate::auth::user_name::UserName;

/// The longest text of an event, in bytes.
pub const MAX_TEXT: usize = 160;

/// What was done. Entries of the log keep the word alone, so that a later release's words are no
/// riddle to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The log begins, or goes on after what came before was lost; `why` says which, and the
    /// subject which lines are missing.
    LogBegun,
    /// Lines left the log before their time, because there were too many.
    LogShortened,
    /// The gate was started.
    GateStarted,
    /// The gate was told to stop.
    GateStopped,
    /// The settings were read again.
    SettingsReloaded,
    /// The session secret is another one than that of living sessions.
    SecretChanged,
    /// The old store was set aside.
    StoreSetAside,
    /// A code of the right form was posted.
    Login,
    /// A budget of guesses ran empty.
    LimitReached,
    /// A visitor ended a session, or all of hers.
    Logout,
    /// A session ended because there were too many of its user.
    SessionEnded,
    /// An operator ended sessions.
    SessionRevoked,
    /// A user was added.
    UserAdded,
    /// A user's codes are taken no more.
    UserDisabled,
    /// They are taken again.
    UserEnabled,
    /// A user was removed.
    UserRemoved,
    /// A user has a new seed.
    UserRotated,
    /// A user's seed was shown again.
    UserExported,
    /// Somebody entered a set-up code.
    SetupCode,
    /// Another set-up code was made.
    SetupCodeMade,
    /// The set-up code is good no more.
    SetupCodeVoid,
    /// The first user was enrolled in a browser.
    Enrolment,
    /// All users left for a backup.
    Backup,
    /// The users of a backup came in.
    Restore,
    /// A pass was made.
    PassMade,
    /// An operator ended passes.
    PassRevoked,
    /// Failures were forgotten.
    LimitsCleared,
    /// The present time was taken for true.
    ClockReset,
}

impl Action {
    /// As it stands in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogBegun => "log-begun",
            Self::LogShortened => "log-shortened",
            Self::GateStarted => "gate-started",
            Self::GateStopped => "gate-stopped",
            Self::SettingsReloaded => "settings-reloaded",
            Self::SecretChanged => "session-secret-changed",
            Self::StoreSetAside => "store-set-aside",
            Self::Login => "login",
            Self::LimitReached => "limit-reached",
            Self::Logout => "logout",
            Self::SessionEnded => "session-ended",
            Self::SessionRevoked => "session-revoked",
            Self::UserAdded => "user-added",
            Self::UserDisabled => "user-disabled",
            Self::UserEnabled => "user-enabled",
            Self::UserRemoved => "user-removed",
            Self::UserRotated => "user-rotated",
            Self::UserExported => "user-exported",
            Self::SetupCode => "setup-code",
            Self::SetupCodeMade => "setup-code-made",
            Self::SetupCodeVoid => "setup-code-void",
            Self::Enrolment => "enrolment",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::PassMade => "pass-made",
            Self::PassRevoked => "pass-revoked",
            Self::LimitsCleared => "limits-cleared",
            Self::ClockReset => "clock-reset",
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody that is known.
    Visitor,
    /// Whoever had this user's code or session.
    User(UserName),
    /// A process that gave an order over the control socket, by its user.
    Operator(u32),
    /// A verb that worked on the store itself, by the user who ran it.
    CommandLine(u32),
    /// The gate by itself.
    Gate,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor => f.write_str("visitor"),
            Self::User(name) => write!(f, "user {name}"),
            Self::Operator(uid) => write!(f, "operator uid {uid}"),
            Self::CommandLine(uid) => write!(f, "command line uid {uid}"),
            Self::Gate => f.write_str("gate"),
        }
    }
}

/// What happened, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub(super) action: Action,
    pub(super) refused: bool,
    pub(super) actor: Actor,
    pub(super) subject: String,
    pub(super) client: Option<IpAddr>,
    pub(super) why: String,
}

impl Event {
    /// `actor` did this, and it was done.
    pub fn new(action: Action, actor: Actor) -> Self {
        Self {
            action,
            refused: false,
            actor,
            subject: String::new(),
            client: None,
            why: String::new(),
        }
    }

    /// To whom or what.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.subject = harmless(&subject.to_string());
        self
    }

    /// From which address.
    #[must_use]
    pub fn from(mut self, client: IpAddr) -> Self {
        self.client = Some(client.to_canonical());
        self
    }

    /// The reason.
    #[must_use]
    pub fn because(mut self, why: impl fmt::Display) -> Self {
        self.why = harmless(&why.to_string());
        self
    }

    /// It was asked for, and not done.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }
}

/// At most [`MAX_TEXT`] bytes without anything that could move a cursor or end a line.
fn harmless(text: &str) -> String {
    let mut kept = String::new();
    for letter in text.chars() {
        let harmful = letter.is_control()
            || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let letter = if harmful { char::REPLACEMENT_CHARACTER } else { letter };
        if kept.len() + letter.len_utf8() > MAX_TEXT {
            break;
        }
        kept.push(letter);
    }
    kept
}
