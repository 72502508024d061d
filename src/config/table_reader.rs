//! The values of one table of the file into types.
//!
//! Guarantees that what is wrong is noted with its own line, an entry of a list with the entry's,
//! and that a value which was refused once is not refused again for being missing.

use super::file_problems::FileProblems;
use super::raw::Raw;
use super::toml_file::{FileTable, FileValue};
use super::values::{Read, quoted, shown};

/// Reads the keys of one table.
pub(super) struct TableReader<'r, 'p> {
    table: &'r FileTable,
    /// Before each message: `rule "photo shares"`.
    label: String,
    problems: &'r mut FileProblems<'p>,
}

impl<'r, 'p> TableReader<'r, 'p> {
    /// `label` names the table in messages.
    pub(super) fn new(
        table: &'r FileTable,
        label: String,
        problems: &'r mut FileProblems<'p>,
    ) -> Self {
        Self { table, label, problems }
    }

    /// Whether the key stands there, be it with a value that was refused.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.values.iter().any(|value| value.name == key)
    }

    /// The line of a key, or of the table where it is missing.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.value(key).map_or(self.table.line, |value| value.line)
    }

    /// A text, read by `read`; `None` where there is none, or it was refused.
    pub(super) fn text<T>(&mut self, key: &str, read: impl Fn(&str) -> Read<T>) -> Option<T> {
        let value = self.value(key)?;
        let read = match value.value.as_ref()? {
            Raw::Text(text) => read(text),
            other => Err(format!("expects {}, not {}", self.example(key), shown(other))),
        };
        read.map_err(|message| self.refuse(value.line, key, &message)).ok()
    }

    /// `true` or `false`; `None` where there is neither, or it was refused.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let read = super::values::flag(value.value.as_ref()?);
        read.map_err(|message| self.refuse(value.line, key, &message)).ok()
    }

    /// The entries of a list that `read` took.
    pub(super) fn entries<T>(&mut self, key: &str, read: impl Fn(&str) -> Read<T>) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let entries = match &value.value {
            None => return Vec::new(),
            Some(Raw::List(entries)) => entries,
            Some(Raw::Text(text)) => {
                let message = format!("expects a list: write [{0}] for {0}", quoted(text));
                self.refuse(value.line, key, &message);
                return Vec::new();
            }
            Some(other) => {
                let example = self.example(key);
                let message = format!("expects a list such as {example}, not {}", shown(other));
                self.refuse(value.line, key, &message);
                return Vec::new();
            }
        };
        let mut taken = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            match read(entry) {
                Ok(entry) => taken.push(entry),
                Err(message) => {
                    let line = value.entry_lines.get(place).copied().unwrap_or(value.line);
                    self.refuse(line, key, &message);
                }
            }
        }
        taken
    }

    /// Notes what is wrong with a key.
    pub(super) fn refuse(&mut self, line: usize, key: &str, message: &str) {
        self.problems.add(line, format!("{}: {key}: {message}", self.label));
    }

    fn value(&self, key: &str) -> Option<&'r FileValue> {
        self.table.values.iter().find(|value| value.name == key)
    }

    fn example(&self, key: &str) -> &'static str {
        self.table.table.key(key).map_or("", |key| key.example)
    }
}
