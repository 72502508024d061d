//! Stores that older releases wrote: this one opens them with everything, and from then on they are
//! in its own form.
//!
//! They lie in `tests/vectors`, under a key of 32 sevens; the zeros at the end of `db/db` were cut,
//! and the empty `store.lock` left out.
//!
//! ```text
//! store-schema-1    twenty commits of `child.rs`, by a release that kept no audit log
//! store-schema-2    by the program of commit 36c6941: three users, 135 times `user enable` and
//!                   `user disable`, a write that failed (which makes the database small), four
//!                   wrong codes and a login by HTTP. Its library then put a previous session
//!                   secret in, which no verb of that release did
//! backup-schema-2   of that store, by `backup` of the same program, under the passphrase that
//!                   tests/gate/backup.rs uses
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::syncfs;
use portcullis::auth::session::Session;
use portcullis::auth::user::User;
use portcullis::entropy::System;
use portcullis::ledger::{Change, PortableUsers, Store, StoreError, StoredState};

use super::child::{Opening, state_without_passes_of};
use super::disk::{Tmpfs, fill};
use super::image::Disk;
use super::support::{Dir, NOW, copy, files, open, open_sound, user, whole_log};
use crate::support::faults::Faults;

/// A store that an older release wrote, and what must be found in it.
struct Older {
    schema: u32,
    assert_whole: fn(&Store, &StoredState),
    users: usize,
}

const ALL: [Older; 2] = [
    Older { schema: 1, assert_whole: assert_whole_1, users: 4 },
    Older { schema: 2, assert_whole: assert_whole_2, users: 3 },
];

impl Older {
    /// Lays it down as it was written.
    fn lay(&self, dir: &Path) {
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
        copy(&vectors.join(format!("store-schema-{}", self.schema)), dir);
        let file = fs::OpenOptions::new().write(true).open(dir.join("db/db")).expect("a file");
        file.set_len(512 * 1024).expect("a length");
        fs::write(dir.join("store.lock"), "").expect("written");
    }

    /// In a folder of its own.
    fn laid(&self) -> Dir {
        let dir = Dir::new();
        self.lay(&dir.state());
        dir
    }

    /// It opens with everything.
    fn assert_opens(&self, dir: &Path) {
        let (store, contents) = open_sound(dir);
        (self.assert_whole)(&store, &contents);
    }

    /// Today's store holds everything, and the snapshot is known to be its latest.
    fn assert_taken_over(&self, dir: &Path) {
        self.assert_opens(dir);
        let id = fs::read_to_string(dir.join("store.id")).expect("a file");
        assert!(id.contains("schema 3"), "{id}");
        let snapshot = fs::read(dir.join("snapshot")).expect("a file");
        assert_eq!(snapshot[..10], *b"PCSNAP\x03\0\0\0");
        let without = Dir::in_memory();
        copy(dir, &without.state());
        fs::remove_dir_all(without.state().join("db")).expect("removed");
        let (_store, opened) = open(&without.state()).unwrap_or_else(|error| panic!("{error}"));
        let told = opened.recovered.expect("a message");
        assert!(!told.contains("Nothing shows that it is the latest"), "{told}");
        assert_eq!(opened.contents.users.len(), self.users);
    }
}

fn assert_whole_1(store: &Store, contents: &StoredState) {
    assert_eq!(state_without_passes_of(contents), 20);
    let log = whole_log(store);
    assert_eq!((log.len(), log[0].why.as_str()), (1, "an older release kept none"));
}

