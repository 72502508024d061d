//! What the sources have set, read key by key into a [`Config`], and what is wrong with it.

use super::contradictions::contradictions;
use super::keys::SettingKey;
use super::raw::Raw;
use super::settings::Config;
use super::sources::{ConfigProblem, Setting, SettingSource};
use super::{names, values};

/// Settings that are being read, and what was wrong with them so far.
pub(super) struct SettingsReader<'s> {
    pub(super) settings: &'s [Setting],
    pub(super) problems: Vec<ConfigProblem>,
}

impl SettingsReader<'_> {
    /// What the settings say, and `config` where they say nothing.
    pub(super) fn over(&mut self, mut config: Config) -> Config {
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

    /// Notes what is wrong with a key, and where it was set.
    pub(super) fn refuse(&mut self, key: &str, message: &str) {
        let setting = self.settings.iter().find(|setting| setting.key.name == key);
        let place = setting.map(|setting| setting.source.clone());
        self.problems.push(ConfigProblem { place, message: format!("{key}: {message}") });
    }
}

impl Config {
    /// These settings with one more, if they would still be taken.
    pub(super) fn with(&self, key: &'static SettingKey, value: &Raw) -> Option<Self> {
        let settings = [Setting { key, value: value.clone(), source: SettingSource::Default }];
        let mut reading = SettingsReader { settings: &settings, problems: Vec::new() };
        let config = reading.over(self.clone());
        (reading.problems.is_empty() && contradictions(&config).is_empty()).then_some(config)
    }
}
