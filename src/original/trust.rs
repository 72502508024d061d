//! Which proxies are believed: `proxy.trust`, with the meaning that Express gives to its
//! `trust proxy` setting.
//!
//! `true` believes every hop, `false` none, a number the nearest so many hops, a list those
//! addresses, CIDR ranges, IPv4 netmasks and named ranges (`loopback`, `linklocal`, `uniquelocal`).
//! IPv4 addresses written as IPv6 (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) are the IPv4 address
//! on both sides of the comparison.
//!
//! Stricter than Express in three places: addresses are read in their usual notation only (no
//! octal, no bare number), `::ffff:0:0/96` is refused like any range that holds all of IPv4, and so
//! is an entry that is empty.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whom to believe about the hop before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// `true`: every hop.
    Everybody,
    /// `false`: no hop.
    Nobody,
    /// A number: the nearest so many hops, whatever their addresses; the peer of the connection is
    /// the first.
    Hops(u32),
    /// Hops whose address lies in one of these.
    Ranges(Vec<Range>),
}

/// One entry of a trust list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
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

impl Default for Trust {
    fn default() -> Self {
        Self::Ranges(vec![Range::Loopback])
    }
}

impl Trust {
    /// Reads the setting as one text: `true`, `false`, a number of hops, or a list separated by
    /// commas.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        match text.trim() {
            "true" => Ok(Self::Everybody),
            "false" => Ok(Self::Nobody),
            digits if is_digits(digits) => {
                digits.parse().map(Self::Hops).map_err(|_| TrustFault::NoAddress.of(digits))
            }
            list => Self::from_list(list.split(',')),
        }
    }

    /// Reads the setting as a list of entries; an empty list trusts nobody.
    pub fn from_list<'t>(entries: impl IntoIterator<Item = &'t str>) -> Result<Self, TrustError> {
        entries.into_iter().map(|entry| entry.parse()).collect::<Result<_, _>>().map(Self::Ranges)
    }

    /// Is the hop at this address believed? `hop` counts from 0, the peer of the connection.
    pub fn trusts(&self, address: IpAddr, hop: usize) -> bool {
        match self {
            Self::Everybody => true,
            Self::Nobody => false,
            Self::Hops(count) => usize::try_from(*count).is_ok_and(|count| hop < count),
            Self::Ranges(ranges) => {
                let address = address.to_canonical();
                ranges.iter().any(|range| range.contains(address))
            }
        }
    }
}

impl FromStr for Trust {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        Self::parse(text)
    }
}

impl fmt::Display for Trust {
    /// The setting as it could be written in the configuration, as one text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("true"),
            Self::Nobody => f.write_str("false"),
            Self::Hops(count) => write!(f, "{count}"),
            Self::Ranges(ranges) if ranges.is_empty() => f.write_str("false"),
            Self::Ranges(ranges) => {
                for (index, range) in ranges.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{range}")?;
                }
                Ok(())
            }
        }
    }
}

impl Range {
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

impl FromStr for Range {
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

impl fmt::Display for Range {
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
    fn of(self, entry: &str) -> TrustError {
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
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Serialize for Trust {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Everybody => serializer.serialize_bool(true),
            Self::Nobody => serializer.serialize_bool(false),
            Self::Hops(count) => serializer.serialize_u32(*count),
            Self::Ranges(ranges) => serializer.collect_seq(ranges.iter().map(ToString::to_string)),
        }
    }
}

impl<'de> Deserialize<'de> for Trust {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// The forms the setting takes in a TOML file: a boolean, a whole number, a text, a list of texts.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Trust;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a number of hops, or addresses, ranges and names")
    }

    fn visit_bool<E>(self, everybody: bool) -> Result<Trust, E> {
        Ok(if everybody { Trust::Everybody } else { Trust::Nobody })
    }

    fn visit_u64<E: serde::de::Error>(self, hops: u64) -> Result<Trust, E> {
        u32::try_from(hops).map(Trust::Hops).map_err(|_| E::custom("too many hops"))
    }

