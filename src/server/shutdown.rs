//! The end of the loop: whether it was asked for, and by when it is over.

use core::time::Duration;

/// Rounds in which requests that had arrived before the end are still picked up.
pub const LAST_ROUNDS: u32 = 16;
/// How long the end waits for the first request of a connection that was taken: its client has just
/// begun to speak.
pub const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(500);

/// Asked for once, it drains; asked for again, it ends at once.
#[derive(Default)]
pub struct Shutdown {
    asked: bool,
    deadline: Option<Duration>,
}

impl Shutdown {
    /// A signal or another thread wants it.
    pub fn ask(&mut self) {
        self.asked = true;
    }

    /// Whether it was asked for since the last [`Shutdown::begin`].
    pub fn was_asked_for(&self) -> bool {
        self.asked
    }

    /// Starts the drain, which is over after `longest`. `false`: it had begun, and is over now.
    pub fn begin(&mut self, now: Duration, longest: Duration) -> bool {
        self.asked = false;
        let is_first = self.deadline.is_none();
        self.deadline = Some(if is_first { now.saturating_add(longest) } else { now });
        is_first
    }

    /// Monotonic time at which the drain is over at the latest; `None` while nothing drains.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// How much time is left for what still has to be finished.
    pub fn left(&self, now: Duration) -> Duration {
        self.deadline.unwrap_or_default().saturating_sub(now)
    }
}
