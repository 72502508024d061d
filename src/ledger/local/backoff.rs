//! When a store that could not be written is tried again: at once, then after a second, then after
//! twice as long each time. In between the answer is the last error, so that neither a visitor nor
//! a monitor that asks every few seconds makes work for a dying disk.

use std::time::Duration;

use crate::ledger::local::error::StoreError;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);

/// The longest one: so late the store is writable again at most after the disk is.
const LONGEST: Duration = Duration::from_secs(30);

/// The last try, if it failed.
#[derive(Default)]
pub(super) struct Backoff(Option<LastFailure>);

struct LastFailure {
    error: StoreError,
    pause: Duration,
    until: Duration,
}

impl Backoff {
    /// The error of the last try, as long as no other is due. `now` by the monotonic clock.
    pub(super) fn refused(&self, now: Duration) -> Option<StoreError> {
        self.0.as_ref().filter(|failed| now < failed.until).map(|failed| failed.error.clone())
    }

    /// Notes that a try has failed.
    pub(super) fn failed(&mut self, error: StoreError, now: Duration) {
        let pause = self.0.as_ref().map_or(FIRST, |failed| (failed.pause * 2).min(LONGEST));
        self.0 = Some(LastFailure { error, pause, until: now.saturating_add(pause) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_up_to_a_limit_and_in_between_the_last_error_is_told() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.refused(Duration::ZERO), None, "at once");
        let (mut now, mut pauses) = (Duration::from_secs(100), Vec::new());
        for number in 0..8 {
            let error = StoreError::Failing(number.to_string());
            backoff.failed(error.clone(), now);
            let begun = now;
            while let Some(told) = backoff.refused(now) {
                assert_eq!(told, error);
                now += Duration::from_millis(500);
            }
            pauses.push((now - begun).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
