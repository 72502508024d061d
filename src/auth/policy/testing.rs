//! What the tests of rules share: rules in few words, and places.

use super::host_pattern::HostPattern;
use super::path_pattern::PathPattern;
use super::path_readings::PathReadings;
use super::place::{Member, Place};
use super::rule::{Access, Audience, Rule};
use super::rules::Rules;
use super::ruling::{Ruling, Verdict};
use crate::auth::testing::name;

/// Everybody may pass everywhere.
pub(super) fn open() -> Rule {
    rule(Access::Open)
}

/// Nobody may pass anywhere.
pub(super) fn deny() -> Rule {
    rule(Access::Deny)
}

/// Who is logged in may pass everywhere.
pub(super) fn session() -> Rule {
    rule(Access::Session(Audience::default()))
}

/// Only these users may pass.
pub(super) fn only(users: &[&str]) -> Rule {
    let users = users.iter().map(|user| name(user)).collect();
    rule(Access::Session(Audience { users, groups: Vec::new() }))
}

fn rule(access: Access) -> Rule {
    Rule {
        name: String::new(),
        line: 1,
        hosts: Vec::new(),
        paths: Vec::new(),
        methods: Vec::new(),
        networks: None,
        access,
        preflight: false,
    }
}

impl Rule {
    pub(super) fn on(self, hosts: &[&str]) -> Self {
        let hosts = hosts.iter().map(|host| HostPattern::parse(host).expect("a host"));
        Self { hosts: hosts.collect(), ..self }
    }

    pub(super) fn at(self, paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| PathPattern::parse(path).expect("a pattern"));
        Self { paths: paths.collect(), ..self }
    }

    pub(super) fn by(self, methods: &[&str]) -> Self {
        Self { methods: methods.iter().map(|&method| method.to_owned()).collect(), ..self }
    }

    pub(super) fn from(self, networks: &[&str]) -> Self {
        let networks = networks.iter().map(|network| network.parse().expect("a range"));
        Self { networks: Some(networks.collect()), ..self }
    }

    pub(super) fn with_preflight(self) -> Self {
        Self { preflight: true, ..self }
    }
}

/// A GET of this path on `a.example.com`, by a visitor of the internet.
pub(super) fn place(path: &str) -> Place<'_> {
    Place {
        host: "a.example.com",
        port: 443,
        path: Some(path.as_bytes()),
        method: Some("GET"),
        client: Some("203.0.113.7".parse().expect("an address")),
        may_open: true,
    }
}

impl Rules {
    /// For somebody who is not logged in.
    pub(super) fn of(&self, place: &Place<'_>) -> Ruling {
        self.judge(place, None, &mut PathReadings::default())
    }

    pub(super) fn verdict(&self, place: &Place<'_>) -> Verdict {
        self.of(place).verdict
    }

    /// For a user without groups.
    pub(super) fn verdict_for(&self, user: &str, place: &Place<'_>) -> Verdict {
        let name = name(user);
        let member = Member { name: &name, groups: &[] };
        self.judge(place, Some(&member), &mut PathReadings::default()).verdict
    }
}
