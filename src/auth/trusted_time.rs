//! Whether the wall clock can be believed. A Pi has no clock chip: after a cut it wakes up in the
//! past until a time server answers, and codes and sessions are judged by time.
//!
//! The *floor* is the latest time that was certainly reached. It rises with a synchronised clock,
//! or by the monotonic time that passed since it was last known; never by a jump that nobody
//! confirmed. A clock before the floor or before the program was built is wrong.

use std::time::Duration;

use crate::clock::Timestamp;

/// How far behind the floor a clock may be and still count as right: time servers correct by
/// seconds.
const TOLERANCE: Duration = Duration::from_secs(60);
/// How far the floor may rise in memory before it is worth a write: an SD card hates writes.
const WRITE_EVERY: Duration = Duration::from_secs(3_600);

/// When the program was built; no true clock is before it. Zero where the build did not know.
pub const BUILT: Timestamp = Timestamp::from_unix(parse_unix(env!("BUILD_DATE_UNIX")));

/// Why no code is taken and no session accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockFault {
    /// Earlier than the program itself.
    BeforeBuild,
    /// Earlier than a time that was already reached.
    BehindFloor,
    /// The kernel has not been synchronised since boot, and the configuration asks for it. Concerns
    /// codes only.
    NotSynchronised,
}

impl std::fmt::Display for ClockFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BeforeBuild => "the clock is before the date of this program",
            Self::BehindFloor => "the clock is behind a time that was already reached",
            Self::NotSynchronised => "the clock has not been synchronised since boot",
        })
    }
}

/// One reading of all clocks.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// Wall clock.
    pub now: Timestamp,
    /// Monotonic clock.
    pub monotonic: Duration,
    /// The kernel's sync state; `None` where nobody can tell.
    pub synchronised: Option<bool>,
}

/// The floor and what is known about synchronisation since boot.
pub struct TrustedTime {
    floor: Timestamp,
    floor_known_at: Duration,
    written: Timestamp,
    require_sync: bool,
    synchronised_once: bool,
    last_sync: Option<bool>,
}

impl TrustedTime {
    /// Starts from the floor that the store kept.
    pub fn new(floor: Timestamp, monotonic: Duration, require_sync: bool) -> Self {
        Self {
            floor,
            floor_known_at: monotonic,
            written: floor,
            require_sync,
            synchronised_once: false,
            last_sync: None,
        }
    }

    /// Takes a reading: raises the floor where that is confirmed.
    pub fn observe(&mut self, reading: ClockReading) {
        self.last_sync = reading.synchronised;
        self.synchronised_once |= reading.synchronised == Some(true);
        let passed = reading.monotonic.saturating_sub(self.floor_known_at);
        let certain = if reading.synchronised == Some(true) {
            reading.now
        } else if self.floor.unix() == 0 {
            // Nothing was ever known: the build date is the first certainty.
            BUILT
        } else {
            reading.now.min(self.floor.plus(passed))
        };
        if certain > self.floor {
            self.floor = certain;
            self.floor_known_at = reading.monotonic;
        }
    }

    /// Takes over a floor that another gate was certain of.
    pub fn learn(&mut self, floor: Timestamp, monotonic: Duration) {
        if floor > self.floor {
            self.floor = floor;
            self.floor_known_at = monotonic;
        }
    }

    /// Whether sessions may be judged by `now`.
    ///
    /// # Errors
    /// The clock is before the floor or before the build date.
    pub fn judge_sessions(&self, now: Timestamp) -> Result<(), ClockFault> {
        judge(now, self.floor)
    }

    /// Whether codes may be judged by `now`.
    ///
    /// # Errors
    /// As for sessions, and where synchronisation is required but has not happened since boot.
    pub fn judge_codes(&self, now: Timestamp) -> Result<(), ClockFault> {
        judge(now, self.floor)?;
        if self.require_sync && !self.synchronised_once {
            Err(ClockFault::NotSynchronised)
        } else {
            Ok(())
        }
    }

    /// The latest time that was certainly reached.
    pub fn floor(&self) -> Timestamp {
        self.floor
    }

    /// What the last reading said about the kernel's synchronisation.
    pub fn synchronised(&self) -> Option<bool> {
        self.last_sync
    }

    /// The floor, where it has risen enough since it was last written. At most once an hour.
    pub fn due_for_writing(&self) -> Option<Timestamp> {
        (self.floor.since(self.written) >= WRITE_EVERY).then_some(self.floor)
    }

    /// Remembers that `floor` is on the disk.
    pub fn written(&mut self, floor: Timestamp) {
        self.written = floor;
    }

    /// The operator says that the clock is right now and the floor was wrong.
    pub fn reset(&mut self, now: Timestamp, monotonic: Duration) {
        self.floor = now;
        self.floor_known_at = monotonic;
        self.written = now;
    }
}

/// The rule itself, also used by the verify path, which knows the floor but not this type.
///
/// # Errors
/// The clock is before `floor` or before the build date by more than the tolerance of 60 s.
pub fn judge(now: Timestamp, floor: Timestamp) -> Result<(), ClockFault> {
    if now.plus(TOLERANCE) < BUILT {
        Err(ClockFault::BeforeBuild)
    } else if now.plus(TOLERANCE) < floor {
        Err(ClockFault::BehindFloor)
    } else {
        Ok(())
    }
}

