//! The settings of all sources into one checked [`Config`].

use super::keys::{KEYS, Key};
use super::raw::Raw;
use super::sources::{self, Problem, Setting, Source, Sources};
use super::{Config, limits, names, values};
use std::fmt;

/// A checked configuration, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings themselves.
    pub config: Config,
    /// One for each key, in the order of the file.
    pub origins: Vec<Origin>,
}

impl Loaded {
    /// The keys that `newer` sets to another value, in the order of the file.
    pub fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let pairs = self.origins.iter().zip(&newer.origins);
        pairs.filter(|(old, new)| old.value != new.value).map(|(old, _)| old.key).collect()
    }
}

/// One line of `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `session.lifetime`
    pub key: &'static str,
    /// As it would stand in the file.
    pub value: String,
    /// Who set it.
    pub source: Source,
}

/// Everything that is wrong with the configuration; at least one problem. The program ends with
/// code 78.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order they are found: variables, the file from top to bottom, then what keys say
    /// together.
    pub problems: Vec<Problem>,
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
        let mut reading = Reading { settings: &settings, problems: Vec::new() };
        let config = reading.over(Config::default());
        let loaded = Loaded { config, origins: origins(&settings) };
        if reading.problems.is_empty() {
            for (key, why) in limits::contradictions(&loaded.config) {
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

    /// These settings with one more, if they would still be taken.
    pub(super) fn with(&self, key: &'static Key, value: &Raw) -> Option<Self> {
        let settings = [Setting { key, value: value.clone(), source: Source::Default }];
        let mut reading = Reading { settings: &settings, problems: Vec::new() };
        let config = reading.over(self.clone());
        (reading.problems.is_empty() && limits::contradictions(&config).is_empty())
            .then_some(config)
    }
}

struct Reading<'s> {
    settings: &'s [Setting],
    problems: Vec<Problem>,
}

impl Reading<'_> {
    /// What the settings say, and `config` where they say nothing.
    fn over(&mut self, mut config: Config) -> Config {
        self.set("listen", &mut config.listen, values::listen);
        self.set("public_url", &mut config.public_url, names::public_url);
        self.set("path_prefix", &mut config.path_prefix, names::path_prefix);
        self.set("redirect_hosts", &mut config.redirect_hosts, names::redirect_hosts);
        self.set("server.max_connections", &mut config.server.max_connections, values::connections);
        self.set("session.lifetime", &mut config.session.lifetime, values::duration);
        self.set("session.idle", &mut config.session.idle, values::optional_duration);
        self.set("session.cookie_name", &mut config.session.cookie_name, values::cookie_name);
        self.set("session.cookie_domain", &mut config.session.cookie_domain, names::cookie_domain);
        self.set("session.cookie_prefix", &mut config.session.cookie_prefix, values::cookie_prefix);
        self.set("session.secure", &mut config.session.secure, values::flag);
        self.set("session.same_site", &mut config.session.same_site, values::same_site);
        self.set("session.proxy_cache", &mut config.session.proxy_cache, values::optional_duration);
        self.set("login.ask_username", &mut config.login.ask_username, values::flag);
        self.set("login.accept_odds", &mut config.login.accept_odds, values::flag);
        self.set("login.title", &mut config.login.title, values::title);
        self.set("login.skew", &mut config.login.skew, values::skew);
        self.set("limits.attempts", &mut config.limits.attempts, values::attempts);
        self.set("limits.window", &mut config.limits.window, values::duration);
        self.set("limits.local", &mut config.limits.local, values::local_ranges);
        self.set("proxy.trust", &mut config.proxy.trust, values::trust);
        self.set(
            "proxy.client_ip_header",
            &mut config.proxy.client_ip_header,
            values::client_ip_header,
        );
        self.set(
            "proxy.cloudflare_ranges",
            &mut config.proxy.cloudflare_ranges,
            values::cloudflare_ranges,
        );
        self.set("proxy.required", &mut config.proxy.required, values::flag);
        self.set("identity.headers", &mut config.identity.headers, values::identity_headers);
        self.set("identity.resolver_headers", &mut config.identity.resolver_headers, values::flag);
        self.set("metrics.listen", &mut config.metrics.listen, values::metrics_listen);
        self.set("audit.keep", &mut config.audit.keep, values::keep);
        self.set("clock.require_sync", &mut config.clock.require_sync, values::require_sync);
        self.set("log.format", &mut config.log.format, values::log_format);
        self.set("log.level", &mut config.log.level, values::log_level);
        self.set("log.time", &mut config.log.time, values::flag);
        config
    }

    fn set<T>(&mut self, key: &str, slot: &mut T, read: fn(&Raw) -> Result<T, String>) {
        let Some(setting) = self.settings.iter().find(|setting| setting.key.name == key) else {
            return;
        };
        match read(&setting.value) {
            Ok(value) => *slot = value,
            Err(message) => self.refuse(key, &message),
        }
    }

    fn refuse(&mut self, key: &str, message: &str) {
        let setting = self.settings.iter().find(|setting| setting.key.name == key);
        let place = setting.map(|setting| setting.source.to_string());
        self.problems.push(Problem { place, message: format!("{key}: {message}") });
    }
}

fn origins(settings: &[Setting]) -> Vec<Origin> {
    KEYS.iter()
        .map(|key| match settings.iter().find(|setting| setting.key.name == key.name) {
            Some(setting) => Origin {
                key: key.name,
                value: values::shown(&setting.value),
                source: setting.source.clone(),
            },
            None => {
                Origin { key: key.name, value: key.default.to_owned(), source: Source::Default }
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
