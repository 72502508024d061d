//! Whose connection it is when places are counted.
//!
//! Guarantees: a host counts once, whichever of its addresses of IPv6 it takes.

use std::net::{IpAddr, Ipv6Addr};

use super::peer::{Peer, PeerAddress};

/// Where a peer comes from: its address, or the /64 of which an IPv6 host can take any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerNetwork(IpAddr);

impl PeerNetwork {
    /// `None` for a Unix socket.
    pub fn of(peer: &Peer) -> Option<Self> {
        match peer.address {
            PeerAddress::Ip(IpAddr::V6(address), _) => {
                let network = u128::from(address) >> 64 << 64;
                Some(Self(Ipv6Addr::from(network).into()))
            }
            PeerAddress::Ip(address, _) => Some(Self(address)),
            PeerAddress::Unix => None,
        }
    }
}
