//! The TOML file as a list of known keys and tables with their lines (TOML 1.1).
//!
//! Guarantees that every key of the result is one of [`keys::KEYS`] or stands in one of
//! [`tables::TABLES`], where it may stand, and that nothing in the file was passed over: what is
//! unknown, or belongs to a later version, is a problem with its line.

use toml::de::{DeTable, DeValue};

use super::keys::{self, SettingKey};
use super::line_starts::LineStarts;
use super::raw::{Raw, is_array_of_tables};
use super::repeated_key::repeated;
use super::tables::{self, SettingTable, TableKeys};
use super::unknown_key;

/// What the file holds, and what is wrong with it. With a problem the rest is still as it stands
/// there, so that more can be found at once.
#[derive(Debug, Default)]
pub struct FileContents {
    /// Single settings.
    pub entries: Vec<FileEntry>,
    /// `[networks]` and each `[[rule]]`, those of one name in the order of the file.
    pub tables: Vec<FileTable>,
    /// In the order of the file.
    pub problems: Vec<FileProblem>,
}

/// A key of the file.
#[derive(Debug)]
pub struct FileEntry {
    /// Which one.
    pub key: &'static SettingKey,
    /// What it is set to.
    pub value: Raw,
    /// Counted from 1.
    pub line: usize,
}

/// A table of the file.
#[derive(Debug)]
pub struct FileTable {
    /// Which one.
    pub table: &'static SettingTable,
    /// Where it begins, counted from 1.
    pub line: usize,
    /// What stands in it, in the order of the file.
    pub values: Vec<FileValue>,
}

/// A key of a table.
#[derive(Debug)]
pub struct FileValue {
    /// Without its table.
    pub name: String,
    /// What it is set to; `None` where that is a problem already.
    pub value: Option<Raw>,
    /// Counted from 1.
    pub line: usize,
    /// Of a list, the lines of its entries.
    pub entry_lines: Vec<usize>,
}

/// Something in the file that cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and the way out.
    pub message: String,
}

/// Reads the whole file.
pub fn parse(text: &str) -> FileContents {
    let lines = LineStarts::of(text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let line = lines.line_of(error.span().map_or(0, |span| span.start));
            let message = match error.message().trim() {
                "duplicate key" => repeated(text, line),
                other => other.replace('\n', ", "),
            };
            let problems = vec![FileProblem { line, message }];
            return FileContents { problems, ..FileContents::default() };
        }
    };
    let mut file = FileReader { lines, contents: FileContents::default() };
    for (name, value) in table.get_ref() {
        file.top(name.get_ref(), name.span().start, value.get_ref());
    }
    file.contents.problems.sort_by_key(|problem| problem.line);
    file.contents
}

struct FileReader {
    lines: LineStarts,
    contents: FileContents,
}

impl FileReader {
    fn top(&mut self, name: &str, at: usize, value: &DeValue<'_>) {
        if let Some(key) = keys::find(name).filter(|key| !key.name.contains('.')) {
            self.entry(key, at, value);
        } else if let Some(table) = tables::find(name) {
            self.tables(table, at, value);
        } else if keys::sections().any(|section| section == name) {
            match value {
                DeValue::Table(table) => {
                    for (inner, value) in table {
                        self.inside(name, inner.get_ref(), inner.span().start, value.get_ref());
                    }
                }
                _ => self.problem(
                    at,
                    format!("`{name}` is a section: write [{name}] on a line of its own"),
                ),
            }
        } else {
            let at = if is_array_of_tables(value) { header_of(value).unwrap_or(at) } else { at };
            self.problem(at, unknown_key::at_top(name, value));
        }
    }

    fn inside(&mut self, section: &str, name: &str, at: usize, value: &DeValue<'_>) {
        let full = format!("{section}.{name}");
        match (keys::find(&full), value) {
            (Some(key), _) => self.entry(key, at, value),
            (None, DeValue::Table(table)) if keys::sections().any(|section| section == name) => {
                for key in table.keys() {
                    let message = unknown_key::named_in_full(section, name, key.get_ref());
                    self.problem(key.span().start, message);
                }
            }
            (None, _) => {
                let table = tables::find(name).filter(|_| value.is_table());
                let message =
                    table.map_or_else(|| unknown_key::inside(&full, name), unknown_key::other_form);
                self.problem(at, message);
            }
        }
    }

    fn entry(&mut self, key: &'static SettingKey, at: usize, value: &DeValue<'_>) {
        let line = self.lines.line_of(at);
        match Raw::of(value) {
            Ok(value) => self.contents.entries.push(FileEntry { key, value, line }),
            Err(message) => self.problem(at, format!("{}: {message}", key.name)),
        }
    }

    fn tables(&mut self, table: &'static SettingTable, at: usize, value: &DeValue<'_>) {
        match (&table.keys, value) {
            (TableKeys::Chosen(_), DeValue::Table(values)) => self.table(table, at, values),
            (TableKeys::Fixed(_), DeValue::Array(items)) if is_array_of_tables(value) => {
                for item in items {
                    if let DeValue::Table(values) = item.get_ref() {
                        self.table(table, item.span().start, values);
                    }
                }
            }
            _ => self.problem(header_of(value).unwrap_or(at), unknown_key::other_form(table)),
        }
    }

    fn table(&mut self, table: &'static SettingTable, at: usize, values: &DeTable<'_>) {
        let mut found: Vec<_> = values.iter().collect();
        found.sort_by_key(|(name, _)| name.span().start);
        let values = found
            .into_iter()
            .map(|(name, value)| {
                self.value(table, name.get_ref(), name.span().start, value.get_ref())
            })
            .collect();
        self.contents.tables.push(FileTable { table, line: self.lines.line_of(at), values });
    }

    fn value(
        &mut self,
        table: &'static SettingTable,
        name: &str,
        at: usize,
        value: &DeValue<'_>,
    ) -> FileValue {
        let refused = |name: &str, line| FileValue {
            name: name.to_owned(),
            value: None,
            line,
            entry_lines: Vec::new(),
        };
        let line = self.lines.line_of(at);
        if table.key(name).is_none() {
            self.problem(at, unknown_key::in_table(table, name));
            // What was probably meant is not missing too.
            return refused(unknown_key::nearest_in_table(table, name).unwrap_or(name), line);
        }
        let entries = value.as_array().into_iter().flatten();
        match Raw::of(value) {
            Ok(raw) => FileValue {
                value: Some(raw),
                entry_lines: entries.map(|entry| self.lines.line_of(entry.span().start)).collect(),
                ..refused(name, line)
            },
            Err(message) => {
                let mut wrong = entries.filter(|entry| entry.get_ref().as_str().is_none());
                let at = wrong.next().map_or(at, |entry| entry.span().start);
                self.problem(at, format!("{}.{name}: {message}", table.name));
                refused(name, line)
            }
        }
    }

    fn problem(&mut self, at: usize, message: String) {
        let line = self.lines.line_of(at);
        self.contents.problems.push(FileProblem { line, message });
    }
}

/// Where the first `[[name]]` stands.
fn header_of(value: &DeValue<'_>) -> Option<usize> {
    value.as_array()?.iter().next().map(|item| item.span().start)
}

#[cfg(test)]
#[path = "toml_file_tests.rs"]
mod tests;
