//! What the gate does when nobody asks: processor time and wake-ups.

use std::time::Duration;

use crate::gate::Gate;
use crate::http::Connection;
use crate::numbers::{short, table};
use crate::process::pause;
use crate::{Bench, Fallible};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let seconds = bench.either(60, 5);
    let (alone, watched) = (Gate::simple(&bench.machine)?, Gate::simple(&bench.machine)?);
    let mut kept = Vec::new();
    for _ in 0..100 {
        let mut connection = Connection::open(watched.server.address)?;
        connection.get("/health", &[])?;
        kept.push(connection);
    }
    // What the start has left to do is done first.
    pause(Duration::from_secs(1));
    let gates = [("no connection", &alone), ("100 idle connections", &watched)];
    let look = |gate: &Gate| -> Fallible<_> { Ok((gate.server.cpu()?, gate.server.wakeups()?)) };
    let before: Vec<_> = gates.iter().map(|(_, gate)| look(gate)).collect::<Fallible<_>>()?;
    pause(Duration::from_secs(seconds));
    let mut rows = Vec::new();
    for ((name, gate), (cpu_before, wakeups_before)) in gates.iter().zip(before) {
        let (cpu, wakeups) = look(gate)?;
        let millis = (cpu - cpu_before).as_secs_f64() * 1e3;
        if rows.is_empty() {
            bench.figures.idle_cpu = Some((millis * 60.0 / seconds as f64, seconds));
        }
        rows.push(vec![
            (*name).to_owned(),
            format!("{} ms", short(millis)),
            (wakeups - wakeups_before).to_string(),
        ]);
    }
    Ok(format!("Over {seconds} s:\n\n{}", table(&["with", "processor time", "wake-ups"], &rows)))
}
