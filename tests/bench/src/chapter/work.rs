//! What a request makes a server do: system calls by `strace`, allocations and instructions by the
//! project's own tests.

use std::process::{Command, Stdio};
use std::time::Duration;

use portcullis::clock;

use crate::gate::Gate;
use crate::http::Connection;
use crate::load::{Question, header_lines, load};
use crate::numbers::{grouped, short, table};
use crate::process::{PATIENCE, Server, output, pause};
use crate::scratch::Scratch;
use crate::{Bench, Fallible, yardsticks};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let dir = Scratch::new("work")?;
    let gate = Gate::simple(&bench.machine)?;
    let token = gate.place.tokens.first().cloned().unwrap_or_default();
    let machine = &bench.machine;
    let (may, nginx) = (yardsticks::may(machine, &dir)?, yardsticks::nginx(machine, &dir)?);
    let (hyper, caddy) =
        (yardsticks::hyper(machine, &dir, "own", &token)?, yardsticks::caddy(machine, &dir)?);
    let subjects = [
        ("**Portcullis, verify**", &gate.server, "/verify/caddy", 22),
        ("may_minihttp, bare 204", &may, "/", 12),
        ("hyper, the gate's own check", &hyper, "/", 22),
        ("nginx, `return 204`", &nginx, "/", 22),
        ("Caddy, `respond 204`", &caddy, "/", 22),
    ];
    let mut rows = Vec::new();
    let mut left_out = None;
    for (name, server, target, lines) in subjects {
        let headers = header_lines(lines, &server.address.to_string(), &gate.cookie());
        let question = Question::new(target, headers);
        let one = calls(&dir, server, || {
            let mut connection = Connection::open(server.address)?;
            let bytes = question.bytes();
            for _ in 0..2_000 {
                connection.ask(&bytes)?;
            }
            Ok(2_000.0)
        });
        let many =
            calls(&dir, server, || Ok(load(&bench.machine, &[server], &question, 64, 1)?.requests));
        match (one, many) {
            (Ok(one), Ok(many)) => {
                rows.push(vec![name.to_owned(), listed(&one), total(&one), total(&many)])
            }
            (Err(error), _) | (_, Err(error)) => left_out = Some(error.to_string()),
        }
    }
    let mut text = match left_out {
        Some(error) => format!(
            "System calls were left out, because strace may not look: {}\n",
            error.lines().next().unwrap_or_default()
        ),
        None => table(
            &["who", "one connection: which, a request", "in all", "64 connections: in all"],
            &rows,
        ),
    };
    bench.figures.allocations = allocations(bench)?;
    let counted = instructions(bench)?;
    bench.figures.instructions =
        counted.iter().find(|(name, _)| name == "pass").map(|(_, count)| *count);
    let none =
        bench.figures.allocations.map_or("not measured".to_owned(), |count| count.to_string());
    let mut own =
        vec![row("heap allocations, pass or refusal", none, "cargo test --test allocations")];
    for (name, count) in counted {
        let name = format!("user-space instructions, {}", name.replace('-', ", "));
        own.push(row(&name, grouped(count as f64), INSTRUCTIONS));
    }
    text += &format!("\n{}", table(&["a verify, 22 header lines", "figure", "command"], &own));
    Ok(text)
}

fn row(what: &str, figure: String, command: &str) -> Vec<String> {
    vec![what.to_owned(), figure, format!("`{command}`")]
}

/// System calls a request by name, most frequent first, while `ask` asks and says how often.
fn calls(
    dir: &Scratch,
    server: &Server,
    ask: impl FnOnce() -> Fallible<f64>,
) -> Fallible<Vec<(String, f64)>> {
    let table = dir.path().join("strace");
    let log = std::fs::File::create(dir.path().join("strace.log"))?;
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(&table).args(["-p", &server.id().to_string()]);
    let mut strace = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
    let end = clock::monotonic() + PATIENCE;
    let said = || std::fs::read_to_string(dir.path().join("strace.log")).unwrap_or_default();
    while !said().contains("attached") {
        if strace.try_wait()?.is_some() || clock::monotonic() > end {
            return Err(said().into());
        }
        pause(Duration::from_millis(5));
    }
    let asked = ask();
    output(Command::new("kill").args(["-INT", &strace.id().to_string()]))?;
    strace.wait()?;
    let asked = asked?;
    let text = std::fs::read_to_string(table)?;
    let mut calls = Vec::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let [share, _, _, count, .., name] = words.as_slice()
            && share.parse::<f64>().is_ok()
            && *name != "total"
        {
            calls.push(((*name).to_owned(), count.parse::<f64>()? / asked));
        }
    }
    calls.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    Ok(calls)
}

fn listed(calls: &[(String, f64)]) -> String {
    let often = calls.iter().filter(|(_, count)| *count > 0.05);
    often
        .map(|(name, count)| format!("`{name}` {}", short((count * 100.0).round() / 100.0)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn total(calls: &[(String, f64)]) -> String {
    short(calls.iter().map(|(_, count)| count).sum())
}

/// The test counts a thousand passes and refusals, and fails unless there are none.
fn allocations(bench: &Bench) -> Fallible<Option<u64>> {
    let mut command = cargo(bench);
    command.args(["test", "--locked", "--quiet", "--test", "allocations"]);
    Ok(output(&mut command)?.contains("test result: ok").then_some(0))
}

const INSTRUCTIONS: &str = "cargo test --test system instructions:: -- --nocapture";

/// The figures that the test prints as `[("pass", 1234), …]`, also where it finds them too high;
/// none where it cannot run.
fn instructions(bench: &Bench) -> Fallible<Vec<(String, u64)>> {
    if !bench.machine.project.join("tests/instructions").exists() {
        return Ok(Vec::new());
    }
    let words: Vec<_> = INSTRUCTIONS.split(' ').skip(2).collect();
    let done = cargo(bench).args(["test", "--locked"]).args(words).output()?;
    let text = String::from_utf8(done.stdout)?;
    let line = text.lines().find_map(|line| line.split_once("instructions of one verify: "));
    let pairs =
        line.map(|(_, pairs)| pairs.split(['(', ')']).filter_map(|pair| pair.split_once(", ")));
    let figure = |(name, count): (&str, &str)| {
        Some((name.trim_matches('"').to_owned(), count.parse().ok()?))
    };
    Ok(pairs.into_iter().flatten().filter_map(figure).collect())
}

fn cargo(bench: &Bench) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&bench.machine.project);
    command
}
