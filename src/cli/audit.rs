//! `audit show` and `audit verify`: the log for people and for scripts.
//!
//! The daemon answers with a thousand lines at most, so a longer list is asked for piece by piece,
//! newest first.

use std::time::Duration;

use clap::Subcommand;

use super::backend::Backend;
use super::console::Console;
use super::exit::{DATA, Failure};
use super::output::{Table, or_dash};
use super::program::Program;
use crate::app::messages::answers::audit::{AuditLine, AuditPage, AuditVerdict};
use crate::app::messages::command::Command;
use crate::config::typed_duration;
use crate::telemetry::escape;

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Show who did what, newest last
    #[command(after_help = "Examples:
  portcullis audit show
  portcullis audit show --since 7d --user alice
  portcullis audit show --since 90d --json > audit.json")]
    Show {
        /// Only entries no older than this: a whole number followed by s, m, h or d
        #[arg(long, value_name = "TIME", value_parser = typed_duration)]
        since: Option<Duration>,
        /// Only what this user did or what was done to this user
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// At most this many entries, the newest ones [default: 100, or all with --since]
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Check that no entry was removed, changed, reordered, cut off or lost with the database; exit
    /// code 65 if one was
    #[command(after_help = "Examples:
  portcullis audit verify
  portcullis audit verify --expect 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

The head that it prints is the hash of the newest entry. Keep it somewhere else: with --expect the
log must still contain an entry with that hash, so that not even somebody who has the store's key
can rewrite the log unnoticed.")]
    Verify {
        /// A head that was noted earlier
        #[arg(long, value_name = "HASH")]
        expect: Option<String>,
    },
}

/// Lines that are shown where neither a number nor a time is given.
const USUAL: u64 = 100;

const LINES: Table<AuditLine> = Table {
    columns: &[
        ("NO", |line| line.number.to_string()),
        ("TIME", |line| line.time.clone()),
        ("ACTION", |line| line.action.clone()),
        ("RESULT", |line| line.result.clone()),
        ("BY", |line| line.actor.clone()),
        ("ABOUT", |line| or_dash(line.subject.as_ref())),
        ("ADDRESS", |line| or_dash(line.client)),
        ("WHY", |line| or_dash(line.why.as_ref())),
    ],
    empty: "The audit log has no such entries.",
};

impl<B: Backend> Program<'_, B> {
    /// `audit …`
    pub(super) fn audit(&self, verb: AuditVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            AuditVerb::Show { since, user, limit } => {
                let limit = limit.unwrap_or(if since.is_some() { u64::MAX } else { USUAL });
                let since = since.map(|since| since.as_secs());
                let lines = self.lines(since, user.as_deref(), limit)?;
                self.say(&lines, || LINES.text(&lines), console)
            }
            AuditVerb::Verify { expect } => {
                let verdict: AuditVerdict = self.answer(Command::AuditVerify { expect })?;
                if self.global.json {
                    console.say_json(&verdict)?;
                }
                self.verdict(&verdict, console)
            }
        }
    }

    fn lines(
        &self,
        since: Option<u64>,
        user: Option<&str>,
        limit: u64,
    ) -> Result<Vec<AuditLine>, Failure> {
        let (mut pages, mut left, mut before) = (Vec::new(), limit, None);
        loop {
            let command =
                Command::AuditShow { since, user: user.map(str::to_owned), limit: left, before };
            let AuditPage { entries, more } = self.answer(command)?;
            left = left.saturating_sub(u64::try_from(entries.len()).unwrap_or(u64::MAX));
            before = entries.first().map(|line| line.number);
            pages.push(entries);
            if !more || left == 0 || before.is_none() {
                break;
            }
        }
        Ok(pages.into_iter().rev().flatten().collect())
    }

    fn verdict(&self, verdict: &AuditVerdict, console: &mut Console<'_>) -> Result<(), Failure> {
        if !verdict.whole {
            let problem = verdict.problem.as_ref().map_or("no answer", |problem| &problem.what);
            let message = format!("the audit log is not whole: {}", escape::line(problem));
            return Err(Failure::new(DATA, message));
        }
        if self.global.json {
            return Ok(());
        }
        let AuditVerdict { entries, from, to, head, pruned, .. } = verdict;
        let known = |time: &Option<String>| or_dash(time.as_ref());
        let span = match entries {
            0 => String::new(),
            _ => format!(", from {} to {}", known(from), known(to)),
        };
        let word = if *entries == 1 { "entry" } else { "entries" };
        let found = format!("{entries} {word}, chain whole{span}");
        console.say(escape::line(&found))?;
        if *pruned > 0 {
            console.say(format_args!(
                "entries up to {pruned} were removed because of their age or number"
            ))?;
        }
        Ok(console.say(format_args!("head: {}", escape::line(head)))?)
    }
}
