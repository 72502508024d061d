//! Every spelling on every server, and what the gate says to it.

use std::collections::BTreeMap;

use super::answers::{Served, Visitor};
use super::by_hand::{ITSELF, PLAIN};
use super::page;
use super::rules::{self, HOST, PRIVATE_IS_DENIED, PUBLIC_IS_OPEN};
use super::servers::{Servers, SetUp};
use super::spellings::{self, Spelling};

/// What a spelling came to.
pub struct Outcome {
    pub spelling: Spelling,
    /// By each set-up, in their order.
    pub served: Vec<Served>,
    /// The rule that opens `/public/**` lets a stranger through.
    pub is_open: bool,
    /// Whoever is signed in passes where `/private/**` is denied and all else open.
    pub is_allowed: bool,
}

/// Everything asked.
pub struct Findings {
    pub outcomes: Vec<Outcome>,
    /// Server and manner of each set-up.
    pub set_ups: Vec<(String, &'static str)>,
}

fn find() -> Findings {
    let spellings = spellings::all();
    let Servers { set_ups, .. } = &Servers::start();
    let (served, is_open, is_allowed) = std::thread::scope(|scope| {
        let asked: Vec<_> = set_ups
            .iter()
            .map(|SetUp { address, .. }| {
                scope.spawn(|| Visitor::of(HOST).ask_all(*address, &spellings))
            })
            .collect();
        let is_open =
            scope.spawn(|| rules::passes(&rules::gate_with(PUBLIC_IS_OPEN), None, &spellings));
        let gate = rules::gate_with(PRIVATE_IS_DENIED);
        let session = gate.log_in(&gate.place.add_user("anna"));
        let is_allowed = rules::passes(&gate, Some(&session), &spellings);
        let served: Vec<_> =
            asked.into_iter().map(|asked| asked.join().expect("all is asked")).collect();
        (served, is_open.join().expect("all is judged"), is_allowed)
    });
    let set_ups = set_ups.iter().map(|set_up| (set_up.server.clone(), set_up.manner)).collect();
    let judged = spellings.into_iter().zip(is_open).zip(is_allowed);
    let outcomes = judged
        .enumerate()
        .map(|(at, ((spelling, is_open), is_allowed))| Outcome {
            spelling,
            served: served.iter().map(|served| served[at]).collect(),
            is_open,
            is_allowed,
        })
        .collect();
    Findings { outcomes, set_ups }
}

impl Findings {
    /// Who serves what as private of the spellings for which something holds, to be read.
    fn served_as_private(&self, holds: impl Fn(&Outcome) -> bool) -> Vec<String> {
        let mut found = Vec::new();
        for outcome in self.outcomes.iter().filter(|outcome| holds(outcome)) {
            for ((server, manner), served) in self.set_ups.iter().zip(&outcome.served) {
                if *served == Served::Private {
                    let target = outcome.spelling.target.escape_ascii();
                    found.push(format!("{target}  by {server}, {manner}"));
                }
            }
        }
        found
    }

    fn of_family(&self, family: &str) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(move |outcome| outcome.spelling.family == family)
    }
}

/// One test, because all of it rests on the same thousands of requests.
#[test]
fn nothing_that_a_server_serves_as_private_is_open_by_a_rule_for_public() {
    let findings = find();
    // First, so that there is a page to look at however the rest goes.
    let page = page::draw(&findings);
    let found = findings.served_as_private(|outcome| outcome.is_open);
    assert!(found.is_empty(), "open, and served as /private:\n{}", found.join("\n"));
    let found = findings.served_as_private(|outcome| outcome.is_allowed);
    assert!(found.is_empty(), "not denied, and served as /private:\n{}", found.join("\n"));
    what_is_plain_is_open_and_served_as_public(&findings);
    every_server_serves_the_private_page(&findings);
    every_kind_of_server_serves_as_private_what_begins_like_public(&findings);
    page::compare(&page);
}

/// Or a gate that refuses everything would pass.
fn what_is_plain_is_open_and_served_as_public(findings: &Findings) {
    for outcome in findings.of_family(PLAIN) {
        let target = outcome.spelling.target.escape_ascii();
        assert!(outcome.is_open && outcome.is_allowed, "{target} is not open");
        for (set_up, served) in findings.set_ups.iter().zip(&outcome.served) {
            assert_eq!(*served, Served::Public, "{target} {set_up:?}");
        }
    }
    assert!(findings.of_family(PLAIN).count() >= 5, "nothing plain was tried");
}

/// Or servers that serve nothing would pass.
fn every_server_serves_the_private_page(findings: &Findings) {
    assert!(findings.outcomes.len() >= 400, "{} spellings", findings.outcomes.len());
    assert!(findings.set_ups.len() >= 20, "{:?}", findings.set_ups);
    let plainly = |outcome: &&Outcome| outcome.spelling.target == b"/private/secret";
    let plainly = findings.of_family(ITSELF).find(plainly).expect("it is among the spellings");
    for (set_up, served) in findings.set_ups.iter().zip(&plainly.served) {
        assert_eq!(*served, Served::Private, "{set_up:?}");
    }
}

/// What a rule by the first letters of a path would have opened: there is something to find.
fn every_kind_of_server_serves_as_private_what_begins_like_public(findings: &Findings) {
    let begins = |outcome: &&Outcome| outcome.spelling.target.starts_with(b"/public/");
    let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (server, _)) in findings.set_ups.iter().enumerate() {
        let found = findings.outcomes.iter().filter(begins);
        let found = found.filter(|outcome| outcome.served[at] == Served::Private).count();
        *by_kind.entry(server.split(' ').next().unwrap_or(server)).or_default() += found;
    }
    assert!(by_kind.values().all(|found| *found >= 10), "{by_kind:?}");
}
