//! `audit show` and `audit verify`: the log for people and for scripts.
//!
//! The daemon answers with a thousand lines at most, so a longer list is asked for piece by piece,
//! newest first.

use serde_json::{Value, json};

use super::backend::Backend;
use super::console::Console;
use super::exit::{DATA, Failure};
use super::output;
use super::program::Program;
use super::verbs::AuditVerb;
use crate::app::messages::command::Command;
use crate::telemetry::escape;

/// Lines that are shown where neither a number nor a time is given.
const USUAL: u64 = 100;

const COLUMNS: [(&str, &str); 8] = [
    ("number", "NO"),
    ("time", "TIME"),
    ("action", "ACTION"),
    ("result", "RESULT"),
    ("actor", "BY"),
    ("subject", "ABOUT"),
    ("client", "ADDRESS"),
    ("why", "WHY"),
];

impl<B: Backend> Program<'_, B> {
    /// `audit …`
    pub(super) fn audit(&self, verb: AuditVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            AuditVerb::Show { since, user, limit } => {
                let limit = limit.unwrap_or(if since.is_some() { u64::MAX } else { USUAL });
                let rows = Value::Array(self.rows(
                    since.map(|since| since.as_secs()),
                    user.as_deref(),
                    limit,
                )?);
                if self.global.json {
                    return Ok(console.say_json(&rows)?);
                }
                let text = output::table(&rows, &COLUMNS, "The audit log has no such lines.");
                Ok(console.say_all(&text)?)
            }
            AuditVerb::Verify { expect } => {
                let answer = self.answer(Command::AuditVerify { expect })?;
                if self.global.json {
                    console.say_json(&answer)?;
                }
                self.verdict(&answer, console)
            }
        }
    }

    fn rows(
        &self,
        since: Option<u64>,
        user: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Value>, Failure> {
        let (mut pieces, mut left, mut before) = (Vec::new(), limit, None);
        loop {
            let command =
                Command::AuditShow { since, user: user.map(str::to_owned), limit: left, before };
            let mut answer = self.answer(command)?;
            let rows = answer
                .get_mut("entries")
                .and_then(Value::as_array_mut)
                .map(std::mem::take)
                .unwrap_or_default();
            left = left.saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
            before = rows.first().and_then(|row| row.get("number")).and_then(Value::as_u64);
            let more = answer.get("more").and_then(Value::as_bool) == Some(true);
            pieces.push(rows);
            if !more || left == 0 || before.is_none() {
                break;
            }
        }
        Ok(pieces.into_iter().rev().flatten().collect())
    }

    fn verdict(&self, answer: &Value, console: &mut Console<'_>) -> Result<(), Failure> {
        let text = |member: &str| {
            escape::line(answer.get(member).and_then(Value::as_str).unwrap_or("-")).to_string()
        };
        let number = |member: &str| answer.get(member).and_then(Value::as_u64).unwrap_or_default();
        if answer.get("whole") != Some(&json!(true)) {
            let problem =
                answer.pointer("/problem/what").and_then(Value::as_str).unwrap_or("no answer");
            let message = format!("the audit log is not whole: {}", escape::line(problem));
            return Err(Failure::new(DATA, message));
        }
        if self.global.json {
            return Ok(());
        }
        let entries = number("entries");
        let span = match entries {
            0 => String::new(),
            _ => format!(", from {} to {}", text("from"), text("to")),
        };
        let word = if entries == 1 { "entry" } else { "entries" };
        console.say(format_args!("{entries} {word}, chain whole{span}"))?;
        if number("pruned") > 0 {
            console.say(format_args!(
                "entries up to {} were removed because of their age or number",
                number("pruned")
            ))?;
        }
        Ok(console.say(format_args!("head: {}", text("head")))?)
    }
}