fn assert_whole_2(store: &Store, contents: &StoredState) {
    let mut users: Vec<_> = contents.users.iter().map(told).collect();
    users.sort();
    assert_eq!(
        users,
        [
            "anna on admin 'Anna Example' anna@example.test family,photos 1796058795 \
             PIJIBDTKBOUWYFK4LYBQ56GNGH5IBF6M Sha1 Six Some(TimeStep(59868626)) 4042951450",
            "ben on user ''  family 1796058795 \
             O7BSYYJDALL4FGVOQVCKRUBCHO3L4B3X Sha256 Eight None 3375301727",
            "carl off user ''   1796058796 CWQ5Q2FCCTLQNEGFFZN25VTV4VMUORZD Sha1 Six None 916076654",
        ]
    );
    let [session] = &contents.sessions[..] else { panic!("{:?}", contents.sessions) };
    assert_eq!(
        said(session),
        "tAnpcjmoYYW2n0fRXCcqxA anna 1796058798 1827594798 1796058798 203.0.113.7 Mozilla/5.0 17802469155514556847"
    );
    let mut counters: Vec<_> =
        contents.counters.iter().map(|(key, counter)| format!("{key:?} {counter:?}")).collect();
    counters.sort();
    assert_eq!(
        counters,
        [
            "Address(V4(198.51.100.7)) Window(Window { times: [Timestamp(1796058798), Timestamp(1796058798)] })",
            "Address(V4(198.51.100.8)) Window(Window { times: [Timestamp(1796058798)] })",
            "Budget(StrangersInternet) Bucket(Bucket { spent: 4, since: Timestamp(1796058798) })",
        ]
    );
    let gate_record = &contents.gate_record;
    let [first, .., last] = gate_record.device_key.expose() else { panic!("a device key") };
    assert_eq!((first, last, gate_record.device_key.expose().len()), (&133, &81, 32));
    assert_eq!((gate_record.clock_floor.unix(), gate_record.ever_had_user), (1_796_056_314, true));
    let previous = gate_record.previous_session_secret.as_ref().expect("a secret");
    assert_eq!(previous.expose(), b"the session secret before this one");
    assert!(contents.passes.is_empty());
    // Of the file that was written under the old schema, and of the database.
    let log = whole_log(store);
    let count = |action: &str| log.iter().filter(|entry| entry.action == action).count();
    assert_eq!((log.len(), log[0].number, log[282].number), (283, 1, 283));
    let told = ["login", "user-enabled", "user-disabled", "gate-stopped"].map(count);
    assert_eq!(told, [4, 136, 137, 1]);
}

fn told(user: &User) -> String {
    let User { name, enabled, admin, display_name, email, groups, created, .. } = user;
    let (on, role) = (if *enabled { "on" } else { "off" }, if *admin { "admin" } else { "user" });
    let authenticator = &user.authenticator;
    format!(
        "{name} {on} {role} '{display_name}' {email} {} {} {} {:?} {:?} {:?} {}",
        groups.join(","),
        created.unix(),
        authenticator.seed.base32().as_str(),
        authenticator.algorithm,
        authenticator.digits,
        user.spent,
        user.generation
    )
}

