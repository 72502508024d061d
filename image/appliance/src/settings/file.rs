//! The TOML file as known keys with their lines (TOML 1.1). Whatever is not known is a problem,
//! with the nearest word that is.

use std::ops::Range;

use portcullis::config::nearest::nearest;
use toml::de::{DeTable, DeValue};

use super::Problem;
use super::value::{Read, Value};

/// Every key, by the section that it stands in.
pub const KEYS: [(&str, &[&str]); 6] = [
    ("", &["hostname"]),
    ("gate", &["host", "domain", "title"]),
    ("tls", &["mode", "email"]),
    ("site", &["host", "upstream", "verify_tls"]),
    ("wifi", &["ssid", "psk", "country"]),
    ("time", &["zone", "ntp"]),
];

/// Sites behind one card.
const MOST_SITES: usize = 64;

/// A file being read.
#[derive(Debug)]
pub struct File {
    entries: Vec<Entry>,
    /// The line of each `[[site]]`.
    sites: Vec<usize>,
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
struct Entry {
    /// `gate.host`; of a site's keys only the first is found by name alone.
    name: String,
    site: Option<usize>,
    value: Value,
    line: usize,
    span: Range<usize>,
}

/// Finds all keys; refuses at once what is no TOML.
pub fn read(text: &str) -> Result<File, Vec<Problem>> {
    let line_of =
        |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| not_toml(error, text, line_of)).collect());
    }
    let mut reading = Reading {
        line_of,
        file: File { entries: Vec::new(), sites: Vec::new(), problems: Vec::new() },
    };
    for (key, value) in table.get_ref() {
        reading.top(key.get_ref(), key.span().start, value);
    }
    Ok(reading.file)
}

fn not_toml(error: &toml::de::Error, text: &str, line_of: impl Fn(usize) -> usize) -> Problem {
    let line = line_of(error.span().map_or(0, |span| span.start));
    let written = text.lines().nth(line - 1).unwrap_or_default();
    let hint = if written.contains(['“', '”', '„', '‘', '’']) {
        "; use plain quotes (\"), not those of a word processor"
    } else {
        ""
    };
    Problem {
        line: Some(line),
        message: format!("{}{hint}", error.message().trim().replace('\n', ", ")),
    }
}

impl File {
    /// Reads a key into its slot. One that is not there, or holds `""`, leaves the default.
    pub fn set<T>(&mut self, name: &str, slot: &mut T, read: impl FnOnce(&Value) -> Read<T>) {
        self.set_entry(name, None, slot, read);
    }

    /// The same within the `number`th site, where it must be there; counted from 0.
    pub fn set_in_site<T>(
        &mut self,
        number: usize,
        key: &str,
        slot: &mut T,
        read: impl FnOnce(&Value) -> Read<T>,
    ) {
        let name = format!("site.{key}");
        let found = self.set_entry(&name, Some(number), slot, read);
        if !found && key != "verify_tls" {
            let line = self.sites.get(number).copied();
            self.problems
                .push(Problem { line, message: format!("{name} is missing from this [[site]]") });
        }
    }

    fn set_entry<T>(
        &mut self,
        name: &str,
        site: Option<usize>,
        slot: &mut T,
        read: impl FnOnce(&Value) -> Read<T>,
    ) -> bool {
        let Some(entry) =
            self.entries.iter().find(|entry| entry.name == name && entry.site == site)
        else {
            return false;
        };
        if entry.value == Value::Text(String::new()) {
            return site.is_none();
        }
        match read(&entry.value) {
            Ok(value) => *slot = value,
            Err(message) => {
                self.problems.push(Problem {
                    line: Some(entry.line),
                    message: format!("{name}: {message}"),
                });
            }
        }
        true
    }

    /// How many sites there are.
    pub fn sites(&self) -> usize {
        self.sites.len()
    }

    /// Where the value of a key stands in the text.
    pub fn span(&self, name: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| entry.span.clone())
    }

    /// Adds a problem at a key's line, or at the whole file where the key is not set.
    pub fn refuse(&mut self, name: &str, message: &str) {
        self.refuse_at(name, None, message);
    }

    /// The same within the `number`th site.
    pub fn refuse_in_site(&mut self, number: usize, key: &str, message: &str) {
        self.refuse_at(&format!("site.{key}"), Some(number), message);
    }

    fn refuse_at(&mut self, name: &str, site: Option<usize>, message: &str) {
        let entry = self.entries.iter().find(|entry| entry.name == name && entry.site == site);
        let line = entry.map(|entry| entry.line);
        self.problems.push(Problem { line, message: format!("{name}: {message}") });
    }

    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }
}

struct Reading<L> {
    line_of: L,
    file: File,
}

type Spanned<'t> = toml::Spanned<DeValue<'t>>;

