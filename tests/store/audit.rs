//! The audit log on a real file system: long, pruned, damaged, salvaged.

use std::fs;
use std::path::Path;
use std::time::Duration;

use portcullis::auth::audit::{AuditEntry, Missing, Walk};
use portcullis::auth::event::{Action, Actor, Event};
use portcullis::clock::{self, Timestamp};
use portcullis::ledger::{Change, GateRecord, Store};

use super::support::{Dir, NOW, copy, files, open, open_sound, rounds, session, user, whole_log};

const DAY: u64 = 86_400;
const MOST: u64 = 50_000;

fn event(about: u64) -> Change {
    Change::Audit(
        Event::new(Action::Login, Actor::Visitor).about(about).from([203, 0, 113, 7].into()),
    )
}

fn day(days: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(days * DAY))
}

/// So many entries, in commits of a hundred.
fn fill(store: &mut Store, entries: u64, now: Timestamp) {
    for from in (0..entries).step_by(100) {
        let changes: Vec<_> = (from..entries.min(from + 100)).map(event).collect();
        store.commit(&changes, now).expect("commits");
    }
}

fn numbers(log: &[AuditEntry]) -> (u64, u64) {
    (log.first().map_or(0, |entry| entry.number), log.last().map_or(0, |entry| entry.number))
}

fn broken(store: &Store) -> Option<u64> {
    let log = store.audit();
    let mut walk = Walk::behind(log.anchor());
    for piece in log.pieces() {
        let Ok(entries) = log.read(piece) else { return Some(piece.first) };
        if let Err(broken) = entries.iter().try_for_each(|entry| walk.step(entry)) {
            return Some(broken.number());
        }
    }
    walk.end(log.head()).err().map(|broken| broken.number())
}

#[test]
fn a_new_store_says_that_its_log_begins_and_each_commit_adds_to_it() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna")), event(1), event(2)], NOW).expect("commits");
    store.commit(&[Change::PutSession(session("anna"))], NOW).expect("commits");
    drop(store);
    let (store, _) = open_sound(&dir.state());
    let log = whole_log(&store);
    let told: Vec<_> = log
        .iter()
        .map(|entry| (entry.number, entry.action.as_str(), entry.subject.as_str()))
        .collect();
    assert_eq!(told, [(1, "log-begun", ""), (2, "login", "1"), (3, "login", "2")]);
    assert_eq!(log[0].why, "a new store");
}

#[test]
fn old_entries_lie_in_private_files_that_tell_nothing() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    fill(&mut store, 1_000, NOW);
    assert_eq!(numbers(&whole_log(&store)), (1, 1_001));
    drop(store);
    let parts = files(&dir.state().join("audit"));
    assert_eq!(parts.len(), 3, "{parts:?}");
    for part in parts {
        let bytes = fs::read(&part).expect("a file");
        assert!(!bytes.windows(5).any(|text| text == b"login"), "{}", part.display());
    }
    let (store, _) = open_sound(&dir.state());
    assert_eq!(numbers(&whole_log(&store)), (1, 1_001));
}

#[test]
fn what_is_too_old_goes_and_the_rest_is_still_proven() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    for n in 0..10 {
        fill(&mut store, 100, day(n));
    }
    let hour = Duration::from_secs(3_600);
    // Two files as a whole; the third is cut in its middle.
    store.prune_audit(day(6).plus(hour), MOST, day(10)).expect("pruned");
    assert_eq!(numbers(&whole_log(&store)), (702, 1_001));
    let commits = store.commits();
    store.prune_audit(day(7), MOST, day(10)).expect("pruned");
    assert_eq!(
        (store.commits(), numbers(&whole_log(&store))),
        (commits, (702, 1_001)),
        "a day's grace saves writes"
    );
    drop(store);
    let (mut store, _) = open_sound(&dir.state());
    assert_eq!(numbers(&whole_log(&store)), (702, 1_001));
    assert_eq!(files(&dir.state().join("audit")).len(), 1);
    store.prune_audit(day(9), MOST, day(10)).expect("pruned");
    assert_eq!(numbers(&whole_log(&store)), (902, 1_001), "from the database, too");
    store.prune_audit(day(100), MOST, day(100)).expect("pruned");
    assert_eq!(whole_log(&store), []);
    fill(&mut store, 1, day(100));
    assert_eq!(numbers(&whole_log(&store)), (1_002, 1_002));
    drop(store);
    assert_eq!(numbers(&whole_log(&open_sound(&dir.state()).0)), (1_002, 1_002));
}

