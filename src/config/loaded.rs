//! A configuration that passed every check, with the source of each of its values.

use super::settings::Config;
use super::sources::SettingSource;

/// A checked configuration, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings themselves.
    pub config: Config,
    /// One for each key, in the order of the file.
    pub settings: Vec<EffectiveSetting>,
}

impl Loaded {
    /// The keys that `newer` sets to another value, in the order of the file.
    pub fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let pairs = self.settings.iter().zip(&newer.settings);
        pairs.filter(|(old, new)| old.value != new.value).map(|(old, _)| old.key).collect()
    }
}

/// One line of `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveSetting {
    /// `session.lifetime`
    pub key: &'static str,
    /// As it would stand in the file.
    pub value: String,
    /// Who set it.
    pub source: SettingSource,
}
