//! What the store costs: the file after many commits, bytes a commit, time to open.

use std::fs;

use portcullis::clock;

use crate::child::{assert_log, commit, state_of};
use portcullis::auth::event::{Action, Actor, Event};
use portcullis::auth::totp::TimeStep;
use portcullis::store::Change;

use crate::image::Disk;
use crate::support::{Dir, NOW, open_sound, rounds, session, user};

/// `STORE_COMMITS` sets the number; 20,000 are ten years of a household's logins.
#[test]
fn the_file_does_not_grow_without_bound_and_opens_quickly() {
    let dir = Dir::new();
    let commits = rounds("STORE_COMMITS", 400);
    let (mut store, _) = open_sound(&dir.state());
    let length = || fs::metadata(dir.state().join("db/db")).map_or(0, |meta| meta.len());
    let (begun, mut longest) = (clock::monotonic(), 0);
    for number in 1..=commits {
        commit(&mut store, number);
        longest = longest.max(length());
        if number % 2000 == 0 {
            println!("{number} commits: {} KiB", length() / 1024);
        }
    }
    let took = clock::monotonic() - begun;
    let bytes = store.bytes_written();
    let closing = clock::monotonic();
    drop(store);
    let opening = clock::monotonic();
    let (store, contents) = open_sound(&dir.state());
    let opened = clock::monotonic() - opening;
    assert_eq!(state_of(&contents), commits);
    assert_log(&store, commits);
    drop(store);
    println!(
        "{commits} commits: {} bytes and {:?} each, file at most {} KiB, closed in {:?}, opened in {opened:?}",
        bytes / commits,
        took / u32::try_from(commits).expect("a small number"),
        longest / 1024,
        opening - closing,
    );
    assert!(longest < 16 * 1024 * 1024, "{longest} bytes");
}

/// A login changes a user's spent step, begins a session and ends an old one; it takes no snapshot. Measured at the
/// disk, with everything that ext4 writes for it. Skipped without root and loop devices.
#[test]
fn a_login_writes_less_than_16_kib() {
    let dir = Dir::new();
    fs::create_dir_all(dir.state()).expect("a folder");
    let Some(disk) = Disk::make(&dir.state()) else {
        println!("skipped: needs root, loop devices, mkfs.ext4");
        return;
    };
    let (mut store, _) = open_sound(&disk.mounted.join("gate"));
    let mut anna = user("anna");
    store.commit(&[Change::PutUser(anna.clone())], NOW).expect("commits");
    let logins = rounds("STORE_LOGINS", 200);
    let (before, counted) = (disk.written().expect("a count"), store.bytes_written());
    let mut old = session("anna");
    for number in 0..logins {
        anna.spend(TimeStep::new(number + 1));
        let new = session("anna");
        let told =
            Event::new(Action::Login, Actor::User(anna.name.clone())).about("anna").from([203, 0, 113, 7].into());
        let login = [
            Change::PutUser(anna.clone()),
            Change::EndSession(old.id),
            Change::PutSession(new.clone()),
            Change::Audit(told),
        ];
        store.commit(&login, NOW).expect("commits");
        old = new;
    }
    let each = (disk.written().expect("a count") - before) / logins;
    println!("{each} bytes a login at the disk, {} as the store counts", (store.bytes_written() - counted) / logins);
    assert!(each < 16 * 1024, "{each} bytes");
    drop(store);
}
