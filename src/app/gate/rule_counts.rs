//! How often each rule of the settings has decided, and how.
//!
//! Guarantees: the names of the series are the owner's, from the settings; no visitor can add one.

use crate::auth::policy::rules::Rules;
use crate::auth::policy::ruling::{Ruling, Verdict};
use crate::telemetry::metrics::{MetricKind, Page};

/// All verdicts, in the order of the series.
const VERDICTS: [Verdict; 4] = [Verdict::Open, Verdict::Session, Verdict::Forbidden, Verdict::Deny];

/// A counter for each verdict of each rule. They begin anew with other rules.
#[derive(Default)]
pub(super) struct RuleCounters {
    rules: Vec<(String, [u64; VERDICTS.len()])>,
}

impl RuleCounters {
    /// All zero.
    pub(super) fn of(rules: &Rules) -> Self {
        let counters = |name: &String| (name.clone(), [0; VERDICTS.len()]);
        Self { rules: rules.as_slice().iter().map(|rule| counters(&rule.name)).collect() }
    }

    /// Counts what a rule has decided; the rest is what no rule is for.
    pub(super) fn count(&mut self, ruling: Ruling) {
        let rule = ruling.rule.and_then(|rule| self.rules.get_mut(rule));
        let Some((_, counts)) = rule else { return };
        let verdicts = VERDICTS.iter().zip(counts);
        for (_, count) in verdicts.filter(|(verdict, _)| **verdict == ruling.verdict) {
            *count = count.wrapping_add(1);
        }
    }

    pub(super) fn show(&self, page: &mut Page) {
        if self.rules.is_empty() {
            return;
        }
        let help = "Questions of the proxy that a rule decided, by rule and verdict.";
        let mut family = page.family("portcullis_rule_total", MetricKind::Counter, help);
        for (name, counts) in &self.rules {
            for (verdict, count) in VERDICTS.iter().zip(counts) {
                family.labelled_twice(("rule", name), ("verdict", verdict.word()), count);
            }
        }
    }
}
