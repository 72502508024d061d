//! Disks that are full, and become free again without a restart.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::geteuid;
use portcullis::ledger::StoreError;

use super::child::{LOGINS, changes, command, state_of};
use super::support::{Dir, NOW, open_sound};
use crate::support::faults::Faults;
use crate::support::{measure, wait};

/// Skipped without root, which may mount.
#[test]
fn a_full_disk_refuses_changes_and_takes_them_again_when_there_is_room() {
    let dir = Dir::new();
    let Some(disk) = Tmpfs::mount(&dir.state(), "4m") else {
        println!("skipped: needs root to mount a tmpfs");
        return;
    };
    let (mut store, _) = open_sound(&disk.0.join("gate"));
    store.commit(&changes(1), NOW).expect("commits");
    let filler = disk.0.join("filler");
    fill(&filler);
    let error = store.commit(&changes(2), NOW).expect_err("no room");
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(matches!(store.writable(), Err(StoreError::Full(_))));
    fs::remove_file(&filler).expect("removed");
    store.writable().expect("writable");
    store.commit(&changes(2), NOW).expect("commits");
    drop(store);
    assert_eq!(state_of(&open_sound(&disk.0.join("gate")).1), 2);
}

#[test]
fn a_write_that_fails_in_the_middle_changes_nothing_and_the_next_ones_succeed() {
    // A limit on the size of files fails writes where asking for room beforehand cannot see it
    // coming: at the end of the log's first segment, just behind it, and while the second one is
    // filled up.
    for kibibytes in [512, 513, 700] {
        let dir = Dir::new();
        drop(open_sound(&dir.state()));
        assert_eq!(limited(&dir.state(), kibibytes), "refused once", "{kibibytes}");
    }
}

#[test]
fn a_disk_too_full_to_open_the_store_loses_nothing() {
    let dir = Dir::new();
    drop(open_sound(&dir.state()));
    assert_eq!(limited(&dir.state(), 0), "not opened");
}

