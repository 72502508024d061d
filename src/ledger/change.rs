//! What is kept, and the changes that can be made to it: intents where two gates could make them at
//! the same moment.

use serde::{Deserialize, Serialize};

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::event::Event;
use crate::auth::guess_budget::{Bucket, BudgetKey};
use crate::auth::limiter::{AddressKey, Window};
use crate::auth::session::{Session, SessionId};
use crate::auth::totp::TimeStep;
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::ledger::secret_bytes;
use crate::secret::Secret;

/// Names one counter of failures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CounterKey {
    /// Of one client address.
    Address(AddressKey),
    /// Of an account, a user's devices or strangers.
    Budget(BudgetKey),
}

/// One counter of failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counter {
    /// Of an address.
    Window(Window),
    /// Of everything else.
    Bucket(Bucket),
}

/// The gate's own record: what there is once. No `Debug`: it holds secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRecord {
    /// Device cookies are authenticated with these 32 bytes; a new value ends all of them.
    #[serde(with = "secret_bytes")]
    pub device_key: Secret,
    /// The latest time that is known to have passed; before it no code is taken.
    pub clock_floor: Timestamp,
    /// Whether there ever was a user: an owner is offered at the first start only.
    pub ever_had_user: bool,
    /// The session secret before the last `key rotate`, as long as sessions signed with it may
    /// live.
    #[serde(
        serialize_with = "secret_bytes::serialize_option",
        deserialize_with = "secret_bytes::deserialize_option"
    )]
    pub previous_session_secret: Option<Secret>,
}

impl GateRecord {
    /// The record of a new store.
    pub fn new(entropy: &mut impl Entropy) -> Self {
        Self::with_device_key(entropy.bytes())
    }

    pub(super) fn with_device_key(device_key: [u8; 32]) -> Self {
        Self {
            device_key: Secret::new(device_key.to_vec()),
            clock_floor: Timestamp::default(),
            ever_had_user: false,
            previous_session_secret: None,
        }
    }
}

/// One step of a commit.
#[derive(Clone)]
pub enum Change {
    /// Adds or replaces a user.
    PutUser(User),
    /// Marks this step of the user and all before it as used; nothing if there is no such user.
    /// Never goes back, whatever else is changed of the user at the same moment.
    SpendStep(UserName, TimeStep),
    /// Removes a user and all their passes, also those that another gate made a moment ago; nothing
    /// if there is none.
    RemoveUser(UserName),
    /// Adds or replaces a session.
    PutSession(Session),
    /// Notes that a session was used at that time; nothing if it has ended: this revives none.
    UseSession(SessionId, Timestamp),
    /// Removes a session; nothing if there is none.
    EndSession(SessionId),
    /// Adds or replaces a pass. Rests on [`Condition::UserEnabled`] of its user, or it would be a
    /// pass of nobody.
    ///
    /// [`Condition::UserEnabled`]: crate::ledger::condition::Condition::UserEnabled
    PutPass(AccessPass),
    /// Notes that a pass was used at that time; nothing if it has ended: this revives none.
    UsePass(PassId, Timestamp),
    /// Removes a pass; nothing if there is none.
    RemovePass(PassId),
    /// Sets a counter.
    PutCounter(CounterKey, Counter),
    /// Forgets a counter; nothing if there is none.
    RemoveCounter(CounterKey),
    /// Replaces the gate's own record.
    PutGateRecord(GateRecord),
    /// Adds a line to the audit log.
    Audit(Event),
}

/// Everything that is kept.
#[derive(Clone)]
pub struct StoredState {
    /// In no order that means anything.
    pub users: Vec<User>,
    /// Also expired ones that nobody has removed yet.
    pub sessions: Vec<Session>,
    /// Also expired ones that nobody has removed yet.
    pub passes: Vec<AccessPass>,
    /// Also those that count nothing any more.
    pub counters: Vec<(CounterKey, Counter)>,
    /// One record.
    pub gate_record: GateRecord,
}
