//! Everybody who is connected: whose time is up, who has to go when room is short, and how much of
//! it one peer may take.
//!
//! Guarantees: those go first whose leaving costs least, within a class those who have been waited
//! for longest; a peer that stands for itself alone never holds more than its share, so it cannot
//! fill the table on its own.

use core::time::Duration;
use std::collections::HashMap;

use super::connection::{Connection, EvictionClass};
use super::peer_network::PeerNetwork;
use super::slots::{Slots, Ticket};

/// One peer may hold the table's size divided by this.
const SHARES: usize = 4;
/// No share is smaller: a browser opens six connections at once.
const SMALLEST_SHARE: usize = 8;

pub struct ConnectionTable<F> {
    slots: Slots<Connection<F>>,
    /// Connections by network, of those that have a share.
    held: HashMap<PeerNetwork, usize>,
    /// Octets in all connections' buffers.
    buffered: usize,
    /// No deadline is earlier than this.
    next_expiry: Duration,
}

impl<F> ConnectionTable<F> {
    /// Of at most `limit` connections.
    pub fn new(limit: usize) -> Self {
        Self {
            slots: Slots::new(limit),
            held: HashMap::new(),
            buffered: 0,
            next_expiry: Duration::MAX,
        }
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn limit(&self) -> usize {
        self.slots.limit()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.slots.is_full()
    }

    pub fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Connection<F>> {
        self.slots.get_mut(ticket)
    }

    /// Takes one in; `None` if the table is full.
    pub fn insert(&mut self, connection: Connection<F>) -> Option<Ticket> {
        let (network, deadline) = (connection.network, connection.deadline);
        let ticket = self.slots.insert(connection).ok()?;
        if let Some(network) = network {
            let held = self.held.entry(network).or_default();
            *held = held.saturating_add(1);
        }
        self.next_expiry = self.next_expiry.min(deadline);
        Some(ticket)
    }

    pub fn remove(&mut self, ticket: Ticket) -> Option<Connection<F>> {
        let connection = self.slots.remove(ticket)?;
        self.buffered = self.buffered.saturating_sub(connection.counted);
        if let Some(network) = connection.network
            && let Some(held) = self.held.get_mut(&network)
        {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&network);
            }
        }
        Some(connection)
    }

    /// Octets in all connections' buffers, as of the last note of each.
    pub fn buffered(&self) -> usize {
        self.buffered
    }

    /// Takes note of how much a connection's buffers hold now, and of its deadline.
    pub fn note(&mut self, ticket: Ticket) {
        if let Some(connection) = self.slots.get_mut(ticket) {
            let held = connection.held();
            self.buffered = self.buffered.saturating_sub(connection.counted).saturating_add(held);
            connection.counted = held;
            self.next_expiry = self.next_expiry.min(connection.deadline);
        }
    }

    /// No deadline is earlier than this; `None` where nobody is waited for.
    pub fn next_expiry(&self) -> Option<Duration> {
        (!self.is_empty()).then_some(self.next_expiry)
    }

    /// Adds whose time is up. [`ConnectionTable::look_ahead`] is to follow when they are dealt
    /// with.
    pub fn add_expired(&self, now: Duration, due: &mut Vec<Ticket>) {
        if now >= self.next_expiry {
            let expired = self.slots.iter().filter(|(_, connection)| connection.deadline <= now);
            due.extend(expired.map(|(ticket, _)| ticket));
        }
    }

    /// Looks for the deadline that is next, once the earliest has passed.
    pub fn look_ahead(&mut self, now: Duration) {
        if now >= self.next_expiry {
            let earliest = self.slots.iter().map(|(_, connection)| connection.deadline).min();
            self.next_expiry = earliest.unwrap_or(Duration::MAX);
        }
    }

    /// Who waits for the first byte of a request.
    pub fn idle(&self) -> Vec<Ticket> {
        let idle = self.slots.iter().filter(|(_, connection)| connection.is_idle());
        idle.map(|(ticket, _)| ticket).collect()
    }

    /// Whether `network` holds as many as one peer may.
    pub fn has_its_share(&self, network: PeerNetwork) -> bool {
        let share = (self.limit() / SHARES).max(SMALLEST_SHARE);
        self.held.get(&network).is_some_and(|held| *held >= share)
    }

    /// Who is closed first for want of a place; `of`: one of this network. `None`: all are busy.
    pub fn first_to_evict(&self, of: Option<PeerNetwork>) -> Option<Ticket> {
        self.first_of(|connection| {
            connection.eviction_class() != EvictionClass::Busy
                && (of.is_none() || connection.network == of)
        })
    }

    /// Who is closed first for want of memory, and has some.
    pub fn first_to_evict_for_memory(&self) -> Option<Ticket> {
        self.first_of(|connection| connection.counted > 0)
    }

    fn first_of(&self, may_go: impl Fn(&Connection<F>) -> bool) -> Option<Ticket> {
        let candidates = self.slots.iter().filter(|(_, connection)| may_go(connection));
        // Among equals a trusted proxy's connections stay longest: many visitors come by each.
        let first = candidates.min_by_key(|(_, connection)| {
            (connection.eviction_class(), connection.network.is_none(), connection.since)
        });
        first.map(|(ticket, _)| ticket)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use super::super::connection::Phase;
    use super::super::peer::{ListenerRole, Peer, PeerAddress};
    use super::*;

    fn peer(address: &str) -> Peer {
        let address = PeerAddress::Ip(address.parse().expect("an address"), 1);
        Peer { address, role: ListenerRole::Public, credentials: None }
    }

    /// One of `address` that has been waited for since so many seconds after the start.
    fn connection(
        address: &str,
        since: u64,
        change: impl FnOnce(&mut Connection<()>),
    ) -> Connection<()> {
        let (peer, since) = (peer(address), Duration::from_secs(since));
        let stream = OwnedFd::from(File::open("/dev/null").expect("there"));
        let mut connection =
            Connection::new(stream, peer, PeerNetwork::of(&peer), since, Duration::MAX);
        change(&mut connection);
        connection
    }

    #[test]
    fn those_go_first_that_cost_least_and_among_them_the_oldest() {
        let mut connections = ConnectionTable::new(8);
        let reply = super::super::connection::Reply {
            head_only: false,
            persistence: crate::http::response::Persistence::Keep,
            unread_body: false,
        };
        let mut add = |since, change: fn(&mut Connection<()>)| {
            connections.insert(connection("203.0.113.7", since, change)).expect("a place")
        };
        let waiting = [add(5, |_| {}), add(1, |_| {})];
        let unread = [add(9, |one| one.queues = true), add(7, |one| one.queues = true)];
        let lingering = add(8, |one| one.phase = Phase::Linger);
        let working = connections
            .insert(connection("203.0.113.7", 0, |one| one.phase = Phase::Work(reply)))
            .expect("a place");
        let expected = [lingering, unread[1], unread[0], waiting[1], waiting[0]];
        for next in expected {
            assert_eq!(connections.first_to_evict(None), Some(next));
            connections.remove(next);
        }
        assert_eq!(connections.first_to_evict(None), None, "who works stays");
        assert!(connections.remove(working).is_some() && connections.held.is_empty());
    }

    #[test]
    fn a_trusted_proxy_s_connections_rest_longer_than_a_stranger_s() {
        let mut connections = ConnectionTable::new(8);
        let of_proxy = connections
            .insert(connection("127.0.0.1", 0, |one| one.network = None))
            .expect("a place");
        let of_stranger =
            connections.insert(connection("203.0.113.7", 9, |_| {})).expect("a place");
        assert_eq!(connections.first_to_evict(None), Some(of_stranger));
        connections.remove(of_stranger);
        assert_eq!(connections.first_to_evict(None), Some(of_proxy));
    }

    #[test]
    fn a_share_is_of_an_address_or_of_a_slash_64_and_its_own_give_way() {
        let mut connections = ConnectionTable::new(40);
        for host in 0..10 {
            connections
                .insert(connection(&format!("2001:db8:1:2::{host}"), 1, |_| {}))
                .expect("a place");
        }
        let other = connections.insert(connection("2001:db8:1:3::1", 0, |_| {})).expect("a place");
        let network = |address| PeerNetwork::of(&peer(address)).expect("an address");
        assert!(
            connections.has_its_share(network("2001:db8:1:2:ffff::"))
                && !connections.has_its_share(network("2001:db8:1:3::9"))
        );
        assert_eq!(connections.first_to_evict(None), Some(other));
        let own =
            connections.first_to_evict(Some(network("2001:db8:1:2::"))).expect("there are some");
        assert_ne!(own, other);
        connections.remove(own);
        assert!(!connections.has_its_share(network("2001:db8:1:2::")));
    }
}
