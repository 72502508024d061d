//! Resident memory: just started, after a million verifies, with a thousand idle connections.

use crate::gate::Gate;
use crate::http::Connection;
use crate::load::{Question, header_lines, load};
use crate::numbers::{grouped, table};
use crate::process::Server;
use crate::{Bench, Fallible};

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let gate = Gate::simple(&bench.machine)?;
    let question = Question::new("/verify/caddy", header_lines(22, &gate.server.address.to_string(), &gate.cookie()));
    let (idle, mut rows) = (gate.server.memory("VmRSS:")?, Vec::new());
    rows.push(row("just started, one user, one session", &gate.server)?);
    let wanted = bench.either(1_000_000.0, 100_000.0);
    let mut done = 0.0;
    while done < wanted {
        done += load(&bench.machine, &[&gate.server], &question, 64, bench.either(5, 1))?.requests;
    }
    let loaded = gate.server.memory("VmRSS:")?;
    rows.push(row(&format!("after {} verifies over 64 connections", grouped(done)), &gate.server)?);
    drop(gate);

    let gate = Gate::simple(&bench.machine)?;
    let mut connections = Vec::new();
    for _ in 0..1_000 {
        let mut connection = Connection::open(gate.server.address)?;
        connection.ask(&question.bytes())?;
        connections.push(connection);
    }
    let crowded = gate.server.memory("VmRSS:")?;
    rows.push(row("another one with 1,000 idle connections, each of which asked once", &gate.server)?);
    drop(connections);
    bench.figures.resident = Some([idle, loaded, crowded]);
    Ok(table(&["when", "resident", "of that not mapped from the program's file"], &rows))
}

fn row(when: &str, server: &Server) -> Fallible<Vec<String>> {
    let kib = |name| -> Fallible<String> { Ok(format!("{} KB", grouped(server.memory(name)? as f64))) };
    Ok(vec![when.to_owned(), kib("VmRSS:")?, kib("RssAnon:")?])
}