/// What somebody who starts the gate would notice; the quickest of five starts each are compared.
const NOTICEABLE: Duration = Duration::from_millis(500);

/// `STORE_ENTRIES` sets the number of entries that are kept.
#[test]
fn a_flood_does_not_grow_the_store_without_bound_and_opening_stays_quick() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    drop(store);
    let opened = |dir: &Path| {
        let times = (0..5).map(|_| {
            let begun = clock::monotonic();
            drop(open_sound(dir));
            clock::monotonic() - begun
        });
        times.min().unwrap_or_default()
    };
    let empty = opened(&dir.state());
    let most = rounds("STORE_ENTRIES", 2_000);
    let (mut store, _) = open_sound(&dir.state());
    fill(&mut store, most + 1_000, NOW);
    store.prune_audit(Timestamp::default(), most, NOW).expect("pruned");
    let begun = clock::monotonic();
    let log = whole_log(&store);
    let walked = clock::monotonic() - begun;
    assert!((most - 255..=most).contains(&(log.len() as u64)), "{}", log.len());
    drop(store);
    let bytes: u64 = files(&dir.state())
        .iter()
        .map(|file| fs::metadata(file).map_or(0, |meta| meta.len()))
        .sum();
    let full = opened(&dir.state());
    println!(
        "{} entries: {} KiB on the disk, walked in {walked:?}, opened in {full:?}, an empty store in {empty:?}",
        log.len(),
        bytes / 1024
    );
    assert!(bytes < 8 * 1024 * 1024 + most * 160, "{bytes} bytes");
    assert!(full < empty + NOTICEABLE, "{full:?} after {empty:?}");
}

#[test]
fn a_part_that_is_missing_damaged_or_another_ones_is_noticed_and_keeps_nobody_out() {
    let (dir, scratch) = (Dir::new(), Dir::new());
    let (mut store, _) = open_sound(&dir.state());
    fill(&mut store, 1_000, NOW);
    drop(store);
    let parts = ["audit/000000000001", "audit/000000000257", "audit/000000000513"];
    type Harm = fn(&Path, &Path);
    let harms: [(&str, Harm); 5] = [
        ("removed", |part, _| fs::remove_file(part).expect("removed")),
        ("cut", |part, _| {
            let bytes = fs::read(part).expect("a file");
            fs::write(part, &bytes[..bytes.len() - 1]).expect("written");
        }),
        ("emptied", |part, _| fs::write(part, b"").expect("written")),
        ("replaced", |part, other| assert!(fs::copy(other, part).expect("copied") > 0)),
        ("one bit flipped", |part, _| {
            let mut bytes = fs::read(part).expect("a file");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(part, bytes).expect("written");
        }),
    ];
    for (which, part) in parts.iter().enumerate() {
        for (what, harm) in &harms {
            let _ = fs::remove_dir_all(scratch.state());
            copy(&dir.state(), &scratch.state());
            harm(&scratch.state().join(part), &scratch.state().join(parts[(which + 1) % 3]));
            let (mut store, _) = open_sound(&scratch.state());
            let first = 1 + 256 * which as u64;
            assert_eq!(broken(&store), Some(first), "{part} {what}");
            if which == 0 {
                fill(&mut store, 100, NOW);
                assert_eq!(broken(&store), Some(first), "{part} {what}, and the log goes on");
            }
        }
    }
}

