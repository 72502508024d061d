//! `[[site]]`: by which name visitors know a site, and where it really is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use portcullis::config::is_host_name;

use super::names::full_name;
use super::value::{Read, Value, shown, text};

/// Ports that something else on the card listens on.
const TAKEN: [(u16, &str); 4] = [
    (53, "the card's resolver"),
    (80, "the redirect to https"),
    (443, "https itself: leave it out"),
    (3000, "the gate"),
];

/// `site.host`: a name, with a port where the name is the gate's own.
pub fn site_address(value: &Value) -> Read<Option<(String, Option<u16>)>> {
    let written =
        text(value, "a name such as \"photos.example.com\" or \"portcullis.local:8443\"")?;
    let (name, digits) = match written.split_once(':') {
        Some((name, digits)) => (name, Some(digits)),
        None => (written, None),
    };
    let refused = |why: &str| {
        format!("{} {why}, such as photos.example.com or portcullis.local:8443", shown(written))
    };
    let port = digits
        .map(|digits| port(digits).ok_or_else(|| refused("needs a port from 1 to 65535")))
        .transpose()?;
    if let Some((port, whose)) = TAKEN.into_iter().find(|(taken, _)| port == Some(*taken)) {
        return Err(format!("port {port} is that of {whose}"));
    }
    let name = full_name(name).ok_or_else(|| refused("is no name (no https://, no path)"))?;
    Ok(Some((name, port)))
}

/// Digits only, 1 to 65535.
fn port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok().filter(|port| *port > 0) } else { None }
}

/// Where a site really is: scheme, host and at most a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub https: bool,
    /// Lower case; an IPv6 address keeps its brackets.
    pub host: String,
    pub port: Option<u16>,
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Upstream {
    /// Whether it leads back to the card.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        let of_v4 = |address: Ipv4Addr| address.is_loopback() || address.is_unspecified();
        match address {
            Ok(IpAddr::V4(address)) => of_v4(address),
            Ok(IpAddr::V6(address)) => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.to_ipv4_mapped().is_some_and(of_v4)
            }
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

/// `site.upstream`
pub fn upstream(value: &Value) -> Read<Option<Upstream>> {
    let written = text(value, "an address such as \"http://192.168.1.20:8080\"")?;
    let refused = |why: &str| format!("{} {why}, such as http://192.168.1.20:8080", shown(written));
    let (https, rest) = match written.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err(refused("must start with http:// or https://")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, digits) = match rest.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => (host, Some(digits)),
        _ => (rest, None),
    };
    let port = digits
        .map(|digits| port(digits).ok_or_else(|| refused("needs a port from 1 to 65535")))
        .transpose()?;
    let host = host.to_ascii_lowercase();
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match inner {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(&host) || host.parse::<Ipv4Addr>().is_ok(),
    };
    if !good {
        return Err(refused(
            "must end with a host name or an address and its port, without a path",
        ));
    }
    Ok(Some(Upstream { https, host, port }))
}
