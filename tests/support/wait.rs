//! Waiting for something to become true, with a deadline; and how long a test goes on that can go on for ever.

use std::time::Duration;

use portcullis::clock;

/// Long enough for any step on a busy machine with two cores; a test that needs a bound of its own says so.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until `probe` has something; panics with `what` when `limit` has passed.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = clock::monotonic();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(clock::monotonic() - start < limit, "waited {limit:?} in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// How much of something a test does: `short`, or what the environment asks for (`tests/soak/run` names the variables).
pub fn rounds(variable: &str, short: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}