impl<L: Fn(usize) -> usize> Reading<L> {
    fn top(&mut self, name: &str, at: usize, value: &Spanned<'_>) {
        match (section(name), value.get_ref()) {
            (Some(_), DeValue::Array(tables)) if name == "site" => {
                for table in tables {
                    self.site(table);
                }
            }
            (Some(_), DeValue::Table(_)) if name == "site" => {
                self.problem(at, "write [[site]] with two brackets, once for each site".to_owned());
            }
            (Some(_), DeValue::Table(table)) => self.section(name, None, table),
            (Some(_), _) => self
                .problem(at, format!("`{name}` is a section: write [{name}] on a line of its own")),
            (None, _) if is_key("", name) => self.entry(name.to_owned(), None, at, value),
            (None, DeValue::Table(_) | DeValue::Array(_)) => {
                let sections = || {
                    KEYS.iter().map(|(section, _)| *section).filter(|section| !section.is_empty())
                };
                let hint = nearest(name, sections()).map_or_else(
                    || format!("the sections are {}", sections().collect::<Vec<_>>().join(", ")),
                    |near| {
                        format!(
                            "did you mean {}?",
                            if near == "site" { "[[site]]".into() } else { format!("[{near}]") }
                        )
                    },
                );
                self.problem(at, format!("unknown section `{name}`: {hint}"));
            }
            (None, _) => self.unknown("", name, at),
        }
    }

    fn site(&mut self, value: &Spanned<'_>) {
        let line = (self.line_of)(value.span().start);
        let DeValue::Table(table) = value.get_ref() else {
            self.problem(
                value.span().start,
                "write [[site]] on a line of its own, once for each site".to_owned(),
            );
            return;
        };
        if self.file.sites.len() == MOST_SITES {
            self.problem(value.span().start, format!("more than {MOST_SITES} sites"));
            return;
        }
        let number = self.file.sites.len();
        self.file.sites.push(line);
        self.section("site", Some(number), table);
    }

    fn section(&mut self, section: &str, site: Option<usize>, table: &DeTable<'_>) {
        for (key, value) in table {
            let (name, at) = (key.get_ref(), key.span().start);
            if is_key(section, name) {
                self.entry(format!("{section}.{name}"), site, at, value);
            } else {
                self.unknown(section, name, at);
            }
        }
    }

    fn entry(&mut self, name: String, site: Option<usize>, at: usize, value: &Spanned<'_>) {
        let read = match value.get_ref() {
            DeValue::String(text) => Some(Value::Text(text.to_string())),
            DeValue::Boolean(flag) => Some(Value::Flag(*flag)),
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map(Value::List),
            _ => None,
        };
        let line = (self.line_of)(at);
        match read {
            Some(value_read) => {
                self.file.entries.push(Entry {
                    name,
                    site,
                    value: value_read,
                    line,
                    span: value.span(),
                });
            }
            None => self.problem(at, format!("{name}: write the value in quotes (\")")),
        }
    }

    fn unknown(&mut self, section: &str, name: &str, at: usize) {
        let full = |section: &str, name: &str| {
            if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
        };
        let keys =
            KEYS.iter().find(|(known, _)| *known == section).map_or(&[][..], |(_, keys)| *keys);
        let elsewhere = KEYS.iter().find(|(_, keys)| keys.contains(&name));
        let hint = match (elsewhere, nearest(name, keys.iter().copied())) {
            (Some(("", _)), _) => {
                format!("`{name}` belongs at the top of the file, before the first [section]")
            }
            (Some(("site", _)), _) => format!("`{name}` belongs below a [[site]]"),
            (Some((home, _)), _) => format!("`{name}` belongs below [{home}]"),
            (None, Some(near)) => format!("did you mean `{}`?", full(section, near)),
            (None, None) => {
                match KEYS
                    .iter()
                    .find_map(|(home, keys)| Some((home, nearest(name, keys.iter().copied())?)))
                {
                    Some((home, near)) => format!("did you mean `{}`?", full(home, near)),
                    None => format!("the keys here are {}", keys.join(", ")),
                }
            }
        };
        self.problem(at, format!("unknown key `{}`: {hint}", full(section, &shortened(name))));
    }

    fn problem(&mut self, at: usize, message: String) {
        let line = Some((self.line_of)(at));
        self.file.problems.push(Problem { line, message });
    }
}

fn section(name: &str) -> Option<&'static [&'static str]> {
    KEYS.iter().find(|(section, _)| !section.is_empty() && *section == name).map(|(_, keys)| *keys)
}

fn is_key(section: &str, name: &str) -> bool {
    KEYS.iter().any(|(known, keys)| *known == section && keys.contains(&name))
}

fn shortened(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(40).collect()
}
