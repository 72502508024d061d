//! `session …`: who is logged in.

use super::backend::Backend;
use super::console::Console;
use super::exit::Failure;
use super::output::Table;
use super::program::Program;
use super::verbs::{Revoke, SessionVerb};
use crate::app::messages::answers::sessions::{SessionLine, SessionsRevoked};
use crate::app::messages::command::Command;

const SESSIONS: Table<SessionLine> = Table {
    columns: &[
        ("ID", |session| session.id.clone()),
        ("USER", |session| session.user.clone()),
        ("CREATED", |session| session.created.clone()),
        ("EXPIRES", |session| session.expires.clone()),
        ("LAST SEEN", |session| session.last_seen.clone()),
        ("ADDRESS", |session| session.client_ip.to_string()),
        ("BROWSER", |session| session.user_agent.clone()),
    ],
    empty: "Nobody is logged in.",
};

impl<B: Backend> Program<'_, B> {
    /// `session …`
    pub(super) fn session(
        &self,
        verb: SessionVerb,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        match verb {
            SessionVerb::List => self.list(Command::SessionList, &SESSIONS, console),
            SessionVerb::Revoke(Revoke { ids, user, all }) => {
                self.order::<SessionsRevoked>(Command::SessionRevoke { ids, user, all }, console)
            }
        }
    }
}
