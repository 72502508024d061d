//! Disks that fill up, fail and become read-only under the running gate, and before it starts.
//!
//! The promise: no write, no login; who is inside stays inside; no crash; and it recovers by itself
//! as soon as the disk does. The faults come from a library loaded before the C library and, where
//! root may mount, from the kernel itself.

use crate::support::small_disk::SmallDisk;
use nix::errno::Errno;

use crate::support::codes::{Person, current_step};
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::faults::{FalseDisk, Faults};
use crate::support::http::{Answer, Ask};
use crate::support::scratch::Scratch;
use crate::support::wait::{self, PATIENCE};

/// Nobody logs in, with no code; sessions live; the gate says that it is not ready.
fn stands_firm(gate: &mut Daemon, owner: &Person, token: &str, what: &str) {
    for n in 0..3 {
        let wrong = gate.post_code(&owner.wrong_code(), &format!("10.1.1.{n}"));
        assert_eq!(wrong.status, 503, "{what}: {wrong:?}");
        assert!(gate.is_open_to(token), "{what}: people inside stay inside");
    }
    let right = gate.post_code(&owner.fresh_code(), "10.1.2.1");
    assert_eq!(
        (right.status, right.all("set-cookie").count()),
        (503, 0),
        "{what}: no write, no login"
    );
    let plain = right.text();
    assert!(
        plain.contains("<html") && !plain.contains("/state"),
        "{what}: a plain reason without our paths: {plain}"
    );
    assert_eq!(Ask::get("/health").send(gate.address).status, 200, "{what}");
    // A refused order says so, and changes nothing.
    let added = gate.place.run(&["user", "add", "nobody"]);
    assert_ne!(added.status, 0, "{what}: {added:?}");
    assert!(gate.running.is_running(), "{what}");
}

/// With the next step's code: nobody has had it, and a refusal for the disk's sake does not spend
/// it.
fn next_login(gate: &Daemon, owner: &Person) -> Answer {
    gate.post_code(&owner.code_at(current_step() + 1), "10.1.3.1")
}

/// A login is taken again by the same process, and everything is there after `kill -9`.
fn has_recovered(mut gate: Daemon, owner: &Person, token: &str, what: &str) {
    let again =
        wait::until("a login", PATIENCE * 2, || next_login(&gate, owner).cookie("auth_token"));
    // Its answer is good for a second.
    wait::until("readiness", PATIENCE, || {
        (Ask::get("/ready").send(gate.address).status == 200).then_some(())
    });
    gate.kill();
    gate.start_again();
    assert!(gate.is_open_to(token) && gate.is_open_to(&again), "{what}: after a restart");
    assert_eq!(gate.place.json(&["user", "list"]).as_array().map(Vec::len), Some(1), "{what}");
    let said = gate.running.text();
    assert!(!said.contains("recovered"), "{what}: nothing was lost: {said}");
}

/// A gate whose disk can be made to fail, with the owner signed in.
fn settled(faults: &Faults, mut place: Place) -> (Daemon, Person, String) {
    for (name, value) in faults.environment(&place.state()) {
        place = place.with_environment(name, &value);
    }
    let gate = place.start();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    (gate, owner, token)
}

/// A panic is an abort in the released program.
fn never_panicked(gate: &Daemon, what: &str) {
    let said = gate.running.text();
    assert!(!said.contains("panicked"), "{what}: {said}");
}

#[test]
fn errors_of_the_disk_refuse_logins_spare_sessions_and_mend_without_a_restart() {
    for (errno, kind) in [
        (Errno::EIO, "sync"),
        (Errno::EIO, "flush"),
        (Errno::EIO, "write"),
        (Errno::EIO, "all"),
        (Errno::ENOSPC, "write"),
        (Errno::ENOSPC, "sync"),
        (Errno::EROFS, "all"),
    ] {
        let what = format!("{errno} of {kind}");
        let faults = Faults::new();
        let (mut gate, owner, token) = settled(&faults, Place::new(ONE_DOMAIN));
        faults.begin(errno as i32, kind);
        stands_firm(&mut gate, &owner, &token, &what);
        faults.end();
        never_panicked(&gate, &what);
        has_recovered(gate, &owner, &token, &what);
    }
}

/// What takes no writes when the gate starts is told by the errors alone: the file system does not
/// say that it is read-only.
#[test]
fn a_start_on_a_failing_disk_serves_who_is_inside_and_recovers() {
    for (errno, kind) in [
        (Errno::EIO, "sync"),
        (Errno::EIO, "write"),
        (Errno::EROFS, "all"),
        (Errno::ENOSPC, "all"),
        (Errno::EDQUOT, "all"),
    ] {
        let what = format!("a start with {errno} of {kind}");
        let (faults, control) = (Faults::new(), Scratch::new("control"));
        let place = Place::new(ONE_DOMAIN).with_control(&control.path().join("socket"));
        let (mut gate, owner, token) = settled(&faults, place);
        // As a failed try to write the database anew leaves it: there is something to tidy.
        faults.begin(errno as i32, kind);
        assert_eq!(gate.post_code(&owner.wrong_code(), "10.1.1.9").status, 503, "{what}");
        gate.kill();
        std::fs::create_dir_all(gate.place.state().join("db.new")).expect("ours");
        gate.start_again();
        stands_firm(&mut gate, &owner, &token, &what);
        faults.end();
        never_panicked(&gate, &what);
        has_recovered(gate, &owner, &token, &what);
    }
}

