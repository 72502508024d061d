//! All that works, but probably not as meant.

use super::rule_warnings::rule_warnings;
use super::setting_warnings::setting_warnings;
use super::settings::Config;
use super::warning::Warning;

/// What deserves a warning: single settings first, then rules.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let mut warnings = setting_warnings(config);
    warnings.extend(rule_warnings(config));
    warnings
}