fn said(session: &Session) -> String {
    let json = serde_json::to_value(session).expect("a session");
    let members =
        ["id", "user", "created", "expires", "last_seen", "client_ip", "user_agent", "key"];
    let texts = members.map(|name| match &json[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    texts.join(" ")
}

#[test]
fn a_store_of_an_older_release_opens_with_everything_and_is_taken_over() {
    for older in ALL {
        let dir = older.laid();
        older.assert_opens(&dir.state());
        older.assert_taken_over(&dir.state());
        let (mut store, before) = open_sound(&dir.state());
        store.commit(&[Change::PutUser(user("dora"))], NOW).expect("commits");
        drop(store);
        assert_eq!(open_sound(&dir.state()).1.users.len(), before.users.len() + 1);
    }
}

#[test]
fn the_snapshot_of_an_older_release_stands_in_for_a_database_that_is_lost_before_the_take_over() {
    for older in ALL {
        let dir = older.laid();
        fs::remove_dir_all(dir.state().join("db")).expect("removed");
        let (store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
        assert!(opened.recovered.is_some());
        assert_eq!(opened.contents.users.len(), older.users);
        let last = whole_log(&store).pop().expect("an entry");
        assert_eq!(last.why, "the snapshot stands in for a lost database");
        drop(store);
        assert_eq!(open_sound(&dir.state()).1.users.len(), older.users);
    }
}

/// After an update the gate need not be started first.
#[test]
fn a_store_of_an_older_release_is_backed_up_as_it_lies() {
    for older in ALL {
        let dir = older.laid();
        let bytes = |file: &PathBuf| fs::read(file).expect("a file");
        let before: Vec<_> = files(&dir.state()).iter().map(bytes).collect();
        let given = PortableUsers::of_store_in(&dir.state(), Some(&[7; 32]), System);
        let given = given.unwrap_or_else(|error| panic!("{error}")).expect("a store");
        assert_eq!((given.users.len(), given.passes.len()), (older.users, 0));
        assert!(files(&dir.state()).iter().map(bytes).eq(before), "something was written");
        older.assert_opens(&dir.state());
    }
}

#[test]
fn a_damaged_store_of_an_older_release_is_damaged_and_no_empty_one() {
    for older in ALL {
        let dir = older.laid();
        let file = dir.state().join("db/db");
        let mut bytes = fs::read(&file).expect("a file");
        bytes[9_000..12_000].fill(0);
        fs::write(&file, bytes).expect("written");
        match open(&dir.state()) {
            Ok((_, opened)) => {
                assert!(opened.recovered.is_some(), "schema {}", older.schema);
                assert_eq!(opened.contents.users.len(), older.users);
            }
            Err(error) => assert!(matches!(error, StoreError::Damaged(_)), "{error}"),
        }
    }
}

/// A card is full or worn out on the day of an update, too. Skipped without root, which may mount.
#[test]
fn a_store_of_schema_2_opens_where_the_disk_takes_no_write_and_is_taken_over_when_it_does() {
    let [_, older] = ALL;
    for read_only in [false, true] {
        let dir = Dir::new();
        let Some(disk) = Tmpfs::mount(&dir.state(), "4m") else {
            println!("skipped: needs root to mount a tmpfs");
            return;
        };
        let (gate, filler) = (disk.0.join("gate"), disk.0.join("filler"));
        older.lay(&gate);
        if read_only {
            disk.remount("ro")
        } else {
            fill(&filler)
        }
        let (mut store, contents) = open_sound(&gate);
        (older.assert_whole)(&store, &contents);
        assert!(store.writable().is_err(), "read-only {read_only}");
        if read_only {
            disk.remount("rw");
        } else {
            fs::remove_file(&filler).expect("removed");
        }
        store.commit(&[Change::PutUser(user("dora"))], NOW).expect("commits");
        drop(store);
        let (store, contents) = open_sound(&gate);
        assert_eq!((contents.users.len(), contents.sessions.len()), (4, 1));
        assert_eq!(whole_log(&store).len(), 283);
        let id = fs::read_to_string(gate.join("store.id")).expect("a file");
        assert!(id.contains("schema 3"), "{id}");
    }
}

/// Before each call that changes the disk the folder is what `kill -9` leaves there.
#[test]
fn a_take_over_that_is_killed_at_any_change_leaves_everything_and_is_ended_at_the_next_start() {
    let faults = Faults::new();
    for older in ALL {
        let (dir, mut stops) = (Dir::in_memory(), 0);
        older.lay(&dir.state());
        let mut opening = Opening::start(&faults.library(), "change", &dir.state());
        while opening.stops() {
            let cut = Dir::in_memory();
            copy(&dir.state(), &cut.state());
            println!("schema {}, stop {stops}", older.schema);
            older.assert_taken_over(&cut.state());
            opening.go_on();
            stops += 1;
        }
        println!("schema {}: {stops} changes", older.schema);
        assert!(stops > 40, "only {stops} changes were seen");
        older.assert_taken_over(&dir.state());
    }
}

/// Before each flush the image of a disk holds what those before it have brought there, and nothing
/// more. Skipped without root and loop devices.
#[test]
fn a_power_cut_at_any_flush_of_a_take_over_leaves_everything() {
    let faults = Faults::new();
    for older in ALL {
        let dir = Dir::new();
        fs::create_dir_all(dir.state()).expect("a folder");
        let Some(disk) = Disk::make(&dir.state()) else {
            println!("skipped: needs root, loop devices, mkfs.ext4");
            return;
        };
        let gate = disk.mounted.join("gate");
        older.lay(&gate);
        syncfs(fs::File::open(&gate).expect("a folder")).expect("synced");
        let (mut opening, mut stops) = (Opening::start(&faults.library(), "flush", &gate), 0);
        while opening.stops() {
            // Behind a flush the disk is as it is before the next one.
            if stops % 2 == 0 {
                let cut = disk.copy(&dir.state(), stops);
                println!("schema {}, stop {stops}", older.schema);
                older.assert_opens(&cut.mounted.join("gate"));
                cut.discard();
            }
            opening.go_on();
            stops += 1;
        }
        println!("schema {}: {} flushes", older.schema, stops / 2);
        assert!(stops > 40, "only {} flushes were seen", stops / 2);
        let end = disk.copy(&dir.state(), stops);
        older.assert_taken_over(&end.mounted.join("gate"));
    }
}
