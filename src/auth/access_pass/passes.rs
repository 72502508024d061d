//! The table of living passes, by digest: one look-up, in a time that tells nothing of what is in
//! the table.
//!
//! Memory only: the store loads it at start. Looking a pass up allocates nothing and computes one
//! SHA-256, however many there are.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasherDefault;
use std::time::Duration;

use ipnet::IpNet;

use super::pass_id::PassId;
use super::pass_token::PassDigest;
use super::record::AccessPass;
use crate::auth::own_bits::OwnBits;
use crate::auth::policy::path_readings::PathReadings;
use crate::auth::policy::place::Place;
use crate::auth::policy::scope::OutOfScope;
use crate::clock::Timestamp;

/// How exactly the last use of a pass is known.
pub const LAST_USE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Why a pass opens nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassFault {
    /// `X-Portcullis-Pass` holds no pass, or is there twice.
    Malformed,
    /// Never made here, or ended.
    Unknown,
    /// Its time is over.
    Expired,
    /// It came in `Authorization`, which reaches the site, and is good for more than one.
    ShownToSite,
    /// No trusted proxy says which place is meant.
    NoPlace,
    /// Its user is disabled.
    UserGone,
    /// It is not good for this place.
    OutOfScope(OutOfScope),
}

/// The header in which a pass came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassCarrier {
    /// `Authorization`, which the site sees too.
    Authorization,
    /// `X-Portcullis-Pass`, which the proxy takes away.
    OwnHeader,
}

struct LivePass {
    pass: AccessPass,
    /// What its networks stand for.
    networks: Vec<IpNet>,
    /// `last_used` is later than what [`AccessPasses::take_touched`] gave out.
    touched: bool,
}

/// All living passes.
#[derive(Default)]
pub struct AccessPasses {
    live: HashMap<PassDigest, LivePass, BuildHasherDefault<OwnBits>>,
    by_id: HashMap<PassId, PassDigest>,
    /// The networks that the settings name.
    networks: BTreeMap<String, Vec<IpNet>>,
}

impl AccessPasses {
    /// No passes yet; `networks` are those that the settings name.
    pub fn new(networks: &BTreeMap<String, Vec<IpNet>>) -> Self {
        Self { networks: networks.clone(), ..Self::default() }
    }

    /// Takes over the networks that the settings name. A pass that names others is good nowhere.
    pub fn know_networks(&mut self, networks: &BTreeMap<String, Vec<IpNet>>) {
        self.networks.clone_from(networks);
        for live in self.live.values_mut() {
            live.networks = ranges(&self.networks, &live.pass);
        }
    }

    /// Adds a pass, or replaces it.
    pub fn insert(&mut self, pass: AccessPass) {
        self.remove(pass.id);
        let networks = ranges(&self.networks, &pass);
        self.by_id.insert(pass.id, pass.digest);
        self.live.insert(pass.digest, LivePass { pass, networks, touched: false });
    }

    /// Ends a pass.
    pub fn remove(&mut self, id: PassId) {
        if let Some(digest) = self.by_id.remove(&id) {
            self.live.remove(&digest);
        }
    }

    /// The pass with this digest, if it lives at `now`.
    ///
    /// # Errors
    /// It is unknown or expired.
    pub fn find(&self, digest: &PassDigest, now: Timestamp) -> Result<&AccessPass, PassFault> {
        self.living(digest, now).map(|live| &live.pass)
    }

    /// The pass with this digest, if it lives at `now` and is good for the place.
    ///
    /// # Errors
    /// Why it is not.
    pub fn admit(
        &self,
        digest: &PassDigest,
        carrier: PassCarrier,
        place: &Place<'_>,
        now: Timestamp,
        readings: &mut PathReadings,
    ) -> Result<&AccessPass, PassFault> {
        let live = self.living(digest, now)?;
        let scope = &live.pass.scope;
        if carrier == PassCarrier::Authorization && !scope.names_one_host() {
            return Err(PassFault::ShownToSite);
        }
        scope.admit(place, &live.networks, readings).map_err(PassFault::OutOfScope)?;
        Ok(&live.pass)
    }

    fn living(&self, digest: &PassDigest, now: Timestamp) -> Result<&LivePass, PassFault> {
        let live = self.live.get(digest).ok_or(PassFault::Unknown)?;
        if live.pass.is_expired(now) { Err(PassFault::Expired) } else { Ok(live) }
    }

    /// Notes that a request passed, once in [`LAST_USE_EVERY`].
    pub fn touch(&mut self, id: PassId, now: Timestamp) {
        if let Some(digest) = self.by_id.get(&id)
            && let Some(live) = self.live.get_mut(digest)
            && live.pass.last_used.is_none_or(|last| now.since(last) >= LAST_USE_EVERY)
        {
            live.pass.last_used = Some(now);
            live.touched = true;
        }
    }

    /// The passes whose last use has changed since the last call, for the store to write together.
    pub fn take_touched(&mut self) -> Vec<(PassId, Timestamp)> {
        let touched = |live: &mut LivePass| {
            let last = live.pass.last_used.filter(|_| std::mem::take(&mut live.touched));
            last.map(|last| (live.pass.id, last))
        };
        self.live.values_mut().filter_map(touched).collect()
    }

    /// How many have not expired. Walks over all, which a scrape of the metrics may.
    pub fn count_living(&self, now: Timestamp) -> usize {
        self.live.values().filter(|live| !live.pass.is_expired(now)).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.live.len()
    }
}

/// The ranges that the networks of a pass stand for.
fn ranges(networks: &BTreeMap<String, Vec<IpNet>>, pass: &AccessPass) -> Vec<IpNet> {
    let named = pass.scope.networks.iter().filter_map(|name| networks.get(name));
    named.flatten().copied().collect()
}

impl fmt::Display for PassFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "X-Portcullis-Pass holds no pass",
            Self::Unknown => "no such pass",
            Self::Expired => "the pass has expired",
            Self::ShownToSite => {
                "a pass for several hosts is taken in X-Portcullis-Pass only: the site sees Authorization, and could use it elsewhere"
            }
            Self::UserGone => "the user is gone or disabled",
            Self::NoPlace => "a pass is good behind a trusted proxy only",
            Self::OutOfScope(OutOfScope::Host) => "the pass is for other hosts",
            Self::OutOfScope(OutOfScope::Path) => {
                "the pass is for other paths, or the path is one that not all servers read alike"
            }
            Self::OutOfScope(OutOfScope::Network) => "the pass is for other networks",
        })
    }
}

#[cfg(test)]
#[path = "passes_tests.rs"]
mod tests;
