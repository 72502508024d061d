//! How cost grows with users, sessions, connections, rules and passes.

use std::time::Duration;

use portcullis::auth::totp::{STEP, TimeStep};
use portcullis::clock;

use crate::chart::{self, Line};
use crate::gate::{Gate, Place, Plan};
use crate::load::{Question, expect, header_lines, load};
use crate::numbers::{grouped, median, short, table, time};
use crate::page_load::{self, DOMAIN};
use crate::process::pause;
use crate::{Bench, Fallible};

/// The sizes of the full form.
const SIZES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const SHORT: [usize; 2] = [1, 1_000];
/// The number of rules, and of passes, that the goals are about.
const GOAL: usize = 1_000;

/// One kind of growth at one size.
struct Case {
    kind: &'static str,
    size: usize,
    gate: Gate,
    question: Question,
    connections: usize,
    start: Duration,
    /// Every session asks in turn, not one alone.
    in_turn: bool,
}

/// What the rounds of a case came to.
#[derive(Default, Clone)]
struct Rounds {
    cost: Vec<f64>,
    per_second: Vec<f64>,
    p99: Vec<f64>,
}

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let sizes: &[usize] = if bench.short { &SHORT } else { &SIZES };
    let mut text = String::from(
        "Each rule is for a host of its own, one of them for the host that is asked for, and names two patterns of paths.\n\n",
    );
    let mut curves = Vec::new();
    let kinds: [(&str, &str); 6] = [
        ("users", "users, one of them asks"),
        ("sessions", "sessions, one of them asks"),
        ("sessions in turn", "sessions, all ask in turn"),
        ("connections", "connections, all ask"),
        ("rules", "rules, none of them for the path"),
        ("passes", "passes, none of them brought"),
    ];
    let mut rows = Vec::new();
    for (kind, label) in kinds {
        let possible =
            |size: &&usize| kind != "connections" || (**size as u64) + 200 < bench.open_files;
        // What rules and passes cost is told against none.
        let none: &[usize] = if matches!(kind, "rules" | "passes") { &[0] } else { &[] };
        let cases: Vec<Case> = none
            .iter()
            .chain(sizes)
            .filter(possible)
            .map(|size| case(bench, kind, *size))
            .collect::<Fallible<_>>()?;
        let results = rounds(bench, &cases)?;
        let mut points = Vec::new();
        for (case, result) in cases.iter().zip(results) {
            let cost = median(result.cost);
            points.push((case.size as f64, cost));
            rows.push(vec![
                label.to_owned(),
                grouped(case.size as f64),
                format!("{} µs", short(cost)),
                grouped(median(result.per_second)),
                time(median(result.p99)),
                format!("{} KB", grouped(case.gate.server.memory("VmRSS:")? as f64)),
                format!("{} ms", short(case.start.as_secs_f64() * 1e3)),
            ]);
        }
        if !none.is_empty() {
            let of = |size| cost_of(&points, size);
            let ratio = of(GOAL).zip(of(0)).map(|(many, none)| many / none);
            match kind {
                "rules" => bench.figures.thousand_rules = ratio,
                _ => bench.figures.thousand_passes = ratio,
            }
            // A logarithmic axis has no nought.
            points.retain(|(size, _)| *size > 0.0);
        }
        curves.push(Line { name: label.to_owned(), points });
    }
    text += &table(
        &["what grows", "to", "CPU a verify", "requests/s", "p99", "resident", "start"],
        &rows,
    );
    let chart = chart::lines(
        "A verify's processor time as the gate grows",
        "how many",
        "µs a verify",
        &curves,
    );
    text += &format!(
        "\n{}",
        bench.page.chart(
            "growth-verify",
            "Processor time of a verify by users, sessions, connections",
            chart
        )
    );

    let (mut rows, mut alone, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for size in sizes {
        let (by_code, by_name) = (logins(bench, *size, false)?, logins(bench, *size, true)?);
        alone.push((*size as f64, by_code.0));
        named.push((*size as f64, by_name.0));
        let cell =
            |(cpu, wall, count): (f64, f64, usize)| [time(cpu), time(wall), count.to_string()];
        let mut row = vec![grouped(*size as f64)];
        row.extend(cell(by_code));
        row.extend(cell(by_name));
        rows.push(row);
    }
    text += "\nA login, the store's write included:\n\n";
    text += &table(
        &[
            "users",
            "by code alone: CPU",
            "until the answer",
            "logins",
            "by name: CPU",
            "until the answer",
            "logins",
        ],
        &rows,
    );
    let curves = [
        Line { name: "by code alone".to_owned(), points: alone },
        Line { name: "by name".to_owned(), points: named },
    ];
    let chart = chart::lines(
        "A login's processor time by the number of users",
        "users",
        "µs a login",
        &curves,
    );
    text += &format!(
        "\n{}",
        bench.page.chart("growth-login", "Processor time of a login by the number of users", chart)
    );
    Ok(text)
}

