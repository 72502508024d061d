//! Which source wins: flag, `PORTCULLIS_*`, `PORTCULLIS_*_FILE`, systemd credential, file, default.
//! A source replaces a weaker one's value whole, it never adds to it.
//!
//! Guarantees that no variable that starts with `PORTCULLIS_` is passed over: an unknown one is
//! refused like an unknown key of the file, unless a container platform has put it there
//! ([`platforms`]).

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::keys::{self, KEYS, SettingKey, ValueKind};
use super::nearest::nearest;
use super::platforms;
use super::raw::Raw;
use super::tables::{SettingTable, TABLES};
use super::toml_file::{self, FileTable};

/// Everything that may set a key.
#[derive(Clone, Default)]
pub struct Sources {
    /// `--listen`, as often as it was given.
    pub listen: Vec<String>,
    /// The environment of the process.
    pub environment: Environment,
    /// The configuration file, if there is one.
    pub file: Option<ConfigFile>,
}

/// The text of the configuration file and where it came from.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// For messages.
    pub path: PathBuf,
    /// TOML.
    pub text: String,
}

/// Where the value of a key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// Built in.
    Default,
    /// The configuration file, with the line counted from 1.
    File(PathBuf, usize),
    /// A systemd credential.
    Credential(PathBuf),
    /// A file that a `PORTCULLIS_*_FILE` variable names.
    VariableFile(String, PathBuf),
    /// A `PORTCULLIS_*` variable.
    Variable(String),
    /// A command line option.
    Flag(&'static str),
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::VariableFile(name, path) => write!(f, "{name} ({})", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A key that some source has set.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Which one.
    pub key: &'static SettingKey,
    /// What it is set to, not yet checked.
    pub value: Raw,
    /// By whom.
    pub source: SettingSource,
}

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// A file with its line, a variable, an option; `None` where a default is at fault.
    pub place: Option<SettingSource>,
    /// The key and what is wrong with it, and the way out.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl ConfigProblem {
    /// Its line of the file; `None` where the file is not at fault.
    pub(super) const fn line(&self) -> Option<usize> {
        match self.place {
            Some(SettingSource::File(_, line)) => Some(line),
            _ => None,
        }
    }
}

/// What all sources say, not yet checked.
#[derive(Debug, Default)]
pub struct Collected {
    /// The strongest setting of each key that is set at all, in the order of [`KEYS`].
    pub settings: Vec<Setting>,
    /// The tables of the file.
    pub tables: Vec<FileTable>,
    /// What cannot be taken for a setting or a table: with one of these nothing is to be used.
    pub problems: Vec<ConfigProblem>,
}

