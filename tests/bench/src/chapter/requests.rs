//! Verifies a second beside the yardsticks: kept and new connections, one to many.

use crate::chart::{self, Bar};
use crate::gate::Gate;
use crate::load::{Question, Sample, closes, expect, header_lines, load};
use crate::numbers::{Spread, connected, grouped, median, short, table, time};
use crate::process::Server;
use crate::scratch::Scratch;
use crate::{Bench, Fallible, yardsticks};

/// Somebody who answers, and what is asked.
struct Subject<'s> {
    name: &'s str,
    server: &'s Server,
    question: Question,
    /// The subject that the gate is compared by: itself for its own two.
    ours: usize,
}

const GATE: usize = 0;
const GATE_12: usize = 1;
const MAY: usize = 2;
const NGINX: usize = 5;

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let dir = Scratch::new("requests")?;
    let gate = Gate::simple(&bench.machine)?;
    let token = gate.place.tokens.first().cloned().unwrap_or_default();
    let machine = &bench.machine;
    let may = yardsticks::may(machine, &dir)?;
    let own = yardsticks::hyper(machine, &dir, "own", &token)?;
    let decode = yardsticks::hyper(machine, &dir, "decode", &token)?;
    let nginx = yardsticks::nginx(machine, &dir)?;
    let caddy = yardsticks::caddy(machine, &dir)?;
    let asked = |target: &str, lines: usize, server: &Server| {
        Question::new(target, header_lines(lines, &server.address.to_string(), &gate.cookie()))
    };
    let subject = |name, server, target, lines, ours| Subject {
        name,
        server,
        question: asked(target, lines, server),
        ours,
    };
    let subjects = [
        subject("**Portcullis, verify**", &gate.server, "/verify/caddy", 22, GATE),
        subject("**Portcullis, verify**, 12 lines", &gate.server, "/verify/caddy", 12, GATE_12),
        subject("may_minihttp, bare 204, 12 lines", &may, "/", 12, GATE_12),
        subject("hyper, the gate's own check", &own, "/", 22, GATE),
        subject("hyper, `jsonwebtoken::decode`", &decode, "/", 22, GATE),
        subject("nginx, `return 204`", &nginx, "/", 22, GATE),
        subject("Caddy, `respond 204`", &caddy, "/", 22, GATE),
    ];
    for subject in &subjects {
        expect(subject.server, &subject.question, 204)?;
    }
    let everyone: Vec<usize> = (0..subjects.len()).collect();
    let kept = rounds(bench, &subjects, &everyone, false, bench.either(9, 1))?;
    let closing: Vec<bool> =
        subjects.iter().map(|one| closes(one.server, &one.question)).collect::<Fallible<_>>()?;
    // Whoever keeps the connection all the same would be measured on a kept one; then the gate's 12
    // lines have no rival.
    let takes_part = |one: &usize| closing[*one] && (closing[MAY] || *one != GATE_12);
    let closing: Vec<usize> = everyone.iter().copied().filter(takes_part).collect();
    let new = rounds(bench, &subjects, &closing, true, bench.either(5, 1))?;

    for cell in &kept {
        bench.figures.against_may.push((cell.connections, cell.ratio(GATE_12, MAY)));
        bench.figures.against_nginx.push((cell.connections, cell.ratio(GATE, NGINX)));
    }
    let mut text = bottlenecks(&[&kept, &new]);
    text += &format!(
        "Kept connections. Rounds of 1 s: {}.\n\n{}",
        bench.either(9, 1),
        rows(&subjects, &kept)
    );
    let chart = plot("Requests a second on kept connections", &subjects, &kept);
    text += &format!(
        "\n{}",
        bench.page.chart("requests", "Requests a second on kept connections", chart)
    );
    text += &format!("\nA new connection for each request. Rounds of 1 s: {}", bench.either(5, 1));
    if !closing.contains(&MAY) {
        text += " (may_minihttp does not end a connection when asked to, so it is not here)";
    }
    text += &format!(".\n\n{}", rows(&subjects, &new));
    let chart = plot("Requests a second, each on a new connection", &subjects, &new);
    text += &format!(
        "\n{}",
        bench.page.chart("new-connections", "Requests a second on new connections", chart)
    );
    Ok(text)
}

/// All rounds with one number of connections.
struct Cell {
    connections: usize,
    /// By subject, then by round; empty for who did not take part.
    samples: Vec<Vec<Sample>>,
}

