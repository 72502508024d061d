//! Will passes end soon, and are they good anywhere?

use std::path::Path;
use std::time::Duration;

use crate::app::doctor::facts::{Facts, PassFacts};
use crate::app::doctor::finding::{Subject, word};
use crate::app::messages::answers::doctor::Finding;
use crate::config::{Config, typed_network};

const PASSES: Subject = Subject("passes");

/// Who has to give a program another pass should have time for it.
const SOON: Duration = Duration::from_secs(14 * 86_400);
/// As many are told one by one.
const TOLD: usize = 5;

pub(super) fn findings(facts: &Facts, config: &Config) -> Vec<Finding> {
    if facts.passes.is_empty() {
        return Vec::new();
    }
    let mut findings: Vec<_> =
        facts.passes.iter().filter_map(|pass| nowhere(pass, config)).take(TOLD).collect();
    if let Some(clock) = &facts.clock {
        let soon = clock.now.plus(SOON);
        let mut ending: Vec<_> = facts.passes.iter().filter(|pass| pass.expires < soon).collect();
        ending.sort_by_key(|pass| pass.expires);
        findings.extend(ending.iter().take(TOLD).map(|pass| ends(pass)));
        if let Some(more @ 1..) = ending.len().checked_sub(TOLD) {
            let found = format!("{more} more expire within 14 days");
            findings.push(PASSES.note(found, Some("portcullis pass list".to_owned())));
        }
    }
    if findings.is_empty() {
        let all = u64::try_from(facts.passes.len()).unwrap_or(u64::MAX);
        let all = match all {
            1 => "1 pass".to_owned(),
            _ => format!("{all} passes"),
        };
        findings.push(PASSES.ok(format!("{all}, none of which expires within 14 days")));
    }
    findings
}

/// A pass for a network that has lost its name.
fn nowhere(pass: &PassFacts, config: &Config) -> Option<Finding> {
    let unknown = pass.networks.iter().find_map(|name| typed_network(name, &config.networks).err());
    let found = format!(
        "{}: {}. The pass is not good from there; name the network again, or end the pass",
        named(pass),
        unknown?
    );
    Some(PASSES.warning(found, format!("portcullis pass revoke {}", pass.id)))
}

/// A pass that a program will soon need another for.
fn ends(pass: &PassFacts) -> Finding {
    let found =
        format!("{} expires at {}: give its program another one before", named(pass), pass.expires);
    let mut another = format!("portcullis pass create NAME --user {}", pass.user);
    for (option, entries) in
        [("host", &pass.hosts), ("path", &pass.paths), ("network", &pass.networks)]
    {
        for entry in entries {
            another.push_str(&format!(" --{option} {}", word(Path::new(entry))));
        }
    }
    PASSES.note(found, Some(format!("{another}\nportcullis pass revoke {}", pass.id)))
}

fn named(pass: &PassFacts) -> String {
    format!("{} ({}, of {})", pass.id, pass.name, pass.user)
}
