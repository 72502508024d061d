//! What to say of a key, a section or a table that nobody knows: where it belongs, or which one is
//! nearest.

use toml::de::DeValue;

use super::keys::{self, SettingKey};
use super::nearest::nearest;
use super::raw::is_array_of_tables;
use super::tables::{self, SettingTable, TABLES, TableKeys};

/// Of a name at the top of the file.
pub(super) fn at_top(name: &str, value: &DeValue<'_>) -> String {
    if name == "realm" {
        return format!(
            "{name}s are not supported by this version, and a gate that ignores them would be open or shut where you \
             do not expect it: remove every [[{name}]]"
        );
    }
    let is_repeated = is_array_of_tables(value);
    let near = nearest(name, sections());
    if value.is_table() || is_repeated {
        let written = if is_repeated { format!("[[{name}]]") } else { format!("[{name}]") };
        let hint = near.map_or_else(
            || format!("the sections are {}", sections().collect::<Vec<_>>().join(", ")),
            |section| format!("did you mean {}?", header(section)),
        );
        return format!("unknown section {written}: {hint}");
    }
    let table =
        near.and_then(tables::find).filter(|_| value.is_array() && elsewhere(name).is_none());
    match table {
        Some(table) => format!("unknown key `{name}`: did you mean {}?", table.header()),
        None => inside(name, name),
    }
}

/// All names that may stand between brackets.
fn sections() -> impl Iterator<Item = &'static str> {
    keys::sections().chain(TABLES.iter().map(|table| table.name))
}

fn header(section: &str) -> String {
    tables::find(section).map_or_else(|| format!("[{section}]"), SettingTable::header)
}

/// Of a table in another form than its own.
pub(super) fn other_form(table: &SettingTable) -> String {
    let (name, header) = (table.name, table.header());
    match table.keys {
        TableKeys::Chosen(_) => format!(
            "`{name}` is a section: write {header} on a line of its own, and what you name below it"
        ),
        TableKeys::Fixed(_) => format!(
            "`{name}` may stand there more than once: write {header} on a line of its own for each, and its keys \
             below it"
        ),
    }
}

/// Of a line that names section and key below another section, or below its own.
pub(super) fn named_in_full(section: &str, named: &str, key: &str) -> String {
    let full = format!("{named}.{key}");
    let what = if section == named {
        format!("below [{section}] the section is not named again: write `{key}` for `{full}`")
    } else {
        format!("below [{section}] `{full}` cannot stand: write `{key}` below [{named}]")
    };
    if keys::find(&full).is_some() { what } else { inside(&full, key) }
}

/// Of a key in a section. `full` is the key as it was understood, `name` its last part as it was
/// written.
pub(super) fn inside(full: &str, name: &str) -> String {
    if let Some(place) = elsewhere(name) {
        return format!("unknown key `{full}`: `{name}` belongs {place}");
    }
    match nearest_key(full) {
        Some(known) => format!("unknown key `{full}`: did you mean `{known}`?"),
        None => format!("unknown key `{full}`: `portcullis config show` lists all keys"),
    }
}

/// Of a key in a table.
pub(super) fn in_table(table: &SettingTable, name: &str) -> String {
    let full = format!("{}.{name}", table.name);
    if let Some(known) = nearest_in_table(table, name) {
        return format!("unknown key `{full}`: did you mean `{known}`?");
    }
    if let Some(place) = elsewhere(name) {
        return format!("unknown key `{full}`: `{name}` belongs {place}");
    }
    let keys: Vec<_> = table.fixed_keys().iter().map(|key| key.name).collect();
    format!("unknown key `{full}`: the keys of {} are {}", table.header(), keys.join(", "))
}

/// The key of the table that was probably meant, where no other place has one of that very name.
pub(super) fn nearest_in_table(table: &SettingTable, name: &str) -> Option<&'static str> {
    if elsewhere(name).is_some() {
        return None;
    }
    nearest(name, table.fixed_keys().iter().map(|key| key.name))
}

/// Where a key of that name can stand.
fn elsewhere(name: &str) -> Option<String> {
    let known = keys::KEYS.iter().map(|key| key.name);
    let known = known.map(|known| known.rsplit_once('.').unwrap_or(("", known)));
    if let Some((section, _)) = known.into_iter().find(|(_, last)| *last == name) {
        return Some(match section {
            "" => "at the top of the file, before the first [section]".to_owned(),
            section => format!("below [{section}]"),
        });
    }
    let table = TABLES.iter().find(|table| table.fixed_keys().iter().any(|key| key.name == name));
    table.map(|table| format!("below {}", table.header()))
}

/// The nearest whole name, or the nearest last part of one.
fn nearest_key(full: &str) -> Option<&'static str> {
    let name = full.rsplit('.').next().unwrap_or(full);
    nearest(full, keys::KEYS.iter().map(|key| key.name)).or_else(|| {
        let last = |key: &'static SettingKey| key.name.rsplit('.').next().unwrap_or(key.name);
        let near = nearest(name, keys::KEYS.iter().map(last))?;
        keys::KEYS.iter().find(|key| last(key) == near).map(|key| key.name)
    })
}
