//! A clock for tests, which stands still until it is moved.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Clock, Timestamp};

/// Its clones show one time: a test keeps one and hands out the others.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Shown>>);

/// What it shows.
struct Shown {
    wall: Timestamp,
    monotonic: Duration,
    synchronised: Option<bool>,
}

impl TestClock {
    /// Shows `wall`, which nobody has confirmed.
    pub fn at(wall: Timestamp) -> Self {
        // Not zero: what lies before it must not be the beginning of time.
        let monotonic = Duration::from_secs(1_000_000);
        Self(Arc::new(Mutex::new(Shown { wall, monotonic, synchronised: Some(false) })))
    }

    /// Shows `wall`, which a time source has confirmed.
    pub fn confirmed(wall: Timestamp) -> Self {
        let clock = Self::at(wall);
        clock.set_synchronised(Some(true));
        clock
    }

    /// Lets time pass: the monotonic clock sees it too.
    pub fn pass(&self, time: Duration) {
        let mut shown = self.shown();
        shown.wall = shown.wall.plus(time);
        shown.monotonic += time;
    }

    /// Sets the wall clock. No time passes.
    pub fn set(&self, wall: Timestamp) {
        self.shown().wall = wall;
    }

    /// Whether a time source confirms the wall clock from now on.
    pub fn set_synchronised(&self, synchronised: Option<bool>) {
        self.shown().synchronised = synchronised;
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.shown().wall
    }

    fn monotonic(&self) -> Duration {
        self.shown().monotonic
    }

    fn synchronised(&self) -> Option<bool> {
        self.shown().synchronised
    }
}
