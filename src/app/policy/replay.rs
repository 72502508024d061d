//! What the rules would have said of the requests of an access log.
//!
//! Guarantees: memory does not grow with the log; nothing of it is kept but [`MOST_EXAMPLES`] short
//! addresses, without their queries, for each rule and decision. Leaves out what a log does not
//! tell: sessions, and headers that let a site act on another method or path than was logged.

use std::fmt;
use std::io::{self, BufRead};

use serde::Serialize;

use super::access_log::AccessLog;
use super::printable::printable;
use super::requested_place::{RequestedPlace, SiteOfLog};
use super::url_ruling::SessionOwner;
use crate::auth::policy::path_readings::PathReadings;
use crate::auth::policy::rule::Rule;
use crate::auth::policy::rules::Rules;
use crate::auth::policy::ruling::Verdict;
use crate::proxies::all;

/// Examples of one decision of one rule.
pub const MOST_EXAMPLES: usize = 5;

/// Characters of the longest path in an example.
const LONGEST_PATH: usize = 200;

/// What became of a log, in the shape that scripts rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// All requests that were read.
    pub requests: u64,
    /// Lines that hold no request, blank ones not counted.
    pub unreadable: u64,
    /// The number of the first of them, from 1.
    pub first_unreadable: Option<u64>,
    /// Every rule in the order of the settings, and at the end what no rule is for.
    pub rules: Vec<RuleTally>,
}

/// What one rule has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleTally {
    /// Its name; nothing where no rule decides.
    pub rule: Option<String>,
    /// Its line in the settings' file.
    pub line: Option<usize>,
    /// Requests that would have passed without a login.
    pub open: u64,
    /// Requests that would have needed one.
    pub session: u64,
    /// Requests that the user's session would not have let pass.
    pub forbidden: u64,
    /// Requests that nothing would have let pass.
    pub deny: u64,
    /// The first few addresses of each decision, the open ones in front.
    pub examples: Vec<ExampleRequest>,
}

/// One request of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExampleRequest {
    /// `open`, `session`, `forbidden` or `deny`.
    pub decision: &'static str,
    /// The method.
    pub method: String,
    /// The address without its query; its path as [`printable`] shows it.
    pub url: String,
}

/// Why a log cannot be replayed.
#[derive(Debug)]
pub enum ReplayError {
    /// The request in this line tells no host, and nobody said of which site the log is.
    NoHost(u64),
    /// It cannot be read.
    Io(io::Error),
}

impl From<io::Error> for ReplayError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHost(line) => write!(
                f,
                "the request in line {line} names no host: say of which site the log is, with \
                 --host photos.example.com"
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Replay {
    /// Judges every request of a log. `site` is asked for where a line names no host, `user` is
    /// whose session comes along.
    ///
    /// # Errors
    /// The log cannot be read, or a request is for a host that nobody names.
    pub fn of(
        rules: &Rules,
        log: impl BufRead,
        site: Option<SiteOfLog<'_>>,
        user: Option<&SessionOwner>,
    ) -> Result<Self, ReplayError> {
        let mut replay = Self::new(rules);
        let mut readings = PathReadings::default();
        let who = user.map(SessionOwner::member);
        let mut log = AccessLog::new(log);
        while let Some(line) = log.next_line()? {
            if line.text.is_some_and(<[u8]>::is_empty) {
                continue;
            }
            let Some(logged) = line.text.and_then(all::logged_request) else {
                replay.pass_over(line.number);
                continue;
            };
            if logged.host.is_none() && site.is_none() && !RequestedPlace::names_host(&logged) {
                return Err(ReplayError::NoHost(line.number));
            }
            let Some(requested) = RequestedPlace::of(&logged, site) else {
                replay.pass_over(line.number);
                continue;
            };
            let ruling = rules.judge(&requested.place(), who.as_ref(), &mut readings);
            replay.count(ruling.rule, ruling.verdict, &requested);
        }
        Ok(replay)
    }

    fn new(rules: &Rules) -> Self {
        let tally = |rule: &Rule| RuleTally {
            rule: Some(rule.name.clone()),
            line: Some(rule.line),
            ..RuleTally::default()
        };
        let mut rules: Vec<_> = rules.as_slice().iter().map(tally).collect();
        rules.push(RuleTally::default());
        Self { requests: 0, unreadable: 0, first_unreadable: None, rules }
    }

    fn pass_over(&mut self, line: u64) {
        self.unreadable += 1;
        self.first_unreadable.get_or_insert(line);
    }

    fn count(&mut self, rule: Option<usize>, verdict: Verdict, requested: &RequestedPlace<'_>) {
        self.requests += 1;
        let last = self.rules.len().saturating_sub(1);
        if let Some(tally) = self.rules.get_mut(rule.unwrap_or(last)) {
            tally.count(verdict, requested);
        }
    }
}

impl RuleTally {
    fn count(&mut self, verdict: Verdict, requested: &RequestedPlace<'_>) {
        let count = match verdict {
            Verdict::Open => &mut self.open,
            Verdict::Session => &mut self.session,
            Verdict::Forbidden => &mut self.forbidden,
            Verdict::Deny => &mut self.deny,
        };
        *count += 1;
        let decision = verdict.word();
        let of_decision = |example: &&ExampleRequest| example.decision == decision;
        if self.examples.iter().filter(of_decision).count() >= MOST_EXAMPLES {
            return;
        }
        let example = ExampleRequest {
            decision,
            method: requested.method().chars().take(LONGEST_PATH).collect(),
            url: requested.origin() + &shortened(&printable(requested.path())),
        };
        if !self.examples.contains(&example) {
            let open = |example: &ExampleRequest| example.decision == Verdict::Open.word();
            let place = if verdict == Verdict::Open {
                self.examples.iter().take_while(|example| open(example)).count()
            } else {
                self.examples.len()
            };
            self.examples.insert(place, example);
        }
    }
}

fn shortened(path: &str) -> String {
    match path.char_indices().nth(LONGEST_PATH) {
        Some((end, _)) => format!("{}…", path.get(..end).unwrap_or_default()),
        None => path.to_owned(),
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
