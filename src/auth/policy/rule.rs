//! One rule: what it names, and what it says of a request for which all of that holds.

use std::net::IpAddr;

use ipnet::IpNet;

use super::client_network;
use super::host_pattern::HostPattern;
use super::path_pattern::PathPattern;
use super::place::Member;
use super::ruling::Verdict;
use crate::auth::user::UserName;

/// One `[[rule]]`. What it names must all hold; a list holds by any of its entries, an empty one
/// always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// For people: shown by `policy test`, in metrics and the log.
    pub name: String,
    /// The line of the settings' file where it begins, counted from 1.
    pub line: usize,
    /// The hosts that it is for; empty: all.
    pub hosts: Vec<HostPattern>,
    /// The paths; empty: all.
    pub paths: Vec<PathPattern>,
    /// The methods, in capital letters; empty: all.
    pub methods: Vec<String>,
    /// Where the visitor is; `None`: anywhere. One without an address is in no network.
    pub networks: Option<Vec<IpNet>>,
    /// What it says.
    pub access: Access,
    /// A CORS preflight passes without a session.
    pub preflight: bool,
}

/// `access` of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody may pass.
    Open,
    /// Who is logged in may pass.
    Session(Audience),
    /// Nobody may.
    Deny,
}

/// Who of those that are logged in may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Only these users; empty: all.
    pub users: Vec<UserName>,
    /// Only who is in one of these groups; empty: all.
    pub groups: Vec<String>,
}

impl Audience {
    /// Whether this user is among them.
    pub fn admits(&self, member: &Member<'_>) -> bool {
        (self.users.is_empty() || self.users.contains(member.name))
            && (self.groups.is_empty()
                || member.groups.iter().any(|group| self.groups.contains(group)))
    }
}

impl Rule {
    /// What it says of this user, `None` for somebody who is not logged in.
    pub(super) fn verdict(&self, who: Option<&Member<'_>>) -> Verdict {
        match &self.access {
            Access::Open => Verdict::Open,
            Access::Deny => Verdict::Deny,
            Access::Session(audience) => match who {
                Some(member) if !audience.admits(member) => Verdict::Forbidden,
                _ => Verdict::Session,
            },
        }
    }

    /// Whether the visitor is where the rule wants him.
    pub(super) fn is_for_client(&self, client: Option<IpAddr>) -> bool {
        self.networks.as_ref().is_none_or(|networks| client_network::hold(networks, client))
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
