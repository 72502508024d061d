//! Untrusted peers that send forwarding headers.
//!
//! Guarantees: fixed room. Addresses can be had for nothing on a home's network, so the latest are
//! kept, those of the internet and those nearby apart.

use std::net::IpAddr;

use super::occurrences::Occurrences;
use crate::auth::guess_budget::NetworkZone;
use crate::clock::Timestamp;

/// Untrusted peers that are kept, from the internet and from nearby.
const MOST_PEERS: usize = 8;

/// An untrusted peer that sends forwarding headers.
#[derive(Clone, Copy, Debug)]
pub struct UntrustedPeer {
    /// Its address.
    pub address: IpAddr,
    /// How often and when.
    pub seen: Occurrences,
}

/// The latest of them.
#[derive(Clone, Debug, Default)]
pub struct UntrustedPeers {
    /// Those nearby.
    pub near: heapless::Vec<UntrustedPeer, MOST_PEERS>,
    /// Those from the internet.
    pub far: heapless::Vec<UntrustedPeer, MOST_PEERS>,
    /// Requests of those who gave way to later ones.
    pub further: u64,
}

impl UntrustedPeers {
    /// Notes one, or counts it on.
    pub(super) fn note(&mut self, address: IpAddr, now: Timestamp) {
        let peers = match NetworkZone::of(address) {
            NetworkZone::Local => &mut self.near,
            NetworkZone::Internet => &mut self.far,
        };
        if let Some(peer) = peers.iter_mut().find(|peer| peer.address == address) {
            return peer.seen.again(now);
        }
        let new = UntrustedPeer { address, seen: Occurrences::once(now) };
        if let Err(new) = peers.push(new)
            // A proxy asks again, so it comes back whoever took its place.
            && let Some(oldest) =
                peers.iter_mut().min_by_key(|peer| (peer.seen.last, peer.seen.count))
        {
            let gone = std::mem::replace(oldest, new);
            self.further = self.further.saturating_add(gone.seen.count);
        }
    }
}
