//! The tables as `config show` prints them: what stands in the file, and what counts where nothing
//! does.

use std::collections::BTreeMap;
use std::path::Path;

use super::named_networks::built_in_networks;
use super::rule_name::default_name;
use super::sources::SettingSource;
use super::tables::{SettingTable, TABLES, TableDefault, TableKey, TableKeys};
use super::toml_file::{FileTable, FileValue};
use super::values::{quoted, shown};

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveTable {
    /// Which one.
    pub table: &'static SettingTable,
    /// Counted from 1 among its like.
    pub place: usize,
    /// Where it begins.
    pub source: SettingSource,
    /// What counts in it.
    pub values: Vec<EffectiveValue>,
}

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveValue {
    /// Without its table: `hosts`.
    pub name: String,
    /// As it would stand in the file.
    pub value: String,
    /// Where it stands; a default that cannot be set, such as a network that is built in, too.
    pub source: SettingSource,
}

impl EffectiveTable {
    /// The whole name of a value: `networks.home`, `rule[2].access`.
    pub fn key_of(&self, value: &EffectiveValue) -> String {
        match self.table.keys {
            TableKeys::Chosen(_) => format!("{}.{}", self.table.name, value.name),
            TableKeys::Fixed(_) => format!("{}[{}].{}", self.table.name, self.place, value.name),
        }
    }

    /// Whether the value cannot stand in the file: it is built in under a name that is taken.
    pub fn is_built_in(&self, value: &EffectiveValue) -> bool {
        matches!(self.table.keys, TableKeys::Chosen(_)) && value.source == SettingSource::Default
    }
}

/// All tables, in the order of [`TABLES`], those of one name as in the file at `path`.
pub(super) fn effective_tables(path: &Path, tables: &[FileTable]) -> Vec<EffectiveTable> {
    let mut effective = Vec::new();
    for table in &TABLES {
        let written = || tables.iter().filter(|written| written.table == table);
        match &table.keys {
            TableKeys::Chosen(_) => effective.push(with_built_in(path, table, written().next())),
            TableKeys::Fixed(keys) => {
                effective.extend(written().zip(1..).map(|(written, place)| EffectiveTable {
                    table,
                    place,
                    source: SettingSource::File(path.to_owned(), written.line),
                    values: keys.iter().map(|key| fixed(path, key, written, place)).collect(),
                }));
            }
        }
    }
    effective
}

/// A table of chosen names, those that are built in first.
fn with_built_in(
    path: &Path,
    table: &'static SettingTable,
    written: Option<&FileTable>,
) -> EffectiveTable {
    let built_in = if table.name == "networks" { built_in_networks() } else { BTreeMap::new() };
    let built_in = built_in.into_iter().map(|(name, networks)| {
        let networks: Vec<_> = networks.iter().map(|range| quoted(&range.to_string())).collect();
        let value = format!("[{}]", networks.join(", "));
        EffectiveValue { name, value, source: SettingSource::Default }
    });
    let values = written.into_iter().flat_map(|written| &written.values);
    let values = values.filter_map(|value| read(path, value));
    EffectiveTable {
        table,
        place: 1,
        source: written.map_or(SettingSource::Default, |written| {
            SettingSource::File(path.to_owned(), written.line)
        }),
        values: built_in.chain(values).collect(),
    }
}

fn fixed(path: &Path, key: &TableKey, written: &FileTable, place: usize) -> EffectiveValue {
    let value = written.values.iter().find(|value| value.name == key.name);
    value.and_then(|value| read(path, value)).unwrap_or_else(|| EffectiveValue {
        name: key.name.to_owned(),
        value: match key.default {
            TableDefault::Value(value) => value.to_owned(),
            TableDefault::Place => quoted(&default_name(place)),
            TableDefault::Required => String::new(),
        },
        source: SettingSource::Default,
    })
}

fn read(path: &Path, value: &FileValue) -> Option<EffectiveValue> {
    Some(EffectiveValue {
        name: value.name.clone(),
        value: shown(value.value.as_ref()?),
        source: SettingSource::File(path.to_owned(), value.line),
    })
}
