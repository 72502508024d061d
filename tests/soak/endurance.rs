//! Weeks in a minute: millions of verifies, days without a visitor, sessions and counters by the
//! hundred that end.

use std::time::Duration;

use portcullis::clock;
use portcullis::entropy::System;
use portcullis::ledger::{Store, load_or_create_key};

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::{Ask, Connection};
use crate::support::measure::{descriptors, processor_time, resident, written};
use crate::support::wait::{self, PATIENCE, rounds};

/// Requests that are on the way at a time.
const AT_ONCE: u64 = 50;

/// Verifies on one connection, all but one in fifty with a living session; the rest are a
/// stranger's.
fn verify(gate: &Daemon, token: &str, times: u64) {
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/a?b=c").by_page_load();
    let (mine, strange) = (ask.clone().cookie("auth_token", token).bytes(), ask.bytes());
    let batch: Vec<u8> = (1..AT_ONCE).flat_map(|_| mine.clone()).chain(strange).collect();
    let mut connection = Connection::open(gate.address);
    for _ in 0..times / AT_ONCE {
        connection.send(&batch);
        for number in 1..=AT_ONCE {
            let wanted = if number < AT_ONCE { 204 } else { 302 };
            assert_eq!(connection.answer().status, wanted);
        }
    }
}

/// `VERIFIES` sets the number. Each hundredth part of them comes on new connections, four at a
/// time.
#[test]
fn verifies_without_end_leave_memory_descriptors_and_files_as_they_were() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    let process = gate.running.id();
    let parts = 25;
    let a_part = rounds("VERIFIES", 100_000) / parts / 4;
    let part = |gate: &Daemon| {
        std::thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(|| verify(gate, &token, a_part))));
        });
    };
    part(&gate);
    let files = || written_below(&gate.place);
    let (memory, open, on_disk) = (resident(process), descriptors(process), files());
    let start = clock::monotonic();
    for _ in 1..parts {
        part(&gate);
    }
    let took = clock::monotonic() - start;
    // The last connections are closed a moment after their clients are gone.
    wait::until("as few descriptors as before", PATIENCE, || {
        (descriptors(process) <= open).then_some(())
    });
    let grown = resident(process).saturating_sub(memory);
    println!("{} verifies in {took:?}: {grown} KiB more than {memory} KiB", a_part * 4 * parts);
    assert!(grown <= 512, "{grown} KiB more than {memory} KiB");
    assert_eq!(files(), on_disk, "a verify writes nothing");
    assert!(gate.is_open_to(&token));
    gate.stop();
}

/// Name, length and time of change of every file of the store.
fn written_below(place: &Place) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut open = vec![place.state()];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).expect("ours").flatten() {
            let data = entry.metadata().expect("ours");
            if data.is_dir() {
                open.push(entry.path());
            } else {
                found.push((
                    entry.path().display().to_string(),
                    data.len(),
                    data.modified().expect("a time"),
                ));
            }
        }
    }
    found.sort();
    found
}

/// Moves all clocks of the gate so far from the true time and waits until it has tidied up.
fn after(gate: &Daemon, seconds: i64) {
    gate.place.shift_clock(seconds);
    // A job wakes the worker, which then sees that its rounds are due; the answer to the second one
    // comes after them.
    for _ in 0..2 {
        gate.place.json(&["limit", "list"]);
    }
}

#[test]
fn what_is_over_is_removed_from_memory_and_from_the_store() {
    let mut gate =
        Place::new(&format!("{ONE_DOMAIN}[limits]\nattempts = 3\n")).with_movable_clocks().start();
    let owner = gate.place.add_user("owner");
    let people: Vec<_> =
        (0..15).map(|number| gate.place.add_user(&format!("user{number}"))).collect();
    for person in &people {
        gate.log_in(person);
    }
    for number in 0..60 {
        gate.post_code(&owner.wrong_code(), &format!("10.5.0.{number}"));
    }
    let count =
        |gate: &Daemon, words: &[&str]| gate.place.json(words).as_array().map_or(0, Vec::len);
    assert_eq!(count(&gate, &["session", "list"]), 15);
    assert!(count(&gate, &["limit", "list"]) >= 60);
    // Sessions live a day, windows a quarter of an hour, the budgets of strangers come back in 25
    // days.
    after(&gate, 25 * 3600);
    assert_eq!(count(&gate, &["session", "list"]), 0);
    assert!(count(&gate, &["limit", "list"]) <= 1, "all but the strangers' bucket");
    after(&gate, 26 * 86_400);
    assert_eq!(count(&gate, &["limit", "list"]), 0);
    // Not only from memory.
    gate.kill();
    let dir = gate.place.state();
    let key = load_or_create_key(&dir, None, &mut System).unwrap_or_else(|error| panic!("{error}"));
    let (_store, opened) =
        Store::open(&dir, &key, clock::now(), System).unwrap_or_else(|error| panic!("{error}"));
    let (sessions, counters) = (opened.contents.sessions.len(), opened.contents.counters.len());
    assert_eq!((sessions, counters), (0, 0), "what the store still has");
    assert_eq!(opened.contents.users.len(), 16);
}

#[test]
fn a_day_without_visitors_writes_next_to_nothing() {
    let gate = Place::new(ONE_DOMAIN).with_movable_clocks().start();
    gate.log_in(&gate.place.add_user("owner"));
    let hours = 24;
    after(&gate, 60);
    let before = written(gate.running.id());
    for hour in 1..=hours {
        after(&gate, hour * 3600);
    }
    // The orders that wake it are counted as well: their answers, and a line of the log perhaps.
    let hourly = (written(gate.running.id()) - before) / hours.unsigned_abs();
    println!("{hourly} bytes an hour");
    assert!(hourly < 100 * 1024, "{hourly} bytes an hour");
}

/// `IDLE_SECONDS` sets how long.
#[test]
fn a_gate_that_nobody_asks_does_nothing_at_all() {
    let gate = Daemon::with(ONE_DOMAIN);
    gate.log_in(&gate.place.add_user("owner"));
    let process = gate.running.id();
    let _kept: Vec<_> = (0..20).map(|_| Connection::open(gate.address)).collect();
    let seconds = rounds("IDLE_SECONDS", 5);
    let (bytes, files, time) =
        (written(process), written_below(&gate.place), processor_time(process));
    let done = || (written(process) - bytes, processor_time(process) - time);
    let most = (seconds * 100 * 1024 / 3600, Duration::from_millis(20 + seconds * 5 / 6));
    wait::watch_that("a gate that rests", Duration::from_secs(seconds), || {
        let (more, spent) = done();
        assert!(
            more <= most.0 && spent <= most.1,
            "{more} bytes written, {spent:?} of processor time: {most:?} at most"
        );
        true
    });
    let (more, spent) = done();
    println!("{seconds} s: {more} bytes written, {spent:?} of processor time");
    if seconds < 600 {
        assert_eq!(written_below(&gate.place), files, "nothing was due");
    }
}
