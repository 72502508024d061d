//! From before the start of the process to the whole first answer, looked for every 0.1 ms by a
//! client that runs already.

use std::time::Duration;

use crate::gate::{Place, Plan};
use crate::numbers::{Spread, short, table};
use crate::{Bench, Fallible};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let times = bench.either(21, 3);
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for _ in 0..times {
        // Nothing there: keys and store are made, and written through to the disk.
        let (gate, took) = Place::empty()?.start_timed(&bench.machine)?;
        first.push(took);
        drop(gate);
        let (gate, took) = Place::prepare(Plan::default())?.start_timed(&bench.machine)?;
        later.push(took);
        drop(gate);
    }
    let millis = |times: &[Duration]| -> Vec<f64> {
        times.iter().map(|time| time.as_secs_f64() * 1e3).collect()
    };
    let (first, later) = (millis(&first), millis(&later));
    let most = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
    let row = |name: &str, times: &[f64]| {
        let Spread { low, median, high } = Spread::of(times.iter().copied());
        vec![
            name.to_owned(),
            short(median),
            format!("{} – {}", short(low), short(high)),
            short(most(times)),
        ]
    };
    let middle = |times: &[f64]| Spread::of(times.iter().copied()).median;
    bench.figures.start = Some([middle(&first), most(&first), middle(&later), most(&later)]);
    let rows = [
        row("the very first: store and keys are made", &first),
        row("with a store of one user", &later),
    ];
    Ok(format!(
        "{times} starts each, in turn:\n\n{}",
        table(&["start", "median, ms", "quartiles, ms", "longest, ms"], &rows)
    ))
}
