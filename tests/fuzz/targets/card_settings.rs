//! `appliance.toml` on the card: refused with its lines, or accepted as texts that cannot leave
//! their place in the files that are made from it.

#![cfg_attr(fuzzing, no_main)]

use std::path::Path;

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;

// The appliance is a program without a library.
#[allow(dead_code, missing_docs, reason = "the program uses more of it")]
#[path = "../../../image/appliance/src/settings/mod.rs"]
mod settings;

use settings::{LARGEST, parse, summary};

fuzz_target!(|text: &str| {
    if u64::try_from(text.len()).expect("a length") > LARGEST {
        return;
    }
    match parse(text, Path::new("/usr/share/zoneinfo")) {
        Err(problems) => {
            assert!(!problems.is_empty() && !summary(&problems).is_empty());
            let lines = text.split('\n').count();
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.line.is_none_or(|line| (1..=lines).contains(&line)))
            );
        }
        Ok(parsed) => {
            let settings = parsed.settings;
            let hosts = [
                Some(settings.hostname.as_str()),
                Some(settings.gate.host.as_str()),
                settings.gate.domain.as_deref(),
            ];
            let sites = settings.sites.iter().map(|site| site.host.as_str());
            for host in hosts
                .into_iter()
                .flatten()
                .chain(sites)
                .chain(settings.time.ntp.iter().map(String::as_str))
            {
                let letters =
                    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
                assert!(!host.is_empty() && letters, "{host:?} would leave its place");
            }
            for site in &settings.sites {
                assert!(!site.to_string().contains(char::is_whitespace));
            }
            assert!(!settings.gate.title.chars().any(char::is_control));
            assert!(
                !settings.time.zone.contains("..") && !settings.time.zone.starts_with('/'),
                "leaves the folder"
            );
            if let Some(at) = parsed.passphrase_at {
                assert!(
                    text.get(at).is_some(),
                    "another place than the password's would be overwritten"
                );
            }
        }
    }
});
