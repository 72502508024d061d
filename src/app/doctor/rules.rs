//! Do the rules mean somebody, and do they open what they say?

use std::net::IpAddr;

use crate::app::doctor::facts::{Facts, LimitFacts, UserFacts};
use crate::app::doctor::finding::{Subject, count, written};
use crate::app::messages::answers::doctor::Finding;
use crate::auth::policy::rule::{Access, Rule};
use crate::config::advice::Advice;
use crate::config::{Config, rule_place};

const RULES: Subject = Subject("rules");

pub(super) fn findings(facts: &Facts, config: &Config) -> Vec<Finding> {
    let rules = config.rules.as_slice();
    if rules.is_empty() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    if let Some(people) = facts.people.as_ref().filter(|people| people.all > 0) {
        findings.extend(rules.iter().filter_map(|rule| unknown(rule, people)));
    }
    if let Some(limits) = &facts.limits {
        findings.extend(rules.iter().filter_map(|rule| many_behind_one(rule, limits, config)));
    }
    if findings.is_empty() {
        let rules = u64::try_from(rules.len()).unwrap_or(u64::MAX);
        findings.push(RULES.ok(format!("{} in force", count(rules, "rule"))));
    }
    findings
}

/// A rule for somebody who does not exist.
fn unknown(rule: &Rule, people: &UserFacts) -> Option<Finding> {
    let Access::Session(audience) = &rule.access else { return None };
    let user = audience.users.iter().find(|user| !people.names.contains(user));
    let group = audience.groups.iter().find(|group| !people.groups.contains(*group));
    let (found, remedy) = match (user, group) {
        (Some(user), _) => (
            format!("admits {user}, and there is no such user"),
            format!("portcullis user add {user}"),
        ),
        (None, Some(group)) => (
            format!("admits the group {group}, and no user is in it"),
            format!("portcullis user add NAME --group {group}"),
        ),
        (None, None) => return None,
    };
    Some(RULES.warning(format!("{} {found}", rule_place(rule)), remedy))
}

/// A rule that opens a network for an address behind which many visitors come: the network is not
/// theirs.
fn many_behind_one(rule: &Rule, limits: &LimitFacts, config: &Config) -> Option<Finding> {
    let networks = rule.networks.as_ref()?;
    if rule.access != Access::Open && !rule.preflight {
        return None;
    }
    let of_cdn = |address: &IpAddr| {
        config.proxy.cloudflare_ranges.iter().any(|range| range.contains(address))
    };
    let shared = limits.shared_addresses.iter().map(|(address, _)| address);
    let seen = shared.chain(limits.clients.iter().filter(|address| of_cdn(address)));
    let opened = |address: &&IpAddr| networks.iter().any(|range| range.contains(*address));
    let address = seen.into_iter().find(opened)?;
    let found = format!(
        "{} opens its places to {address}, and many visitors come through that address: it is a proxy or a CDN that \
         the gate does not know",
        rule_place(rule)
    );
    Some(RULES.warning(found, written(Advice::to_trust(config, &address.to_string()), "")))
}