    fn visit_i64<E: serde::de::Error>(self, hops: i64) -> Result<Trust, E> {
        u32::try_from(hops)
            .map(Trust::Hops)
            .map_err(|_| E::custom(format_args!("{hops} is no number of hops")))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Trust, E> {
        Trust::parse(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Trust, A::Error> {
        let mut ranges = Vec::new();
        while let Some(entry) = entries.next_element::<String>()? {
            ranges.push(entry.parse().map_err(A::Error::custom)?);
        }
        Ok(Trust::Ranges(ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> TrustError {
        Trust::parse(text).expect_err(text)
    }

    #[test]
    fn the_default_is_loopback() {
        let trust = Trust::default();
        assert!(trust.trusts("127.9.9.9".parse().unwrap(), 0));
        assert!(trust.trusts("::1".parse().unwrap(), 3));
        assert!(trust.trusts("::ffff:127.0.0.1".parse().unwrap(), 0));
        assert!(!trust.trusts("10.0.0.1".parse().unwrap(), 0));
        assert_eq!(trust.to_string(), "loopback");
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_refused_by_name() {
        for entry in [
            "blargh",
            "10.0.300.1",
            "::ffff:30.168.1.9000",
            "-1",
            "",
            "127.0.0.01",
            "loopback!",
            "1.2.3.4:80",
        ] {
            let error = Trust::from_list(["loopback", entry]).expect_err(entry);
            assert_eq!((error.entry.as_str(), error.fault), (entry, TrustFault::NoAddress));
            assert!(error.to_string().contains(entry));
        }
    }

    #[test]
    fn a_range_that_does_not_fit_is_refused() {
        for entry in [
            "10.0.0.1/internet",
            "10.0.0.1/6000",
            "10.0.0.1/33",
            "10.0.0.1/+8",
            "10.0.0.1/-1",
            "10.0.0.1/",
            "10.0.0.1/8/8",
            "::1/6000",
            "::ffff:a00:2/136",
            "10.0.0.1/255.0.255.0",
            "10.0.0.1/ffc0::",
            "fe80::/ffc0::",
            "fe80::/255.255.255.0",
            "::ffff:a00:2/255.255.255.0",
        ] {
            assert_eq!(refusal(entry).fault, TrustFault::BadPrefix, "{entry}");
        }
    }

    #[test]
    fn a_range_of_everybody_is_refused() {
        for entry in
            ["0.0.0.0/0", "::/0", "10.0.0.0/0", "10.0.0.0/0.0.0.0", "10.0.0.0/00", "::ffff:0:0/96"]
        {
            let error = refusal(&format!("loopback, {entry}"));
            assert_eq!((error.entry.as_str(), error.fault), (entry, TrustFault::Everything));
        }
    }

    #[test]
    fn a_list_with_an_empty_entry_is_refused() {
        for text in ["", " ", ",", "loopback,", ",loopback", "loopback,,10.0.0.1"] {
            assert_eq!(refusal(text).entry, "", "{text:?}");
        }
    }

    #[test]
    fn the_setting_is_read_in_every_toml_form() {
        #[derive(Deserialize)]
        struct Proxy {
            trust: Trust,
        }
        let read = |line: &str| toml::from_str::<Proxy>(line).map(|proxy| proxy.trust);
        assert_eq!(read("trust = true"), Ok(Trust::Everybody));
        assert_eq!(read("trust = \"false\""), Ok(Trust::Nobody));
        assert_eq!(read("trust = 2"), Ok(Trust::Hops(2)));
        assert_eq!(read("trust = []"), Ok(Trust::Ranges(vec![])));
        let list = Trust::parse("loopback, 10.0.0.0/8").unwrap();
        assert_eq!(read("trust = [\"loopback\", \"10.0.0.0/255.0.0.0\"]"), Ok(list.clone()));
        assert_eq!(read("trust = \"loopback,10.0.0.0/8\""), Ok(list));
        for line in [
            "trust = -1",
            "trust = 1.5",
            "trust = [1]",
            "trust = [\"true\"]",
            "trust = [\"0.0.0.0/0\"]",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        for text in [
            "true",
            "false",
            "0",
            "3",
            "loopback, linklocal, uniquelocal, 10.1.2.3, 10.0.0.0/8, fe80::/10",
        ] {
            let trust = Trust::parse(text).unwrap();
            assert_eq!(trust.to_string(), text);
            assert_eq!(Trust::parse(&trust.to_string()), Ok(trust));
        }
    }

    #[test]
    fn an_empty_list_is_shown_as_nobody_and_json_gives_hops_too() {
        assert_eq!(Trust::from_list([]).unwrap().to_string(), "false");
        assert_eq!(serde_json::from_str::<Trust>("2").ok(), Some(Trust::Hops(2)));
        let error = serde_json::from_str::<Trust>("null").expect_err("no setting").to_string();
        assert!(error.contains("a number of hops"), "{error}");
    }
}
