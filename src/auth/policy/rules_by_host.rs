//! Which rules are for a host: a table that is made when the settings are read.

use std::collections::{BTreeMap, BTreeSet};

use super::host_pattern::CanonicalHost;
use super::rule::Rule;

/// For each host that rules name the rules that are for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RulesByHost {
    hosts: HostTable,
    /// For the hosts below these domains that are not in `hosts`.
    below: HostTable,
    /// For all other hosts.
    others: HostRules,
}

/// The rules for one host, ports apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HostRules {
    /// Their places in the list, in order.
    pub numbers: Box<[usize]>,
    /// How many patterns of paths they have, all together.
    pub patterns: usize,
    /// How many of these may go through a whole path.
    pub slow_patterns: usize,
}

/// Rules by a name in any case: a hash table with open addresses, never more than half full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct HostTable {
    /// A power of two of them, or none. One that is taken is followed by those for whose names it
    /// would have been the place.
    slots: Box<[Option<(u64, usize)>]>,
    entries: Box<[(Box<str>, HostRules)]>,
}

/// The numbers of the rules that name a host, or a domain.
type Naming<'r> = BTreeMap<&'r str, Vec<usize>>;

impl RulesByHost {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let (mut named, mut below) = (Naming::new(), Naming::new());
        for (number, rule) in rules.iter().enumerate() {
            for host in &rule.hosts {
                let naming = if host.is_below() { &mut below } else { &mut named };
                naming.entry(host.name()).or_default().push(number);
            }
        }
        let numbered = rules.iter().enumerate();
        let for_all: Vec<_> =
            numbered.filter(|(_, rule)| rule.hosts.is_empty()).map(|(at, _)| at).collect();
        // The rules that name it, those for all hosts below a domain above it, those for all.
        let gathered = |naming: &Naming<'_>, name: &str| {
            let above = domains_above(name).filter_map(|domain| below.get(domain));
            let numbers = naming.get(name).into_iter().chain(above).chain([&for_all]);
            HostRules::new(rules, numbers.flatten().copied().collect())
        };
        let table = |naming: &Naming<'_>| {
            HostTable::new(naming.keys().map(|name| ((*name).into(), gathered(naming, name))))
        };
        Self {
            hosts: table(&named),
            below: table(&below),
            others: HostRules::new(rules, for_all.iter().copied().collect()),
        }
    }

    /// The rules that are for this host.
    pub(super) fn rules_for(&self, host: &str) -> &HostRules {
        if host.starts_with('[') {
            let address = CanonicalHost::new(host);
            let found = address.and_then(|address| self.hosts.find(address.as_str()));
            return found.unwrap_or(&self.others);
        }
        let found = self.hosts.find(host).or_else(|| {
            // Nobody looks for dots in vain.
            let domains = (!self.below.is_empty()).then(|| domains_above(host));
            domains.into_iter().flatten().find_map(|domain| self.below.find(domain))
        });
        found.unwrap_or(&self.others)
    }
}

impl HostTable {
    fn new(entries: impl Iterator<Item = (Box<str>, HostRules)>) -> Self {
        let entries: Box<[_]> = entries.collect();
        let room = if entries.is_empty() { 0 } else { (2 * entries.len()).next_power_of_two() };
        let mut slots = vec![None; room];
        for (place, (name, _)) in entries.iter().enumerate() {
            let hash = hash(name);
            let free = walk(hash, room).find(|at| slots.get(*at).is_some_and(Option::is_none));
            if let Some(slot) = free.and_then(|at| slots.get_mut(at)) {
                *slot = Some((hash, place));
            }
        }
        Self { slots: slots.into(), entries }
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Those of a name in any case.
    fn find(&self, name: &str) -> Option<&HostRules> {
        let wanted = hash(name);
        for at in walk(wanted, self.slots.len()) {
            let (hash, place) = (*self.slots.get(at)?)?;
            if hash == wanted
                && let Some((other, rules)) = self.entries.get(place)
                && other.eq_ignore_ascii_case(name)
            {
                return Some(rules);
            }
        }
        None
    }
}

/// The places of a table of so many slots, from that of the hash on.
fn walk(hash: u64, slots: usize) -> impl Iterator<Item = usize> {
    let mask = slots.wrapping_sub(1);
    // The upper bits are the best mixed.
    let first = usize::try_from(hash >> 32).unwrap_or_default();
    (0..slots).map(move |step| first.wrapping_add(step) & mask)
}

impl HostRules {
    fn new(rules: &[Rule], numbers: BTreeSet<usize>) -> Self {
        let rules = numbers.iter().filter_map(|number| rules.get(*number));
        let patterns = || rules.clone().flat_map(|rule| &rule.paths);
        Self {
            patterns: patterns().count(),
            slow_patterns: patterns().filter(|pattern| pattern.is_slow()).count(),
            numbers: numbers.into_iter().collect(),
        }
    }
}

/// `b.c` and `c` for `a.b.c`.
fn domains_above(host: &str) -> impl Iterator<Item = &str> {
    host.match_indices('.').filter_map(move |(dot, _)| host.get(dot + 1..))
}

/// A number that is the same for a name in any case. The names of the table stand in the settings,
/// so that nobody can fill it with names whose numbers are alike.
fn hash(name: &str) -> u64 {
    // The bit in which letters differ by case is set everywhere.
    const SMALL: u64 = 0x2020_2020_2020_2020;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ (word | SMALL)).wrapping_mul(FACTOR);
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    mix(hash, rest.iter().fold(0, |word, octet| (word << 8) | u64::from(*octet)))
}
