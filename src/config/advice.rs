//! Lines that people are advised to write into the file.
//!
//! Guarantees that the settings pass every check with such a line, since it has gone through all of
//! them, and that it can be pasted: its section stands above it. Where a variable has set the key,
//! which wins over the file, it is a variable.

use std::fmt;

use super::keys::{self, SettingKey};
use super::loaded::{EffectiveSetting, Loaded};
use super::raw::Raw;
use super::settings::Config;
use super::sources::SettingSource;
use super::values::shown;

/// One setting to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    key: &'static SettingKey,
    value: Raw,
    remark: String,
}

impl Advice {
    /// To give `key` this value; `None` where it, or all settings together with it, would be
    /// refused.
    pub fn checked(config: &Config, key: &str, value: Raw) -> Option<Self> {
        let key = keys::find(key)?;
        config.with(key, &value).map(|_| Self { key, value, remark: String::new() })
    }

    /// The first of several values that would be taken.
    pub fn first(
        config: &Config,
        key: &str,
        values: impl IntoIterator<Item = Raw>,
    ) -> Option<Self> {
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

    /// To take one more range for home.
    pub fn at_home(config: &Config, range: &str) -> Option<Self> {
        let known = config.limits.local.iter().map(ToString::to_string);
        let entries = known.chain([range.to_owned()]).collect();
        Self::checked(config, "limits.local", Raw::List(entries))
    }

    /// The widest domain of `public_url`'s host that browsers take for a cookie; an address, a name
    /// without a dot and a public suffix have none.
    pub fn widest_domain(config: &Config) -> Option<Self> {
        let host = config.public_url.as_ref()?.host.as_str();
        let parent = host.split_once('.').map(|(_, parent)| parent);
        let domains = parent.into_iter().chain([host]).map(|domain| Raw::Text(domain.to_owned()));
        Self::first(config, "session.cookie_domain", domains)
    }

    /// What to write in the place of a value that was refused for what the others say.
    pub(super) fn instead(config: &Config, key: &str) -> Option<Self> {
        Self::widest_domain(config).filter(|_| key == "session.cookie_domain")
    }

    /// With a comment behind the value.
    pub fn remarked(self, remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..self }
    }

    /// As it is to be written for it to count: into the file, or where the key stands now.
    pub fn where_it_counts(&self, loaded: &Loaded) -> String {
        match self.stronger_than_the_file(loaded) {
            Some(SettingSource::Credential(path) | SettingSource::VariableFile(_, path)) => {
                format!("# as the whole of {}\n{}", path.display(), self.plain_value())
            }
            Some(SettingSource::Flag(name)) => {
                format!("{name} {}", self.plain_value().replace(',', &format!(" {name} ")))
            }
            Some(_) => format!("{}={}", self.key.variable(), self.plain_value()),
            None => self.to_string(),
        }
    }

    /// The same as a part of a sentence, for a message or the log.
    pub fn in_words(&self, loaded: &Loaded) -> String {
        match self.stronger_than_the_file(loaded) {
            Some(_) => format!("`{}`", self.where_it_counts(loaded).replace('\n', " ")),
            None => {
                let (section, line) = self.parts();
                match section {
                    Some(section) => format!("`{line}` below [{section}]"),
                    None => format!("`{line}` at the top of the file"),
                }
            }
        }
    }

    /// Who has set the key, where the file is not asked; of a key that nobody has set, what all the
    /// others come from.
    fn stronger_than_the_file<'l>(&self, loaded: &'l Loaded) -> Option<&'l SettingSource> {
        let set = |setting: &&EffectiveSetting| setting.source != SettingSource::Default;
        let own = loaded.settings.iter().find(|setting| setting.key == self.key.name).filter(set);
        let sources = || loaded.settings.iter().filter(set).map(|setting| &setting.source);
        match own {
            Some(own) => {
                Some(&own.source).filter(|source| !matches!(source, SettingSource::File(..)))
            }
            None => sources()
                .find(|source| matches!(source, SettingSource::Variable(_)))
                .filter(|_| !sources().any(|source| matches!(source, SettingSource::File(..)))),
        }
    }

    /// As variables, files and options hold it.
    fn plain_value(&self) -> String {
        match &self.value {
            Raw::Text(text) => text.clone(),
            Raw::List(entries) => entries.join(","),
            other => shown(other),
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
