//! Ended at any moment: by `kill -9`, and by a pulled plug.

use std::fs;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::child::{Committing, assert_log, state_of};
use super::image::Disk;
use super::support::{Dir, open, rounds};
use crate::support::dice::Dice;
use crate::support::faults::Faults;
use crate::support::wait;

/// `STORE_KILLS` sets the number of rounds.
#[test]
fn whatever_was_acknowledged_before_a_kill_is_there_and_nothing_is_half_done() {
    let dir = Dir::new();
    let mut dice = Dice::new(1);
    let mut last = 0;
    for round in 0..rounds("STORE_KILLS", 30) {
        let mut child = Committing::start(&dir.state());
        // Some rounds end it while it opens the store.
        if round % 4 > 0 {
            child.wait_for(dice.below(8));
        }
        wait::before_the_blow(Duration::from_micros(dice.below(12_000)));
        let acknowledged = child.kill().max(last);
        let (store, opened) =
            open(&dir.state()).unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(opened.recovered, None, "round {round}");
        last = state_of(&opened.contents);
        assert_log(&store, last);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&last),
            "round {round}: {last} after {acknowledged}"
        );
    }
}

/// A file system on a loop device. Its image holds only what the file system has handed to the
/// disk: pages that nobody synced are not in it. So a copy of the image is the disk after the plug
/// was pulled. What it does not show is a disk that loses what is in its own cache. `STORE_CUTS`
/// sets the number of rounds; skipped without root and loop devices.
#[test]
fn whatever_was_acknowledged_before_a_power_cut_is_there_and_nothing_is_half_done() {
    let dir = Dir::new();
    fs::create_dir_all(dir.state()).expect("a folder");
    let Some(disk) = Disk::make(&dir.state()) else {
        println!("skipped: needs root, loop devices, mkfs.ext4");
        return;
    };
    let mut dice = Dice::new(2);
    for round in 0..rounds("STORE_CUTS", 15) {
        let mut child = Committing::start_logins(&disk.mounted.join("gate"));
        // The first round brings the log to the end of a segment: where its file grows, a missing
        // sync costs most.
        child.wait_for(if round == 0 { 420 } else { 1 + dice.below(60) });
        wait::before_the_blow(Duration::from_micros(dice.below(12_000)));
        let process = Pid::from_raw(child.id());
        kill(process, Signal::SIGSTOP).expect("a stop");
        let cut = disk.copy(&dir.state(), round);
        kill(process, Signal::SIGCONT).expect("a go");
        // What it says after this moment does not count, what it had said before does; the
        // difference cannot be heard, so the one commit in flight is allowed for below.
        let heard = child.acknowledged;
        child.kill();
        let (store, opened) = open(&cut.mounted.join("gate"))
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(opened.recovered, None, "round {round}");
        let found = state_of(&opened.contents);
        assert!(found >= heard, "round {round}: {found} after {heard}");
        assert_log(&store, found);
        drop(store);
    }
}

/// The plug pulled before and after every flush of a run, from the making of the store on: a
/// library loaded before the C library stops the process there, and the image is what the disk then
/// has. `STORE_FLUSHES` sets how many flushes are looked at, twice each; skipped without root and
/// loop devices.
#[test]
fn a_power_cut_at_any_flush_loses_nothing_that_was_acknowledged() {
    let dir = Dir::new();
    fs::create_dir_all(dir.state()).expect("a folder");
    let Some(disk) = Disk::make(&dir.state()) else {
        println!("skipped: needs root, loop devices, mkfs.ext4");
        return;
    };
    let faults = Faults::new();
    let gate = disk.mounted.join("gate");
    let mut child = Committing::start_stopping(&faults.library(), &gate);
    let stops = rounds("STORE_FLUSHES", 30) * 2;
    for stop in 0..stops {
        child.wait_for_flush();
        let cut = disk.copy(&dir.state(), stop);
        let heard = child.acknowledged;
        let (store, opened) =
            open(&cut.mounted.join("gate")).unwrap_or_else(|error| panic!("stop {stop}: {error}"));
        assert_eq!(opened.recovered, None, "stop {stop}");
        let found = state_of(&opened.contents);
        assert!((heard..=heard + 1).contains(&found), "stop {stop}: {found} after {heard}");
        drop(store);
        cut.discard();
        kill(Pid::from_raw(child.id()), Signal::SIGCONT).expect("a go");
    }
    println!("{stops} cuts over {} commits", child.acknowledged);
    assert!(child.acknowledged > 0, "only the making of the store was seen");
    child.kill();
}
