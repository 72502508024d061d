//! What the process costs, under the names that all Prometheus clients use for it.
//!
//! What the kernel does not report is left out. Nothing here waits, and nothing grows with the
//! number of connections where the kernel counts descriptors itself (Linux 6.2).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeVal;

use super::metrics::{MetricKind, Page};
use crate::clock::Timestamp;

/// A wall clock that differs from what it should be by more than this was set; anything less is
/// rounding.
const SET: Duration = Duration::from_secs(2);

/// When the process started.
pub struct ProcessStart {
    monotonic: Duration,
    reported: Timestamp,
}

impl ProcessStart {
    /// The process starts now, by the wall clock and by the monotonic one.
    pub fn at(now: Timestamp, monotonic: Duration) -> Self {
        Self { monotonic, reported: now }
    }

    /// The start by the clock as it is set now: on a board without a clock chip it woke up in the
    /// past. Stays the same as long as the clock is not set, because a change would look like a
    /// restart.
    pub fn by(&mut self, now: Timestamp, monotonic: Duration) -> Timestamp {
        let start = now.minus(monotonic.saturating_sub(self.monotonic));
        if start.since(self.reported) > SET || self.reported.since(start) > SET {
            self.reported = start;
        }
        self.reported
    }
}

/// Writes the families of a process that `started` then.
pub fn write(page: &mut Page, started: Timestamp) {
    page.family(
        "process_start_time_seconds",
        MetricKind::Gauge,
        "When the process started, in seconds since 1970.",
    )
    .value(started.unix());
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        let used = duration(usage.user_time()).saturating_add(duration(usage.system_time()));
        page.family(
            "process_cpu_seconds_total",
            MetricKind::Counter,
            "Processor time used, in seconds.",
        )
        .value(used.as_secs_f64());
    }
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident)
    {
        page.family("process_resident_memory_bytes", MetricKind::Gauge, "Memory in use, in bytes.")
            .value(bytes);
    }
    if let Some(count) = open_descriptors() {
        page.family("process_open_fds", MetricKind::Gauge, "Open file descriptors.").value(count);
    }
    if let Ok((most, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        page.family("process_max_fds", MetricKind::Gauge, "File descriptors that may be open.")
            .value(most);
    }
}

fn duration(time: TimeVal) -> Duration {
    let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
    Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0))
        .saturating_add(Duration::from_micros(micros))
}

/// The line `VmRSS: 4711 kB` of proc_pid_status(5), in bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

/// The size of `/proc/self/fd` is their number from Linux 6.2 on, and zero before.
fn open_descriptors() -> Option<u64> {
    let counted = fs::metadata("/proc/self/fd").ok()?.size();
    if counted > 0 {
        return Some(counted);
    }
    // One of them is the one that lists them.
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_this_process() {
        let mut page = Page::default();
        write(&mut page, Timestamp::from_unix(1_800_000_000));
        let page = page.finish();
        let value = |name: &str| -> f64 {
            let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in\n{page}")).parse().expect("a number")
        };
        assert!((value("process_start_time_seconds") - 1.8e9).abs() < 0.5);
        assert!(value("process_resident_memory_bytes") > 100_000.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert!((3.0..value("process_max_fds")).contains(&value("process_open_fds")));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    4712 kB\nRssAnon:\t 1 kB\n"), Some(4712 * 1024));
        for odd in ["", "VmRSS:\t4712\n", "VmRSS:\tmany kB\n"] {
            assert_eq!(resident(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_start_moves_only_when_the_clock_is_set() {
        let mut start = ProcessStart {
            monotonic: Duration::from_secs(10),
            reported: Timestamp::from_unix(1_000),
        };
        let mut at = |wall, monotonic| {
            start.by(Timestamp::from_unix(wall), Duration::from_secs(monotonic)).unix()
        };
        assert_eq!(at(1_000, 10), 1_000);
        assert_eq!(at(1_101, 110), 1_000, "a second is rounding");
        assert_eq!(at(900_000_200, 210), 900_000_000, "the time server has answered");
        assert_eq!(at(900_000_301, 310), 900_000_000);
    }
}
