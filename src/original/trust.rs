//! Which proxies are believed: `proxy.trust`, with the meaning that Express gives to its
//! `trust proxy` setting.
//!
//! `true` believes every hop, `false` none, a number the nearest so many hops, a list those
//! addresses, CIDR ranges, IPv4 netmasks and named ranges (`loopback`, `linklocal`, `uniquelocal`).
//! IPv4 addresses written as IPv6 (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) are the IPv4 address
//! on both sides of the comparison.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::trusted_range::{TrustError, TrustFault, TrustedRange, is_digits};

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
    Ranges(Vec<TrustedRange>),
}

impl Default for Trust {
    fn default() -> Self {
        Self::Ranges(vec![TrustedRange::Loopback])
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
#[path = "trust_tests.rs"]
mod tests;
