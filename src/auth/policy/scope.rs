//! The places that a pass is good for: hosts, perhaps paths, perhaps networks.
//!
//! Guarantees: a place whose path is not plain, or is not known, lies in no scope that names paths:
//! a pass must match in every reading that a server may have, and only of a plain path there is
//! one. Nothing is allocated.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::client_network;
use super::host_pattern::{CanonicalHost, HostPattern};
use super::letter_case::Alike;
use super::path_pattern::PathPattern;
use super::path_readings::PathReadings;
use super::place::{Place, without_query};

/// Where a pass is good. What is named must all hold; a list holds by any of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceScope {
    /// The hosts; an empty list holds none.
    pub hosts: Vec<HostPattern>,
    /// The paths; empty: all.
    pub paths: Vec<PathPattern>,
    /// Names of networks, as the settings know them; empty: anywhere.
    pub networks: Vec<String>,
}

/// What of a scope does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// Another host.
    Host,
    /// Another path, or one that not all servers read alike.
    Path,
    /// The visitor is elsewhere, or nobody knows where.
    Network,
}

impl PlaceScope {
    /// Whether it holds one host and no others.
    pub fn names_one_host(&self) -> bool {
        matches!(self.hosts.as_slice(), [host] if !host.is_below())
    }

    /// Whether the place lies in it; `networks` are the ranges that its names stand for.
    ///
    /// # Errors
    /// What does not hold.
    pub fn admit(
        &self,
        place: &Place<'_>,
        networks: &[IpNet],
        readings: &mut PathReadings,
    ) -> Result<(), OutOfScope> {
        let host = CanonicalHost::new(place.host).ok_or(OutOfScope::Host)?;
        let is_here = |pattern: &HostPattern| {
            pattern.is_for_host(host.as_str()) && pattern.is_for_port(place.port)
        };
        if !self.hosts.iter().any(is_here) {
            return Err(OutOfScope::Host);
        }
        if !self.paths.is_empty() && !self.holds_path(place, readings) {
            return Err(OutOfScope::Path);
        }
        if !self.networks.is_empty() && !client_network::hold(networks, place.client) {
            return Err(OutOfScope::Network);
        }
        Ok(())
    }

    fn holds_path(&self, place: &Place<'_>, readings: &mut PathReadings) -> bool {
        let plain = place.path.and_then(|target| readings.of_plain(without_query(target)));
        let Some(path) = plain else { return false };
        self.paths.iter().any(|pattern| pattern.compare(path) == Some(Alike::Exactly))
    }
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
