//! Failures by client address: so many in a sliding window, then a pause until the oldest of them
//! is old enough.
//!
//! At no time lie more than `attempts` failures of one address within one `window`, nor more than
//! three times as many of an IPv6 /56, nor six times of a /48: who is given such a network has as
//! many /64s as he likes. Only the addresses have counters; those of the wider networks are their
//! sum, so a success takes its own failures out of all of them.
//!
//! The table is of fixed size. A newcomer takes the place of an expired counter, else of the oldest
//! with a single failure, so a flood of invented addresses never pushes out one that has failed
//! twice, let alone one that is limited. If nothing can go, newcomers are counted in a second table
//! whose places are shared by a keyed hash: it forgets nobody, and an innocent meets a limited
//! place by bad luck only. The budget of all strangers (see [`crate::auth::guess_budget`]) runs out
//! long before that.
//!
//! `now` must come from a clock that is not set while the program runs (the time at start plus
//! monotonic time passed); [`Limiter::restore`] caps stored times at `now`, so a clock set back
//! between two runs freezes nobody.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

pub use super::network::{AddressKey, Network, NoAddress};

/// How many addresses have a counter of their own.
pub const CAPACITY: usize = 4096;

/// Places for the failures of addresses that found no counter of their own.
const OVERFLOW: usize = 1024;

/// The most failures that `limits.attempts` may allow. Each is remembered by its time, but no more
/// than the budgets of accounts, devices and strangers let happen.
pub const MAX_ATTEMPTS: u32 = 1_000_000;

/// How long to wait until the next try: more than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(pub Duration);

impl RetryAfter {
    /// The value of a `Retry-After` header (RFC 9110 section 10.2.3): whole seconds, at least one.
    pub fn seconds(self) -> u64 {
        let secs = self.0.as_secs();
        if self.0.subsec_nanos() > 0 || secs == 0 { secs.saturating_add(1) } else { secs }
    }
}

/// The failures of one client that may still count, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    times: Vec<Timestamp>,
}

impl Window {
    /// The failures within `window` before `now`.
    pub fn failures(&self, window: Duration, now: Timestamp) -> u32 {
        let counted = self.times.iter().filter(|time| !is_over(**time, window, now)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    }

    /// The latest failure.
    pub fn latest(&self) -> Option<Timestamp> {
        self.times.last().copied()
    }

    /// When nothing of it counts any more.
    pub fn until(&self, window: Duration) -> Option<Timestamp> {
        self.latest().map(|time| time.plus(window))
    }

    fn is_expired(&self, window: Duration, now: Timestamp) -> bool {
        self.latest().is_none_or(|time| is_over(time, window, now))
    }

    /// When the next try is allowed; `None` if it is now.
    fn retry_after(&self, limit: &Limit, now: Timestamp) -> Option<RetryAfter> {
        let oldest_that_counts =
            self.times.len().checked_sub(limit.attempts).and_then(|at| self.times.get(at))?;
        let left = limit.window.saturating_sub(now.since(*oldest_that_counts));
        (!left.is_zero()).then_some(RetryAfter(left))
    }

    /// Whether a newcomer may take its place: a single failure, and one that limits nobody.
    fn may_go(&self, limit: &Limit) -> bool {
        self.times.len() == 1 && limit.attempts > 1
    }

    fn add(&mut self, limit: &Limit, now: Timestamp) {
        self.cap(limit, now);
        self.times.retain(|time| !is_over(*time, limit.window, now));
        if self.times.len() >= limit.attempts {
            self.times.remove(0);
        }
        self.times.push(now);
    }

    /// No time in the future, no more of them than count.
    fn cap(&mut self, limit: &Limit, now: Timestamp) {
        self.times.iter_mut().for_each(|time| *time = (*time).min(now));
        self.times.drain(..self.times.len().saturating_sub(limit.attempts));
    }
}

fn is_over(time: Timestamp, window: Duration, now: Timestamp) -> bool {
    now.since(time) >= window
}

#[derive(Clone, Copy)]
struct Limit {
    attempts: usize,
    window: Duration,
}

/// What a failure did to the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The address's counter, to be stored; `None` if there was no place for one of its own.
    pub counter: Option<Window>,
    /// Addresses whose counters went, to be removed from the store.
    pub forgotten: Vec<AddressKey>,
}

