//! The settings of all sources into one checked [`Config`].

use std::fmt;
use std::path::Path;

use super::advice::Advice;
use super::contradictions::contradictions;
use super::effective_tables::effective_tables;
use super::file_problems::FileProblems;
use super::keys::KEYS;
use super::loaded::{EffectiveSetting, Loaded};
use super::network_reader::networks;
use super::rule_reader::rules;
use super::settings::Config;
use super::settings_reader::SettingsReader;
use super::sources::{self, Collected, ConfigProblem, Setting, SettingSource, Sources};
use super::values;

/// Everything that is wrong with the configuration; at least one problem. The program ends with
/// code 78.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is set outside of the file, then the file from top to bottom. What keys say together is
    /// looked at once each of them is good.
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
        let Collected { settings, tables, problems } = sources::collect(sources);
        let mut reading = SettingsReader { settings: &settings, problems };
        let mut config = reading.over(Config::default());
        let path = sources.file.as_ref().map_or(Path::new(""), |file| &file.path);
        let mut problems = FileProblems { path, found: &mut reading.problems };
        config.networks = networks(&tables, &mut problems);
        config.rules = rules(&tables, &config.networks, &mut problems);
        let tables = effective_tables(path, &tables);
        let loaded = Loaded { config, settings: effective(&settings), tables };
        if reading.problems.is_empty() {
            for (key, why) in contradictions(&loaded.config) {
                let better = Advice::instead(&loaded.config, key);
                let way = better.map_or(String::new(), |advice| {
                    format!("; write {}", advice.in_words(&loaded))
                });
                reading.refuse(key, &format!("{why}{way}"));
            }
        }
        if !reading.problems.is_empty() {
            reading.problems.sort_by_key(ConfigProblem::line);
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
