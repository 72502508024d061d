//! Every combination of present, old and missing files of the state directory.
//!
//! The rule: whatever there is of today's state is not contradicted. The store opens with all of
//! it, or stands on a snapshot that is as new as anything else there and says so, or refuses. Only
//! an empty folder is a first start.

use std::fs;
use std::path::Path;

use portcullis::auth::event::{Action, Actor, Event};
use portcullis::auth::totp::TimeStep;
use portcullis::ledger::{
    Change, GateRecord, PortableUsers, Store, StoreError, StoredState, load_or_create_key,
};

use portcullis::entropy::System;

use super::support::{Dir, NOW, copy, fingerprint, name, open, open_sound, pass, session, user};

/// All that belongs to a store but its key, which comes from outside here.
const PARTS: [&str; 5] = ["db", "store.seq", "snapshot", "store.id", "audit"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Present,
    Old,
    Missing,
}

/// All `3^PARTS` of them.
fn combinations() -> impl Iterator<Item = [Is; PARTS.len()]> {
    (0..3_usize.pow(PARTS.len() as u32)).map(|number| {
        let mut rest = number;
        PARTS.map(|_| {
            let is = [Is::Present, Is::Old, Is::Missing][rest % 3];
            rest /= 3;
            is
        })
    })
}

fn lay(today: &Path, old: &Path, parts: [Is; PARTS.len()], to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a folder");
    for (part, is) in PARTS.into_iter().zip(parts) {
        let from = match is {
            Is::Present => today,
            Is::Old => old,
            Is::Missing => continue,
        };
        match from.join(part) {
            folder if folder.is_dir() => copy(&folder, &to.join(part)),
            file if file.is_file() => assert!(fs::copy(&file, to.join(part)).is_ok()),
            _ => {}
        }
    }
}

fn fill(store: &mut Store, entries: u32) {
    for number in 0..entries / 50 {
        let event = Event::new(Action::Login, Actor::Visitor).about(number);
        store.commit(&vec![Change::Audit(event); 50], NOW).expect("commits");
    }
}

/// Names and whether they may log in: what a recovery must not get wrong.
fn people(contents: &StoredState) -> Vec<(String, bool)> {
    let mut people: Vec<_> =
        contents.users.iter().map(|user| (user.name.to_string(), user.enabled)).collect();
    people.sort();
    people
}

/// Identifiers of the passes, which a recovery must not get wrong either.
fn passes(contents: &StoredState) -> Vec<String> {
    let mut passes: Vec<_> = contents.passes.iter().map(|pass| pass.id.to_string()).collect();
    passes.sort();
    passes
}

struct Eras {
    _dirs: [Dir; 3],
    old: StoredState,
    today: StoredState,
}

/// A store twice: as it was, with people or on its first day, and as it is.
fn eras(dirs: [Dir; 3], with_people: bool) -> Eras {
    let (mut store, first) = open_sound(&dirs[0].state());
    let (anna, mut mallory) = (user("anna"), user("mallory"));
    let (hers, his) = (session("anna"), session("mallory"));
    let (her_pass, his_pass) = (pass("anna"), pass("mallory"));
    if with_people {
        let settings = GateRecord { ever_had_user: true, ..first.gate_record };
        let people = [anna.clone(), mallory.clone(), user("gone")].map(Change::PutUser);
        store
            .commit(&[people.to_vec(), vec![Change::PutGateRecord(settings)]].concat(), NOW)
            .expect("commits");
        store
            .commit(&[Change::PutSession(hers.clone()), Change::PutSession(his.clone())], NOW)
            .expect("commits");
        store
            .commit(&[Change::PutPass(her_pass.clone()), Change::PutPass(his_pass.clone())], NOW)
            .expect("commits");
        fill(&mut store, 300);
    }
    drop(store);
    copy(&dirs[0].state(), &dirs[1].state());
    let old = open_sound(&dirs[0].state()).1;
    let (mut store, first) = open_sound(&dirs[0].state());
    mallory.enabled = false;
    let mut spent = anna;
    spent.spend(TimeStep::at(NOW));
    let settings = GateRecord { ever_had_user: true, ..first.gate_record };
    let changes =
        [Change::PutUser(spent), Change::PutUser(mallory), Change::RemoveUser(name("gone"))];
    store
        .commit(&[changes.to_vec(), vec![Change::PutGateRecord(settings)]].concat(), NOW)
        .expect("commits");
    store.commit(&[Change::EndSession(his.id), Change::PutSession(hers)], NOW).expect("commits");
    store
        .commit(&[Change::RemovePass(his_pass.id), Change::PutPass(pass("anna"))], NOW)
        .expect("commits");
    fill(&mut store, 700);
    drop(store);
    let today = open_sound(&dirs[0].state()).1;
    Eras { _dirs: dirs, old, today }
}

