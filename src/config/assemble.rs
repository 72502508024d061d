//! The settings of all sources into one checked [`Config`].

use std::fmt;

use super::contradictions::contradictions;
use super::keys::KEYS;
use super::loaded::{EffectiveSetting, Loaded};
use super::settings::Config;
use super::settings_reader::SettingsReader;
use super::sources::{self, ConfigProblem, Setting, SettingSource, Sources};
use super::{limits, values};

/// Everything that is wrong with the configuration; at least one problem. The program ends with
/// code 78.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order they are found: variables, the file from top to bottom, then what keys say
    /// together.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads all sources. What no source sets has its default; what cannot be read is refused, all
    /// of it at once.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        let settings = sources::collect(sources).map_err(|problems| ConfigError { problems })?;
        let mut reading = SettingsReader { settings: &settings, problems: Vec::new() };
        let config = reading.over(Config::default());
        let loaded = Loaded { config, settings: effective(&settings) };
        if reading.problems.is_empty() {
            for (key, why) in contradictions(&loaded.config) {
                let better = limits::better(&loaded.config, key);
                let way = better.map_or(String::new(), |advice| {
                    format!("; write {}", advice.in_words(&loaded))
                });
                reading.refuse(key, &format!("{why}{way}"));
            }
        }
        if !reading.problems.is_empty() {
            return Err(ConfigError { problems: reading.problems });
        }
        Ok(loaded)
    }
}

fn effective(settings: &[Setting]) -> Vec<EffectiveSetting> {
    KEYS.iter()
        .map(|key| match settings.iter().find(|setting| setting.key.name == key.name) {
            Some(setting) => EffectiveSetting {
                key: key.name,
                value: values::shown(&setting.value),
                source: setting.source.clone(),
            },
            None => EffectiveSetting {
                key: key.name,
                value: key.default.to_owned(),
                source: SettingSource::Default,
            },
        })
        .collect()
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
