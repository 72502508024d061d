//! Do the settings make sense together, and are they those in use?

use crate::app::doctor::facts::{Facts, Pending};
use crate::app::doctor::finding::Subject;
use crate::app::messages::answers::doctor::Finding;
use crate::config::advice::Advice;
use crate::config::raw::Raw;
use crate::config::{Config, ListenAddress, Remedy, warnings};
use crate::original::trust::Trust;
use crate::original::trusted_range::TrustedRange;

const SETTINGS: Subject = Subject("configuration");

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let config = match &facts.config {
        Ok(config) => config,
        Err(error) => {
            return error
                .lines()
                .map(|line| SETTINGS.error(line, "portcullis config check"))
                .collect();
        }
    };
    let mut findings: Vec<_> = warnings(config)
        .into_iter()
        .map(|warning| SETTINGS.warning(warning.found, to_copy(&warning.remedy)))
        .collect();
    findings.extend(neighbours(config));
    findings.extend(facts.pending.as_ref().map(pending));
    if findings.is_empty() {
        findings.push(SETTINGS.ok("all settings can be used, and fit together"));
    }
    findings
}

/// What is to be decided cannot be copied: it stands in a comment.
fn to_copy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Setting(advice) => advice.to_string(),
        Remedy::Words(words) => format!("# {words}"),
    }
}

fn pending(pending: &Pending) -> Finding {
    match pending {
        Pending::Changed => SETTINGS.warning(
            "the settings were changed since the gate read them, and the old ones are still in use",
            "systemctl restart portcullis  # or reload, unless listen, server, metrics, clock or log changed",
        ),
        Pending::Broken(error) => SETTINGS.error(
            format!(
                "the settings were changed and cannot be used: the next start will fail. {}",
                error.replace('\n', "; ")
            ),
            "portcullis config check",
        ),
    }
}

/// A whole network of homes or containers is believed: said, because it is often meant.
fn neighbours(config: &Config) -> Option<Finding> {
    let wide = |range: &TrustedRange| match range {
        TrustedRange::Loopback => false,
        TrustedRange::LinkLocal | TrustedRange::UniqueLocal => true,
        TrustedRange::Network(network) => network.max_prefix_len() - network.prefix_len() > 16,
    };
    let Trust::Ranges(ranges) = &config.proxy.trust else { return None };
    let range = ranges.iter().find(|range| wide(range))?;
    let exposed = |address: &&ListenAddress| matches!(address, ListenAddress::Tcp(socket) if !socket.ip().is_loopback());
    let address = config.listen.iter().find(exposed)?;
    let found = format!(
        "proxy.trust holds {range} and the gate listens on {address}: every machine of that network may say who a visitor is"
    );
    let remedy = Advice::checked(config, "proxy.trust", Raw::List(vec!["loopback".to_owned()]));
    let remedy = remedy.map(|remedy| remedy.remarked("and the proxy's own address").to_string());
    Some(SETTINGS.note(found, remedy))
}
