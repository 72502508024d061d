//! Which rules are for a host: a table that is made when the settings are read.

use std::collections::BTreeMap;

use super::host_pattern::{CanonicalHost, HostPattern};
use super::rule::Rule;

/// For each host that rules name the rules that are for it, by their places in the list, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RulesByHost {
    hosts: BTreeMap<Box<str>, Box<[usize]>>,
    /// For the hosts below these domains that are not in `hosts`.
    below: BTreeMap<Box<str>, Box<[usize]>>,
    /// For all other hosts.
    others: Box<[usize]>,
}

impl RulesByHost {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let table = |below: bool| {
            let named = rules.iter().flat_map(|rule| &rule.hosts);
            let named = named.filter(|pattern| pattern.is_below() == below);
            let names = named.map(|pattern| pattern.name().into());
            let rules_for = |name: Box<str>| {
                let places = places(rules, |pattern| pattern.is_for_all_of(&name, below));
                (name, places)
            };
            names.map(rules_for).collect()
        };
        Self { hosts: table(false), below: table(true), others: places(rules, |_| false) }
    }

    /// The places of the rules that are for this host. Ports are not looked at.
    pub(super) fn rules_for(&self, host: &str) -> &[usize] {
        let Some(host) = CanonicalHost::new(host) else { return &self.others };
        let host = host.as_str();
        if let Some(found) = self.hosts.get(host) {
            return found;
        }
        let mut domain = host;
        while !self.below.is_empty()
            && let Some((_, above)) = domain.split_once('.')
        {
            if let Some(found) = self.below.get(above) {
                return found;
            }
            domain = above;
        }
        &self.others
    }
}

/// The places of the rules for all hosts, and of those with a pattern for which `wanted` holds.
fn places(rules: &[Rule], wanted: impl Fn(&HostPattern) -> bool) -> Box<[usize]> {
    let is_wanted = |rule: &Rule| rule.hosts.is_empty() || rule.hosts.iter().any(&wanted);
    let numbered = rules.iter().enumerate();
    numbered.filter(|(_, rule)| is_wanted(rule)).map(|(place, _)| place).collect()
}
