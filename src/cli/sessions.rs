//! `session …`: who is logged in.

use clap::{Args, Subcommand};

use super::backend::Backend;
use super::console::Console;
use super::dashed_id;
use super::exit::Failure;
use super::output::Table;
use super::program::Program;
use crate::app::messages::answers::sessions::{SessionLine, SessionsRevoked};
use crate::app::messages::command::Command;

/// `session …`
#[derive(Debug, Subcommand)]
pub enum SessionVerb {
    /// List all active sessions
    List,
    /// End sessions at once: their next request is refused
    #[command(after_help = "Examples:
  portcullis session revoke 3zXk2fQ9TgWq1yB7nC5vHA
  portcullis session revoke --user alice
  portcullis session revoke --all        everybody; no browser counts as a known device any more")]
    Revoke(Revoke),
}

/// Which sessions end: exactly one of the three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Revoke {
    /// Session ids, as listed by `session list`
    #[arg(value_name = "ID", value_parser = dashed_id::without_mark)]
    pub ids: Vec<String>,
    /// All sessions of this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// All sessions
    #[arg(long)]
    pub all: bool,
}

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