#[test]
fn a_lost_database_leaves_what_was_filed_and_the_log_says_so() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    fill(&mut store, 1_000, NOW);
    drop(store);
    fs::write(dir.state().join("db/db"), b"no database").expect("written");
    let (mut store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
    assert!(opened.recovered.is_some());
    let log = whole_log(&store);
    assert_eq!(
        (numbers(&log), log.len()),
        ((1, 1_002), 769),
        "three files, and the line that tells of it"
    );
    let last = log.last().expect("an entry");
    assert_eq!(
        (last.action.as_str(), last.why.as_str()),
        ("log-begun", "the snapshot stands in for a lost database")
    );
    assert_eq!(last.missing(), [Missing { first: Some(769), last: Some(1_001) }]);
    fill(&mut store, 300, NOW);
    assert_eq!(numbers(&whole_log(&store)), (1, 1_302));
    drop(store);
    // With a gap the files before it are not part of the chain any more.
    fs::remove_file(dir.state().join("audit/000000000257")).expect("removed");
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    let (store, _) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
    let log = whole_log(&store);
    assert_eq!(numbers(&log), (513, 1_303));
    let [older, newer] = log.last().expect("an entry").missing()[..] else {
        panic!("{:?}", log.last())
    };
    assert_eq!((older, newer.last), (Missing { first: None, last: Some(512) }, Some(1_302)));
    assert!(newer.first > Some(1_002));
}

#[test]
fn entries_that_are_lost_are_known_to_be_missing_whatever_is_left() {
    type Loss = fn(&Path);
    let losses: [(&str, Loss, Missing); 3] = [
        ("none was filed yet", |_| {}, Missing { first: None, last: Some(101) }),
        (
            "store.seq is lost as well",
            |dir| fs::remove_file(dir.join("store.seq")).expect("removed"),
            Missing { first: Some(1), last: None },
        ),
        (
            "store.seq is of an older release",
            |dir| {
                let mut bytes = fs::read(dir.join("store.seq")).expect("a file");
                for slot in [0, 512] {
                    bytes[slot + 24..slot + 56].fill(0);
                }
                fs::write(dir.join("store.seq"), bytes).expect("written");
            },
            Missing { first: Some(1), last: None },
        ),
    ];
    for (what, loss, expected) in losses {
        let dir = Dir::new();
        let (mut store, contents) = open_sound(&dir.state());
        let settings = GateRecord { ever_had_user: true, ..contents.gate_record };
        store
            .commit(&[Change::PutUser(user("anna")), Change::PutGateRecord(settings)], NOW)
            .expect("commits");
        fill(&mut store, 100, NOW);
        drop(store);
        fs::remove_dir_all(dir.state().join("db")).expect("removed");
        loss(&dir.state());
        let (mut store, _) = open(&dir.state()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(whole_log(&store)[0].missing(), [expected], "{what}");
        // The line goes the way of all lines, and keeps its meaning in a file.
        fill(&mut store, 300, NOW);
        drop(store);
        let log = whole_log(&open_sound(&dir.state()).0);
        assert_eq!(
            (log[0].missing().as_slice(), log.len()),
            ([expected].as_slice(), 301),
            "{what}"
        );
    }
}

#[test]
fn a_full_disk_takes_no_entry_and_no_change_and_both_when_there_is_room() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    fill(&mut store, 250, NOW);
    // Where the folder should be is a file: nothing can be filed, and nothing is lost by it.
    fs::write(dir.state().join("audit"), b"in the way").expect("written");
    fill(&mut store, 300, NOW);
    assert_eq!(numbers(&whole_log(&store)), (1, 551));
    fs::remove_file(dir.state().join("audit")).expect("removed");
    fill(&mut store, 1, NOW);
    assert_eq!(
        (numbers(&whole_log(&store)), files(&dir.state().join("audit")).len()),
        ((1, 552), 2)
    );
    drop(store);
    assert_eq!(numbers(&whole_log(&open_sound(&dir.state()).0)), (1, 552));
}

#[test]
fn an_old_copy_of_the_database_cannot_shorten_the_log() {
    let (dir, aside) = (Dir::new(), Dir::new());
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[event(1)], NOW).expect("commits");
    drop(store);
    copy(&dir.state().join("db"), &aside.state());
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[event(2)], NOW).expect("commits");
    drop(store);
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    copy(&aside.state(), &dir.state().join("db"));
    let (store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
    assert!(opened.recovered.is_some());
    assert!(whole_log(&store)[0].why.contains("snapshot"));
}
