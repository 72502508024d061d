//! One entry of `proxy.trust`: an address, a CIDR range, an IPv4 netmask or a named range.
//!
//! Stricter than Express in three places: addresses are read in their usual notation only (no
//! octal, no bare number), `::ffff:0:0/96` is refused like any range that holds all of IPv4, and so
//! is an entry that is empty.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// One entry of a trust list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedRange {
    /// `loopback`: 127.0.0.0/8, ::1.
    Loopback,
    /// `linklocal`: 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// `uniquelocal`: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7.
    UniqueLocal,
    /// An address or a range of addresses; never of prefix 0.
    Network(IpNet),
}

/// An entry that says nothing, or everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustError {
    /// The entry as it was written.
    pub entry: String,
    /// What is wrong with it.
    pub fault: TrustFault,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustFault {
    /// Neither an address nor one of the names.
    NoAddress,
    /// What stands behind the slash is neither a prefix length of that address family nor an IPv4
    /// netmask.
    BadPrefix,
    /// The range holds every address.
    Everything,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = &self.entry;
        match self.fault {
            TrustFault::NoAddress => write!(
                f,
                "{entry:?} is no address; write an address, a range such as 192.168.1.0/24, loopback, linklocal, \
                 uniquelocal, a number of hops, true or false"
            ),
            TrustFault::BadPrefix => {
                write!(
                    f,
                    "{entry:?} has no prefix length or netmask that fits, such as 10.0.0.0/8 or 10.0.0.0/255.0.0.0"
                )
            }
            TrustFault::Everything => {
                write!(
                    f,
                    "{entry:?} would let every client choose its own address; name the proxy's address instead"
                )
            }
        }
    }
}

impl std::error::Error for TrustError {}

impl TrustedRange {
    /// Does the address lie in here? A mapped address counts as the IPv4 address that it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match (self, address) {
            (Self::Loopback, address) => address.is_loopback(),
            (Self::LinkLocal, IpAddr::V4(address)) => address.is_link_local(),
            (Self::LinkLocal, IpAddr::V6(address)) => address.is_unicast_link_local(),
            (Self::UniqueLocal, IpAddr::V4(address)) => address.is_private(),
            (Self::UniqueLocal, IpAddr::V6(address)) => address.is_unique_local(),
            // A range wide enough to hold the mapped block holds the IPv4 addresses in it too, as
            // in Express.
            (Self::Network(IpNet::V6(net)), IpAddr::V4(address)) => {
                net.contains(&address.to_ipv6_mapped())
            }
            (Self::Network(net), address) => net.contains(&address),
        }
    }
}

impl FromStr for TrustedRange {
    type Err = TrustError;

    fn from_str(entry: &str) -> Result<Self, TrustError> {
        match entry.trim() {
            "loopback" => Ok(Self::Loopback),
            "linklocal" => Ok(Self::LinkLocal),
            "uniquelocal" => Ok(Self::UniqueLocal),
            other => network(other).map(Self::Network).map_err(|fault| fault.of(entry.trim())),
        }
    }
}

impl fmt::Display for TrustedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("loopback"),
            Self::LinkLocal => f.write_str("linklocal"),
            Self::UniqueLocal => f.write_str("uniquelocal"),
            Self::Network(net) if net.prefix_len() == net.max_prefix_len() => {
                write!(f, "{}", net.addr())
            }
            Self::Network(net) => write!(f, "{net}"),
        }
    }
}

impl TrustFault {
    pub(super) fn of(self, entry: &str) -> TrustError {
        TrustError { entry: entry.to_owned(), fault: self }
    }
}

/// Reads an address, `address/prefix` or `address/netmask`.
pub fn network(text: &str) -> Result<IpNet, TrustFault> {
    let (address, range) = match text.split_once('/') {
        Some((address, range)) => (address, Some(range)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| TrustFault::NoAddress)?;
    let Some(range) = range else { return Ok(address.to_canonical().into()) };
    let prefix = prefix_length(address, range).ok_or(TrustFault::BadPrefix)?;
    let net = IpNet::new(address, prefix).map_err(|_| TrustFault::BadPrefix)?;
    let net = unmapped(net);
    if net.prefix_len() == 0 { Err(TrustFault::Everything) } else { Ok(net) }
}

/// The prefix length that stands behind the slash; a netmask only behind an IPv4 address.
fn prefix_length(address: IpAddr, range: &str) -> Option<u8> {
    if is_digits(range) {
        return range.parse().ok();
    }
    let mask: Ipv4Addr = range.parse().ok()?;
    if address.is_ipv4() { ipnet::ipv4_mask_to_prefix(mask).ok() } else { None }
}

/// A range inside `::ffff:0:0/96` is a range of IPv4 addresses.
fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let (Some(address), Some(prefix)) =
        (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96))
    else {
        return net;
    };
    Ipv4Net::new(address, prefix).map_or(net, IpNet::V4)
}

/// Digits and nothing else: Rust's own parser also takes `+6`.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
