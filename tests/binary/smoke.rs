//! The life of a gate in short, with each binary. `tests/run` builds them; what is not there fails.

use std::path::Path;

use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place};

/// The path of the binary for `target`.
fn built(target: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/static").join(target).join("portcullis");
    assert!(path.is_file(), "no {}: image/binary {target} builds it", path.display());
    path.display().to_string()
}

/// A gate of that binary that is killed keeps its user and her session.
fn lives(target: &str, emulator: &[&str]) {
    let binary = built(target);
    let program: Vec<_> = emulator.iter().copied().chain([binary.as_str()]).collect();
    let place = Place::new(ONE_DOMAIN).with_program(&program);

    says(&place.run(&["--help"]), "serve");
    says(&place.run(&["version"]), env!("CARGO_PKG_VERSION"));
    says(&place.run(&["config", "check"]), "");

    let anna = place.add_user("anna");
    let mut gate = place.start();
    assert!(!gate.is_open_to("no.genuine.token"));
    assert_eq!(gate.post_code(&anna.wrong_code(), "198.51.100.2").status, 401);
    let token = gate.log_in(&anna);
    assert!(gate.is_open_to(&token));

    gate.kill();
    gate.start_again();
    assert!(gate.is_open_to(&token), "an acknowledged session outlives kill -9");
    speaks_of_users(&gate);
    gate.stop();
}

fn says(done: &Done, what: &str) {
    assert!(done.status == 0 && done.out.contains(what), "{done:?}");
}

/// The command line reaches the running daemon through its control socket: the peer's credentials
/// are read.
fn speaks_of_users(gate: &Daemon) {
    let users = gate.place.json(&["user", "list"]);
    assert_eq!((&users[0]["name"], &users[0]["sessions"]), (&"anna".into(), &1.into()), "{users}");
}

#[test]
fn the_binary_for_64_bit_boards_is_a_gate() {
    lives("aarch64-unknown-linux-musl", &["qemu-aarch64-static", "-cpu", "cortex-a53"]);
}

#[test]
#[ignore = "for tests/run release, which builds it"]
fn the_binary_for_32_bit_systems_is_a_gate() {
    lives("armv7-unknown-linux-musleabihf", &["qemu-arm-static", "-cpu", "cortex-a7"]);
}

/// The emulated processor is the one of the Raspberry Pi 1 and Zero: an instruction of a later one
/// ends the program.
#[test]
#[ignore = "for tests/run release, which builds it"]
fn the_binary_for_armv6_is_a_gate() {
    lives("arm-unknown-linux-musleabihf", &["qemu-arm-static", "-cpu", "arm1176"]);
}

#[test]
fn the_binary_for_pcs_is_a_gate() {
    lives("x86_64-unknown-linux-musl", &[]);
}
