//! What a rule is called.

use super::values::quoted;

/// The name of a rule that has none of its own. `place` is counted from 1.
pub(super) fn default_name(place: usize) -> String {
    format!("rule {place}")
}

/// The rule in a sentence: `rule 3`, `rule "photo shares"`.
pub(super) fn label(name: &str, place: usize) -> String {
    if name == default_name(place) { name.to_owned() } else { format!("rule {}", quoted(name)) }
}
