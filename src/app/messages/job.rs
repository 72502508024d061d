//! What passes between the loop and the worker: a job one way, its outcome with what has changed
//! the other.

use std::net::IpAddr;
use std::sync::Arc;

use crate::app::messages::command::{Command, CommandRefused};
use crate::app::messages::command_answer::CommandAnswer;
use crate::app::messages::effect::Effect;
use crate::app::messages::enrolment::{Enrolment, EnrolmentAnswer};
use crate::app::messages::last_uses::LastUses;
use crate::app::messages::login::{Admission, LoginAttempt};
use crate::app::messages::running::{ReadSettings, Running};
use crate::auth::event::Actor;
use crate::auth::session::SessionId;
use crate::config::Config;
use crate::ledger::StoreError;

/// What the loop asks of the worker.
pub enum Job {
    /// A well-formed code was posted.
    Login(Box<LoginAttempt>),
    /// Somebody is at the set-up page.
    Enrol(Box<Enrolment>),
    /// End one session, or all of its user's.
    Logout {
        /// The session that asked.
        session: SessionId,
        /// Whether the user's other sessions end too.
        all: bool,
        /// Who asks, as `proxy.trust` sees it.
        client: IpAddr,
        /// Where the visitor goes afterwards.
        next: String,
    },
    /// A command from the control socket.
    Command {
        /// What is to be done.
        command: Box<Command>,
        /// Who gave it.
        by: Actor,
        /// What was used since the last report, for the lists.
        last_uses: LastUses,
    },
    /// Is everything as it should be?
    Doctor(Box<Running>),
    /// Is everything fit to work?
    Ready,
    /// When sessions and passes were last used: coalesced, written now.
    Seen {
        /// What was used since the last report.
        last_uses: LastUses,
        /// The gate is about to end.
        ending: bool,
    },
    /// The settings may have changed: read them again.
    Reload(ReadSettings),
}

/// What comes back, answer first.
pub enum Outcome {
    /// The fate of a login.
    Login(Box<LoginAttempt>, Admission, Vec<Effect>),
    /// What the set-up page shows.
    Enrol(Box<Enrolment>, EnrolmentAnswer, Vec<Effect>),
    /// The session has ended, or could not be ended.
    Logout(Result<(), StoreError>, String, Vec<Effect>),
    /// A command's result.
    Command(Result<CommandAnswer, CommandRefused>, Vec<Effect>),
    /// What was looked at.
    Ready(Vec<Check>),
    /// The settings that are in force now.
    Reloaded(Arc<Config>),
    /// Housekeeping; nobody waits for it.
    Housekeeping(Vec<Effect>),
}

/// One thing that must be well for the gate to work.
pub struct Check {
    /// One word.
    pub name: &'static str,
    /// Whether it is well.
    pub well: bool,
    /// More about it, for the operator.
    pub detail: String,
}

impl Check {
    /// A check that went well, or did not, with the reason.
    pub fn of<E: std::fmt::Display>(name: &'static str, found: Result<&str, E>) -> Self {
        let detail = found.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        Self { name, well: found.is_ok(), detail }
    }
}
