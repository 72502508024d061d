//! What the gate must know of a change that is on the disk.

use std::time::Duration;

use ipnet::Ipv6Net;

use crate::app::messages::limited::Limited;
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::guess_budget::BudgetKey;
use crate::auth::limiter::AddressKey;
use crate::auth::session::{Session, SessionId};
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;

/// What the gate must know of a change that is on the disk.
#[derive(Debug)]
pub enum Effect {
    /// A session is good from now on.
    SessionBegun(Session),
    /// A session is good no longer.
    SessionEnded(SessionId),
    /// A pass is good from now on.
    PassMade(AccessPass),
    /// A pass is good no longer.
    PassEnded(PassId),
    /// A user was added or changed.
    PersonChanged(Person),
    /// A user is gone or disabled.
    PersonGone(UserName),
    /// The latest time that was certainly reached; earlier than before only after `clock reset`.
    FloorRaised(Timestamp),
    /// They may not guess until then, by the monotonic clock.
    Limited {
        /// Who.
        limited: Limited,
        /// Until when.
        until: Duration,
    },
    /// Nobody has failures any more.
    AllFreed,
    /// This address has no failures any more.
    AddressFreed(AddressKey),
    /// This budget has guesses again.
    BudgetFreed(BudgetKey),
    /// The machine's own prefixes that are at home.
    HomePrefixes(Vec<Ipv6Net>),
    /// Whether the first user can be enrolled in the browser.
    Setup {
        /// No user has ever existed.
        open: bool,
    },
}

/// What the gate knows of a user: no seed, no counter.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user's name.
    pub name: UserName,
    /// For `Remote-Name`.
    pub display_name: String,
    /// For `Remote-Email`.
    pub email: String,
    /// For `Remote-Groups`.
    pub groups: Vec<String>,
    /// Digits of this user's codes.
    pub digits: u8,
}

impl Person {
    /// Of a user as the store has him.
    pub fn of(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            groups: user.groups.clone(),
            digits: user.authenticator.digits.count(),
        }
    }
}
