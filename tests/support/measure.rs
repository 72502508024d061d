//! What the kernel says about a process, and what many measured times say together.

use std::time::Duration;

/// A line of `/proc/PID/status` that is a number of KiB: `VmRSS`, `VmHWM`, `VmSize`.
pub fn kibibytes(process: u32, line: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("our own child");
    let found = text.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let found = found.unwrap_or_else(|| panic!("no {line} in {text}"));
    found.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// Resident memory in KiB.
pub fn resident(process: u32) -> u64 {
    kibibytes(process, "VmRSS")
}

/// Open descriptors.
pub fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).expect("our own child").count()
}

/// Bytes that it has handed to write(2) and its kin so far, wherever they went.
pub fn written(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/io")).expect("our own child");
    let line = text.lines().find_map(|line| line.strip_prefix("wchar:")).expect("a line wchar");
    line.trim().parse().expect("a number")
}

/// Processor time used so far, in user space and in the kernel.
pub fn processor_time(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("our own child");
    // The name stands in brackets and may hold anything.
    let (_, rest) = text.rsplit_once(')').expect("a name");
    let ticks: u64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().expect("ticks"))
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Measured times.
#[derive(Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub fn join(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a thousand do not exceed.
    pub fn quantile(&self, thousandths: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * thousandths / 1000).min(sorted.len().saturating_sub(1));
        *sorted.get(at).expect("at least one time")
    }
}