#[test]
fn whatever_there_is_of_today_is_not_contradicted_by_what_is_old_or_missing_beside_it() {
    for with_people in [true, false] {
        let dirs = [Dir::new(), Dir::new(), Dir::new()];
        let (today_in, old_in, to) = (dirs[0].state(), dirs[1].state(), dirs[2].state());
        let Eras { _dirs, old, today } = eras(dirs, with_people);
        let (mut sound, mut recovered, mut refused) = (0, 0, 0);
        for parts in combinations() {
            let what = format!("{PARTS:?} are {parts:?}, old with people: {with_people}");
            let [db, seq, snapshot, _, audit] = parts;
            lay(&today_in, &old_in, parts, &to);
            let nothing = fs::read_dir(&to).expect("a folder").next().is_none();
            let current = [db, seq, snapshot].contains(&Is::Present);
            match open(&to) {
                Ok((_, opened)) if opened.recovered.is_none() => {
                    sound += 1;
                    if nothing {
                        assert!(opened.contents.users.is_empty(), "{what}");
                        continue;
                    }
                    let expected = match db {
                        Is::Present => &today,
                        _ => {
                            assert!(
                                !current && audit != Is::Present,
                                "{what}: an old one is believed"
                            );
                            &old
                        }
                    };
                    assert_eq!(fingerprint(&opened.contents), fingerprint(expected), "{what}");
                }
                Ok((_, opened)) => {
                    recovered += 1;
                    let told = opened.recovered.unwrap_or_default();
                    assert!(opened.contents.sessions.is_empty(), "{what}");
                    assert_eq!(
                        people(&opened.contents),
                        people(if current { &today } else { &old }),
                        "{what}"
                    );
                    // A pass that was revoked is not good again, whatever is missing.
                    let latest = !told.contains("Nothing shows that it is the latest");
                    let era = if current { &today } else { &old };
                    let expected = if latest { passes(era) } else { Vec::new() };
                    assert_eq!(passes(&opened.contents), expected, "{what}: {told}");
                    if audit == Is::Present && !current {
                        assert!(!latest, "{what}: {told}");
                        assert!(!opened.contents.users.is_empty(), "{what}: nobody, by accident");
                    }
                }
                Err(error) => {
                    refused += 1;
                    assert!(
                        matches!(error, StoreError::Empty(_) | StoreError::Damaged(_)),
                        "{what}: {error}"
                    );
                    assert!(error.to_string().contains("init --again"), "{what}: {error}");
                    let left =
                        [db, seq, snapshot].into_iter().filter(|is| *is == Is::Present).count();
                    assert!(left < 2, "{what}: one loss refuses: {error}");
                }
            }
        }
        println!("sound {sound}, recovered {recovered}, refused {refused}");
        assert_eq!(sound + recovered + refused, 243);
        assert!(
            sound > 20 && recovered > 20 && refused > 20,
            "sound {sound}, recovered {recovered}, refused {refused}"
        );
    }
}

/// The key is made first: alone, or with the lock, it is what a first start that was cut short
/// leaves.
#[test]
fn any_part_of_a_store_without_its_key_makes_no_new_key() {
    let (dir, to) = (Dir::new(), Dir::new());
    let (mut store, _) = open_sound(&dir.state());
    fill(&mut store, 300);
    drop(store);
    for left in 0..1 << PARTS.len() {
        let parts: Vec<_> = (0..PARTS.len())
            .map(|bit| if left >> bit & 1 == 1 { Is::Present } else { Is::Missing })
            .collect();
        lay(
            &dir.state(),
            &dir.state(),
            parts.clone().try_into().expect("all of them"),
            &to.state(),
        );
        let made = load_or_create_key(&to.state(), None, &mut System);
        match left {
            0 => assert!(made.is_ok(), "a first start"),
            _ => assert!(matches!(made, Err(StoreError::KeyMissing(_))), "{parts:?}"),
        }
    }
}

/// A backup with the gate stopped reads nothing but the snapshot.
#[test]
fn an_old_snapshot_is_no_backup_of_today_s_users() {
    let dirs = [Dir::new(), Dir::new(), Dir::new()];
    let (today_in, old_in, to) = (dirs[0].state(), dirs[1].state(), dirs[2].state());
    let Eras { _dirs, today, .. } = eras(dirs, true);
    let backup = |parts| {
        lay(&today_in, &old_in, parts, &to);
        PortableUsers::of_store_in(&to, Some(&[7; 32]), System)
    };
    let mut users: Vec<_> = today.users.iter().map(|user| user.name.to_string()).collect();
    let given = backup([Is::Present; PARTS.len()])
        .unwrap_or_else(|error| panic!("{error}"))
        .expect("a store");
    let mut named: Vec<_> = given.users.iter().map(|user| user.name.to_string()).collect();
    users.sort();
    named.sort();
    assert_eq!(named, users);
    let Err(error) = backup([Is::Present, Is::Present, Is::Old, Is::Present, Is::Present]) else {
        panic!("taken")
    };
    assert!(matches!(&error, StoreError::NoSnapshot(why) if why.contains("old copy")), "{error}");
    assert!(error.to_string().contains("Start the gate once"), "{error}");
    drop(open_sound(&to));
    assert!(PortableUsers::of_store_in(&to, Some(&[7; 32]), System).is_ok(), "as it says");
}
