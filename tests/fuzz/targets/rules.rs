//! Rules: the engine says of any path what a slow reference says, and opens nothing but plain
//! paths.

#![cfg_attr(fuzzing, no_main)]

#[path = "../slow_rules.rs"]
mod slow_rules;

use std::collections::BTreeSet;

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::policy::host_pattern::HostPattern;
use portcullis::auth::policy::path_pattern::PathPattern;
use portcullis::auth::policy::path_readings::PathReadings;
use portcullis::auth::policy::place::{Member, Place};
use portcullis::auth::policy::rule::{Access, Audience, Rule};
use portcullis::auth::policy::rules::Rules;
use portcullis::auth::policy::ruling::Verdict;
use portcullis::auth::user::UserName;

const HOSTS: [&str; 8] = [
    "a.example.com",
    "B.example.com",
    "*.example.com",
    "*.a.example.com",
    "a.example.com:8443",
    "*.com:80",
    "[fd00::1]",
    "[FD00:0::1]:8443",
];
const SEGMENTS: [&str; 16] = [
    "a", "b", "A", "admin", "public", "*", "**", "a*", "*b", "*a*b", "x.jpg", "f%C3%BCr",
    "F\u{dc}R", "a%20b", "*.*", "s",
];
const METHODS: [&str; 4] = ["GET", "POST", "DELETE", "get"];
const NETWORKS: [&str; 4] = ["203.0.113.0/24", "192.0.2.0/25", "fd00::/8", "0.0.0.0/0"];
const ASKED_HOSTS: [&str; 8] = [
    "a.example.com",
    "A.Example.COM",
    "b.example.com",
    "x.a.example.com",
    "example.com",
    "other.org",
    "[fd00::1]",
    "[fd00:0:0::1]",
];

/// The octets from which rules and places are made; noughts where they end.
struct Choices<'c>(&'c [u8]);

impl Choices<'_> {
    fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        from[usize::from(*first) % from.len()]
    }

    fn some(&mut self, make: impl Fn(&mut Self) -> String) -> Vec<String> {
        (0..self.one_of(&[0, 1, 1, 2])).map(|_| make(self)).collect()
    }

    fn path(&mut self) -> String {
        let count = self.one_of(&[1, 2, 3, 4]);
        let path: String = (0..count).map(|_| format!("/{}", self.one_of(&SEGMENTS))).collect();
        path + self.one_of(&["", "", "", "/"])
    }

    fn rule(&mut self) -> Rule {
        let hosts = self.some(|choices| choices.one_of(&HOSTS).to_owned());
        let paths = self.some(Self::path);
        let networks = self.some(|choices| choices.one_of(&NETWORKS).to_owned());
        let users = self.some(|choices| choices.one_of(&["anna", "ben"]).to_owned());
        let users = users.iter().map(|user| UserName::parse(user).expect("a name")).collect();
        let groups = self.some(|choices| choices.one_of(&["family", "guests"]).to_owned());
        Rule {
            name: String::new(),
            line: 1,
            hosts: hosts.iter().map(|host| HostPattern::parse(host).expect("a host")).collect(),
            paths: paths.iter().map(|path| PathPattern::parse(path).expect("a pattern")).collect(),
            methods: self.some(|choices| choices.one_of(&METHODS).to_owned()),
            networks: (!networks.is_empty())
                .then(|| networks.iter().map(|net| net.parse().expect("a range")).collect()),
            access: match self.one_of(b"ods") {
                b'o' => Access::Open,
                b'd' => Access::Deny,
                _ => Access::Session(Audience { users, groups }),
            },
            preflight: self.one_of(&[false, true]),
        }
    }
}

fuzz_target!(|input: ([u8; 64], &[u8])| {
    let (choices, rest) = input;
    // The reference tries all orders of all steps.
    if rest.len() > 48 {
        return;
    }
    let mut choices = Choices(&choices);
    let path = [b"/", rest].concat();
    let (anna, groups) = (UserName::parse("anna").expect("a name"), ["family".to_owned()]);
    let member = Member { name: &anna, groups: &groups };
    let who = choices.one_of(&[None, Some(&member)]);
    let place = Place {
        host: choices.one_of(&ASKED_HOSTS),
        port: choices.one_of(&[443, 8_443, 80]),
        path: Some(&path),
        method: choices.one_of(&[Some("GET"), Some("POST"), Some("delete"), None]),
        client: choices.one_of(&["203.0.113.7", "192.0.2.200", "fd00::7", "none"]).parse().ok(),
        may_open: choices.one_of(&[true, true, true, false]),
    };
    let count = choices.one_of(&[1, 2, 3, 4]);
    let rules: Vec<_> = (0..count).map(|_| choices.rule()).collect();

    let rules = Rules::new(rules);
    let mut readings = Vec::new();
    let ruling = rules.judge_each(&place, who, &mut PathReadings::default(), |reading, ruling| {
        readings.push((reading.to_vec(), ruling));
    });
    assert_eq!(rules.judge(&place, who, &mut PathReadings::default()), ruling);
    let strictest = readings.iter().map(|(_, ruling)| ruling.verdict).max();
    assert!(strictest.is_none_or(|strictest| strictest == ruling.verdict));
    if ruling.verdict == Verdict::Open || ruling.preflight {
        assert!(place.may_open && readings.len() == 1);
    }
    let Some(wanted) = slow_rules::readings(&path) else {
        return assert!(readings.is_empty(), "the engine reads what the reference cannot");
    };
    let slow = slow_rules::verdict(rules.as_slice(), &place, who, &wanted);
    if readings.is_empty() {
        // Too many readings for the engine: the strictest of all.
        return assert!(ruling.verdict >= slow, "{ruling:?} {slow:?}");
    }
    assert_eq!(ruling.verdict, slow, "{place:?} {:?} {readings:?}", rules.as_slice());
    let count = readings.len();
    let found: BTreeSet<_> = readings.into_iter().map(|(reading, _)| reading).collect();
    assert_eq!((found.len(), &found), (count, &wanted), "no reading is missing, or there twice");
});
