//! Lines that people are told to write into the file.
//!
//! Guarantees that the settings pass every check with such a line, since it has gone through all of them, and that it can
//! be pasted: its section stands above it.

use std::fmt;

use super::Config;
use super::keys::{self, Key};
use super::raw::Raw;
use super::values::shown;

/// One setting to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    key: &'static Key,
    value: Raw,
    remark: String,
}

impl Advice {
    /// To give `key` this value; `None` where it, or all settings together with it, would be refused.
    pub fn checked(config: &Config, key: &str, value: Raw) -> Option<Self> {
        let key = keys::find(key)?;
        config.with(key, &value).map(|_| Self { key, value, remark: String::new() })
    }

    /// The first of several values that would be taken.
    pub fn first(config: &Config, key: &str, values: impl IntoIterator<Item = Raw>) -> Option<Self> {
        values.into_iter().find_map(|value| Self::checked(config, key, value))
    }

    /// To believe one more proxy.
    pub fn to_trust(config: &Config, proxy: &str) -> Option<Self> {
        let trust = config.proxy.trust.to_string();
        // A flag or a number of hops names nobody who could be kept.
        let names = !matches!(trust.as_str(), "true" | "false") && trust.parse::<u32>().is_err();
        let known = trust.split(", ").filter(|known| names && !known.is_empty());
        let entries = known.chain([proxy]).map(str::to_owned).collect();
        Self::checked(config, "proxy.trust", Raw::List(entries))
    }

    /// With a comment behind the value.
    pub fn remarked(self, remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..self }
    }

    /// The same for a line of the log.
    pub fn in_words(&self) -> String {
        let (section, line) = self.parts();
        match section {
            Some(section) => format!("`{line}` below [{section}]"),
            None => format!("`{line}` at the top of the file"),
        }
    }

    fn parts(&self) -> (Option<&'static str>, String) {
        let (section, name) = match self.key.name.split_once('.') {
            Some((section, name)) => (Some(section), name),
            None => (None, self.key.name),
        };
        (section, format!("{name} = {}", shown(&self.value)))
    }
}

impl fmt::Display for Advice {
    /// As it stands in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, line) = self.parts();
        if let Some(section) = section {
            writeln!(f, "[{section}]")?;
        }
        f.write_str(&line)?;
        if self.remark.is_empty() { Ok(()) } else { write!(f, "  # {}", self.remark) }
    }
}

#[cfg(test)]
#[path = "advice_tests.rs"]
mod tests;
