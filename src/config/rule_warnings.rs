//! Rules that work, but probably not as meant.

use ipnet::IpNet;

use super::named_networks::networks_of;
use super::nearest::nearest;
use super::rule_name::{label, rule_place};
use super::settings::Config;
use super::warning::{Remedy, Warning};
use crate::auth::policy::coverage::dead_rules;
use crate::auth::policy::rule::{Access, Rule};
use crate::original::trust::Trust;
use crate::original::trusted_range::TrustedRange;

/// By subject, each in the order of the rules.
pub(super) fn rule_warnings(config: &Config) -> Vec<Warning> {
    let rules = config.rules.as_slice();
    let mut warnings: Vec<_> = rules.iter().filter_map(without_networks).collect();
    warnings.extend(never_reached(rules));
    warnings.extend(rules.iter().flat_map(misspelt_methods));
    warnings.extend(rules.iter().filter_map(open_to_everybody));
    warnings.extend(rules.iter().filter_map(opens_a_port));
    warnings.extend(rules.iter().flat_map(|rule| inventable(rule, config)));
    warnings
}

fn warning(rule: &Rule, what: &str, words: String) -> Warning {
    Warning { found: format!("{} {what}", rule_place(rule)), remedy: Remedy::Words(words) }
}

fn names_no_address(rule: &Rule) -> bool {
    rule.networks.as_ref().is_some_and(Vec::is_empty)
}

fn without_networks(rule: &Rule) -> Option<Warning> {
    let what = "can never match: the networks that it names are empty";
    let words = "put ranges into them below [networks], or remove the rule";
    names_no_address(rule).then(|| warning(rule, what, words.to_owned()))
}

fn never_reached(rules: &[Rule]) -> impl Iterator<Item = Warning> {
    dead_rules(rules).filter(|dead| !names_no_address(dead.rule)).map(|dead| {
        let before = rule_place(dead.taken_by);
        let what = format!("can never match: {before} comes first and takes all of it");
        warning(
            dead.rule,
            &what,
            format!("put it before {}, or remove it", label(&dead.taken_by.name)),
        )
    })
}

/// Methods of RFC 9110, RFC 5789 and WebDAV (RFC 4918, 3253, 3648, 3744, 4791, 5323), and some that
/// programs have of their own.
const METHODS: [&str; 37] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKWORKSPACE",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SUBSCRIBE",
    "TRACE",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// An application may have methods of its own, so that an unknown one is no mistake by itself.
fn misspelt_methods(rule: &Rule) -> impl Iterator<Item = Warning> {
    let unknown = rule.methods.iter().filter(|method| !METHODS.contains(&method.as_str()));
    unknown.filter_map(|method| {
        let meant = nearest(method, METHODS.into_iter())?;
        let what = format!("is for the method {method}, which few programs know");
        Some(warning(rule, &what, format!("write {meant} if that is what you mean")))
    })
}

fn open_to_everybody(rule: &Rule) -> Option<Warning> {
    let is_everywhere = rule.hosts.is_empty()
        && (rule.paths.is_empty() || rule.paths.iter().any(|path| path.to_string() == "/**"))
        && rule.methods.is_empty()
        && rule.networks.is_none();
    let words = "name the hosts, paths or networks that it is for";
    (is_everywhere && rule.access == Access::Open)
        .then(|| warning(rule, "opens every site to everybody", words.to_owned()))
}

/// Most proxies take the port from what the visitor writes, and choose the site by the name alone.
fn opens_a_port(rule: &Rule) -> Option<Warning> {
    let opens = rule.access == Access::Open || rule.preflight;
    let host = rule.hosts.iter().find(|host| opens && host.names_port())?;
    let what = format!(
        "opens {host} by its port, and most proxies forward the port that a visitor writes: whoever reaches that host \
         at another port can write this one"
    );
    Some(warning(rule, &what, "give the site a name of its own".to_owned()))
}

/// Who may invent addresses is in every network.
fn inventable(rule: &Rule, config: &Config) -> Vec<Warning> {
    let opens = rule.access == Access::Open || rule.preflight;
    let Some(own) = rule.networks.as_ref().filter(|_| opens) else { return Vec::new() };
    let is_own =
        |ranges: &[IpNet]| !ranges.is_empty() && ranges.iter().all(|range| own.contains(range));
    let networks = config.networks.iter().filter(|(_, ranges)| is_own(ranges));
    networks
        .filter_map(|(name, ranges)| claimable(rule, name, ranges, &config.proxy.trust))
        .collect()
}

/// A hop count names no addresses: that whoever reaches the gate is believed is a warning of its
/// own.
fn claimable(rule: &Rule, name: &str, ranges: &[IpNet], trust: &Trust) -> Option<Warning> {
    let (what, words) = match trust {
        Trust::Nobody | Trust::Hops(_) => return None,
        Trust::Everybody => (
            format!(
                "opens to network {name}, and proxy.trust is true: everybody can claim to be there"
            ),
            "name the proxies in proxy.trust".to_owned(),
        ),
        Trust::Ranges(trusted) => {
            let entry = trusted.iter().find(|entry| overlap(entry, ranges))?;
            (
                format!(
                    "opens to network {name}, which shares addresses with {entry} of proxy.trust: whoever has one of \
                     them can claim to be anywhere in it"
                ),
                "name a network that no proxy is in, and in proxy.trust only the proxies' own addresses"
                    .to_owned(),
            )
        }
    };
    Some(warning(rule, &what, words))
}

/// Of two ranges that share an address one holds the first address of the other.
fn overlap(trusted: &TrustedRange, ranges: &[IpNet]) -> bool {
    let own = networks_of(trusted);
    ranges.iter().any(|range| {
        trusted.contains(range.network()) || own.iter().any(|own| range.contains(&own.network()))
    })
}

#[cfg(test)]
#[path = "rule_warnings_tests.rs"]
mod tests;
