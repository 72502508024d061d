//! The hosts that a rule is for: `photos.example.com`, `*.example.com`, each perhaps with a port.

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A host, or all hosts below a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HostPattern {
    /// Lower case, without `*.` and final dot.
    name: String,
    /// Whether it stands for one or more labels before `name`.
    below: bool,
    /// Only this port; `None`: all.
    port: Option<u16>,
}

/// Why an entry is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// Not a name, nor an address.
    NoHost,
    /// What stands behind the colon is no port from 1 to 65535.
    NoPort,
    /// A `*` anywhere but in the place of the first labels.
    Star,
    /// A scheme or a path is part of it.
    Address,
}

impl HostPattern {
    /// Reads an entry of `hosts`, in any case. An IPv6 address stands in brackets.
    ///
    /// # Errors
    /// It is no host; the fault says why.
    pub fn parse(text: &str) -> Result<Self, HostFault> {
        if text.contains('/') {
            return Err(HostFault::Address);
        }
        let (host, port) = split_port(text)?;
        let (host, below) = match host.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (host, false),
        };
        if host.contains('*') {
            return Err(HostFault::Star);
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        let is_address = is_address(name);
        if (!is_address && !is_name(name)) || (is_address && below) {
            return Err(HostFault::NoHost);
        }
        let name = CanonicalHost::new(name).ok_or(HostFault::NoHost)?;
        Ok(Self { name: name.as_str().to_owned(), below, port })
    }

    /// The host, or the domain above all that are meant.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it stands for the hosts below [`HostPattern::name`].
    pub(super) const fn is_below(&self) -> bool {
        self.below
    }

    /// Whether it names a port.
    pub const fn names_port(&self) -> bool {
        self.port.is_some()
    }

    /// Whether this host, as [`CanonicalHost`] has it, is one of them.
    pub(super) fn is_for_host(&self, host: &str) -> bool {
        if self.below { self.is_above(host) } else { self.name == host }
    }

    /// Whether this host, or domain, is below the domain of a pattern with a star.
    fn is_above(&self, host: &str) -> bool {
        let labels = host.strip_suffix(self.name.as_str()).and_then(|rest| rest.strip_suffix('.'));
        self.below && labels.is_some_and(|labels| !labels.is_empty())
    }

    /// Whether this host, or every host below it, is one of them.
    pub(super) fn is_for_all_of(&self, name: &str, below: bool) -> bool {
        if below {
            (self.below && self.name == name) || self.is_above(name)
        } else {
            self.is_for_host(name)
        }
    }

    /// Whether the port is one of them.
    pub(super) fn is_for_port(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }

    /// Whether all hosts and ports of `other` are among its own.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.is_for_all_of(&other.name, other.below)
            && (self.port.is_none() || self.port == other.port)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

impl TryFrom<String> for HostPattern {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|_| "no host")
    }
}

/// A host in its one spelling: lower case, an IPv6 address as RFC 5952 has it, in brackets.
pub(super) struct CanonicalHost(heapless::String<{ CanonicalHost::LONGEST }>);

impl CanonicalHost {
    /// Octets of the longest name (RFC 1035 section 2.3.4), which no address exceeds.
    const LONGEST: usize = 253;

    /// `host`, which has neither port nor final dot; `None` where it is too long for one.
    pub fn new(host: &str) -> Option<Self> {
        let mut text = heapless::String::new();
        match bracketed(host) {
            Some(address) => write!(text, "[{address}]").ok()?,
            None => {
                text.push_str(host).ok()?;
                text.make_ascii_lowercase();
            }
        }
        Some(Self(text))
    }

    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The port behind the last colon, unless that stands inside an IPv6 address.
fn split_port(text: &str) -> Result<(&str, Option<u16>), HostFault> {
    let Some((host, port)) = text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) else {
        return Ok((text, None));
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| digits && *port != 0);
    port.map(|port| (host, Some(port))).ok_or(HostFault::NoPort)
}

/// An IPv4 address, or an IPv6 address in brackets.
fn is_address(name: &str) -> bool {
    name.parse::<Ipv4Addr>().is_ok() || bracketed(name).is_some()
}

fn bracketed(name: &str) -> Option<Ipv6Addr> {
    name.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Labels as they occur in homes: letters, digits, inner hyphens and underscores.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
#[path = "host_pattern_tests.rs"]
mod tests;