impl Cell {
    /// Requests a second of `ours` against those of `theirs`, round by round.
    fn ratio(&self, ours: usize, theirs: usize) -> Spread {
        let pairs = self.samples[ours].iter().zip(&self.samples[theirs]);
        Spread::of(pairs.map(|(ours, theirs)| ours.per_second / theirs.per_second))
    }

    /// How many requests `ours` answers in the processor time in which `theirs` answers one.
    fn thrift(&self, ours: usize, theirs: usize) -> Spread {
        let pairs = self.samples[ours].iter().zip(&self.samples[theirs]);
        Spread::of(pairs.map(|(ours, theirs)| theirs.cost / ours.cost))
    }
}

fn rounds(
    bench: &Bench,
    subjects: &[Subject<'_>],
    taking: &[usize],
    new: bool,
    rounds: usize,
) -> Fallible<Vec<Cell>> {
    let counts: &[usize] = if bench.short { &[8, 64] } else { &[1, 8, 64, 256] };
    let mut cells = Vec::new();
    for &connections in counts {
        let mut samples = vec![Vec::new(); subjects.len()];
        for round in 0..rounds {
            // Everybody comes first once, and every second round runs backwards: noise that comes
            // and goes hits all alike.
            let mut order: Vec<usize> = taking.to_vec();
            order.rotate_left(round % taking.len().max(1));
            if round % 2 == 1 {
                order.reverse();
            }
            for one in order {
                let subject = &subjects[one];
                let question = if new { subject.question.once() } else { subject.question.clone() };
                samples[one].push(load(
                    &bench.machine,
                    &[subject.server],
                    &question,
                    connections,
                    1,
                )?);
            }
        }
        cells.push(Cell { connections, samples });
    }
    Ok(cells)
}

/// In how many rounds the client had more to do than the server.
fn bottlenecks(cells: &[&[Cell]]) -> String {
    let samples = || cells.iter().copied().flatten().flat_map(|cell| cell.samples.iter().flatten());
    let client = samples().filter(|sample| sample.client_busy > sample.server_busy).count();
    format!(
        "The client was busier than the server in {client} of all {} rounds.\n\n",
        samples().count()
    )
}

fn rows(subjects: &[Subject<'_>], cells: &[Cell]) -> String {
    let mut rows = Vec::new();
    for cell in cells {
        for (number, subject) in subjects.iter().enumerate() {
            let samples = &cell.samples[number];
            if samples.is_empty() {
                continue;
            }
            let middle = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
            let compared = |spread: Spread| {
                if number == subject.ours { "1".to_owned() } else { spread.ratio() }
            };
            rows.push(vec![
                cell.connections.to_string(),
                subject.name.to_owned(),
                grouped(middle(|sample| sample.per_second)),
                compared(cell.ratio(subject.ours, number)),
                format!(
                    "{} / {}",
                    time(middle(|sample| sample.p50)),
                    time(middle(|sample| sample.p99))
                ),
                format!("{} µs", short(middle(|sample| sample.cost))),
                compared(cell.thrift(subject.ours, number)),
                format!(
                    "{:.0} % / {:.0} %",
                    100.0 * middle(|s| s.server_busy),
                    100.0 * middle(|s| s.client_busy)
                ),
            ]);
        }
    }
    table(
        &[
            "connections",
            "who",
            "requests/s",
            "the gate against it",
            "p50 / p99",
            "CPU a request",
            "the gate against it, by CPU",
            "busy: server / client",
        ],
        &rows,
    )
}

fn plot(title: &str, subjects: &[Subject<'_>], cells: &[Cell]) -> String {
    let group = |cell: &Cell| {
        let bars =
            subjects.iter().zip(&cell.samples).filter(|(_, samples)| !samples.is_empty()).map(
                |(subject, samples)| {
                    let spread = Spread::of(samples.iter().map(|sample| sample.per_second));
                    Bar {
                        name: subject.name.replace(['*', '`'], ""),
                        value: spread.median,
                        range: Some((spread.low, spread.high)),
                        label: grouped(spread.median),
                        ours: subject.name.starts_with('*'),
                    }
                },
            );
        (connected(cell.connections), bars.collect())
    };
    let groups: Vec<_> = cells.iter().map(group).collect();
    chart::bars(
        title,
        "requests a second: median, the line is from the lower to the upper quartile",
        &groups,
    )
}
