//! Nothing left: descriptors taken away from the running gate, memory under a flood.

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Ask, Connection};
use crate::support::measure::{descriptors, kibibytes, processor_time};
use crate::support::wait::{self, PATIENCE};

/// Changes a limit of a running process; prlimit(1) is of util-linux, which every Debian has.
fn limit(gate: &Daemon, limit: &str) {
    let mut command = std::process::Command::new("prlimit");
    let done = command
        .arg("--pid")
        .arg(gate.running.id().to_string())
        .arg(limit)
        .status()
        .expect("prlimit runs");
    assert!(done.success());
}

/// How long the gate is watched while it can do nothing.
const WATCHED: Duration = Duration::from_secs(2);

/// A limit below what is open already: every open(2), accept(2) and socket(2) of the gate ends in
/// EMFILE.
#[test]
fn without_a_single_descriptor_left_the_gate_neither_spins_nor_ends_and_recovers() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/")
        .cookie("auth_token", &token)
        .bytes();
    let mut kept: Vec<_> = (0..20).map(|_| Connection::open(gate.address)).collect();
    for connection in &mut kept {
        connection.send(&ask);
        assert_eq!(connection.answer().status, 204);
    }
    let process = gate.running.id();
    limit(&gate, "--nofile=8:");
    // More come than the gate could drop others for; the kernel's queue holds them.
    let waiting: Vec<_> = (0..60).map(|_| Connection::open(gate.address)).collect();
    let login = gate.login_form(&owner.fresh_code(), "192.168.1.1").bytes();
    // Whether it is still held is not promised: an idle one gives its place to a newcomer. Another
    // answer is none of them.
    let working = kept.last_mut().expect("twenty");
    working.send(&ask);
    if let Ok(answer) = working.try_answer(false) {
        assert_eq!(answer.status, 204);
    }
    let before = processor_time(process);
    let spent = || processor_time(process) - before;
    wait::watch_that("a gate that does not spin", WATCHED, || spent() < WATCHED / 4);
    println!(
        "{:?} of processor time in {WATCHED:?}, {} descriptors open",
        spent(),
        descriptors(process)
    );
    assert!(gate.running.is_running());
    limit(&gate, "--nofile=1024:");
    drop(waiting);
    wait::until("an answer to a newcomer", PATIENCE, || {
        Ask::get("/health").try_send(gate.address).ok().filter(|answer| answer.status == 200)
    });
    let mut connection = Connection::open(gate.address);
    connection.send(&login);
    assert_eq!(connection.answer().status, 302, "a login works again");
    assert!(gate.is_open_to(&token));
    assert!(!gate.running.text().contains("panicked"), "{}", gate.running.text());
    gate.stop();
}

/// The unit's own limit.
fn memory_max() -> u64 {
    let unit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/portcullis.service");
    let unit = std::fs::read_to_string(unit).expect("the unit");
    let line = unit.lines().find_map(|line| line.strip_prefix("MemoryMax=")).expect("a limit");
    line.strip_suffix('M').and_then(|number| number.parse::<u64>().ok()).expect("mebibytes") * 1024
}

/// As many connections as it takes, each with as much of a head or a body as it holds, and readers
/// that do not read.
#[test]
fn the_worst_flood_stays_far_below_the_units_memory_limit() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits");
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(8_192), hard).expect("a higher limit");
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    let long = "c".repeat(60_000);
    let head = format!("GET /verify HTTP/1.1\r\nHost: a\r\nCookie: {long}");
    let body = format!(
        "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 65000\r\n\r\n{long}"
    );
    let many: String = Ask::get("/login")
        .bytes()
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .repeat(40);
    let mut crowd = Vec::new();
    for number in 0..2_100 {
        let text = [&head, &body, &many][number % 3];
        // The gate ends old ones for new ones; a write to one of those fails.
        if let Ok(mut connection) = Connection::try_open(gate.address) {
            let _ = connection.try_send(text.as_bytes());
            crowd.push(connection);
        }
    }
    assert!(gate.is_open_to(&token), "it still answers");
    let (now, peak, limit) = (
        kibibytes(gate.running.id(), "VmRSS"),
        kibibytes(gate.running.id(), "VmHWM"),
        memory_max(),
    );
    println!("{now} KiB under {} connections, at most {peak} KiB of {limit} KiB", crowd.len());
    assert!(peak < limit / 2, "{peak} KiB of {limit} KiB");
    drop(crowd);
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.9").status, 302);
    assert!(gate.running.is_running());
    gate.stop();
}

/// An allocation that fails ends the process, as a panic does: no destructor, no half-done change.
/// Whether one fails here depends on what the process has left; either way what was acknowledged is
/// there after the next start.
#[test]
fn a_gate_starved_of_memory_comes_back_with_everything() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    // No more address space than it has: the next thing that it must ask the kernel for is refused.
    limit(&gate, &format!("--as={}:", kibibytes(gate.running.id(), "VmSize") * 1024));
    let long = format!("GET /verify HTTP/1.1\r\nHost: a\r\nCookie: {}", "c".repeat(60_000));
    let mut crowd = Vec::new();
    for _ in 0..600 {
        let Ok(mut connection) = Connection::try_open(gate.address) else { break };
        let _ = connection.try_send(long.as_bytes());
        crowd.push(connection);
        if !gate.running.is_running() {
            break;
        }
    }
    drop(crowd);
    println!("it {}", if gate.running.is_running() { "lasted" } else { "ended" });
    gate.kill();
    gate.start_again();
    assert!(gate.is_open_to(&token));
    assert!(!gate.running.text().contains("recovered"), "{}", gate.running.text());
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.9").status, 302);
}

/// A panic is a fault of ours that nothing catches: the process ends, the supervisor starts the
/// next. That the unit does so after any sudden end is seen in tests/packages.
#[test]
fn a_panic_aborts_in_the_released_form_and_the_unit_restarts_always() {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(top.join(name)).expect("a file of the project");
    let (manifest, unit) = (read("Cargo.toml"), read("systemd/portcullis.service"));
    let release = manifest
        .split("[profile.release]")
        .nth(1)
        .and_then(|rest| rest.split("\n[").next())
        .expect("a profile");
    assert!(release.lines().any(|line| line.trim() == "panic = \"abort\""), "{release}");
    assert!(unit.lines().any(|line| line == "Restart=always"), "{unit}");
}