/// Failures by address.
pub struct Limiter {
    limit: Limit,
    capacity: usize,
    table: BTreeMap<AddressKey, Window>,
    /// Addresses in the order in which they came in; those that went or failed again are skipped
    /// when it is read.
    singles: VecDeque<AddressKey>,
    overflow: Vec<Window>,
    hasher: RandomState,
    swept: Timestamp,
}

impl Limiter {
    /// At most `attempts` failures (1 to [`MAX_ATTEMPTS`]) within `window`.
    pub fn new(attempts: u32, window: Duration) -> Self {
        Self::with_capacity(attempts, window, CAPACITY)
    }

    fn with_capacity(attempts: u32, window: Duration, capacity: usize) -> Self {
        let attempts = usize::try_from(attempts.clamp(1, MAX_ATTEMPTS)).unwrap_or(1);
        Self {
            limit: Limit { attempts, window },
            capacity,
            table: BTreeMap::new(),
            singles: VecDeque::new(),
            overflow: vec![Window::default(); OVERFLOW],
            hasher: RandomState::new(),
            swept: Timestamp::default(),
        }
    }

    /// The window that failures count in.
    pub fn window(&self) -> Duration {
        self.limit.window
    }

    /// Whether a guess from `key` may be looked at. Counts nothing.
    pub fn check(&self, key: AddressKey, now: Timestamp) -> Result<(), RetryAfter> {
        self.limited_by(key, now).map_or(Ok(()), |(_, wait)| Err(wait))
    }

    /// Which network has used up its failures, so that a guess from `key` must wait; the one that
    /// waits longest.
    pub fn limited_by(&self, key: AddressKey, now: Timestamp) -> Option<(Network, RetryAfter)> {
        let counter = self.table.get(&key).or_else(|| self.overflow.get(self.place(key)));
        let own = counter.and_then(|counter| counter.retry_after(&self.limit, now));
        let own = own.map(|wait| (Network::from(key), wait));
        let wider = Network::all_of(key)
            .skip(1)
            .filter_map(|network| Some((network, self.wait_of(network, now)?)));
        own.into_iter().chain(wider).max_by_key(|(_, wait)| *wait)
    }

    /// Wider networks of which more than one client has failed: failures that count, and how long
    /// it must wait.
    pub fn wider_entries(&self, now: Timestamp) -> Vec<(Network, u32, Option<RetryAfter>)> {
        let mut clients: BTreeMap<Network, u32> = BTreeMap::new();
        for (key, _) in self.entries(now) {
            for network in Network::all_of(key).skip(1) {
                let clients = clients.entry(network).or_default();
                *clients = clients.saturating_add(1);
            }
        }
        let several =
            clients.into_iter().filter(|(_, clients)| *clients > 1).map(|(network, _)| network);
        let networks = several.map(|network| {
            let failures = u32::try_from(self.times_in(network, now).count()).unwrap_or(u32::MAX);
            (network, failures, self.wait_of(network, now))
        });
        networks.collect()
    }

    /// How long a wider network must wait, if it must. Where more failed than may, as after a
    /// change of settings, this is less than the whole wait.
    fn wait_of(&self, network: Network, now: Timestamp) -> Option<RetryAfter> {
        let most = self.limit.attempts.saturating_mul(network.times_as_many());
        let times: Vec<_> = self.times_in(network, now).take(most).collect();
        let oldest = times.iter().min().filter(|_| times.len() == most)?;
        Some(RetryAfter(self.limit.window.saturating_sub(now.since(*oldest))))
    }

    /// When the clients of a network failed, as far as it counts.
    fn times_in(&self, network: Network, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let counters = self.table.range(network.clients()).map(|(_, counter)| counter);
        let times = counters.flat_map(|counter| counter.times.iter().copied());
        times.filter(move |time| !is_over(*time, self.limit.window, now))
    }

