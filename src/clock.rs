//! Wall-clock and monotonic time. The only file that asks the system what time it is.
//!
//! The rules take a [`Timestamp`] as an argument. The gate and the worker, which must know what
//! time it is now, are handed a [`Clock`] when they are made: the system's in the daemon, one that
//! stands still until it is moved in tests. [`now`], [`monotonic`] and [`synchronised`] are for
//! those who put the process together, for waits that the kernel ends, and for the log.

#[cfg(test)]
pub mod testing;

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `secs` seconds after the epoch.
    pub const fn from_unix(secs: u64) -> Self {
        Self(secs)
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// This moment moved `by` into the future; stays at the end of time instead of overflowing.
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_secs()))
    }

    /// This moment moved `by` into the past; stays at the epoch instead of underflowing.
    pub const fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_secs()))
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC, as `2026-01-31T23:59:59Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Days are counted in years that start on 1 March, so that the leap day is the last of its
        // year; an era is the 400 years after which the Gregorian calendar repeats (146,097 days).
        let (days, secs) = (self.0 / 86_400 + 719_468, self.0 % 86_400);
        let (era, day) = (days / 146_097, days % 146_097);
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (secs / 3_600, secs / 60 % 60, secs % 60);
        write!(f, "{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// One moment on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What the wall clock says; it can be set.
    pub wall: Timestamp,
    /// A time that only ever passes: limits count by it, so that setting the clock neither frees
    /// nor holds anybody.
    pub steady: Timestamp,
}

impl Moment {
    /// A moment on which both clocks agree.
    pub const fn at(time: Timestamp) -> Self {
        Self { wall: time, steady: time }
    }
}

/// What tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock; it can be set.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary point that never goes backwards.
    fn monotonic(&self) -> Duration;

    /// Whether a time source has set the wall clock since the machine started; `None` where nobody
    /// can tell.
    fn synchronised(&self) -> Option<bool>;
}

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        monotonic()
    }

    fn synchronised(&self) -> Option<bool> {
        synchronised()
    }
}

/// The system's wall clock. Says 1970 when the kernel refuses an answer, which the clock gate then
/// calls wrong.
pub fn now() -> Timestamp {
    let secs = clock_gettime(ClockId::CLOCK_REALTIME).map_or(0, |t| t.tv_sec());
    Timestamp(u64::try_from(secs).unwrap_or(0))
}

/// Time since an arbitrary point that never goes backwards (`CLOCK_MONOTONIC`).
pub fn monotonic() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

/// Whether a time source has set the clock since boot: the kernel's word, where that is forbidden
/// systemd-timesyncd's mark, else `None`.
pub fn synchronised() -> Option<bool> {
    crate::sys::kernel_clock_synchronised().or_else(|| {
        std::path::Path::new("/run/systemd/timesync/synchronized").exists().then_some(true)
    })
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_moment_is_written_as_rfc_3339_says() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_772_323_199, "2026-02-28T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_unix(secs).to_string(), text);
        }
    }
}
