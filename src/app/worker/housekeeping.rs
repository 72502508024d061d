//! What the worker does without being asked: removes what is over, and lets the floor rise.
//!
//! Guarantees: a clock that nobody has confirmed ends no session and no pass and drops no line of
//! the log; what the disk refuses is tried again the next time.

use std::time::Duration;

use crate::app::home;
use crate::app::messages::effect::Effect;
use crate::app::messages::job::Outcome;
use crate::app::worker::commit::Uncommitted;
use crate::app::worker::state::WorkerState;
use crate::auth::event::{Action, Actor, Event};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Condition, CounterKey, GateRecord, StoreError};

/// How often the worker looks for what has expired, without being asked.
pub const HOUSEKEEPING: Duration = Duration::from_secs(600);

impl WorkerState {
    /// Removes what has expired and raises the floor. There is always an outcome: the loop runs its
    /// background jobs after one.
    pub fn housekeeping(&mut self) -> Option<Outcome> {
        let now = self.read_clock();
        self.catch_up(now);
        self.settle_steps(now.wall);
        let done = self.tidy(now);
        let mut effects = std::mem::take(&mut self.learned);
        effects.extend(done);
        Some(Outcome::Housekeeping(effects))
    }

    /// Hears what other gates did; there is an outcome if they did something.
    pub(super) fn listen(&mut self) -> Option<Outcome> {
        let now = self.read_clock();
        self.catch_up(now);
        let effects = std::mem::take(&mut self.learned);
        (!effects.is_empty()).then_some(Outcome::Housekeeping(effects))
    }

    fn tidy(&mut self, now: Moment) -> Vec<Effect> {
        // A wrong clock must not be what ends sessions and passes or drops lines of the log:
        // neither one that is behind, nor one that jumped ahead, which the floor does not follow
        // until somebody confirms it.
        let certain = now.wall.min(self.time.floor());
        let mut effects = match self.remove_what_is_over(certain, now) {
            Ok(effects) => {
                self.greeted = true;
                effects
            }
            Err(error) => {
                log::error!("housekeeping failed error=\"{error}\"");
                Vec::new()
            }
        };
        self.prune_audit(certain);
        if now.steady >= self.home_due {
            self.home_due = now.steady.plus(home::READ_EVERY);
            effects.push(Effect::HomePrefixes(home::prefixes_of_this_machine()));
        }
        effects.push(Effect::FloorRaised(self.time.floor()));
        effects
    }

    /// Commits what is due. Where another gate has just changed one of the counters or the gate's
    /// own record, these are left as they are, and the rest is done.
    fn remove_what_is_over(
        &mut self,
        certain: Timestamp,
        now: Moment,
    ) -> Result<Vec<Effect>, StoreError> {
        let (mut changes, mut contended, mut rests_on) = (Vec::new(), Vec::new(), Vec::new());
        if self.time.judge_sessions(now.wall).is_ok() {
            // How long a session was idle only the gate knows; here it is judged by its lifetime
            // alone.
            let ended = self.sessions.iter().filter(|session| session.is_expired(certain));
            changes.extend(ended.map(|session| Change::EndSession(session.id)));
            changes.extend(self.passes_that_are_over(certain));
            let addresses =
                self.limiter.forget_expired(now.steady).into_iter().map(CounterKey::Address);
            let budgets = self.budgets.forget_full(now.steady).into_iter().map(CounterKey::Budget);
            for key in addresses.chain(budgets) {
                rests_on.push(Condition::CounterUnmoved(key.clone()));
                contended.push(Change::RemoveCounter(key));
            }
        }
        if let Some(clock_floor) = self.time.due_for_writing() {
            let old = self.gate_record.clone();
            contended.push(Change::PutGateRecord(GateRecord { clock_floor, ..old.clone() }));
            rests_on.push(Condition::GateRecordUnchanged(Box::new(old)));
        }
        if !self.greeted {
            let started = Event::new(Action::GateStarted, Actor::Gate);
            changes
                .push(Change::Audit(started.about(concat!("version ", env!("CARGO_PKG_VERSION")))));
        }
        let all = changes.iter().cloned().chain(contended).collect();
        match self.commit_if(all, &rests_on, now.wall) {
            Ok(effects) => Ok(effects),
            Err(Uncommitted::Store(error)) => Err(error),
            Err(Uncommitted::Conflict) => {
                self.catch_up(now);
                self.commit(changes, now.wall)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::clock::testing::TestClock;
    use crate::config::{Config, scratch};
    use crate::entropy::System;
    use crate::ledger::{Store, load_or_create_key};
    use std::sync::Arc;

    #[test]
    fn the_gate_is_told_the_prefixes_at_the_start_and_every_hour() {
        let folder = scratch::directory();
        let key = load_or_create_key(&folder, None, &mut System).expect("a key");
        let (store, opened) =
            Store::open(&folder, &key, clock::now(), System).expect("the store opens");
        let time = Arc::new(TestClock::at(clock::now()));
        let mut worker =
            WorkerState::new(Config::default().into(), store, opened, time, Box::new(System));
        let told = |effects: &[Effect]| {
            effects.iter().any(|effect| matches!(effect, Effect::HomePrefixes(_)))
        };
        assert!(told(&worker.everything()));
        let told_later = |worker: &mut WorkerState| match worker.housekeeping() {
            Some(Outcome::Housekeeping(effects)) => told(&effects),
            _ => false,
        };
        assert!(!told_later(&mut worker), "they were read a moment ago");
        worker.home_due = worker.read_clock().steady;
        assert!(told_later(&mut worker) && !told_later(&mut worker));
    }
}
