//! Rules of a few words, for tests.

use crate::auth::policy::host_pattern::HostPattern;
use crate::auth::policy::path_pattern::PathPattern;
use crate::auth::policy::rule::{Access, Audience, Rule};
use crate::auth::policy::rules::Rules;
use crate::auth::user::UserName;

/// These rules, at the lines 10, 20…
pub fn rules<const N: usize>(rules: [Rule; N]) -> Rules {
    let numbered = rules.into_iter().zip(1..);
    Rules::new(numbered.map(|(rule, place)| Rule { line: place * 10, ..rule }).collect())
}

/// A rule for these hosts and paths.
pub fn rule(name: &str, hosts: &[&str], paths: &[&str], access: Access) -> Rule {
    Rule {
        name: name.to_owned(),
        line: 0,
        hosts: hosts.iter().map(|host| HostPattern::parse(host).expect(host)).collect(),
        paths: paths.iter().map(|path| PathPattern::parse(path).expect(path)).collect(),
        methods: Vec::new(),
        networks: None,
        access,
        preflight: false,
    }
}

/// A rule that opens these paths of all hosts.
pub fn open(name: &str, paths: &[&str]) -> Rule {
    rule(name, &[], paths, Access::Open)
}

/// A rule that closes them.
pub fn deny(name: &str, paths: &[&str]) -> Rule {
    rule(name, &[], paths, Access::Deny)
}

/// A rule that lets these users and groups in.
pub fn session(name: &str, paths: &[&str], users: &[&str], groups: &[&str]) -> Rule {
    let users = users.iter().map(|user| UserName::parse(user).expect(user)).collect();
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    rule(name, &[], paths, Access::Session(Audience { users, groups }))
}
