//! Whose failures count together: one client, and the wider IPv6 networks that a provider gives to
//! one customer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Wider IPv6 networks that count as well: bits, and how many times the failures of one client each
/// may have.
const WIDER: [(u32, usize); 2] = [(56, 3), (48, 6)];

/// What counts as one client: an IPv4 address, or the /64 that an IPv6 host can take any address
/// from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AddressKey {
    /// One IPv4 address, also when it came as `::ffff:a.b.c.d`.
    V4(Ipv4Addr),
    /// The upper 64 bits of an IPv6 address.
    V6(u64),
}

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
        }
    }
}

impl AddressKey {
    /// The first address that it stands for.
    pub fn address(self) -> IpAddr {
        match self {
            Self::V4(v4) => v4.into(),
            Self::V6(network) => Ipv6Addr::from(u128::from(network) << 64).into(),
        }
    }
}

impl fmt::Display for AddressKey {
    /// `203.0.113.7` or `2001:db8:1:2::/64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Network::from(*self).fmt(f)
    }
}

impl FromStr for AddressKey {
    type Err = NoAddress;

    /// Reads an address of either family, or an IPv6 /64 as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let network: Network = text.parse()?;
        if network.bits == 64 { Ok(network.first) } else { Err(NoAddress) }
    }
}

/// Whose failures count together: one client, or a wider IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The first client in it.
    first: AddressKey,
    /// Of an IPv6 address, those that all in it have in common: 64, 56 or 48.
    bits: u32,
}

impl From<AddressKey> for Network {
    fn from(first: AddressKey) -> Self {
        Self { first, bits: 64 }
    }
}

impl Network {
    /// That of `bits` around this client; the client itself for one of IPv4.
    fn around(key: AddressKey, bits: u32) -> Self {
        match key {
            AddressKey::V4(_) => Self::from(key),
            AddressKey::V6(network) => {
                Self { first: AddressKey::V6(network & !Self::within(bits)), bits }
            }
        }
    }

    /// All in which the failures of this client count, the narrowest first.
    pub fn all_of(key: AddressKey) -> impl Iterator<Item = Self> {
        let wider = WIDER.into_iter().filter(move |_| matches!(key, AddressKey::V6(_)));
        std::iter::once(Self::from(key)).chain(wider.map(move |(bits, _)| Self::around(key, bits)))
    }

    /// Whether the failures of this client count in it.
    pub fn contains(self, key: AddressKey) -> bool {
        Self::around(key, self.bits) == self
    }

    /// Its clients, from the first to the last.
    pub fn clients(self) -> RangeInclusive<AddressKey> {
        let last = match self.first {
            AddressKey::V4(_) => self.first,
            AddressKey::V6(first) => AddressKey::V6(first | Self::within(self.bits)),
        };
        self.first..=last
    }

    /// How many times the failures of one client it may have.
    pub fn times_as_many(self) -> usize {
        WIDER.into_iter().find(|(bits, _)| *bits == self.bits).map_or(1, |(_, times)| times)
    }

    /// The bits of a /64 that tell the clients of such a network apart.
    fn within(bits: u32) -> u64 {
        u64::MAX.checked_shr(bits).unwrap_or(0)
    }
}

impl fmt::Display for Network {
    /// `203.0.113.7` or `2001:db8:1:200::/56`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            AddressKey::V4(v4) => write!(f, "{v4}"),
            AddressKey::V6(network) => {
                write!(f, "{}/{}", Ipv6Addr::from(u128::from(network) << 64), self.bits)
            }
        }
    }
}

impl FromStr for Network {
    type Err = NoAddress;

    /// Reads an address of either family, or an IPv6 network as [`Display`](fmt::Display) writes
    /// it.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let Some((network, bits)) = text.split_once('/') else {
            return text
                .parse::<IpAddr>()
                .map(|address| AddressKey::from(address).into())
                .map_err(|_| NoAddress);
        };
        let v6 = network.parse::<Ipv6Addr>().map_err(|_| NoAddress)?;
        let bits =
            [64, 56, 48].into_iter().find(|known| known.to_string() == bits).ok_or(NoAddress)?;
        Ok(Self::around(AddressKey::from(IpAddr::V6(v6)), bits))
    }
}

/// The text is no IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address: write it like 203.0.113.7, 2001:db8:1:2::7, 2001:db8:1:2::/64 (or /56, /48)")
    }
}

impl std::error::Error for NoAddress {}
