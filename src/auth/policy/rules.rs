//! The list of rules, and what it says of a place.
//!
//! Guarantees: the first rule of the list for which everything holds decides, and where there is
//! none a session is needed; a place is open only where its path is plain and the rules open it
//! however letters' case is read; a path that is not plain is judged in every reading that a server
//! may have, and the strictest verdict stands. Nothing is allocated, but once for the readings of
//! the first path that is not plain.

use super::judgement::Judgement;
use super::path_readings::PathReadings;
use super::place::{Member, Place, without_query};
use super::rule::Rule;
use super::rules_by_host::RulesByHost;
use super::ruling::Ruling;

/// What comparing the readings of one path may cost: for each pattern the octets of each reading,
/// and [`COMPARISON`]. Beyond it a path is unreadable.
const MOST_COMPARED: usize = 500_000;
/// What a comparison costs besides, in octets.
const COMPARISON: usize = 16;

/// All rules, in the order of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    rules: Vec<Rule>,
    by_host: RulesByHost,
    /// For each rule whether it names a port.
    with_port: Vec<bool>,
    name_networks: bool,
}

impl Rules {
    /// Makes the table by host.
    pub fn new(rules: Vec<Rule>) -> Self {
        let names_port = |rule: &Rule| rule.hosts.iter().any(|host| host.names_port());
        Self {
            by_host: RulesByHost::new(&rules),
            with_port: rules.iter().map(names_port).collect(),
            name_networks: rules.iter().any(|rule| rule.networks.is_some()),
            rules,
        }
    }

    /// Whether there are none, and every place needs a session.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether any asks where the visitor is.
    pub fn name_networks(&self) -> bool {
        self.name_networks
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
        let judgement = self.judgement(place, who);
        if judgement.candidates.numbers.is_empty() {
            return Ruling::DEFAULT;
        }
        judge_each(&judgement, readings, |_, _| {})
    }

    /// The same, with each reading of the path and what the rules say of it. A path that cannot be
    /// read has none.
    pub fn judge_each(
        &self,
        place: &Place<'_>,
        who: Option<&Member<'_>>,
        readings: &mut PathReadings,
        each: impl FnMut(&[u8], Ruling),
    ) -> Ruling {
        judge_each(&self.judgement(place, who), readings, each)
    }

    fn judgement<'j>(&'j self, place: &'j Place<'j>, who: Option<&'j Member<'j>>) -> Judgement<'j> {
        Judgement {
            rules: &self.rules,
            with_port: &self.with_port,
            candidates: self.by_host.rules_for(place.host),
            place,
            who,
        }
    }
}

fn judge_each(
    judgement: &Judgement<'_>,
    readings: &mut PathReadings,
    mut each: impl FnMut(&[u8], Ruling),
) -> Ruling {
    let place = judgement.place;
    let Some(path) = place.path.map(without_query) else { return judgement.strictest() };
    if let Some(plain) = readings.of_plain(path) {
        let octets = path.len().saturating_add(COMPARISON);
        if judgement.candidates.slow_patterns.saturating_mul(octets) > MOST_COMPARED {
            return judgement.strictest();
        }
        let ruling = judgement.of(plain);
        let ruling = if place.may_open { ruling } else { ruling.without_opening() };
        each(plain.exact, ruling);
        return ruling;
    }
    let Some(count) = readings.collect(path) else { return judgement.strictest() };
    let octets = readings.octets().saturating_add(count * COMPARISON);
    if judgement.candidates.patterns.saturating_mul(octets) > MOST_COMPARED {
        return judgement.strictest();
    }
    let mut strictest: Option<Ruling> = None;
    for at in 0..count {
        let Some(reading) = readings.folded(at) else { break };
        let ruling = judgement.of(reading).without_opening();
        each(reading.exact, ruling);
        strictest = Some(strictest.map_or(ruling, |before| before.stricter(ruling)));
    }
    strictest.unwrap_or_else(|| judgement.strictest())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
