//! Everything that changes something happens in the worker: it alone speaks to the ledger, and one
//! thread alone runs it.
//!
//! Guarantees: a change reaches memory, the gate and the visitor only after the store has it on the
//! disk. What the gate must know of a change comes back as [`Effect`]s. Nothing here answers a
//! verify.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::app::doctor::surroundings::Surroundings;
use crate::app::home;
use crate::app::messages::effect::{Effect, Person};
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::device::DeviceKey;
use crate::auth::event::{Action, Actor, Event};
use crate::auth::guess_budget::{Bucket, BudgetKey, Budgets};
use crate::auth::keyring::KeyId;
use crate::auth::limiter::{AddressKey, Limiter, Window};
use crate::auth::repetition::Repetitions;
use crate::auth::session::Session;
use crate::auth::sessions::Sessions;
use crate::auth::setup::Setup;
use crate::auth::trusted_time::{ClockReading, TrustedTime};
use crate::auth::user::{User, UserName};
use crate::clock::{Clock, Moment, Timestamp};
use crate::config::{Config, RequireSync, limits};
use crate::entropy::Entropy;
use crate::ledger::{
    Change, Condition, Counter, CounterKey, GateRecord, Ledger, Opened, StoreError,
};
use crate::secret::Secret;
use crate::telemetry::throttle::Throttle;

/// The owner of all state that survives a restart.
pub struct WorkerState {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: RefCell<Box<dyn Entropy + Send>>,
    pub(super) config: Arc<Config>,
    pub(super) ledger: Ledger,
    /// What other gates did, and the loop has not heard of yet.
    pub(super) learned: Vec<Effect>,
    pub(super) users: BTreeMap<UserName, User>,
    pub(super) sessions: Sessions,
    pub(super) passes: BTreeMap<PassId, AccessPass>,
    /// Those whose last use is later than what the store has.
    pub(super) used_passes: BTreeSet<PassId>,
    pub(super) limiter: Limiter,
    pub(super) budgets: Budgets,
    pub(super) repetitions: Repetitions,
    pub(super) gate_record: GateRecord,
    pub(super) device_key: DeviceKey,
    pub(super) time: TrustedTime,
    pub(super) complaints: Throttle,
    /// The enrolment of the first user; `None` as soon as there was one.
    pub(super) setup: Option<Setup>,
    /// When the machine's own prefixes are to be read again, by the steady clock.
    pub(super) home_due: Timestamp,
    /// Whether the log knows that the gate runs.
    pub(super) greeted: bool,
    /// Why the snapshot stands in for the database, if it does.
    pub(super) recovered: Option<String>,
    /// What the process knows of itself, for `doctor`.
    pub(super) surroundings: Surroundings,
    /// What the steady clock said when the monotonic clock was at the second value.
    anchor: (Timestamp, Duration),
    /// The monotonic clock at the opening.
    opened: Duration,
}

impl WorkerState {
    /// Takes over an opened store. What was counted goes on from the last time that is certain: the
    /// floor, unless the clock is synchronised. A clock that jumped ahead before the start, and
    /// that nobody has confirmed, refills no budget.
    pub fn new(
        config: Arc<Config>,
        ledger: impl Into<Ledger>,
        opened: Opened,
        clock: Arc<dyn Clock>,
        entropy: Box<dyn Entropy + Send>,
    ) -> Self {
        let reading = read_clocks(&*clock);
        let contents = opened.contents;
        let mut limiter = Limiter::new(config.limits.attempts, config.limits.window);
        let mut time = TrustedTime::new(
            contents.gate_record.clock_floor,
            reading.monotonic,
            sync_required(&config),
        );
        time.observe(reading);
        // A new store has counted nothing yet.
        let is_new = contents.gate_record.clock_floor == Timestamp::default();
        let start = if is_new { reading.now.max(time.floor()) } else { time.floor() };
        limiter.restore(windows(&contents.counters), start);
        let mut sessions = Sessions::new(None);
        for session in contents.sessions {
            sessions.insert(session);
        }
        let mut worker = Self {
            clock,
            entropy: RefCell::new(entropy),
            users: contents.users.into_iter().map(|user| (user.name.clone(), user)).collect(),
            config,
            ledger: ledger.into(),
            learned: Vec::new(),
            sessions,
            passes: contents.passes.into_iter().map(|pass| (pass.id, pass)).collect(),
            used_passes: BTreeSet::new(),
            limiter,
            budgets: Budgets::restore(buckets(&contents.counters), start),
            repetitions: Repetitions::default(),
            device_key: DeviceKey::new(&contents.gate_record.device_key),
            gate_record: contents.gate_record,
            time,
            complaints: Throttle::default(),
            setup: None,
            home_due: start.plus(home::READ_EVERY),
            greeted: false,
            recovered: opened.recovered,
            surroundings: Surroundings::default(),
            anchor: (start, reading.monotonic),
            opened: reading.monotonic,
        };
        worker.read_clock();
        worker
    }

