//! The configuration file: refused with a message, or accepted as settings that cannot harm what is
//! made of them.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::cli::proxy_print;
use portcullis::config::Config;
use portcullis::config::sources::{ConfigFile, Sources};
use portcullis::proxies::all;

fuzz_target!(|text: &str| {
    let file = Some(ConfigFile { path: "portcullis.toml".into(), text: text.to_owned() });
    match Config::load(&Sources { file, ..Sources::default() }) {
        Err(error) => {
            assert!(!error.problems.is_empty());
            assert!(!error.to_string().is_empty());
        }
        Ok(loaded) => {
            let config = loaded.config;
            assert!(config.path_prefix.is_empty() || config.path_prefix.starts_with('/'));
            assert!(!config.path_prefix.ends_with('/'));
            assert!(
                config.server.max_connections > 0
                    && config.limits.attempts > 0
                    && config.login.skew <= 2
            );
            assert!(
                config
                    .cookie_name()
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"=;,\"".contains(&byte))
            );
            // A name that leaves its place in a printed configuration would open a site.
            let names =
                [Some(config.path_prefix.as_str()), config.session.cookie_domain.as_deref()];
            let public = config.public_url.as_ref().map(|url| url.host.as_str());
            for name in names.into_iter().flatten().chain(public) {
                assert!(
                    name.bytes()
                        .all(|byte| byte.is_ascii_graphic() && !b"{}<>;\"'`\\$#".contains(&byte)),
                    "{name}"
                );
            }
            let networks = |name: &str| config.networks.get(name).is_some_and(|own| !own.is_empty());
            assert!(["loopback", "linklocal", "uniquelocal"].into_iter().all(networks));
            for rule in config.rules.as_slice() {
                assert!(!rule.name.chars().any(char::is_control), "would split a line");
                assert!((1..=text.lines().count()).contains(&rule.line), "{}", rule.line);
            }
            for (_, configuration) in all::printable() {
                assert!(proxy_print::text(configuration, &config).ends_with('\n'));
                let script = proxy_print::script(configuration, &config);
                assert!(script.is_none_or(|text| text.ends_with('\n')));
            }
        }
    }
});
