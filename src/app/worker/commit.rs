//! A change on its way from a decision to the disk, to memory and to the loop; and what other gates
//! did, on its way to the latter two.
//!
//! Guarantees: memory follows the ledger and is never ahead of it, but for failures, which count
//! before they are written, for the times at which sessions were used, and for counters that count
//! nothing any more. What a commit rests on goes with it as [`Condition`]s.

use crate::app::messages::command::CommandRefused;
use crate::app::messages::effect::{Effect, Person};
use crate::app::worker::state::WorkerState;
use crate::auth::user::{User, UserName};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Commit, Condition, Counter, CounterKey, GateRecord, StoreError};

/// How often a commit is tried whose conditions other gates keep from being true. Each time one of
/// them has got on.
pub(super) const TRIES: usize = 16;

/// Why nothing was committed.
#[derive(Debug)]
pub enum Uncommitted {
    /// What the commit rests on is not true any more: another gate was faster.
    Conflict,
    /// The store did not take it.
    Store(StoreError),
}

impl From<Uncommitted> for StoreError {
    fn from(why: Uncommitted) -> Self {
        match why {
            Uncommitted::Conflict => Self::Contended,
            Uncommitted::Store(error) => error,
        }
    }
}

impl From<Uncommitted> for CommandRefused {
    /// `EX_TEMPFAIL` or `EX_IOERR`.
    fn from(why: Uncommitted) -> Self {
        match why {
            Uncommitted::Conflict => Self { code: 75, message: StoreError::Contended.to_string() },
            Uncommitted::Store(error) => error.into(),
        }
    }
}

impl WorkerState {
    /// Commits `changes` that rest on nothing, then applies them to memory and says what the gate
    /// must know.
    ///
    /// # Errors
    /// The store did not take them; then nothing has changed.
    pub fn commit(
        &mut self,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<Vec<Effect>, StoreError> {
        self.try_commit(changes, &[], now).map(Option::unwrap_or_default)
    }

    /// The same, if all `conditions` are true.
    ///
    /// # Errors
    /// One is not, or the store did not take the changes; then nothing has changed.
    pub(super) fn commit_if(
        &mut self,
        changes: Vec<Change>,
        conditions: &[Condition],
        now: Timestamp,
    ) -> Result<Vec<Effect>, Uncommitted> {
        match self.try_commit(changes, conditions, now) {
            Ok(Some(effects)) => Ok(effects),
            Ok(None) => Err(Uncommitted::Conflict),
            Err(error) => Err(Uncommitted::Store(error)),
        }
    }

    /// `None` if a condition is not true.
    fn try_commit(
        &mut self,
        changes: Vec<Change>,
        conditions: &[Condition],
        now: Timestamp,
    ) -> Result<Option<Vec<Effect>>, StoreError> {
        if changes.is_empty() {
            return Ok(Some(Vec::new()));
        }
        match self.ledger.commit(&changes, conditions, now)? {
            Commit::Conflict => Ok(None),
            Commit::Committed => {
                Ok(Some(changes.into_iter().flat_map(|change| self.apply(change)).collect()))
            }
        }
    }

    /// Applies what other gates did; the loop hears of it with the next outcome. Gives the counters
    /// that they have changed.
    pub(super) fn catch_up(&mut self, now: Moment) -> Vec<CounterKey> {
        let mut counters = Vec::new();
        for change in self.ledger.poll(now.wall) {
            match &change {
                Change::PutCounter(key, counter) => {
                    counters.push(key.clone());
                    self.take_over(key.clone(), counter.clone(), now.steady);
                }
                Change::RemoveCounter(key) => counters.push(key.clone()),
                _ => {}
            }
            let effects = self.apply(change);
            self.learned.extend(effects);
        }
        counters
    }

    /// Goes on counting from what another gate has counted.
    fn take_over(&mut self, key: CounterKey, counter: Counter, steady: Timestamp) {
        match (key, counter) {
            (CounterKey::Address(address), Counter::Window(window)) => {
                self.limiter.restore(vec![(address, window)], steady);
            }
            (CounterKey::Budget(budget), Counter::Bucket(bucket)) => {
                self.budgets.put(budget, bucket.capped(steady));
            }
            _ => {}
        }
    }

    fn apply(&mut self, change: Change) -> Vec<Effect> {
        match change {
            Change::PutUser(user) => vec![self.take_user(user)],
            // The gate knows nothing of steps.
            Change::SpendStep(name, step) => {
                if let Some(user) = self.users.get_mut(&name) {
                    user.spend(step);
                }
                Vec::new()
            }
            Change::RemoveUser(name) => self.forget_user(name),
            Change::PutSession(session) => {
                self.sessions.insert(session.clone());
                vec![Effect::SessionBegun(session)]
            }
            Change::EndSession(id) => {
                self.sessions.remove(&id);
                vec![Effect::SessionEnded(id)]
            }
            Change::PutPass(pass) => {
                self.passes.insert(pass.id, pass.clone());
                vec![Effect::PassMade(pass)]
            }
            // The gate told of it.
            Change::UsePass(id, at) => {
                if let Some(pass) = self.passes.get_mut(&id) {
                    pass.last_used = pass.last_used.max(Some(at));
                }
                Vec::new()
            }
            Change::RemovePass(id) => {
                self.passes.remove(&id);
                vec![Effect::PassEnded(id)]
            }
            Change::RemoveCounter(CounterKey::Address(address)) => {
                self.limiter.succeeded(address);
                vec![Effect::AddressFreed(address)]
            }
            Change::RemoveCounter(CounterKey::Budget(budget)) => {
                self.budgets.clear(&budget);
                vec![Effect::BudgetFreed(budget)]
            }
            // Failures and uses count in memory before they are written; entries the store alone
            // knows.
            Change::UseSession(..) | Change::PutCounter(..) | Change::Audit(_) => Vec::new(),
            Change::PutGateRecord(record) => self.take_gate_record(record).into_iter().collect(),
        }
    }

    /// The passes of a user end with them.
    fn forget_user(&mut self, name: UserName) -> Vec<Effect> {
        self.users.remove(&name);
        let theirs = self.passes.values().filter(|pass| pass.user == name);
        let ended: Vec<_> = theirs.map(|pass| Effect::PassEnded(pass.id)).collect();
        self.passes.retain(|_, pass| pass.user != name);
        ended.into_iter().chain([Effect::PersonGone(name)]).collect()
    }

    fn take_user(&mut self, user: User) -> Effect {
        let effect = if user.enabled {
            Effect::PersonChanged(Person::of(&user))
        } else {
            Effect::PersonGone(user.name.clone())
        };
        self.users.insert(user.name.clone(), user);
        effect
    }

    fn take_gate_record(&mut self, gate_record: GateRecord) -> Option<Effect> {
        // Says nothing of the floor: the one that is written may be older than the one the gate
        // goes by.
        self.time.written(gate_record.clock_floor);
        self.gate_record = gate_record;
        let closed = self.setup.take_if(|_| self.gate_record.ever_had_user);
        closed.map(|_| Effect::Setup { open: false })
    }
}

#[cfg(test)]
#[path = "two_gates_tests.rs"]
mod tests;
