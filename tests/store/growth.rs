//! What the store costs: the file after many commits, bytes a commit, time to open.

use std::fs::{self, File};
use std::time::Duration;

use nix::unistd::syncfs;
use portcullis::auth::session::Session;
use portcullis::auth::user::User;
use portcullis::clock;

use super::child::{assert_log, commit, state_of};
use portcullis::auth::event::{Action, Actor, Event};
use portcullis::auth::totp::TimeStep;
use portcullis::ledger::{Change, Store};

use super::image::{Disk, SILENT};
use super::support::{Dir, NOW, open_sound, rounds, session, user};
use crate::support::wait;

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

/// A login changes a user's spent step, begins a session and ends an old one; it takes no snapshot.
/// Measured at the disk, with everything that ext4 writes for it. Skipped without root and loop
/// devices.
#[test]
fn a_login_writes_less_than_16_kib() {
    let dir = Dir::new();
    fs::create_dir_all(dir.state()).expect("a folder");
    let Some(disk) = Disk::make(&dir.state()) else {
        println!("skipped: needs root, loop devices, mkfs.ext4");
        return;
    };
    let mut visitor = Visitor::join(&disk);
    let logins = rounds("STORE_LOGINS", 200);
    let (before, counted) = (disk.written().expect("a count"), visitor.store.bytes_written());
    for number in 1..=logins {
        visitor.log_in(number);
    }
    let each = (disk.written().expect("a count") - before) / logins;
    println!(
        "{each} bytes a login at the disk, {} as the store counts",
        (visitor.store.bytes_written() - counted) / logins
    );
    assert!(each < 16 * 1024, "{each} bytes");
}

/// The same where everything else was written before: ext4 then writes inode and journal for each.
/// More than 32 KiB would be a second inode, or a file that has become longer. Written through
/// after each login, or left to the kernel for `STORE_PAUSE` seconds; `STORE_MOUNT` names other
/// options of mount(8). Skipped without root and loop devices.
#[test]
fn a_login_on_its_own_writes_one_block_of_inodes() {
    let dir = Dir::new();
    fs::create_dir_all(dir.state()).expect("a folder");
    let options = std::env::var("STORE_MOUNT").unwrap_or(SILENT.to_owned());
    let Some(disk) = Disk::make_mounted(&dir.state(), &options) else {
        println!("skipped: needs root, loop devices, mkfs.ext4");
        return;
    };
    let pause = Duration::from_secs(rounds("STORE_PAUSE", 0));
    let write_through = || syncfs(File::open(&disk.mounted).expect("the disk")).expect("written");
    let mut visitor = Visitor::join(&disk);
    // Into the log's second segment: the first is as long as the file from the beginning.
    (1..=BEFORE).for_each(|number| visitor.log_in(number));
    write_through();
    wait::for_write_back(pause);
    let logins = rounds("STORE_LOGINS", 20);
    let before = disk.written().expect("a count");
    for number in 1..=logins {
        visitor.log_in(BEFORE + number);
        if pause.is_zero() { write_through() } else { wait::for_write_back(pause) }
    }
    let each = (disk.written().expect("a count") - before) / logins;
    println!("{each} bytes a login on its own at the disk, mounted with {options}");
    assert!(each < 32 * 1024, "{each} bytes");
}

/// So many logins fill more than a segment.
const BEFORE: u64 = 420;

/// A user whose logins are measured.
struct Visitor {
    store: Store,
    anna: User,
    session: Session,
}

impl Visitor {
    fn join(disk: &Disk) -> Self {
        let (mut store, _) = open_sound(&disk.mounted.join("gate"));
        let anna = user("anna");
        store.commit(&[Change::PutUser(anna.clone())], NOW).expect("commits");
        Self { store, anna, session: session("anna") }
    }

    fn log_in(&mut self, number: u64) {
        self.anna.spend(TimeStep::new(number));
        let old = std::mem::replace(&mut self.session, session("anna"));
        let told = Event::new(Action::Login, Actor::User(self.anna.name.clone()))
            .about("anna")
            .from([203, 0, 113, 7].into());
        let login = [
            Change::PutUser(self.anna.clone()),
            Change::EndSession(old.id),
            Change::PutSession(self.session.clone()),
            Change::Audit(told),
        ];
        self.store.commit(&login, NOW).expect("commits");
    }
}