    /// Everything the gate must know at the start.
    pub fn everything(&self) -> Vec<Effect> {
        let people = self
            .users
            .values()
            .filter(|user| user.enabled)
            .map(|user| Effect::PersonChanged(Person::of(user)));
        let sessions = self.sessions.iter().map(|session| Effect::SessionBegun(session.clone()));
        let passes = self.passes.values().map(|pass| Effect::PassMade(pass.clone()));
        let rest =
            [Effect::FloorRaised(self.time.floor()), Effect::Setup { open: self.setup.is_some() }];
        let home = Effect::HomePrefixes(home::prefixes_of_this_machine());
        people.chain(sessions).chain(passes).chain(rest).chain([home]).collect()
    }

    /// Whether a session still opens something: one that timed out stays in the table until it is
    /// tidied away.
    pub(super) fn lives(&self, session: &Session, now: Timestamp) -> bool {
        !session.is_expired(now) && !session.is_idle(now, self.config.session.idle)
    }

    /// The changes that end every session of `name`.
    pub(super) fn endings(&self, name: &UserName) -> Vec<Change> {
        self.sessions.of_user(name).map(|session| Change::EndSession(session.id)).collect()
    }

    /// That a user, and with them their sessions, is as known here.
    pub(super) fn unchanged(&self, name: &UserName) -> Option<Condition> {
        self.users.get(name).map(|user| Condition::UserUnchanged(Box::new(user.clone())))
    }

    /// Ends the sessions that were signed with none of `keys`: the secret was changed, so they are
    /// worth nothing.
    ///
    /// # Errors
    /// The store did not take the change.
    pub fn end_sessions_of_other_keys(&mut self, keys: &[KeyId]) -> Result<(), StoreError> {
        let foreign = self.sessions.iter().filter(|session| !keys.contains(&session.key));
        let mut changes: Vec<Change> =
            foreign.map(|session| Change::EndSession(session.id)).collect();
        if !changes.is_empty() {
            log::warn!(
                "sessions ended count={} reason=\"the session secret was changed\"",
                changes.len()
            );
            let event = Event::new(Action::SecretChanged, Actor::Gate);
            changes.push(Change::Audit(event.because(format_args!("sessions: {}", changes.len()))));
        }
        self.commit(changes, self.clock.now()).map(drop)
    }

    /// Learns what the process knows of itself.
    pub fn know(&mut self, surroundings: Surroundings) {
        self.surroundings = surroundings;
    }

    /// For how long the store has been open.
    pub(super) fn open_for(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.opened)
    }

    /// Whether nobody can log in yet.
    pub fn has_no_users(&self) -> bool {
        self.users.is_empty()
    }

    /// Tells the log where a code alone is too easy to guess for so many users.
    pub fn warn_of_odds(&self) {
        if let Err(odds) = limits::check_user_count(&self.config.login, self.users.len()) {
            log::warn!("{odds}");
        }
    }

    /// The key of the device cookies.
    pub fn device_key(&self) -> DeviceKey {
        self.device_key.clone()
    }

    /// The key of form tokens, made from one that is in the store for good.
    #[cfg_attr(not(test), expect(clippy::expect_used, reason = "HMAC takes a key of any length"))]
    pub fn form_key(&self) -> Secret {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.gate_record.device_key.expose())
            .expect("HMAC takes a key of any length");
        mac.update(b"portcullis form token");
        Secret::new(mac.finalize().into_bytes().to_vec())
    }

    /// Reads all clocks and lets the floor rise.
    pub fn read_clock(&mut self) -> Moment {
        let reading = read_clocks(&*self.clock);
        self.time.observe(reading);
        let (start, at) = self.anchor;
        Moment { wall: reading.now, steady: start.plus(reading.monotonic.saturating_sub(at)) }
    }
}

fn windows(counters: &[(CounterKey, Counter)]) -> Vec<(AddressKey, Window)> {
    let windows = counters.iter().filter_map(|counter| match counter {
        (CounterKey::Address(address), Counter::Window(window)) => Some((*address, window.clone())),
        _ => None,
    });
    windows.collect()
}

fn buckets(counters: &[(CounterKey, Counter)]) -> impl Iterator<Item = (BudgetKey, Bucket)> {
    counters.iter().filter_map(|counter| match counter {
        (CounterKey::Budget(budget), Counter::Bucket(bucket)) => Some((budget.clone(), *bucket)),
        _ => None,
    })
}

/// What all clocks say now.
fn read_clocks(clock: &dyn Clock) -> ClockReading {
    ClockReading {
        now: clock.now(),
        monotonic: clock.monotonic(),
        synchronised: clock.synchronised(),
    }
}

/// `auto` asks for synchronisation on boards, which have no clock chip.
pub(super) fn sync_required(config: &Config) -> bool {
    match config.clock.require_sync {
        RequireSync::Always => true,
        RequireSync::Never => false,
        RequireSync::Auto => std::path::Path::new("/sys/firmware/devicetree/base/model").exists(),
    }
}
