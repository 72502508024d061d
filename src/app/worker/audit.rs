//! The audit log in the worker: what is told without a change of its own, how long it is kept, and
//! the administrator's look at it.
//!
//! What changes something tells of it in the same commit, where it is done; here is the rest.

use crate::auth::audit::{AuditEntry, Missing, Walk, from_hex, hex};
use crate::auth::event::{Action, Actor, Event};
use crate::auth::guess_budget::BudgetKey;
use crate::auth::user::UserName;
use crate::clock::Timestamp;
use crate::ledger::{AuditReader, Change, StoreError};

use crate::app::messages::answers::audit::{
    AuditLine, AuditPage, AuditProblem, AuditVerdict, MissingLines,
};
use crate::app::messages::command::CommandRefused;
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::worker::state::WorkerState;

/// Entries in one answer over the control socket: about 400 kB. Who wants more asks again.
pub const MOST_AT_ONCE: u64 = 1_000;

/// Entries that are kept at most, whatever their age: 6 MB, what a flood can cost.
const MOST_KEPT: u64 = 50_000;

/// Which entries are shown.
pub struct AuditQuery {
    /// None that are older than so many seconds.
    pub since: Option<u64>,
    /// Those that this user did, or that were done to that user.
    pub user: Option<String>,
    /// At most so many, the newest.
    pub limit: u64,
    /// With smaller numbers than this.
    pub before: Option<u64>,
}

impl WorkerState {
    /// Tells the log of what needs no other change.
    ///
    /// # Errors
    /// The store did not take it.
    pub fn tell(&mut self, event: Event, now: Timestamp) -> Result<(), StoreError> {
        self.commit(vec![Change::Audit(event)], now).map(drop)
    }

    /// The same for what has happened whether it is told or not.
    pub(super) fn mention(&mut self, event: Event, now: Timestamp) {
        if let Err(error) = self.tell(event, now) {
            log::error!("audit log: an entry is missing error=\"{error}\"");
        }
    }

    /// Lets go of entries past `audit.keep`, if the time is known. Of those that go before their
    /// time, because there are too many, a line tells: whoever floods the log does not get rid of
    /// that one.
    pub(super) fn prune_audit(&mut self, now: Timestamp) {
        if self.time.judge_sessions(now).is_err() {
            return;
        }
        let kept =
            self.ledger.audit().head().number.saturating_sub(self.ledger.audit().anchor().number);
        if kept > MOST_KEPT {
            log::warn!(
                "audit log: the oldest lines go before their time, there are more than {MOST_KEPT}"
            );
            let event = Event::new(Action::LogShortened, Actor::Gate);
            self.mention(event.because(format_args!("more than {MOST_KEPT} lines")), now);
        }
        if let Err(error) =
            self.ledger.prune_audit(now.minus(self.config.audit.keep), MOST_KEPT, now)
        {
            log::warn!("audit log: old lines stay error=\"{error}\"");
        }
    }
}

/// One line about a budget that has just run empty.
pub(super) fn ran_empty(key: &BudgetKey, client: std::net::IpAddr) -> Event {
    Event::new(Action::LimitReached, Actor::Gate).about(key).from(client).because(key.kind())
}

/// `audit show`
pub(super) fn show(worker: &WorkerState, wanted: &AuditQuery, by: &Actor, now: Timestamp) -> Done {
    let user = wanted.user.as_deref().map(UserName::parse).transpose();
    let user = user.map_err(|error| CommandRefused::data(error.to_string()))?;
    let limit = match by {
        Actor::Operator(_) => wanted.limit.min(MOST_AT_ONCE),
        _ => wanted.limit,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let earliest = wanted.since.map(|seconds| now.minus(std::time::Duration::from_secs(seconds)));
    let before = wanted.before.unwrap_or(u64::MAX);
    let log = worker.ledger.audit();
    let mut page = AuditPage { entries: Vec::new(), more: false };
    // From the newest on, so that only what is shown is read.
    'pieces: for piece in log.pieces().into_iter().rev().filter(|piece| piece.first < before) {
        // What cannot be read is `verify`'s to tell; here it must not hide the rest.
        let entries = log.read(piece).unwrap_or_else(|error| {
            log::warn!("audit log: a part cannot be shown error=\"{error}\"");
            Vec::new()
        });
        for entry in entries.iter().rev().filter(|entry| entry.number < before) {
            let recent = earliest.is_none_or(|earliest| entry.time >= earliest);
            if !recent || !user.as_ref().is_none_or(|user| entry.concerns(user)) {
                continue;
            }
            if page.entries.len() >= limit {
                page.more = true;
                break 'pieces;
            }
            page.entries.push(line(entry));
        }
    }
    page.entries.reverse();
    Ok((CommandAnswer::AuditPage(page), Vec::new()))
}

