//! The visitor's address: the chain in `X-Forwarded-For`, walked from the right through trusted
//! proxies as Express' `proxy-addr` does, or the single address that `proxy.client_ip_header`
//! names.
//!
//! Guarantees: a hop is believed only after every hop nearer to the gate was; what an untrusted
//! peer sends is not looked at. Addresses come out canonical, `::ffff:a.b.c.d` as a.b.c.d.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::forwarding_header::ForwardingHeader;
use super::problem::ForwardingProblem;
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
    /// Is the peer of the connection believed? `None` is a Unix socket, whose file mode already
    /// says who may connect.
    pub fn trusts_peer(&self, peer: Option<IpAddr>) -> bool {
        peer.is_none_or(|address| self.trust.trusts(address, 0))
    }

    /// Walks the entries, nearest hop first, as long as each hop is trusted: `trusted` says whether
    /// the peer is. A Unix-socket peer counts as this machine. An entry that is no address ends the
    /// walk: nobody knows who wrote what stands left of it.
    pub(super) fn walk<'a>(
        &self,
        peer: Option<IpAddr>,
        trusted: bool,
        entries_from_right: impl Iterator<Item = &'a [u8]>,
    ) -> (IpAddr, Option<ForwardingProblem>) {
        let mut found = canonical(peer);
        if !trusted {
            return (found, None);
        }
        for (nearer, entry) in entries_from_right.filter(|entry| !entry.is_empty()).enumerate() {
            let Some(address) = address(entry) else {
                return (
                    found,
                    Some(ForwardingProblem::NotAnAddress(ForwardingHeader::ForwardedFor)),
                );
            };
            found = address;
            if !self.trust.trusts(found, nearer + 1) {
                break;
            }
        }
        (found, None)
    }

    /// The header that holds the visitor's address instead of the walk, where that one may be
    /// believed, and the address that counts if it does not.
    pub(super) fn other_header(
        &self,
        peer: Option<IpAddr>,
        trusted: bool,
        walked: IpAddr,
    ) -> Option<(ForwardingHeader, IpAddr)> {
        match self.client_ip_header {
            ClientIpHeader::XRealIp if trusted => Some((ForwardingHeader::RealIp, canonical(peer))),
            ClientIpHeader::CfConnectingIp if self.is_cloudflare(walked) => {
                Some((ForwardingHeader::CfConnectingIp, walked))
            }
            _ => None,
        }
    }

    fn is_cloudflare(&self, address: IpAddr) -> bool {
        self.cloudflare_ranges.iter().any(|range| range.contains(&address))
    }
}

/// A peer's address; that of this machine for a Unix socket.
fn canonical(peer: Option<IpAddr>) -> IpAddr {
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.to_canonical())
}

/// Splits lists from their right ends, the last list first, blanks around the entries removed.
pub(super) fn entries_from_right<'a>(
    mut lists: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = None;
    std::iter::from_fn(move || {
        let list = match rest.take() {
            Some(list) => list,
            None => lists.next()?,
        };
        let entry = match memchr::memrchr(b',', list) {
            Some(comma) => {
                rest = list.get(..comma);
                list.get(comma + 1..)?
            }
            None => list,
        };
        Some(entry.trim_ascii())
    })
}

/// Reads one entry: an address, with or without port, an IPv6 zone or brackets.
pub fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = entry.trim_ascii();
    if let Some(address) = ipv4(entry) {
        return Some(IpAddr::V4(address));
    }
    let text = std::str::from_utf8(entry).ok()?;
    let address = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (inner, behind) = bracketed.split_once(']')?;
            if !behind.is_empty() && !is_port(behind.strip_prefix(':')?) {
                return None;
            }
            ipv6(inner)?
        }
        None if text.bytes().filter(|byte| *byte == b':').count() > 1 => ipv6(text)?,
        None => {
            let (address, port) = text.split_once(':')?;
            return if is_port(port) { ipv4(address.as_bytes()).map(IpAddr::V4) } else { None };
        }
    };
    Some(IpAddr::V6(address).to_canonical())
}

/// Four numbers from 0 to 255 in digits, without leading zeros: some programs read those as octal.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut numbers = [0_u8; 4];
    let mut rest = text;
    for (place, number) in numbers.iter_mut().enumerate() {
        if place > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (first @ b'0'..=b'9', mut behind) = rest.split_first()? else { return None };
        *number = first - b'0';
        while let [digit @ b'0'..=b'9', more @ ..] = behind
            && *number > 0
        {
            *number = number.checked_mul(10)?.checked_add(digit - b'0')?;
            behind = more;
        }
        rest = behind;
    }
    rest.is_empty().then(|| Ipv4Addr::from(numbers))
}

/// An IPv6 address; a zone (RFC 4007 section 11) says nothing outside the machine that wrote it and
/// is dropped.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let (address, zone) =
        text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let plain = |zone: &str| {
        !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    if zone.is_some_and(|zone| !plain(zone)) { None } else { address.parse().ok() }
}

/// 0 to 65535 in digits: an address that once carried a port is still that address.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
#[path = "client_address_tests.rs"]
mod tests;
