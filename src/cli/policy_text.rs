//! What people read of the rules' decisions.

use super::output::{Table, or_dash};
use crate::app::policy::Verdict;
use crate::app::policy::replay::{Replay, RuleTally};
use crate::app::policy::url_ruling::{ReadingRuling, SessionOwner, UrlRequest, UrlRuling};
use crate::telemetry::escape;

/// What people read of one address.
pub fn of_url(ruling: &UrlRuling, request: &UrlRequest<'_>) -> String {
    let mut lines = vec![
        format!("{} {}", ruling.method, escape::line(&ruling.url)),
        format!("  {}", in_words(ruling.decision, request.user)),
    ];
    lines.push(match (&ruling.rule, ruling.line) {
        (Some(rule), Some(line)) => {
            format!("  by rule {:?}, line {line}", escape::line(rule).to_string())
        }
        _ => "  no rule is for it".to_owned(),
    });
    let differs = |reading: &ReadingRuling| reading.decision != ruling.decision;
    if ruling.readings.iter().any(differs) {
        lines.push("  as servers may read the path:".to_owned());
        let words = |reading: &ReadingRuling| in_words(reading.decision, request.user);
        let width = ruling.readings.iter().map(|reading| words(reading).len()).max().unwrap_or(0);
        lines.extend(ruling.readings.iter().map(|reading| {
            format!("    {:<width$}  {}", words(reading), escape::line(&reading.path))
        }));
    }
    lines.extend(ruling.remarks.iter().map(|remark| format!("  note: {remark}")));
    lines.join("\n") + "\n"
}

/// A decision for people.
fn in_words(decision: Verdict, user: Option<&SessionOwner>) -> String {
    match (decision, user) {
        (Verdict::Open, _) => "open to everybody".to_owned(),
        (Verdict::Session, None) => "needs a login".to_owned(),
        (Verdict::Session, Some(user)) => format!("needs a login; open to {user}"),
        (Verdict::Forbidden, Some(user)) => format!("closed to {user}"),
        (Verdict::Forbidden, None) => "closed to this user".to_owned(),
        (Verdict::Deny, _) => "closed to everybody".to_owned(),
    }
}

const TALLIES: Table<RuleTally> = Table {
    columns: &[
        ("RULE", |tally| tally.rule.clone().unwrap_or_else(|| "(no rule)".to_owned())),
        ("LINE", |tally| or_dash(tally.line)),
        ("OPEN", |tally| tally.open.to_string()),
        ("LOGIN", |tally| tally.session.to_string()),
        ("FORBIDDEN", |tally| tally.forbidden.to_string()),
        ("DENIED", |tally| tally.deny.to_string()),
    ],
    empty: "",
};

/// What people read of a log.
pub fn of_replay(replay: &Replay, user: Option<&SessionOwner>) -> String {
    let mut text = TALLIES.text(&replay.rules);
    for decision in [Verdict::Open, Verdict::Session, Verdict::Forbidden, Verdict::Deny] {
        let examples = replay.rules.iter().flat_map(|tally| {
            let of_it = tally.examples.iter().filter(move |one| one.decision == decision.word());
            of_it.map(move |example| (tally, example))
        });
        let lines: Vec<_> = examples
            .map(|(tally, example)| {
                let rule = tally.rule.as_ref().map_or_else(
                    || "no rule".to_owned(),
                    |rule| format!("{:?}", escape::line(rule).to_string()),
                );
                let request = format!("{} {}", example.method, example.url);
                format!("  {}  by {rule}\n", escape::line(&request))
            })
            .collect();
        if !lines.is_empty() {
            let words = in_words(decision, user);
            text += &format!("\nFor example, {words}:\n{}", lines.concat());
        }
    }
    text += &format!("\nRequests: {}.", replay.requests);
    if let Some(first) = replay.first_unreadable {
        let lines = replay.unreadable;
        text += &format!(" Lines without a request: {lines}, the first of them line {first}.");
    }
    text + "\n"
}