fn line(entry: &AuditEntry) -> AuditLine {
    let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    AuditLine {
        action: entry.action.clone(),
        actor: entry.actor.clone(),
        client: entry.client,
        hash: hex(&entry.hash),
        number: entry.number,
        result: entry.result.clone(),
        subject: known(&entry.subject),
        time: entry.time.to_string(),
        why: known(&entry.why),
    }
}

/// `audit verify`. The problem is told as an answer, not as a refusal: scripts want its number. A
/// log that is known to lack entries is not whole, and says so as long as it holds the line that
/// tells of it; a fault in what is left comes first.
pub(super) fn verify(worker: &WorkerState, expect: Option<&str>) -> Done {
    let expected = match expect {
        None => None,
        Some(text) => Some(from_hex(text.trim()).ok_or_else(|| {
            CommandRefused::data(
                "a hash has 64 hexadecimal digits, as `audit verify` and `audit show` print it",
            )
        })?),
    };
    let log = worker.ledger.audit();
    let pruned = log.anchor();
    let seen = expected.is_none_or(|hash| pruned.number > 0 && hash == pruned.hash);
    let mut found = LogSummary { seen, ..LogSummary::default() };
    let problem = match walk(&log, expected, &mut found) {
        Ok(()) if found.seen => found.lost(),
        Ok(()) => {
            let what = "no entry has the expected hash: the log was cut off or written anew, or that entry was pruned";
            Some(AuditProblem { number: None, what: what.to_owned() })
        }
        Err((number, what)) => Some(AuditProblem { number: Some(number), what }),
    };
    let missing = found.missing.iter();
    let missing = missing.map(|(_, it)| MissingLines { first: it.first, last: it.last });
    let verdict = AuditVerdict {
        entries: found.entries,
        first: found.first,
        from: found.from.map(|time| time.to_string()),
        head: hex(&log.head().hash),
        last: found.last,
        missing: missing.collect(),
        pruned: pruned.number,
        to: found.to.map(|time| time.to_string()),
        whole: problem.is_none(),
        problem,
    };
    Ok((CommandAnswer::AuditVerdict(verdict), Vec::new()))
}

/// What a walk along the log has come by.
#[derive(Default)]
struct LogSummary {
    entries: u64,
    first: Option<u64>,
    last: Option<u64>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    seen: bool,
    /// With the numbers of the entries that tell of it.
    missing: Vec<(u64, Missing)>,
}

impl LogSummary {
    /// The entries that are known to be missing, as a problem.
    fn lost(&self) -> Option<AuditProblem> {
        let (told_by, first) = self.missing.first()?;
        let lost: Vec<_> = self.missing.iter().map(|(_, missing)| missing.to_string()).collect();
        let what = format!(
            "entries are missing ({}): they were lost with the database, as entry {told_by} tells. All that is left is as it was \
             written",
            lost.join(", ")
        );
        Some(AuditProblem { number: first.first, what })
    }
}

fn walk(
    log: &AuditReader<'_>,
    expected: Option<[u8; 32]>,
    found: &mut LogSummary,
) -> Result<(), (u64, String)> {
    let mut walk = Walk::behind(log.anchor());
    for piece in log.pieces() {
        let entries = log.read(piece).map_err(|why| {
            let what = format!("entries {} to {} cannot be read: {why}", piece.first, piece.last);
            (walk.at().number.saturating_add(1), what)
        })?;
        for entry in &entries {
            walk.step(entry).map_err(|broken| (broken.number(), broken.to_string()))?;
            found.entries = found.entries.saturating_add(1);
            found.first = found.first.or(Some(entry.number));
            found.from = found.from.or(Some(entry.time));
            (found.last, found.to) = (Some(entry.number), Some(entry.time));
            found.seen |= expected == Some(entry.hash);
            found
                .missing
                .extend(entry.missing().into_iter().map(|missing| (entry.number, missing)));
        }
    }
    walk.end(log.head()).map_err(|broken| (broken.number(), broken.to_string()))
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
