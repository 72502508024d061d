//! What the desk does without being asked: removes what is over, lets the floor rise, writes when
//! sessions were used.
//!
//! Guarantees: a clock that nobody has confirmed ends no session and drops no line of the log; what
//! the disk refuses is tried again the next time.

use std::time::Duration;

use crate::app::home;
use crate::app::messages::effect::Effect;
use crate::app::messages::job::Outcome;
use crate::app::worker::state::Desk;
use crate::auth::event::{Action, Actor, Event};
use crate::auth::session::Session;
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, CounterKey, GateRecord};

/// How often the desk looks for what has expired, without being asked.
pub const HOUSEKEEPING: Duration = Duration::from_secs(600);

impl Desk {
    /// Removes what has expired and raises the floor. There is always an outcome: the loop runs its
    /// background jobs after one.
    pub fn housekeeping(&mut self) -> Option<Outcome> {
        let now = self.read_clock();
        self.settle_steps(now.wall);
        Some(Outcome::Housekeeping(self.tidy(now)))
    }

    fn tidy(&mut self, Moment { wall: now, steady }: Moment) -> Vec<Effect> {
        let mut changes = Vec::new();
        // A wrong clock must not be what ends sessions or drops lines of the log: neither one that
        // is behind, nor one that jumped ahead, which the floor does not follow until somebody
        // confirms it.
        let certain = now.min(self.time.floor());
        if self.time.judge_sessions(now).is_ok() {
            // How long a session was idle only the gate knows; here it is judged by its lifetime
            // alone.
            let ended = self.sessions.iter().filter(|session| session.is_expired(certain));
            changes.extend(ended.map(|session| Change::EndSession(session.id)));
            let addresses =
                self.limiter.forget_expired(steady).into_iter().map(CounterKey::Address);
            let budgets = self.budgets.forget_full(steady).into_iter().map(CounterKey::Budget);
            changes.extend(addresses.chain(budgets).map(Change::RemoveCounter));
        }
        if let Some(floor) = self.time.due_for_writing() {
            changes.push(Change::PutGateRecord(GateRecord {
                clock_floor: floor,
                ..self.gate_record.clone()
            }));
        }
        if !self.greeted {
            let started = Event::new(Action::GateStarted, Actor::Gate);
            changes
                .push(Change::Audit(started.about(concat!("version ", env!("CARGO_PKG_VERSION")))));
        }
        let mut effects = match self.commit(changes, now) {
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
        if steady >= self.home_due {
            self.home_due = steady.plus(home::READ_EVERY);
            effects.push(Effect::HomePrefixes(home::prefixes_of_this_machine()));
        }
        effects.push(Effect::FloorRaised(self.time.floor()));
        effects
    }

    /// Takes over when sessions were last used, which the gate alone notices.
    pub(super) fn note_seen(&mut self, seen: &[Session]) {
        for session in seen {
            self.sessions.touch(&session.id, session.last_seen);
        }
    }

    /// Writes what was noted, and at the end that the gate stops.
    pub(super) fn write_seen(&mut self, ending: bool, now: Timestamp) {
        let mut changes: Vec<_> =
            self.sessions.take_touched().into_iter().map(Change::PutSession).collect();
        if ending {
            let stopped = Event::new(Action::GateStopped, Actor::Gate);
            changes
                .push(Change::Audit(stopped.about(concat!("version ", env!("CARGO_PKG_VERSION")))));
        }
        if let Err(error) = self.commit(changes, now) {
            log::error!("last-seen times not written error=\"{error}\"");
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
        let mut desk = Desk::new(Config::default().into(), store, opened, time, Box::new(System));
        let told = |effects: &[Effect]| {
            effects.iter().any(|effect| matches!(effect, Effect::HomePrefixes(_)))
        };
        assert!(told(&desk.everything()));
        let told_later = |desk: &mut Desk| match desk.housekeeping() {
            Some(Outcome::Housekeeping(effects)) => told(&effects),
            _ => false,
        };
        assert!(!told_later(&mut desk), "they were read a moment ago");
        desk.home_due = desk.read_clock().steady;
        assert!(told_later(&mut desk) && !told_later(&mut desk));
    }
}
