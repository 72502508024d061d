//! Answer times at a fixed 1,000 requests a second, each from the moment it was due.

use crate::gate::Gate;
use crate::load::{Question, expect, header_lines};
use crate::machine::stay_on;
use crate::numbers::{quantile, table, time};
use crate::scratch::Scratch;
use crate::steady::steady;
use crate::{Bench, Fallible, yardsticks};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let dir = Scratch::new("latency")?;
    let gate = Gate::simple(&bench.machine)?;
    let token = gate.place.tokens.first().cloned().unwrap_or_default();
    let hyper = yardsticks::hyper(&bench.machine, &dir, "own", &token)?;
    let nginx = yardsticks::nginx(&bench.machine, &dir)?;
    let caddy = yardsticks::caddy(&bench.machine, &dir)?;
    let subjects = [
        ("**Portcullis, verify**", &gate.server),
        ("hyper, the gate's own check", &hyper),
        ("nginx, `return 204`", &nginx),
        ("Caddy, `respond 204`", &caddy),
    ];
    let (rounds, seconds, connections) = (bench.either(4, 1), bench.either(5, 2), 16);
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); subjects.len()];
    // The benchmark itself is the client here.
    let pinned = stay_on(&bench.machine.client_cores)?;
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        order.rotate_left(round % subjects.len());
        for number in order {
            let server = subjects[number].1;
            let target = if number == 0 { "/verify/caddy" } else { "/" };
            let question = Question::new(
                target,
                header_lines(22, &server.address.to_string(), &gate.cookie()),
            );
            expect(server, &question, 204)?;
            times[number].extend(steady(server.address, &question, 1_000, seconds, connections)?);
        }
    }
    drop(pinned);
    let mut rows = Vec::new();
    for ((name, _), times) in subjects.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let mut row = vec![(*name).to_owned()];
        row.extend([0.5, 0.9, 0.99, 0.999, 1.0].map(|share| time(quantile(times, share))));
        rows.push(row);
    }
    bench.figures.p99_at_1000 = times.first().map(|times| quantile(times, 0.99));
    let count = rounds * usize::try_from(seconds)? * 1_000;
    let count = crate::numbers::grouped(count as f64);
    Ok(format!(
        "{count} requests each, over {connections} kept connections:\n\n{}",
        table(&["who", "p50", "p90", "p99", "p99.9", "longest"], &rows)
    ))
}