/// What the child below says under a limit.
fn limited(dir: &Path, kibibytes: u32) -> String {
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", kibibytes * 2);
    let inner = command("limited", dir);
    let mut outer = Command::new("sh");
    outer.args(["-c", &script, "sh"]).arg(inner.get_program()).args(inner.get_args());
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = outer.output().expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = said.lines().find_map(|line| line.strip_prefix("told: ")).map(str::to_owned);
    told.unwrap_or_else(|| said.into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// Commits until one is refused, and goes on in the same process.
pub fn commit_under_a_limit(dir: &Path) {
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).expect("a limit");
    let lift = || setrlimit(Resource::RLIMIT_FSIZE, hard, hard).expect("a higher limit");
    let (mut store, contents) = match super::support::open(dir) {
        Ok((store, opened)) => (store, opened.contents),
        Err(StoreError::Full(_)) => {
            lift();
            assert_eq!(state_of(&open_sound(dir).1), 0);
            println!("\ntold: not opened");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(state_of(&contents), 0);
    let refused = (1..4000).find(|number| match store.commit(&changes(*number), NOW) {
        Ok(()) => false,
        Err(StoreError::Full(_)) => true,
        Err(error) => panic!("{error}"),
    });
    let Some(refused) = refused else { panic!("never refused") };
    lift();
    store.writable().expect("writable");
    drop(store);
    let (mut store, contents) = open_sound(dir);
    assert_eq!(state_of(&contents), refused - 1, "what was refused has happened");
    store.commit(&changes(refused), NOW).expect("commits");
    drop(store);
    assert_eq!(state_of(&open_sound(dir).1), refused);
    println!("\ntold: refused once");
}

/// `flush`: the database has no part in the error, and would panic when it is let go.
#[test]
fn a_disk_that_fails_again_and_again_costs_no_memory_and_no_descriptor() {
    let (dir, faults) = (Dir::new(), Faults::new());
    let mut child = command("failing", &dir.state());
    child.envs(faults.environment(&dir.state())).stderr(Stdio::piped());
    let output = child.output().expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    said.lines().filter(|line| line.contains("KiB")).for_each(|line| println!("{line}"));
    assert!(output.status.success() && said.contains("told: nothing left"), "{said}{why}");
}

/// A commit is refused, and the disk works again: hundreds of times.
pub fn live_on_a_failing_disk(dir: &Path) {
    const FAILURES: u64 = 150;
    let switch = PathBuf::from(std::env::var_os("FAULTS_WHEN").expect("the switch"));
    let begin =
        |kind: &str| fs::write(&switch, format!("{} {kind}", Errno::EIO as i32)).expect("ours");
    let end = || fs::remove_file(&switch).expect("ours");
    let (mut store, _) = open_sound(dir);
    // Logins: no snapshot is written first, so it is the database that fails.
    let mut number = LOGINS;
    for kind in ["sync", "flush", "write"] {
        begin(kind);
        number += 1;
        let refused = store.commit(&changes(number), NOW).expect_err(kind);
        assert!(matches!(refused, StoreError::Failing(_)), "{refused}");
        let tried = store.writable().expect_err(kind);
        let written = measure::written(std::process::id());
        for _ in 0..50 {
            assert_eq!(store.commit(&changes(number), NOW).expect_err(kind), tried);
            assert_eq!(store.writable().expect_err(kind), tried);
        }
        assert_eq!(
            measure::written(std::process::id()),
            written,
            "{kind}: it is not tried with every call"
        );
        end();
        wait::until("the next try", wait::PATIENCE, || store.commit(&changes(number), NOW).ok());
    }
    let mut measured = || {
        for round in 0..FAILURES {
            begin(["sync", "flush"][usize::from(round % 2 == 1)]);
            number += 1;
            assert!(store.commit(&changes(number), NOW).is_err());
            end();
            store.commit(&changes(number), NOW).unwrap_or_else(|error| panic!("at once: {error}"));
        }
        let this = std::process::id();
        (measure::descriptors(this), measure::resident(this))
    };
    // sled frees what it let go of late, so memory is filled first.
    let (_, before, after) = (measured(), measured(), measured());
    println!("descriptors and KiB: {before:?}, after {FAILURES} failures {after:?}");
    assert_eq!(before.0, after.0, "descriptors");
    // A database that is kept costs 184 KiB.
    assert!(after.1 < before.1 + 40 * FAILURES, "memory: {before:?} {after:?}");
    drop(store);
    assert_eq!(state_of(&open_sound(dir).1), number);
    println!("\ntold: nothing left");
}

/// Takes all the room that is left.
pub fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file");
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
}

/// A small disk in memory, unmounted at the end.
pub struct Tmpfs(pub PathBuf);

impl Tmpfs {
    /// `None` where nothing can be mounted.
    pub fn mount(path: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(path).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(path);
        let mounted =
            geteuid().is_root() && mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(path.to_path_buf()))
    }

    pub fn remount(&self, how: &str) {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.0)
            .status()
            .expect("mount runs");
        assert!(done.success(), "remount,{how}: something is still written to");
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Skipped without root, which may mount.
#[test]
fn a_disk_that_takes_no_writes_at_the_opening_shows_what_was_acknowledged_and_takes_changes_when_it_can()
 {
    for read_only in [false, true] {
        let dir = Dir::new();
        let Some(disk) = Tmpfs::mount(&dir.state(), "4m") else {
            println!("skipped: needs root to mount a tmpfs");
            return;
        };
        let gate = disk.0.join("gate");
        let (mut store, _) = open_sound(&gate);
        (1..=7).for_each(|number| super::child::commit(&mut store, number));
        drop(store);
        let filler = disk.0.join("filler");
        if read_only {
            disk.remount("ro")
        } else {
            fill(&filler)
        }
        let (mut store, contents) = open_sound(&gate);
        assert_eq!(state_of(&contents), 7, "read-only {read_only}");
        assert!(
            store.writable().is_err() && store.commit(&changes(8), NOW).is_err(),
            "read-only {read_only}"
        );
        let again = super::support::open(&gate).err();
        assert!(matches!(again, Some(StoreError::Locked(_))), "read-only {read_only}: {again:?}");
        if read_only {
            disk.remount("rw");
        } else {
            fs::remove_file(&filler).expect("removed");
        }
        store
            .commit(&changes(8), NOW)
            .unwrap_or_else(|error| panic!("read-only {read_only}: {error}"));
        drop(store);
        assert_eq!(state_of(&open_sound(&gate).1), 8, "read-only {read_only}");
    }
}
