//! `limit …`: whose failures are counted.

use super::backend::Backend;
use super::console::Console;
use super::exit::Failure;
use super::output::{Table, or_dash};
use super::program::Program;
use super::verbs::{Clear, LimitVerb};
use crate::app::messages::answers::limits::{LimitLine, LimitsCleared};
use crate::app::messages::command::Command;

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
