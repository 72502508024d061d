//! `limit …`: whose failures are counted.

use clap::{Args, Subcommand};

use super::backend::Backend;
use super::console::Console;
use super::exit::Failure;
use super::output::{Table, or_dash};
use super::program::Program;
use crate::app::messages::answers::limits::{LimitLine, LimitsCleared};
use crate::app::messages::command::Command;

/// `limit …`
#[derive(Debug, Subcommand)]
pub enum LimitVerb {
    /// List addresses and users with failed logins, and until when they have to wait
    List,
    /// Clear counted failures
    #[command(after_help = "Examples:
  portcullis limit clear 203.0.113.7
  portcullis limit clear 2001:db8:1:2::1       the whole /64 it is in
  portcullis limit clear 2001:db8:1:200::/56   all of it; a /48 works, too
  portcullis limit clear alice
  portcullis limit clear strangers             all unknown browsers
  portcullis limit clear home                  those at home only; `internet`: the others
  portcullis limit clear --all")]
    Clear(Clear),
}

/// Whose failures are cleared: exactly one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Clear {
    /// An address, a user, or `strangers`
    #[arg(value_name = "ADDRESS|NAME|strangers")]
    pub what: Option<String>,
    /// Everything that is counted
    #[arg(long)]
    pub all: bool,
}

const LIMITS: Table<LimitLine> = Table {
    columns: &[
        ("KIND", |limit| limit.kind.clone()),
        ("KEY", |limit| limit.key.clone()),
        ("FAILURES", |limit| limit.failures.to_string()),
        ("UNTIL", |limit| or_dash(limit.until.as_ref())),
    ],
    empty: "No failures are counted.",
};

impl<B: Backend> Program<'_, B> {
    /// `limit …`
    pub(super) fn limit(&self, verb: LimitVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            LimitVerb::List => self.list(Command::LimitList, &LIMITS, console),
            LimitVerb::Clear(Clear { what, all }) => {
                let what = what.unwrap_or_default();
                self.order::<LimitsCleared>(Command::LimitClear { what, all }, console)
            }
        }
    }
}
