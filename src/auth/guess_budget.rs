//! Budgets of guesses: how many wrong codes an account, a user's devices and all strangers together
//! may cost.
//!
//! A [`Bucket`] starts full, a failure takes one guess out, and one comes back every six hours; a
//! success gives nothing back. That bounds guessing over a year whatever the number of addresses,
//! which a limiter by address alone cannot.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::auth::limiter::RetryAfter;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

/// How many guesses a full bucket holds.
pub const CAPACITY: u32 = 100;

/// How long until one guess has come back: four a day.
pub const REFILL: Duration = Duration::from_secs(6 * 60 * 60);

/// The most guesses that a bucket gives within `time`: what it holds, and what comes back.
pub fn most_within(time: Duration) -> u64 {
    u64::from(CAPACITY) + time.as_secs() / REFILL.as_secs()
}

/// What is left of one budget. The default is a full one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Guesses that were missing at `since`.
    spent: u32,
    /// From when on the way to the next refill counts.
    since: Timestamp,
}

impl Bucket {
    /// A bucket in which only `left` guesses are left at this moment.
    pub fn with_left(left: u32, now: Timestamp) -> Self {
        Self { spent: CAPACITY.saturating_sub(left), since: now }
    }

    /// Guesses left.
    pub fn available(&self, now: Timestamp) -> u32 {
        CAPACITY.saturating_sub(self.spent(now))
    }

    /// Guesses missing: what `limit list` calls failures.
    pub fn spent(&self, now: Timestamp) -> u32 {
        self.settled(now).spent
    }

    /// Takes one guess out, or says when there will be one.
    pub fn take(&mut self, now: Timestamp) -> Result<(), RetryAfter> {
        let settled = self.settled(now);
        if settled.spent >= CAPACITY {
            return Err(settled.until_refill(now));
        }
        *self = Self { spent: settled.spent + 1, since: settled.since };
        Ok(())
    }

    /// Zero while a guess is left, else the time until one is.
    pub fn retry_after(&self, now: Timestamp) -> Duration {
        let settled = self.settled(now);
        if settled.spent < CAPACITY { Duration::ZERO } else { settled.until_refill(now).0 }
    }

    /// Whether it is as good as new: such a bucket need not be kept.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.spent(now) == 0
    }

    /// The same bucket with no time in the future, for one that was read back after the clock may
    /// have been set back: it would refill only when the old time comes round again.
    #[must_use]
    pub fn capped(self, now: Timestamp) -> Self {
        Self { spent: self.spent.min(CAPACITY), since: self.since.min(now) }
    }

    /// Brings the count up to `now`. What has passed of the running six hours is kept.
    fn settled(self, now: Timestamp) -> Self {
        let bucket = self.capped(now);
        let passed = now.since(bucket.since).as_secs();
        let back = u32::try_from(passed / REFILL.as_secs()).unwrap_or(u32::MAX);
        match bucket.spent.checked_sub(back) {
            None | Some(0) => Self { spent: 0, since: now },
            Some(spent) => {
                Self { spent, since: now.minus(Duration::from_secs(passed % REFILL.as_secs())) }
            }
        }
    }

    fn until_refill(self, now: Timestamp) -> RetryAfter {
        RetryAfter(REFILL.saturating_sub(now.since(self.since)))
    }
}

/// What a visitor sees of the wait for a bucket that many share: rounded up to whole refills, so
/// that nobody who empties it learns when to come back for the next guess.
pub fn coarse(wait: RetryAfter) -> Duration {
    let refills = wait.seconds().div_ceil(REFILL.as_secs());
    Duration::from_secs(refills.saturating_mul(REFILL.as_secs()))
}

/// Whether an address is of the space that carriers and VPNs share (100.64.0.0/10, RFC 6598). It is
/// nobody's home by itself: behind a carrier it is that of many customers.
pub fn is_of_shared_space(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V4(v4) if matches!(v4.octets(), [100, 64..=127, ..]))
}

/// Where a client without a device cookie comes from. Each kind has its own budget, so that
/// strangers from the internet cannot shut the people at home out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkZone {
    /// Any address that is not local.
    Internet,
    /// At home: `loopback`, `linklocal` or `uniquelocal`, as `proxy.trust` names them, and what
    /// else the gate takes for it.
    Local,
}

impl NetworkZone {
    /// The kind of an address by itself; `::ffff:a.b.c.d` is a.b.c.d.
    pub fn of(address: IpAddr) -> Self {
        let local = match address.to_canonical() {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_private(),
            IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unique_local()
            }
        };
        if local { Self::Local } else { Self::Internet }
    }
}