    /// Counts a failure.
    pub fn failed(&mut self, key: AddressKey, now: Timestamp) -> Counted {
        let mut forgotten = Vec::new();
        if let Some(counter) = self.table.get_mut(&key) {
            counter.add(&self.limit, now);
            return Counted { counter: Some(counter.clone()), forgotten };
        }
        if !self.make_room(now, &mut forgotten) {
            let place = self.place(key);
            if let Some(shared) = self.overflow.get_mut(place) {
                shared.add(&self.limit, now);
            }
            return Counted { counter: None, forgotten };
        }
        // What was counted for it while there was no room comes along, so that a place that gets
        // free frees nobody.
        let mut counter = self.overflow.get(self.place(key)).cloned().unwrap_or_default();
        counter.add(&self.limit, now);
        self.insert(key, counter.clone());
        Counted { counter: Some(counter), forgotten }
    }

    /// Forgets the failures of `key`, at a success and for `limit clear`. Whether there were any.
    pub fn succeeded(&mut self, key: AddressKey) -> bool {
        self.table.remove(&key).is_some()
    }

    /// Forgets all failures.
    pub fn clear(&mut self) {
        self.table.clear();
        self.singles.clear();
        self.overflow.iter_mut().for_each(|place| *place = Window::default());
    }

    /// All counters that still count, with their addresses.
    pub fn entries(&self, now: Timestamp) -> impl Iterator<Item = (AddressKey, &Window)> {
        let window = self.limit.window;
        self.table
            .iter()
            .filter(move |(_, counter)| !counter.is_expired(window, now))
            .map(|(key, counter)| (*key, counter))
    }

    /// How many addresses are refused at the moment (for metrics).
    pub fn limited(&self, now: Timestamp) -> usize {
        self.table
            .values()
            .filter(|counter| counter.retry_after(&self.limit, now).is_some())
            .count()
    }

    /// Takes stored counters over, with no time in the future. What does not fit is left out, least
    /// guilty first.
    pub fn restore(&mut self, stored: Vec<(AddressKey, Window)>, now: Timestamp) {
        let mut stored = stored;
        stored.retain_mut(|(_, counter)| {
            counter.cap(&self.limit, now);
            !counter.is_expired(self.limit.window, now)
        });
        stored
            .sort_by_key(|(_, counter)| std::cmp::Reverse((counter.times.len(), counter.latest())));
        stored.truncate(self.capacity);
        stored.sort_by_key(|(_, counter)| counter.latest());
        for (key, counter) in stored {
            self.insert(key, counter);
        }
    }

    /// Drops the counters that no longer count and names them, so that the store forgets them too.
    pub fn forget_expired(&mut self, now: Timestamp) -> Vec<AddressKey> {
        let (window, mut forgotten) = (self.limit.window, Vec::new());
        self.table.retain(|key, counter| {
            let expired = counter.is_expired(window, now);
            if expired {
                forgotten.push(*key);
            }
            !expired
        });
        self.tidy_queue();
        self.swept = now;
        forgotten
    }

    fn insert(&mut self, key: AddressKey, counter: Window) {
        self.singles.push_back(key);
        self.table.insert(key, counter);
        // Keys that went by success leave their entry behind.
        if self.singles.len() > self.capacity.saturating_mul(2) {
            self.tidy_queue();
        }
    }

    fn tidy_queue(&mut self) {
        let mut seen = std::collections::HashSet::new();
        let table = &self.table;
        let limit = self.limit;
        self.singles.retain(|key| {
            table.get(key).is_some_and(|counter| counter.may_go(&limit)) && seen.insert(*key)
        });
    }

    /// Whether there is a free place, after dropping what may go.
    fn make_room(&mut self, now: Timestamp, forgotten: &mut Vec<AddressKey>) -> bool {
        if self.table.len() < self.capacity {
            return true;
        }
        // Looking at all of them once a second is enough: time is counted in seconds.
        if self.swept != now {
            forgotten.extend(self.forget_expired(now));
        }
        while self.table.len() >= self.capacity {
            let Some(key) = self.singles.pop_front() else { return false };
            if self.table.get(&key).is_some_and(|counter| counter.may_go(&self.limit)) {
                self.table.remove(&key);
                forgotten.push(key);
            }
        }
        true
    }

    fn place(&self, key: AddressKey) -> usize {
        // Reduced as u64: a usize of 32 bits does not hold the hash.
        let place = self.hasher.hash_one(key) % u64::try_from(OVERFLOW).unwrap_or(1);
        usize::try_from(place).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
