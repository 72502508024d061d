//! A configuration that passed every check, with the source of each of its values.

use super::effective_tables::{EffectiveTable, EffectiveValue};
use super::settings::Config;
use super::sources::SettingSource;
use super::tables::TABLES;

/// A checked configuration, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings themselves.
    pub config: Config,
    /// One for each key, in the order of the file.
    pub settings: Vec<EffectiveSetting>,
    /// Those of the file, and `[networks]` in any case.
    pub tables: Vec<EffectiveTable>,
}

impl Loaded {
    /// The keys that `newer` sets to another value, and the names of the tables in which anything
    /// is different, in the order of the file.
    pub fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let pairs = self.settings.iter().zip(&newer.settings);
        let keys = pairs.filter(|(old, new)| old.value != new.value).map(|(old, _)| old.key);
        let names = TABLES.iter().map(|table| table.name);
        keys.chain(names.filter(|name| !self.has_same_tables(newer, name))).collect()
    }

    /// Lines apart, which do not count.
    fn has_same_tables(&self, other: &Self, name: &str) -> bool {
        let values = |loaded: &Self| -> Vec<Vec<(String, String)>> {
            let tables = loaded.tables.iter().filter(|table| table.table.name == name);
            let pair = |value: &EffectiveValue| (value.name.clone(), value.value.clone());
            tables.map(|table| table.values.iter().map(pair).collect()).collect()
        };
        values(self) == values(other)
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