/// Names one budget.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BudgetKey {
    /// Failures under this name, where a name is asked.
    Account(UserName),
    /// Failures under names that nobody has: one for all, so that invented names cost no memory.
    UnknownAccounts,
    /// Failures with this user's device cookies, all devices together.
    Device(UserName),
    /// Failures of all strangers from the internet.
    StrangersInternet,
    /// Failures of all strangers at home.
    StrangersLocal,
}

impl BudgetKey {
    /// The word for its kind that lists show.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) | Self::UnknownAccounts => "account",
            Self::Device(_) => "device",
            Self::StrangersInternet | Self::StrangersLocal => "strangers",
        }
    }
}

impl BudgetKey {
    /// Whose budget it is, if it is one of strangers.
    pub const fn zone(&self) -> Option<NetworkZone> {
        match self {
            Self::StrangersInternet => Some(NetworkZone::Internet),
            Self::StrangersLocal => Some(NetworkZone::Local),
            Self::Account(_) | Self::UnknownAccounts | Self::Device(_) => None,
        }
    }
}

impl From<NetworkZone> for BudgetKey {
    fn from(zone: NetworkZone) -> Self {
        match zone {
            NetworkZone::Internet => Self::StrangersInternet,
            NetworkZone::Local => Self::StrangersLocal,
        }
    }
}

impl fmt::Display for BudgetKey {
    /// As `limit list` shows the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(name) | Self::Device(name) => name.fmt(f),
            Self::UnknownAccounts => f.pad("unknown"),
            Self::StrangersInternet => f.pad("internet"),
            Self::StrangersLocal => f.pad("home"),
        }
    }
}

/// All budgets that are not full. Bounded by twice the number of users plus three, since only names
/// of users get one of their own.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    buckets: BTreeMap<BudgetKey, Bucket>,
}

impl Budgets {
    /// All full.
    pub fn new() -> Self {
        Self::default()
    }

    /// The budgets as they were stored, with no time in the future.
    pub fn restore(stored: impl IntoIterator<Item = (BudgetKey, Bucket)>, now: Timestamp) -> Self {
        Self {
            buckets: stored.into_iter().map(|(key, bucket)| (key, bucket.capped(now))).collect(),
        }
    }

    /// Guesses left under `key`.
    pub fn available(&self, key: &BudgetKey, now: Timestamp) -> u32 {
        self.bucket(key).available(now)
    }

    /// Says when the next guess is allowed, if none is now. Counts nothing.
    pub fn check(&self, key: &BudgetKey, now: Timestamp) -> Result<(), RetryAfter> {
        match self.bucket(key).retry_after(now) {
            Duration::ZERO => Ok(()),
            wait => Err(RetryAfter(wait)),
        }
    }

    /// Counts a failure under `key` and gives the bucket that is to be stored. An empty bucket
    /// stays empty.
    pub fn failed(&mut self, key: BudgetKey, now: Timestamp) -> Bucket {
        let bucket = self.buckets.entry(key).or_default();
        // A failure is evaluated only while a guess is left; if one slips through there is nothing
        // more to take.
        let _ = bucket.take(now);
        *bucket
    }

    /// Replaces the bucket of `key`.
    pub fn put(&mut self, key: BudgetKey, bucket: Bucket) {
        self.buckets.insert(key, bucket);
    }

    /// Fills the bucket of `key` up (`limit clear`). Whether there was anything to forget.
    pub fn clear(&mut self, key: &BudgetKey) -> bool {
        self.buckets.remove(key).is_some()
    }

    /// Fills all buckets up.
    pub fn clear_all(&mut self) {
        self.buckets.clear();
    }

    /// Forgets what has refilled and names it, so that the store forgets it too.
    pub fn forget_full(&mut self, now: Timestamp) -> Vec<BudgetKey> {
        let full: Vec<_> = self
            .buckets
            .iter()
            .filter(|(_, bucket)| bucket.is_full(now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &full {
            self.buckets.remove(key);
        }
        full
    }

    /// All budgets of which something may be missing.
    pub fn entries(&self) -> impl Iterator<Item = (&BudgetKey, &Bucket)> {
        self.buckets.iter()
    }

    fn bucket(&self, key: &BudgetKey) -> Bucket {
        self.buckets.get(key).copied().unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "guess_budget_tests.rs"]
mod tests;
