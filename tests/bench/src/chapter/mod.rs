//! The chapters of the page, in the order in which they are measured; each gives its text.

mod chain;
mod goals;
mod growth;
mod idle;
mod latency;
mod memory;
mod requests;
mod start;
mod wear;
mod work;

use crate::numbers::Spread;
use crate::{Bench, Fallible};

type Measure = fn(&mut Bench) -> Fallible<String>;

/// The table of goals comes last, because it needs the others' figures.
pub const ALL: [(&str, Measure); 11] = [
    ("machine", |bench| bench.machine.description()),
    ("requests", requests::measure),
    ("chain", chain::measure),
    ("latency", latency::measure),
    ("work", work::measure),
    ("memory", memory::measure),
    ("start", start::measure),
    ("idle", idle::measure),
    ("growth", growth::measure),
    ("wear", wear::measure),
    ("goals", goals::measure),
];

/// What the table of goals is made of; `None` where it was not measured.
#[derive(Default)]
pub struct Figures {
    /// Connections, and verifies a second against may_minihttp.
    pub against_may: Vec<(usize, Spread)>,
    pub against_nginx: Vec<(usize, Spread)>,
    /// Processor time of a verify with 1,000 rules, against none.
    pub thousand_rules: Option<f64>,
    /// The same with 1,000 passes.
    pub thousand_passes: Option<f64>,
    /// Microseconds.
    pub p99_at_1000: Option<f64>,
    pub allocations: Option<u64>,
    /// Of a pass.
    pub instructions: Option<u64>,
    /// KiB: idle, after a million verifies, with a thousand connections.
    pub resident: Option<[u64; 3]>,
    /// The same of the static gate.
    pub resident_static: Option<[u64; 3]>,
    /// Milliseconds: first start and later ones, at the median and at most.
    pub start: Option<[f64; 4]>,
    /// Bytes at the block device, or as the process is counted: a verify, one login of many, a
    /// login on its own.
    pub written: Option<[f64; 3]>,
    /// Milliseconds in a minute, and over how many seconds they were measured.
    pub idle_cpu: Option<(f64, u64)>,
}
