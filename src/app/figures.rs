//! What the desk knows and a page of metrics shows: a few numbers that the desk sets after each job, so that a page need not
//! wait for it.
//!
//! Limits end and budgets fill up with time alone, so the desk also looks once in [`LOOK`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::auth::guess_budget::BudgetKey;
use crate::clock;

use super::desk::{Desk, HOUSEKEEPING};
use super::job::{Job, Outcome};

/// How often the desk sets its figures anew without being asked: limits end and buckets fill by themselves.
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
    tidied: Duration,
}

impl Watched {
    /// Shows the figures of `desk` from now on.
    pub fn new(desk: Desk) -> Self {
        let mut watched = Self { desk, figures: Arc::default(), tidied: clock::monotonic() };
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
        let due = now.saturating_sub(self.tidied) >= HOUSEKEEPING;
        let outcome = due.then(|| self.desk.housekeeping()).flatten();
        if due {
            self.tidied = now;
        }
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