/// Goes through all sources.
pub fn collect(sources: &Sources) -> Collected {
    let mut collected =
        Collected { problems: unknown_variables(&sources.environment), ..Collected::default() };
    if let Some(file) = &sources.file {
        collected.add_file(file);
    }
    let Collected { settings, problems, .. } = &mut collected;
    for key in &KEYS {
        match from_outside(key, sources) {
            Ok(Some(setting)) => {
                settings.retain(|weaker| weaker.key.name != key.name);
                settings.push(setting);
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    settings.sort_by_key(|setting| KEYS.iter().position(|key| key.name == setting.key.name));
    collected
}

impl Collected {
    fn add_file(&mut self, file: &ConfigFile) {
        let place = |line| SettingSource::File(file.path.clone(), line);
        let contents = toml_file::parse(&file.text);
        self.settings.extend(contents.entries.into_iter().map(|entry| Setting {
            key: entry.key,
            value: entry.value,
            source: place(entry.line),
        }));
        self.tables = contents.tables;
        self.problems.extend(contents.problems.into_iter().map(|problem| ConfigProblem {
            place: Some(place(problem.line)),
            message: problem.message,
        }));
    }
}

fn from_outside(
    key: &'static SettingKey,
    sources: &Sources,
) -> Result<Option<Setting>, ConfigProblem> {
    if key.name == "listen" && !sources.listen.is_empty() {
        let value = Raw::List(sources.listen.clone());
        return Ok(Some(Setting { key, value, source: SettingSource::Flag("--listen") }));
    }
    let name = key.variable();
    if let Some(value) = sources.environment.value(&name) {
        let text = text_of(value).map_err(|message| ConfigProblem {
            place: Some(SettingSource::Variable(name.clone())),
            message,
        })?;
        return Ok(Some(Setting {
            key,
            value: from_text(key.kind, text),
            source: SettingSource::Variable(name),
        }));
    }
    let file_variable = format!("{name}_FILE");
    let (path, source) = if let Some(value) = sources.environment.value(&file_variable) {
        if value.is_empty() {
            let message = "is empty: name a file in it, or remove it".to_owned();
            let place = Some(SettingSource::Variable(file_variable));
            return Err(ConfigProblem { place, message });
        }
        let path = PathBuf::from(value);
        (path.clone(), SettingSource::VariableFile(file_variable, path))
    } else if let Some(path) = sources.environment.credential(&key.credential()) {
        (path.clone(), SettingSource::Credential(path))
    } else {
        return Ok(None);
    };
    let text = read_value(&path).map_err(|message| ConfigProblem {
        place: Some(source.clone()),
        message: format!("{}: {message}", key.name),
    })?;
    Ok(Some(Setting { key, value: from_text(key.kind, &text), source }))
}

fn text_of(value: &OsStr) -> Result<&str, String> {
    value.to_str().ok_or_else(|| "the value is not UTF-8".to_owned())
}

/// A short text file without its final line end and the mark that some editors put in front.
fn read_value(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_VALUE + 1).read_to_string(&mut text))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LONGEST_VALUE {
        return Err(format!("holds more than {LONGEST_VALUE} bytes"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

const LONGEST_VALUE: u64 = 65_536;

/// What a text from outside the file means for a key of that kind. What does not fit stays text,
/// for the key's own check to refuse it by name.
fn from_text(kind: ValueKind, text: &str) -> Raw {
    let number = || {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).map(Raw::Number)
    };
    let flag = || text.parse().ok().map(Raw::Flag);
    let list = || {
        let entries = text.split(',').map(|entry| entry.trim().to_owned());
        Raw::List(if text.trim().is_empty() { Vec::new() } else { entries.collect() })
    };
    let text = || Raw::Text(text.to_owned());
    match kind {
        ValueKind::Text | ValueKind::Duration => text(),
        ValueKind::Number => number().unwrap_or_else(text),
        ValueKind::Flag | ValueKind::FlagOrText => flag().unwrap_or_else(text),
        ValueKind::List => list(),
        ValueKind::Trust => flag().or_else(number).unwrap_or_else(text),
    }
}

fn unknown_variables(environment: &Environment) -> Vec<ConfigProblem> {
    environment
        .iter()
        .filter(|(name, value)| {
            !platforms::is_injected(name, &value.to_string_lossy(), environment)
        })
        .filter_map(|(name, _)| Some((name, name.strip_prefix(keys::VARIABLE_PREFIX)?)))
        .filter(|(name, _)| !keys::OTHER_VARIABLES.contains(name))
        .filter(|(name, _)| {
            KEYS.iter().all(|key| key.variable() != name.strip_suffix("_FILE").unwrap_or(name))
        })
        .map(|(name, rest)| ConfigProblem {
            place: Some(SettingSource::Variable(name.to_owned())),
            message: unknown_variable(name, rest),
        })
        .collect()
}

fn unknown_variable(name: &str, rest: &str) -> String {
    if rest == "JWT_SECRET" || rest == "JWT_SECRET_FILE" {
        return format!("unknown variable: the secret's variable is {rest}");
    }
    if let Some(header) = table_of(rest) {
        return format!("unknown variable: {header} comes from the file alone, write it there");
    }
    let names: Vec<String> = KEYS.iter().map(SettingKey::variable).collect();
    let known = names.iter().map(String::as_str).chain(keys::OTHER_VARIABLES);
    let rests = known.filter_map(|known| known.strip_prefix(keys::VARIABLE_PREFIX));
    let stem = name.strip_suffix("_FILE").unwrap_or(name);
    match nearest(stem.strip_prefix(keys::VARIABLE_PREFIX).unwrap_or(rest), rests) {
        Some(known) => format!("unknown variable: did you mean {}{known}?", keys::VARIABLE_PREFIX),
        None => {
            "unknown variable: `portcullis config show` lists all keys, and PORTCULLIS_SECTION_KEY sets one".to_owned()
        }
    }
}

/// The table that a variable such as `RULE_1_HOSTS` or `NETWORKS` is probably meant for.
fn table_of(rest: &str) -> Option<String> {
    let word = rest.split('_').next().unwrap_or_default().to_ascii_lowercase();
    let one = |name: &str| name.strip_suffix('s').unwrap_or(name).to_owned();
    TABLES.iter().find(|table| one(table.name) == one(&word)).map(SettingTable::header)
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
