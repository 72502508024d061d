//! The tests' only ways to wait. Each is ended by something that happens, with a deadline that
//! stops nothing but a hang; the few for which time itself is the subject say so in their names.
//! tests/architecture sees to it that there is no other. And how long a test goes on that can go on
//! for ever.

use std::time::Duration;

use portcullis::clock;

/// Long enough for any step on a busy machine with two cores; a test that needs a bound of its own
/// says so.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The longest pause between two looks at what is waited for. The first ones are shorter: most
/// things happen at once.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again and again until `probe` has something; panics with `what` when `limit` has passed.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, probe: impl FnMut() -> Option<T>) -> T {
    ask(PAUSE, limit, probe).unwrap_or_else(|| panic!("waited {limit:?} in vain: {what}"))
}

/// The same, twice a second: for a probe that costs the one who is asked something.
#[track_caller]
pub fn until_now_and_then<T>(what: &str, limit: Duration, probe: impl FnMut() -> Option<T>) -> T {
    ask(PAUSE * 50, limit, probe).unwrap_or_else(|| panic!("waited {limit:?} in vain: {what}"))
}

/// The same, and `None` when `limit` has passed: where a hang is an answer, or where nothing may
/// panic.
pub fn at_most<T>(limit: Duration, probe: impl FnMut() -> Option<T>) -> Option<T> {
    ask(PAUSE, limit, probe)
}

/// Looks a hundred times in `span` whether something still holds; panics with `what` as soon as it
/// does not. That nothing happens can only be watched: here the time is the subject.
#[track_caller]
pub fn watch_that(what: &str, span: Duration, mut holds: impl FnMut() -> bool) {
    let broken = ask((span / 100).clamp(PAUSE, PAUSE * 100), span, || (!holds()).then_some(()));
    assert!(broken.is_none(), "no more: {what}");
}

/// Lets a process go on for so long before it is killed, or its plug pulled. Where the blow falls
/// is the subject, and any moment is as good as another.
pub fn before_the_blow(moment: Duration) {
    pass(moment);
}

/// Waits until that time of the monotonic clock: the next beat of a load that comes at a rate.
pub fn for_the_beat(due: Duration) {
    pass(due.saturating_sub(clock::monotonic()));
}

/// Gives the kernel so long to write back what nobody synced.
pub fn for_write_back(span: Duration) {
    pass(span);
}

/// Once more after the limit, so that a machine that stood still meanwhile is asked what came of
/// it.
fn ask<T>(longest: Duration, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let end = clock::monotonic() + limit;
    let mut pause = longest.min(PAUSE) / 50;
    loop {
        let left = end.saturating_sub(clock::monotonic());
        if let Some(found) = probe() {
            return Some(found);
        }
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(pause.min(left));
        pause = (pause * 2).min(longest);
    }
}

fn pass(span: Duration) {
    let end = clock::monotonic() + span;
    // Something else may wake the thread.
    while let left @ 1.. = end.saturating_sub(clock::monotonic()).as_nanos() {
        std::thread::park_timeout(Duration::from_nanos(left.try_into().unwrap_or(u64::MAX)));
    }
}

/// How much of something a test does: `short`, or what the environment asks for (`tests/soak/run`
/// names the variables).
pub fn rounds(variable: &str, short: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}
