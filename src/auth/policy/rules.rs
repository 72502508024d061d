//! The list of rules, and what it says of a place.
//!
//! Guarantees: the first rule of the list for which everything holds decides, and where there is
//! none a session is needed; a place is open only where its path is plain and the rules open it
//! however letters' case is read; a path that is not plain is judged in every reading that a server
//! may have, and the strictest verdict stands. Nothing is allocated, but once for the readings of
//! the first path that is not plain.

use super::path_glob::Case;
use super::path_readings::PathReadings;
use super::place::{Member, Place};
use super::plain_path::PlainPath;
use super::rule::{Access, Rule};
use super::rules_by_host::RulesByHost;
use super::ruling::Ruling;

/// Comparisons of readings with rules that one verify may cost. Beyond it a path that is not plain
/// is unreadable.
const MOST_COMPARISONS: usize = 20_000;

/// All rules, in the order of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    rules: Vec<Rule>,
    by_host: RulesByHost,
    /// For each rule whether it names a port.
    with_port: Vec<bool>,
}

/// How a request is compared with the rules.
#[derive(Clone, Copy)]
struct Lens {
    case: Case,
    /// Rules that name methods restrict a request whose method nobody knows.
    any_method: bool,
}

impl Rules {
    /// Makes the table by host.
    pub fn new(rules: Vec<Rule>) -> Self {
        let names_port = |rule: &Rule| rule.hosts.iter().any(|host| host.names_port());
        Self {
            by_host: RulesByHost::new(&rules),
            with_port: rules.iter().map(names_port).collect(),
            rules,
        }
    }

    /// Whether there are none, and every place needs a session.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules, in order.
    pub fn as_slice(&self) -> &[Rule] {
        &self.rules
    }

    /// What the rules say of a place for this user; `None` for somebody who is not logged in.
    pub fn judge(
        &self,
        place: &Place<'_>,
        who: Option<&Member<'_>>,
        readings: &mut PathReadings,
    ) -> Ruling {
        if self.rules.is_empty() {
            return Ruling::DEFAULT;
        }
        self.judge_each(place, who, readings, |_, _| {})
    }

    /// The same, with each reading of the path and what the rules say of it. A path that cannot be
    /// read has none.
    pub fn judge_each(
        &self,
        place: &Place<'_>,
        who: Option<&Member<'_>>,
        readings: &mut PathReadings,
        mut each: impl FnMut(&[u8], Ruling),
    ) -> Ruling {
        let candidates = self.by_host.rules_for(place.host);
        let Some(path) = place.path.map(without_query) else {
            return self.strictest_anywhere(candidates, place, who);
        };
        if let Some(plain) = PlainPath::decode(path) {
            let ruling = self.judge_reading(candidates, place, who, plain.as_bytes());
            let ruling = if place.may_open { ruling } else { ruling.without_opening() };
            each(plain.as_bytes(), ruling);
            return ruling;
        }
        let unreadable = || self.strictest_anywhere(candidates, place, who);
        let Some(found) = readings.of(path) else { return unreadable() };
        let mut strictest: Option<Ruling> = None;
        let mut comparisons = 0_usize;
        for reading in found {
            comparisons = comparisons.saturating_add(candidates.len());
            if comparisons > MOST_COMPARISONS {
                return unreadable();
            }
            let ruling = self.judge_reading(candidates, place, who, reading).without_opening();
            each(reading, ruling);
            strictest = Some(strictest.map_or(ruling, |before| before.stricter(ruling)));
        }
        strictest.unwrap_or_else(unreadable)
    }

    /// The verdict for one decoded path: the strictest, whether the site tells letters' case apart
    /// or not, and whichever method it acts on where nobody knows.
    fn judge_reading(
        &self,
        candidates: &[usize],
        place: &Place<'_>,
        who: Option<&Member<'_>>,
        path: &[u8],
    ) -> Ruling {
        let through =
            |case, any_method| self.first(candidates, place, who, path, Lens { case, any_method });
        let ruling = through(Case::Exact, false).stricter(through(Case::Ignored, false));
        if place.method.is_some() {
            return ruling;
        }
        ruling.stricter(through(Case::Exact, true)).stricter(through(Case::Ignored, true))
    }

    /// The first rule for which everything holds.
    fn first(
        &self,
        candidates: &[usize],
        place: &Place<'_>,
        who: Option<&Member<'_>>,
        path: &[u8],
        lens: Lens,
    ) -> Ruling {
        for (number, rule) in self.numbered(candidates) {
            let holds = self.is_for_port(number, rule, place)
                && is_for_method(rule, place.method, lens)
                && rule.is_for_client(place.client)
                && (rule.paths.is_empty()
                    || rule.paths.iter().any(|pattern| pattern.matches(path, lens.case)));
            if holds {
                return ruling(number, rule, who);
            }
        }
        Ruling::DEFAULT
    }

    /// The strictest verdict of the host, whatever the path is.
    fn strictest_anywhere(
        &self,
        candidates: &[usize],
        place: &Place<'_>,
        who: Option<&Member<'_>>,
    ) -> Ruling {
        let lens = Lens { case: Case::Ignored, any_method: true };
        let rules = self.numbered(candidates).filter(|(number, rule)| {
            self.is_for_port(*number, rule, place)
                && is_for_method(rule, place.method, lens)
                && rule.is_for_client(place.client)
        });
        rules.fold(Ruling::DEFAULT, |strictest, (number, rule)| {
            strictest.stricter(ruling(number, rule, who))
        })
    }

    fn numbered(&self, places: &[usize]) -> impl Iterator<Item = (usize, &Rule)> {
        places.iter().filter_map(|number| Some((*number, self.rules.get(*number)?)))
    }

    fn is_for_port(&self, number: usize, rule: &Rule, place: &Place<'_>) -> bool {
        let names_port = self.with_port.get(number).copied().unwrap_or_default();
        !names_port
            || rule
                .hosts
                .iter()
                .any(|host| host.is_for_host(place.host) && host.is_for_port(place.port))
    }
}

fn ruling(number: usize, rule: &Rule, who: Option<&Member<'_>>) -> Ruling {
    Ruling { verdict: rule.verdict(who), rule: Some(number), preflight: rule.preflight }
}

/// Where nobody knows the method, a rule that names some never opens.
fn is_for_method(rule: &Rule, method: Option<&str>, lens: Lens) -> bool {
    if rule.methods.is_empty() {
        return true;
    }
    match method {
        None => lens.any_method && rule.access != Access::Open,
        Some(method) => rule.methods.iter().any(|own| match lens.case {
            Case::Exact => own == method,
            Case::Ignored => own.eq_ignore_ascii_case(method),
        }),
    }
}

/// What stands before the first `?`.
fn without_query(target: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'?', target).unwrap_or(target.len());
    target.get(..end).unwrap_or_default()
}
