//! One setting with any value, from the file or from the environment: what is accepted lies within
//! its bounds, means the same when it is written again, and no list of trusted proxies is
//! everybody.

#![cfg_attr(fuzzing, no_main)]

use core::net::IpAddr;
use core::time::Duration;

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::config::keys::KEYS;
use portcullis::config::{Config, ConfigFile, Environment, Sources, Trust};

const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);

fuzz_target!(|input: (u8, bool, &str)| {
    let (number, by_variable, value) = input;
    trust(value);
    let key = &KEYS[usize::from(number) % KEYS.len()];
    let sources = if by_variable {
        if value.contains('\0') {
            return;
        }
        Sources { environment: Environment::of([(key.variable(), value)]), ..Sources::default() }
    } else {
        // As it stands where a value may be a number or a list, else as the text that it is.
        let text = match value.starts_with(['"', '[', '\''])
            || value.parse::<i64>().is_ok()
            || value.parse::<bool>().is_ok()
        {
            true => format!("{} = {value}\n", key.name),
            false => format!("{} = {value:?}\n", key.name),
        };
        Sources {
            file: Some(ConfigFile { path: "portcullis.toml".into(), text }),
            ..Sources::default()
        }
    };
    match Config::load(&sources) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(loaded) => {
            let config = loaded.config;
            let times = [
                Some(config.session.lifetime),
                Some(config.limits.window),
                Some(config.audit.keep),
            ];
            for time in
                times.into_iter().chain([config.session.idle, config.session.proxy_cache]).flatten()
            {
                assert!(!time.is_zero() && time <= TEN_YEARS, "{time:?}");
            }
            assert!((1..=100_000).contains(&config.server.max_connections));
            assert!(config.login.skew <= 2 && config.limits.attempts >= 1);
            assert!(!config.login.title.chars().any(char::is_control), "would split a line");
        }
    }
});

/// The list of trusted proxies, which decides whom every address is believed from.
fn trust(text: &str) {
    let Ok(trust) = Trust::parse(text) else { return };
    assert_eq!(Trust::parse(&trust.to_string()), Ok(as_shown(trust.clone())), "{text:?}");
    if matches!(trust, Trust::Ranges(_)) {
        let few = text.split(',').count() < 2;
        let ends: [IpAddr; 2] = [
            "0.0.0.1".parse().expect("an address"),
            "254.255.255.255".parse().expect("an address"),
        ];
        // One range that holds both ends of IPv4 would hold all of it.
        assert!(
            !few || text.contains(':') || !ends.iter().all(|end| trust.trusts(*end, 0)),
            "{text:?}"
        );
    }
}

/// Nobody and an empty list are the same, and shown as the same.
fn as_shown(trust: Trust) -> Trust {
    match trust {
        Trust::Ranges(ranges) if ranges.is_empty() => Trust::Nobody,
        other => other,
    }
}
