//! What the desk knows and a page of metrics shows: a few numbers that the desk sets after each
//! job, so that a page need not wait for it.
//!
//! Limits end and budgets fill up with time alone, so the desk also looks once in [`LOOK`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::auth::guess_budget::BudgetKey;
use crate::clock;

use super::desk::Desk;
use super::housekeeping::HOUSEKEEPING;
use super::job::{Job, Outcome};

/// How often the desk sets its figures anew without being asked: limits end and buckets fill by
/// themselves.
pub const LOOK: Duration = Duration::from_secs(60);

/// The numbers, shared by the desk, which sets them, and the gate, which shows them.
#[derive(Default)]
pub struct Figures {
    store_writes: AtomicU64,
    store_bytes: AtomicU64,
    limited: AtomicU64,
    guesses_internet: AtomicU64,
    guesses_local: AtomicU64,
}

/// The numbers at one moment.
pub struct Seen {
    /// Changes brought to the disk.
    pub store_writes: u64,
    /// Bytes that these cost the disk.
    pub store_bytes: u64,
    /// Addresses that have to wait.
    pub limited: u64,
    /// Guesses left to all strangers from the internet.
    pub guesses_internet: u64,
    /// Guesses left to all strangers from local addresses.
    pub guesses_local: u64,
}

impl Figures {
    /// What the desk set last.
    pub fn seen(&self) -> Seen {
        // They are not a unit: each is right by itself, and a page may be a job late.
        let read = |place: &AtomicU64| place.load(Ordering::Relaxed);
        Seen {
            store_writes: read(&self.store_writes),
            store_bytes: read(&self.store_bytes),
            limited: read(&self.limited),
            guesses_internet: read(&self.guesses_internet),
            guesses_local: read(&self.guesses_local),
        }
    }
}

/// The desk, and its figures on show after each job.
pub struct Watched {
    desk: Desk,
    figures: Arc<Figures>,
    /// When the next housekeeping is due, by the monotonic clock.
    tidy_at: Duration,
}

impl Watched {
    /// Shows the figures of `desk` from now on.
    pub fn new(desk: Desk) -> Self {
        let mut watched = Self { desk, figures: Arc::default(), tidy_at: Duration::ZERO };
        watched.show();
        watched
    }

    /// Where the figures are to be read.
    pub fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// [`Desk::handle`]
    pub fn handle(&mut self, job: Job) -> Outcome {
        let outcome = self.desk.handle(job);
        self.show();
        outcome
    }

    /// Every [`LOOK`]: the figures alone, and as seldom as ever [`Desk::housekeeping`].
    pub fn tick(&mut self) -> Option<Outcome> {
        let now = clock::monotonic();
        let outcome = if now >= self.tidy_at {
            self.tidy_at = now.saturating_add(HOUSEKEEPING);
            self.desk.housekeeping()
        } else {
            None
        };
        self.show();
        outcome
    }

    fn show(&mut self) {
        let steady = self.desk.read_clock().steady;
        let guesses = |strangers| u64::from(self.desk.budgets.available(&strangers, steady));
        let limited = u64::try_from(self.desk.limiter.limited(steady)).unwrap_or(u64::MAX);
        for (place, value) in [
            (&self.figures.store_writes, self.desk.store.commits()),
            (&self.figures.store_bytes, self.desk.store.bytes_written()),
            (&self.figures.limited, limited),
            (&self.figures.guesses_internet, guesses(BudgetKey::StrangersInternet)),
            (&self.figures.guesses_local, guesses(BudgetKey::StrangersLocal)),
        ] {
            place.store(value, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::guess_budget::CAPACITY;
    use crate::config::{Config, scratch};
    use crate::entropy::System;
    use crate::store::{Change, Store, load_or_create_key};

    fn watched() -> Watched {
        let (folder, now) = (scratch::directory(), clock::now());
        let key = load_or_create_key(&folder, None, &mut System).expect("a key");
        let (store, opened) = Store::open(&folder, &key, now, System).expect("the store opens");
        Watched::new(Desk::new(
            Config::default().into(),
            store,
            opened,
            crate::app::desk::read_clocks(),
        ))
    }

    #[test]
    fn the_figures_are_those_of_the_last_job() {
        let mut watched = watched();
        let figures = watched.figures();
        let before = figures.seen();
        assert_eq!(before.guesses_internet, u64::from(CAPACITY));
        let settings = watched.desk.settings.clone();
        watched.desk.commit(vec![Change::PutSettings(settings)], clock::now()).expect("written");
        assert!(matches!(watched.handle(Job::Ready), Outcome::Ready(_)));
        let after = figures.seen();
        assert!(after.store_writes > before.store_writes && after.store_bytes > before.store_bytes);
    }

    #[test]
    fn looking_more_often_keeps_house_no_more_often() {
        let mut watched = watched();
        assert!(matches!(watched.tick(), Some(Outcome::Housekeeping(_))));
        assert!(watched.tick().is_none());
    }
}
