//! The goals, and whether this run reached them.

use crate::numbers::{Spread, bytes, connected, grouped, short, table, time};
use crate::{Bench, Fallible};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let figures = &bench.figures;
    let mut rows = Vec::new();
    let mut row = |what: &str, goal: &str, figure: Option<String>, reached: Option<bool>| {
        let reached = reached
            .map_or("not measured", |yes| if yes { "**reached**" } else { "**not reached**" });
        rows.push([what, goal, &figure.unwrap_or_default(), reached].map(str::to_owned).to_vec());
    };
    let zero = |value: &u64| *value == 0;
    let count = |value: u64| grouped(value as f64);
    row(
        "heap allocations of a verify",
        "0",
        figures.allocations.map(count),
        figures.allocations.as_ref().map(zero),
    );
    row(
        "verifies a second against may_minihttp's bare 204, 12 header lines",
        "≥ 1.0",
        ratios(&figures.against_may),
        at_least(&figures.against_may, 1.0),
    );
    row(
        "verifies a second against nginx's `return 204`, 22 header lines",
        "≥ 1.2",
        ratios(&figures.against_nginx),
        at_least(&figures.against_nginx, 1.2),
    );
    let instructions = figures.instructions;
    row(
        "instructions of a verify, 22 header lines",
        "< 10,000",
        instructions.map(count),
        instructions.map(|value| value < 10_000),
    );
    let p99 = figures.p99_at_1000;
    row(
        "p99 at 1,000 requests a second",
        "< 1 ms",
        p99.map(time),
        p99.map(|value| value < 1_000.0),
    );
    let names = [
        "resident memory, idle",
        "resident memory after 10⁶ verifies",
        "resident memory with 1,000 idle connections",
    ];
    for (place, (name, most)) in names.into_iter().zip([5, 6, 8]).enumerate() {
        // Megabytes of a million bytes, as the goals are meant: the stricter reading.
        let [linked, shipped] = [figures.resident, figures.resident_static]
            .map(|all| all.map(|all| all[place] * 1_024));
        let words = |bytes: u64| format!("{} MB", short(bytes as f64 / 1e6));
        // Judged is what card, packages and container have.
        let below = shipped.or(linked).map(|bytes| bytes < most * 1_000_000);
        let figure = match (shipped, linked) {
            (Some(shipped), Some(linked)) => {
                Some(format!("{}; linked with glibc {}", words(shipped), words(linked)))
            }
            (one, other) => one.or(other).map(words),
        };
        row(name, &format!("< {most} MB"), figure, below);
    }
    let start = figures.start;
    row(
        "start to the first answer",
        "< 20 ms",
        start.map(|[first, _, later, _]| {
            format!("{} ms; the very first {} ms", short(later), short(first))
        }),
        start.map(|[first, _, later, _]| first < 20.0 && later < 20.0),
    );
    for (what, ratio) in [
        ("1,000 rules on 1,000 hosts", figures.thousand_rules),
        ("1,000 passes", figures.thousand_passes),
    ] {
        row(
            &format!("processor time of a verify with {what}, against none"),
            "≤ 1.1",
            ratio.map(|ratio| format!("{ratio:.2}")),
            ratio.map(|ratio| (ratio * 100.0).round() <= 110.0),
        );
    }
    let size = bench
        .machine
        .static_gate("aarch64")
        .and_then(|gate| std::fs::metadata(gate).ok())
        .map(|meta| meta.len());
    row(
        "static aarch64 musl binary",
        "< 3 MB",
        Some(size.map_or("[by hand, below](#the-static-binaries)".to_owned(), |size| {
            format!("{} bytes", count(size))
        })),
        size.map(|size| size < 3_000_000),
    );
    let written = figures.written;
    row(
        "written to disk by a verify",
        "0",
        written.map(|[verify, ..]| bytes(verify)),
        written.map(|[verify, ..]| verify < 0.5),
    );
    row(
        "written to disk by a login",
        "< 16 KB",
        written.map(|[_, login, single]| format!("{}; on its own {}", bytes(login), bytes(single))),
        written.map(|[_, login, single]| login < 16_000.0 && single < 16_000.0),
    );
    let idle = figures.idle_cpu;
    row(
        "processor time over 60 s idle",
        "< 50 ms",
        idle.map(|(millis, seconds)| {
            if seconds == 60 {
                format!("{} ms", short(millis))
            } else {
                format!("{} ms, from {seconds} s", short(millis))
            }
        }),
        idle.map(|(millis, _)| millis < 50.0),
    );
    Ok(table(&["what", "goal", "figure", ""], &rows))
}

/// `1.08 with 8 connections, 1.14 with 64`.
fn ratios(all: &[(usize, Spread)]) -> Option<String> {
    let ((first, spread), rest) = all.split_first()?;
    let rest = rest
        .iter()
        .map(|(connections, spread)| format!(", {:.2} with {connections}", spread.median));
    Some(format!("{:.2} with {}", spread.median, connected(*first)) + &rest.collect::<String>())
}

/// Whether every median is: with one number of connections alone a goal is not reached.
fn at_least(all: &[(usize, Spread)], goal: f64) -> Option<bool> {
    (!all.is_empty())
        .then(|| all.iter().all(|(_, spread)| (spread.median * 100.0).round() / 100.0 >= goal))
}
