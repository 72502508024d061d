//! What the worker knows and a page of metrics shows: a few numbers that the worker sets after each
//! job, so that a page need not wait for it.
//!
//! Limits end and budgets fill up with time alone, so the worker also looks once in [`LOOK`].

use crate::app::messages::gauges::{GaugeReadings, Gauges};
use std::sync::Arc;
use std::time::Duration;

use crate::auth::guess_budget::BudgetKey;

use crate::app::messages::job::{Job, Outcome};
use crate::app::worker::housekeeping::HOUSEKEEPING;
use crate::app::worker::state::WorkerState;

/// How often the worker sets its gauges anew without being asked: limits end and buckets fill by
/// themselves.
pub const LOOK: Duration = Duration::from_secs(60);

/// The worker, and its gauges on show after each job.
pub struct Watched {
    worker: WorkerState,
    gauges: Arc<Gauges>,
    /// When the next housekeeping is due, by the monotonic clock.
    tidy_at: Duration,
}

impl Watched {
    /// Shows the gauges of `worker` from now on.
    pub fn new(worker: WorkerState) -> Self {
        let mut watched = Self { worker, gauges: Arc::default(), tidy_at: Duration::ZERO };
        watched.show();
        watched
    }

    /// Where the gauges are to be read.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// [`WorkerState::handle`]
    pub fn handle(&mut self, job: Job) -> Outcome {
        let outcome = self.worker.handle(job);
        self.show();
        outcome
    }

    /// Every [`LOOK`]: the gauges and what other gates did, and as seldom as ever
    /// [`WorkerState::housekeeping`].
    pub fn tick(&mut self) -> Option<Outcome> {
        let now = self.worker.clock.monotonic();
        let outcome = if now >= self.tidy_at {
            self.tidy_at = now.saturating_add(HOUSEKEEPING);
            self.worker.housekeeping()
        } else {
            self.worker.listen()
        };
        self.show();
        outcome
    }

    fn show(&mut self) {
        let steady = self.worker.read_clock().steady;
        let guesses = |strangers| u64::from(self.worker.budgets.available(&strangers, steady));
        self.gauges.set(&GaugeReadings {
            store_writes: self.worker.ledger.commits(),
            store_bytes: self.worker.ledger.bytes_written(),
            limited: u64::try_from(self.worker.limiter.limited(steady)).unwrap_or(u64::MAX),
            guesses_internet: guesses(BudgetKey::StrangersInternet),
            guesses_local: guesses(BudgetKey::StrangersLocal),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::auth::guess_budget::CAPACITY;
    use crate::clock;
    use crate::clock::testing::TestClock;
    use crate::config::{Config, scratch};
    use crate::entropy::System;
    use crate::ledger::{Change, Store, load_or_create_key};

    fn watched(folder: &Path) -> Watched {
        let now = clock::now();
        let key = load_or_create_key(folder, None, &mut System).expect("a key");
        let (store, opened) = Store::open(folder, &key, now, System).expect("the store opens");
        Watched::new(WorkerState::new(
            Config::default().into(),
            store,
            opened,
            Arc::new(TestClock::at(now)),
            Box::new(System),
        ))
    }

    #[test]
    fn the_gauges_are_those_of_the_last_job() {
        let folder = scratch::directory();
        let mut watched = watched(&folder);
        let gauges = watched.gauges();
        let before = gauges.read();
        assert_eq!(before.guesses_internet, u64::from(CAPACITY));
        let settings = watched.worker.gate_record.clone();
        watched
            .worker
            .commit(vec![Change::PutGateRecord(settings)], clock::now())
            .expect("written");
        assert!(matches!(watched.handle(Job::Ready), Outcome::Ready(_)));
        let after = gauges.read();
        assert!(after.store_writes > before.store_writes && after.store_bytes > before.store_bytes);
    }

    #[test]
    fn looking_more_often_keeps_house_no_more_often() {
        let folder = scratch::directory();
        let mut watched = watched(&folder);
        assert!(matches!(watched.tick(), Some(Outcome::Housekeeping(_))));
        assert!(watched.tick().is_none());
    }
}