/// The kernel's own errors: the loop device's backing file finds no room, ext4 gives EIO and
/// becomes read-only for good. There is no repair without another mount; the gate must last until
/// then, and a restart as well.
#[test]
fn a_dying_disk_refuses_logins_spares_sessions_and_a_restart_after_its_repair_has_everything() {
    let dir = Scratch::new("dying");
    let Some(disk) = FalseDisk::make(dir.path()) else {
        eprintln!("skipped: needs root, loop devices, mkfs.ext4");
        return;
    };
    let control = Scratch::new("control");
    let place = Place::new(ONE_DOMAIN).with_state(&disk.mounted().join("gate"));
    let mut gate = place.with_control(&control.path().join("socket")).start();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    disk.starve();
    // The first writes may go where the image has room already.
    let mut n = 0_u32;
    wait::until("the device's first error", PATIENCE * 2, || {
        n += 1;
        let answer = gate.post_code(&owner.wrong_code(), &format!("10.8.{}.{}", n / 250, n % 250));
        let _ =
            std::fs::write(disk.mounted().join("more"), vec![n.to_le_bytes()[0]; 8 * 1024 * 1024]);
        assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
        (answer.status == 503).then_some(())
    });
    stands_firm(&mut gate, &owner, &token, "a dying disk");
    assert_eq!(Ask::get("/ready").send(gate.address).status, 503);
    never_panicked(&gate, "a dying disk");
    gate.kill();
    gate.start_again();
    stands_firm(&mut gate, &owner, &token, "a start on a dying disk");
    never_panicked(&gate, "a start on a dying disk");
    gate.kill();
    disk.repair();
    has_started_well(gate, &owner, &token);
}

fn has_started_well(mut gate: Daemon, owner: &Person, token: &str) {
    gate.start_again();
    assert!(gate.is_open_to(token));
    assert_eq!(gate.place.json(&["user", "list"])[0]["name"], "owner");
    gate.place.json(&["limit", "clear", "--all"]);
    wait::until("a login", PATIENCE * 2, || (next_login(&gate, owner).status == 302).then_some(()));
    gate.stop();
}

/// One mebibyte: the database fits, and no room is left to change it.
#[test]
fn a_disk_that_is_too_small_from_the_first_day_refuses_every_change_with_the_reason() {
    let dir = Scratch::new("small");
    let Some(_disk) = SmallDisk::mount(dir.path(), "1m") else {
        eprintln!("skipped: only root can mount a small disk");
        return;
    };
    let mut gate = Place::new(ONE_DOMAIN).with_state(&dir.path().join("gate")).start();
    let refused = gate.place.run(&["user", "add", "owner"]);
    assert!(refused.status != 0 && refused.err.contains("no room"), "{refused:?}");
    assert_eq!(gate.post_code("123456", "10.1.1.1").status, 503);
    assert_eq!(Ask::get("/ready").send(gate.address).status, 503);
    assert!(gate.running.is_running());
    gate.stop();
}

/// The plug was pulled with a full card, or the card has become read-only: who was signed in stays
/// so.
#[test]
fn a_start_on_a_disk_that_takes_no_writes_serves_who_is_inside_and_recovers() {
    for read_only in [false, true] {
        let what = if read_only { "read-only" } else { "full" };
        let dir = Scratch::new("full");
        let Some(disk) = SmallDisk::mount(dir.path(), "4m") else {
            eprintln!("skipped: only root can mount a small disk");
            return;
        };
        let control = Scratch::new("control");
        let place = Place::new(ONE_DOMAIN).with_state(&dir.path().join("gate"));
        let mut gate = place.with_control(&control.path().join("socket")).start();
        let owner = gate.place.add_user("owner");
        let (token, ended) = (gate.log_in(&owner), gate.log_in(&gate.place.add_user("gone")));
        gate.place.json(&["user", "remove", "gone"]);
        gate.kill();
        let filler = dir.path().join("filler");
        if read_only {
            disk.remount("ro");
        } else {
            let mut file = std::fs::File::create(&filler).expect("ours");
            while std::io::Write::write_all(&mut file, &[0; 512]).is_ok() {}
        }
        gate.start_again();
        assert!(gate.is_open_to(&token) && !gate.is_open_to(&ended), "{what}");
        stands_firm(&mut gate, &owner, &token, what);
        assert_eq!(Ask::get("/ready").send(gate.address).status, 503, "{what}");
        assert!(
            gate.running.text().contains("opened for reading only"),
            "{what}: {}",
            gate.running.text()
        );
        let left = std::fs::read_dir("/dev/shm").map_or(0, |entries| {
            let ours = format!("portcullis-{}-", gate.running.id());
            entries
                .flatten()
                .filter(|entry| entry.file_name().to_string_lossy().starts_with(&ours))
                .count()
        });
        assert_eq!(left, 0, "{what}: the copy is gone");
        never_panicked(&gate, what);
        if read_only {
            disk.remount("rw");
        } else {
            std::fs::remove_file(&filler).expect("ours");
        }
        has_recovered(gate, &owner, &token, what);
    }
}