fn case(bench: &Bench, kind: &'static str, size: usize) -> Fallible<Case> {
    let plan = Plan::default();
    let rules = if kind == "rules" { rules(size) } else { String::new() };
    let settings = format!(
        "[server]\nmax_connections = 10100\n[login]\naccept_odds = true\n{}{rules}",
        plan.settings
    );
    let (users, sessions) = match kind {
        "users" => (size, 1),
        // A user has at most 64.
        "connections" | "rules" | "passes" => (1, 1),
        _ => (200, size),
    };
    let passes = if kind == "passes" { size } else { 0 };
    let place = Place::prepare(Plan { users, sessions, passes, settings, ..plan })?;
    let (gate, start) = place.start(&bench.machine)?;
    let headers = header_lines(22, &gate.server.address.to_string(), &gate.cookie());
    let question = Question::new("/verify/caddy", headers);
    expect(&gate.server, &question, 204)?;
    let connections = if kind == "connections" { size } else { 16 };
    Ok(Case { kind, size, gate, question, connections, start, in_turn: kind == "sessions in turn" })
}

/// The middle one for the host that every question is about, the others for hosts of their own.
fn rules(count: usize) -> String {
    let rule = |number| {
        let host = if number == count / 2 { "app".to_owned() } else { format!("site-{number}") };
        format!(
            "[[rule]]\nhosts = [\"{host}.{DOMAIN}\"]\npaths = [\"/share/**\", \"/s/*\"]\naccess = \"open\"\n"
        )
    };
    (0..count).map(rule).collect()
}

fn cost_of(points: &[(f64, f64)], size: usize) -> Option<f64> {
    points.iter().find(|(other, _)| *other == size as f64).map(|(_, cost)| *cost)
}

fn rounds(bench: &Bench, cases: &[Case]) -> Fallible<Vec<Rounds>> {
    let mut results = vec![Rounds::default(); cases.len()];
    let rounds = bench.either(5, 1);
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..cases.len()).collect();
        order.rotate_left(round % cases.len());
        for number in order {
            let case = &cases[number];
            let mut question = case.question.clone();
            if case.in_turn {
                question.cookies =
                    case.gate.place.tokens.iter().map(|token| page_load::cookies(token)).collect();
            }
            // Thousands of connections take a while to be made.
            let seconds = if case.connections >= 1_000 { bench.either(4, 2) } else { 1 };
            let sample =
                load(&bench.machine, &[&case.gate.server], &question, case.connections, seconds)
                    .map_err(|error| format!("{} {}: {error}", case.size, case.kind))?;
            results[number].cost.push(sample.cost);
            results[number].per_second.push(sample.per_second);
            results[number].p99.push(sample.p99);
        }
    }
    Ok(results)
}

/// Microseconds of processor time and of waiting at the median, and of how many logins.
fn logins(bench: &Bench, users: usize, with_name: bool) -> Fallible<(f64, f64, usize)> {
    let settings = format!(
        "[login]\naccept_odds = true\nask_username = {with_name}\n[session]\ncookie_domain = \"{DOMAIN}\"\nsecure = false\n"
    );
    let (gate, _) = Place::prepare(Plan { users, sessions: 0, settings, ..Plan::default() })?
        .start(&bench.machine)?;
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    // Three codes of each user are good at one time; the oldest must come first.
    let now = early_in_a_step();
    let step = TimeStep::at(now).number();
    let wanted = bench.either(30, 3);
    let some = gate.place.users.iter().take(wanted);
    let tries = (step - 1..=step + 1)
        .flat_map(|step| some.clone().map(move |user| (user, TimeStep::new(step))));
    for (number, (user, step)) in tries.take(wanted).enumerate() {
        let client = format!("198.18.{}.{}", number / 250, number % 250 + 1);
        let (cpu_before, begun) = (gate.server.cpu()?, clock::monotonic());
        let answer = gate.log_in(user, step, &client, with_name)?;
        let took = clock::monotonic() - begun;
        // Among thousands somebody else may have the same code at the moment: then it lets nobody
        // in.
        if answer.status == 302 {
            cpu.push((gate.server.cpu()? - cpu_before).as_secs_f64() * 1e6);
            wall.push(took.as_secs_f64() * 1e6);
        }
    }
    if cpu.is_empty() {
        return Err(
            format!("no login worked:\n{}", std::fs::read_to_string(gate.place.log())?).into()
        );
    }
    let count = cpu.len();
    Ok((median(cpu), median(wall), count))
}

/// Waits until enough of a time step is left for all logins.
fn early_in_a_step() -> clock::Timestamp {
    loop {
        let now = clock::now();
        if now.unix() % STEP.as_secs() < STEP.as_secs() - 12 {
            return now;
        }
        pause(Duration::from_millis(200));
    }
}