const fn parse_unix(text: &str) -> u64 {
    match u64::from_str_radix(text, 10) {
        Ok(secs) => secs,
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_unix(4_000_000_000);

    fn reading(now: u64, monotonic: u64, synchronised: Option<bool>) -> ClockReading {
        ClockReading {
            now: Timestamp::from_unix(now),
            monotonic: Duration::from_secs(monotonic),
            synchronised,
        }
    }

    #[test]
    fn the_epoch_is_no_time() {
        assert_eq!(
            judge(Timestamp::from_unix(0), T0),
            Err(if BUILT.unix() > 60 { ClockFault::BeforeBuild } else { ClockFault::BehindFloor })
        );
    }

    #[test]
    fn the_build_date_is_read_and_one_that_is_none_is_unknown() {
        assert_eq!(parse_unix("1600000000"), 1_600_000_000);
        assert_eq!((parse_unix(""), parse_unix("yesterday"), parse_unix("-1")), (0, 0, 0));
    }

    #[test]
    fn a_minute_backwards_is_tolerated_and_a_second_more_is_not() {
        assert_eq!(judge(T0.minus(Duration::from_secs(60)), T0), Ok(()));
        assert_eq!(judge(T0.minus(Duration::from_secs(61)), T0), Err(ClockFault::BehindFloor));
    }

    #[test]
    fn an_unconfirmed_jump_does_not_raise_the_floor() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, false);
        time.observe(reading(T0.unix() + 86_400, 10, Some(false)));
        assert_eq!(time.floor(), T0.plus(Duration::from_secs(10)));
        assert_eq!(time.judge_codes(T0.plus(Duration::from_secs(10))), Ok(()));
    }

    #[test]
    fn a_synchronised_clock_raises_the_floor_at_once() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, false);
        time.observe(reading(T0.unix() + 86_400, 10, Some(true)));
        assert_eq!(time.floor(), T0.plus(Duration::from_secs(86_400)));
        assert_eq!(time.judge_sessions(T0), Err(ClockFault::BehindFloor));
    }

    #[test]
    fn codes_wait_for_the_first_synchronisation_where_it_is_required() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, true);
        assert_eq!(time.judge_codes(T0), Err(ClockFault::NotSynchronised));
        assert_eq!(time.judge_sessions(T0), Ok(()));
        time.observe(reading(T0.unix() + 1, 1, Some(true)));
        time.observe(reading(T0.unix() + 2, 2, Some(false)));
        assert_eq!(time.judge_codes(T0.plus(Duration::from_secs(2))), Ok(()));
    }

    #[test]
    fn the_floor_is_written_at_most_once_an_hour() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, false);
        time.observe(reading(T0.unix() + 3_599, 3_599, None));
        assert_eq!(time.due_for_writing(), None);
        time.observe(reading(T0.unix() + 3_600, 3_600, None));
        let floor = time.due_for_writing().expect("an hour has passed");
        time.written(floor);
        assert_eq!(time.due_for_writing(), None);
    }

    #[test]
    fn only_a_synchronised_reading_counts_as_synchronisation() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, true);
        assert_eq!(time.synchronised(), None);
        for (reported, seconds) in [(Some(false), 1), (None, 2)] {
            time.observe(reading(T0.unix() + seconds, seconds, reported));
            assert_eq!(time.synchronised(), reported);
            assert_eq!(
                time.judge_codes(T0.plus(Duration::from_secs(seconds))),
                Err(ClockFault::NotSynchronised)
            );
        }
        time.observe(reading(T0.unix() + 3, 3, Some(true)));
        assert_eq!(time.synchronised(), Some(true));
    }

    #[test]
    fn a_clock_that_stood_still_for_a_while_loses_nothing_of_the_time_that_passed() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, false);
        time.observe(reading(T0.unix(), 10, None));
        time.learn(T0, Duration::from_secs(10));
        time.observe(reading(T0.unix() + 20, 20, None));
        assert_eq!(time.floor(), T0.plus(Duration::from_secs(20)));
    }

    #[test]
    fn a_floor_of_another_gate_is_taken_over_and_never_lowers_ours() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, false);
        time.learn(T0.minus(Duration::from_secs(5)), Duration::from_secs(1));
        assert_eq!(time.floor(), T0);
        let later = T0.plus(Duration::from_secs(500));
        time.learn(later, Duration::from_secs(100));
        assert_eq!(time.floor(), later);
        // From there on counts what has passed since it was learnt.
        time.observe(reading(later.unix() + 86_400, 103, None));
        assert_eq!(time.floor(), later.plus(Duration::from_secs(3)));
    }

    #[test]
    fn every_fault_of_the_clock_is_told_apart() {
        let faults =
            [ClockFault::BeforeBuild, ClockFault::BehindFloor, ClockFault::NotSynchronised];
        let texts: std::collections::BTreeSet<_> = faults.iter().map(ToString::to_string).collect();
        assert!(texts.len() == 3 && texts.iter().all(|text| text.starts_with("the clock ")));
    }

    #[test]
    fn a_clock_more_than_a_minute_before_the_program_was_made_is_wrong() {
        let nothing_known = Timestamp::default();
        assert_eq!(judge(BUILT, nothing_known), Ok(()));
        assert_eq!(judge(BUILT.minus(Duration::from_secs(60)), nothing_known), Ok(()));
        // Where the date is unknown, it is the epoch, and no clock shows less.
        let earlier = if BUILT.unix() == 0 { Ok(()) } else { Err(ClockFault::BeforeBuild) };
        assert_eq!(judge(BUILT.minus(Duration::from_secs(61)), nothing_known), earlier);
    }

    #[test]
    fn an_operator_sets_the_floor_back_and_it_counts_as_written() {
        let mut time = TrustedTime::new(T0, Duration::ZERO, false);
        let right = T0.minus(Duration::from_secs(1_000_000));
        time.reset(right, Duration::from_secs(50));
        assert_eq!((time.floor(), time.due_for_writing()), (right, None));
        assert_eq!(time.judge_codes(right), Ok(()));
        time.observe(reading(T0.unix(), 60, None));
        assert_eq!(time.floor(), right.plus(Duration::from_secs(10)));
    }
}
