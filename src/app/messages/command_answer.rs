//! What a command is answered with, and what comes of carrying it out.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::messages::answers::audit::{AuditPage, AuditVerdict};
use crate::app::messages::answers::backup::{PackedUsers, UsersRestored};
use crate::app::messages::answers::clock::ClockReset;
use crate::app::messages::answers::doctor::DoctorReport;
use crate::app::messages::answers::limits::{LimitLine, LimitsCleared};
use crate::app::messages::answers::passes::{PassCreated, PassLine, PassesRevoked};
use crate::app::messages::answers::sessions::{SessionLine, SessionsRevoked};
use crate::app::messages::answers::setup::SetupStatus;
use crate::app::messages::answers::users::{UserCredentials, UserDetails, UserLine, UserRemoved};
use crate::app::messages::command::CommandRefused;
use crate::app::messages::effect::Effect;

/// An answer, and what the gate must know.
pub type Done = Result<(CommandAnswer, Vec<Effect>), CommandRefused>;

/// What one command is answered with: a line of [`CommandAnswer`].
pub trait Answer: Serialize + DeserializeOwned {
    /// Takes it out of `answer`.
    ///
    /// # Errors
    /// The answer is that of another command: a fault of this program.
    fn of(answer: CommandAnswer) -> Result<Self, CommandRefused>;
}

/// The enumeration of all answers, and how each is taken out of it.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident($answer:ty),)*) => {
        /// What commands are answered with. Written as JSON it is the answer alone.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum CommandAnswer {
            $($(#[$doc])* $name($answer),)*
        }

        $(impl Answer for $answer {
            fn of(answer: CommandAnswer) -> Result<Self, CommandRefused> {
                match answer {
                    CommandAnswer::$name(answer) => Ok(answer),
                    _ => Err(CommandRefused::mistaken()),
                }
            }
        })*
    };
}

answers! {
    /// A seed that is shown this once.
    UserCredentials(UserCredentials),
    /// All users.
    Users(Vec<UserLine>),
    /// A user who was enabled or disabled.
    User(UserLine),
    /// All about one user.
    UserDetails(UserDetails),
    /// A user is gone.
    UserRemoved(UserRemoved),
    /// All living sessions.
    Sessions(Vec<SessionLine>),
    /// Sessions have ended.
    SessionsRevoked(SessionsRevoked),
    /// A pass whose token is shown this once.
    PassCreated(PassCreated),
    /// All living passes.
    Passes(Vec<PassLine>),
    /// Passes have ended.
    PassesRevoked(PassesRevoked),
    /// What counts failures.
    Limits(Vec<LimitLine>),
    /// Failures are forgotten.
    LimitsCleared(LimitsCleared),
    /// The present time is taken for true.
    ClockReset(ClockReset),
    /// How the first enrolment stands.
    Setup(SetupStatus),
    /// Users for a backup.
    PackedUsers(PackedUsers),
    /// Users of a backup are in.
    UsersRestored(UsersRestored),
    /// Lines of the audit log.
    AuditPage(AuditPage),
    /// Whether the audit log is whole.
    AuditVerdict(AuditVerdict),
    /// What is wrong with the gate.
    Doctor(DoctorReport),
}

#[cfg(test)]
#[path = "command_answer_tests.rs"]
mod tests;
