//! What other processes of the machine can see of the running gate.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use nix::unistd::geteuid;

use crate::support::daemon::{Done, ONE_DOMAIN, Place};
use crate::support::process::Running;
use crate::support::scratch::Scratch;
use crate::support::wait::{self, PATIENCE};

const SECRET: &str = "a-secret-from-the-environment-of-at-least-32-bytes";

/// Somebody who is not root.
const NOBODY: u32 = 65534;

#[test]
fn the_session_secret_does_not_stay_in_the_environment_of_the_process() {
    if !geteuid().is_root() {
        println!("skipped: only root may look");
        return;
    }
    let place = Place::new(ONE_DOMAIN)
        .with_environment("JWT_SECRET", SECRET)
        .with_environment("BESIDE_IT", "stays");
    let mut gate = place.start();
    let environment = fs::read(format!("/proc/{}/environ", gate.running.id())).expect("ours");
    let holds = |text: &str| environment.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!holds(SECRET) && !holds("JWT_SECRET"));
    assert!(holds("BESIDE_IT=stays"), "the rest is as it was");
    // It is in force all the same, before and after a restart.
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    assert!(gate.is_open_to(&token));
    gate.stop();
    gate.start_again();
    assert!(gate.is_open_to(&token));
    assert!(!gate.place.state().join("jwt.secret").exists());
}

/// As nobody, and so as one who may look at nobody's processes.
fn as_nobody(words: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"])
        .args(words);
    command
}

/// Needs root, to start the gate and the onlooker as somebody else.
#[test]
fn another_process_of_the_same_user_sees_neither_memory_nor_environment() {
    if !geteuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    // Where the program was built nobody else may be allowed.
    let scratch = Scratch::new("privacy");
    let program = scratch.path().join("portcullis");
    fs::copy(env!("CARGO_BIN_EXE_portcullis"), &program).expect("a copy");
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    let words = ["setpriv", &user[0], &user[1], "--clear-groups", program.to_str().expect("text")];
    let place = Place::new(ONE_DOMAIN).with_program(&words).with_environment("JWT_SECRET", SECRET);
    fs::create_dir(place.state()).expect("ours");
    for path in [scratch.path(), &place.state(), place.state().parent().expect("a folder")] {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("ours");
    }
    let mut gate = place.start();
    let mut other = as_nobody(&["sleep", "600"]);
    let other = Running::start("sleep", &mut other);
    wait::until("the other process", PATIENCE, || {
        let name = fs::read_to_string(format!("/proc/{}/comm", other.id())).ok()?;
        (name.trim() == "sleep").then_some(())
    });
    let sees = |process: u32, what: &str| {
        let look = format!(
            "head -c 1 /proc/{process}/{what} 2>&1 || exit 1; exec 3< /proc/{process}/{what}"
        );
        Done::from(as_nobody(&["sh", "-c", &look]).output().expect("setpriv (util-linux)"))
    };
    assert_eq!(sees(other.id(), "environ").status, 0, "it may look at others");
    assert_eq!(sees(gate.running.id(), "stat").status, 0, "what all may see");
    for what in ["environ", "maps"] {
        let seen = sees(gate.running.id(), what);
        assert!(seen.status != 0 && seen.out.contains("ermission denied"), "{what}: {seen:?}");
    }
    for (process, may) in [(other.id(), true), (gate.running.id(), false)] {
        let look = format!("exec 3< /proc/{process}/mem");
        let opened =
            Done::from(as_nobody(&["sh", "-c", &look]).output().expect("setpriv (util-linux)"));
        assert_eq!(opened.status == 0, may, "{opened:?}");
    }
    // Nor does it stand in its own way.
    let token = gate.log_in(&gate.place.add_user("owner"));
    assert!(gate.is_open_to(&token));
    gate.stop();
    let said = gate.running.text();
    assert!(!said.contains("stays in memory"), "{said}");
}
