//! What a rule is called.

use super::values::quoted;
use crate::auth::policy::rule::Rule;

/// The name of a rule that has none of its own. `place` is counted from 1.
pub(super) fn default_name(place: usize) -> String {
    format!("rule {place}")
}

/// The rule and where it begins, in a sentence: `rule "photo shares" (line 7)`.
pub fn rule_place(rule: &Rule) -> String {
    format!("{} (line {})", label(&rule.name), rule.line)
}

/// The rule in a sentence: `rule 3`, `rule "photo shares"`.
pub(super) fn label(name: &str) -> String {
    let place = name.strip_prefix("rule ").and_then(|place| place.parse::<usize>().ok());
    if place.is_some() { name.to_owned() } else { format!("rule {}", quoted(name)) }
}
