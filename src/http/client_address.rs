//! The visitor's address: the chain in `X-Forwarded-For`, walked from the right through trusted proxies as Express'
//! `proxy-addr` does, or the single address that `proxy.client_ip_header` names.
//!
//! Guarantees: a hop is believed only after every hop nearer to the gate was; what an untrusted peer sends is not looked
//! at. Addresses come out canonical, `::ffff:a.b.c.d` as a.b.c.d.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::problem::{Header, Problem};
use super::trust::Trust;

/// `proxy.client_ip_header`: where the visitor's address stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientIpHeader {
    /// The chain that `proxy.trust` walks.
    #[default]
    XForwardedFor,
    /// One address, from a trusted peer only.
    XRealIp,
    /// One address, where the chain leads to one of Cloudflare's.
    CfConnectingIp,
}

impl ClientIpHeader {
    /// The header's name, as it stands in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XForwardedFor => "X-Forwarded-For",
            Self::XRealIp => "X-Real-IP",
            Self::CfConnectingIp => "CF-Connecting-IP",
        }
    }
}

impl fmt::Display for ClientIpHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The part of the configuration that says whom to believe; borrowed, so making one costs nothing.
#[derive(Clone, Copy)]
pub struct Belief<'c> {
    /// `proxy.trust`
    pub trust: &'c Trust,
    /// `proxy.client_ip_header`
    pub client_ip_header: ClientIpHeader,
    /// `proxy.cloudflare_ranges`
    pub cloudflare_ranges: &'c [IpNet],
}

impl Belief<'_> {
    /// Is the peer of the connection believed? `None` is a Unix socket, whose file mode already says who may connect.
    pub fn trusts_peer(&self, peer: Option<IpAddr>) -> bool {
        peer.is_none_or(|address| self.trust.trusts(address, 0))
    }

    /// Walks the entries, nearest hop first, as long as each hop is trusted. A Unix-socket peer counts as this machine.
    /// An entry that is no address ends the walk: nobody knows who wrote what stands left of it.
    pub(super) fn walk<'a>(
        &self,
        peer: Option<IpAddr>,
        entries_from_right: impl Iterator<Item = &'a [u8]>,
    ) -> (IpAddr, Option<Problem>) {
        let mut found = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.to_canonical());
        if !self.trusts_peer(peer) {
            return (found, None);
        }
        for (nearer, entry) in entries_from_right.filter(|entry| !entry.is_empty()).enumerate() {
            let Some(address) = address(entry) else {
                return (found, Some(Problem::NotAnAddress(Header::ForwardedFor)));
            };
            found = address;
            if !self.trust.trusts(found, nearer + 1) {
                break;
            }
        }
        (found, None)
    }

    /// Replaces the address that the walk found by the one in the configured header, where that may be believed.
    pub(super) fn choose(
        &self,
        peer: Option<IpAddr>,
        walked: IpAddr,
        real_ip: Single<'_>,
        cloudflare_ip: Single<'_>,
    ) -> (IpAddr, Option<Problem>) {
        match self.client_ip_header {
            ClientIpHeader::XForwardedFor => (walked, None),
            ClientIpHeader::XRealIp => {
                let peer_address = self.walk(peer, std::iter::empty()).0;
                if self.trusts_peer(peer) { real_ip.or(peer_address, Header::RealIp) } else { (peer_address, None) }
            }
            ClientIpHeader::CfConnectingIp if self.is_cloudflare(walked) => {
                cloudflare_ip.or(walked, Header::CfConnectingIp)
            }
            ClientIpHeader::CfConnectingIp => (walked, None),
        }
    }

    fn is_cloudflare(&self, address: IpAddr) -> bool {
        self.cloudflare_ranges.iter().any(|range| range.contains(&address))
    }
}

/// A header that holds one address, as it came.
#[derive(Clone, Copy, Default)]
pub(super) struct Single<'a> {
    /// The first line's value.
    pub value: Option<&'a [u8]>,
    /// More than one line.
    pub repeated: bool,
}

impl Single<'_> {
    /// The address in it, else `fallback` and what is wrong.
    fn or(self, fallback: IpAddr, header: Header) -> (IpAddr, Option<Problem>) {
        match self.value {
            None => (fallback, Some(Problem::Missing(header))),
            Some(_) if self.repeated => (fallback, Some(Problem::Repeated(header))),
            Some(value) => match address(value) {
                Some(address) => (address, None),
                None => (fallback, Some(Problem::NotAnAddress(header))),
            },
        }
    }
}

/// Splits a list from its right end, blanks around the entries removed.
pub(super) fn entries_from_right(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Reads one entry: an address, with or without port, an IPv6 zone or brackets.
pub fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_ascii();
    let address = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (inner, behind) = bracketed.split_once(']')?;
            if !behind.is_empty() && !is_port(behind.strip_prefix(':')?) {
                return None;
            }
            IpAddr::V6(ipv6(inner)?)
        }
        None if text.bytes().filter(|byte| *byte == b':').count() > 1 => IpAddr::V6(ipv6(text)?),
        None => {
            let (address, port) = text.split_once(':').map_or((text, None), |(address, port)| (address, Some(port)));
            if port.is_some_and(|port| !is_port(port)) {
                return None;
            }
            IpAddr::V4(address.parse().ok()?)
        }
    };
    Some(address.to_canonical())
}

/// An IPv6 address; a zone (RFC 4007 section 11) says nothing outside the machine that wrote it and is dropped.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let plain =
        |zone: &str| !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    if zone.is_some_and(|zone| !plain(zone)) { None } else { address.parse().ok() }
}

/// 0 to 65535 in digits: an address that once carried a port is still that address.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
#[path = "client_address_tests.rs"]
mod tests;
