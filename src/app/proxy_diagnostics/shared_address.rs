//! Client addresses that may stand for many visitors: those that codes are posted from with
//! changing addresses to their left in the chain.
//!
//! Guarantees: fixed room.

use std::net::IpAddr;

use crate::config;
use crate::http::request::Headers;
use crate::original::client_address;
use crate::original::request::{Arrival, OriginalRequest};

/// Addresses that are watched for many visitors behind them.
pub(super) const MOST_ADDRESSES: usize = 16;

/// An address that codes were posted from with further addresses to its left in the chain.
#[derive(Clone, Copy, Debug)]
pub struct SharedAddress {
    /// What counts as the client.
    pub address: IpAddr,
    /// The leftmost address of the last chain.
    pub behind: IpAddr,
    /// How often that was another one than the time before.
    pub changes: u32,
}

/// What stands before the client's address in the chain that a proxy forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainStart {
    /// It is not read here, or begins with the client.
    Client,
    /// There is none.
    Missing,
    /// It begins with this address.
    Behind(IpAddr),
}

impl ChainStart {
    /// That of a page's request.
    pub fn of(
        original: &OriginalRequest<'_>,
        headers: &Headers<'_>,
        proxy: &config::ProxySettings,
    ) -> Self {
        if original.arrival != Arrival::Proxied
            || proxy.client_ip_header != config::ClientIpHeader::XForwardedFor
        {
            return Self::Client;
        }
        let Some(chain) = headers.all("X-Forwarded-For").next() else { return Self::Missing };
        let leftmost = chain.split(|byte| *byte == b',').find_map(client_address::address);
        leftmost.filter(|behind| *behind != original.client).map_or(Self::Client, Self::Behind)
    }
}

/// The addresses that are watched.
#[derive(Clone, Debug, Default)]
pub struct SharedAddresses(heapless::Vec<SharedAddress, MOST_ADDRESSES>);

impl SharedAddresses {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &SharedAddress> {
        self.0.iter()
    }

    /// A code was posted from `address`, and the chain began with `behind`.
    pub(super) fn watch(&mut self, address: IpAddr, behind: IpAddr) {
        match self.0.iter_mut().find(|shared| shared.address == address) {
            Some(shared) if shared.behind != behind => {
                shared.behind = behind;
                shared.changes = shared.changes.saturating_add(1);
            }
            Some(_) => {}
            None => {
                let new = SharedAddress { address, behind, changes: 0 };
                if let Err(new) = self.0.push(new)
                    // One that never was shared gives way to the newcomer.
                    && let Some(lone) = self.0.iter_mut().find(|shared| shared.changes == 0)
                {
                    *lone = new;
                }
            }
        }
    }
}
