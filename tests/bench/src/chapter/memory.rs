//! Resident memory: just started, after a million verifies, with a thousand idle connections; of
//! the gate as Cargo links it with glibc, and of the static one where it was built.

use crate::gate::Gate;
use crate::http::Connection;
use crate::load::{Question, header_lines, load};
use crate::machine::Machine;
use crate::numbers::{grouped, table};
use crate::process::Server;
use crate::{Bench, Fallible};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let mut rows = Vec::new();
    let linked = bench.machine.clone();
    bench.figures.resident = Some(of(bench, &linked, "glibc", &mut rows)?);
    if let Some(gate) = linked.static_gate(std::env::consts::ARCH) {
        bench.figures.resident_static =
            Some(of(bench, &linked.with_gate(gate), "static", &mut rows)?);
    }
    Ok(table(&["gate", "when", "resident", "of that not mapped from the program's file"], &rows))
}

/// Of the gate of this machine: idle, after many verifies, crowded, in KiB.
fn of(
    bench: &Bench,
    machine: &Machine,
    name: &str,
    rows: &mut Vec<Vec<String>>,
) -> Fallible<[u64; 3]> {
    let mut row = |when: &str, server: &Server| -> Fallible<u64> {
        let resident = server.memory("VmRSS:")?;
        let kib = |kib: u64| format!("{} KB", grouped(kib as f64));
        rows.push(vec![
            name.to_owned(),
            when.to_owned(),
            kib(resident),
            kib(server.memory("RssAnon:")?),
        ]);
        Ok(resident)
    };
    let gate = Gate::simple(machine)?;
    let question = Question::new(
        "/verify/caddy",
        header_lines(22, &gate.server.address.to_string(), &gate.cookie()),
    );
    let idle = row("just started, one user, one session", &gate.server)?;
    let wanted = bench.either(1_000_000.0, 100_000.0);
    let mut done = 0.0;
    while done < wanted {
        done += load(machine, &[&gate.server], &question, 64, bench.either(5, 1))?.requests;
    }
    let loaded =
        row(&format!("after {} verifies over 64 connections", grouped(done)), &gate.server)?;
    drop(gate);

    let gate = Gate::simple(machine)?;
    let mut connections = Vec::new();
    for _ in 0..1_000 {
        let mut connection = Connection::open(gate.server.address)?;
        connection.ask(&question.bytes())?;
        connections.push(connection);
    }
    let crowded =
        row("another one with 1,000 idle connections, each of which asked once", &gate.server)?;
    Ok([idle, loaded, crowded])
}
