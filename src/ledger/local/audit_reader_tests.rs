//! Tampering by somebody who has the store's key: records are sealed anew and the manifest agrees,
//! so the store opens. The chain alone is left to tell.

use std::path::PathBuf;

use super::*;
use crate::auth::audit::{Break, Walk};
use crate::auth::event::{Action, Actor, Event};
use crate::entropy::{Entropy, System};
use crate::ledger::Change;
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::record_cache::Edits;
use crate::ledger::local::schema::{RecordKey, RecordKind};
use crate::ledger::local::{StoreKey, codec};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

struct Fixture(PathBuf);

impl Fixture {
    fn new() -> Self {
        let number = u64::from_ne_bytes(System.bytes());
        Self(std::env::temp_dir().join(format!("portcullis-tamper-{number:016x}")))
    }

    fn open(&self) -> Store {
        let key = StoreKey::new(vec![7; 32]).expect("32 bytes");
        let (store, opened) =
            Store::open(&self.0, &key, NOW, System).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(opened.recovered, None);
        store
    }

    /// With ten entries behind the first.
    fn filled(&self) -> Store {
        let mut store = self.open();
        for number in 2..=11 {
            let event = Event::new(Action::Login, Actor::Visitor).about(number);
            store.commit(&[Change::Audit(event)], NOW).expect("commits");
        }
        store
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(store: &Store, number: u64) -> RecordKey {
    store.vault.key(RecordKind::AuditEntry, &number.to_be_bytes())
}

fn entry(store: &Store, number: u64) -> AuditEntry {
    store.cache.read(&key(store, number), &store.vault).expect("an entry")
}

/// Puts a record of one's own in the place of an entry's, or nothing, and makes the manifest agree.
fn replace(store: &mut Store, changes: Vec<(u64, Option<AuditEntry>)>) {
    let mut edits = Edits::new();
    for (number, entry) in changes {
        let key = key(store, number);
        let sealed = entry.map(|entry| {
            let plain = codec::encode(&entry).expect("encodes");
            store.vault.seal(&key, &plain).expect("seals").into()
        });
        edits.insert(key, sealed);
    }
    store.write(edits, store.audit_log.clone(), false, NOW).expect("writes");
}

fn verified(store: &Store) -> Result<(), Break> {
    let log = store.audit();
    let mut walk = Walk::behind(log.anchor());
    for piece in log.pieces() {
        log.read(piece).expect("readable").iter().try_for_each(|entry| walk.step(entry))?;
    }
    walk.end(log.head())
}

/// What is found after the store was opened again.
fn found(fixture: &Fixture, tamper: impl FnOnce(&mut Store)) -> Result<(), Break> {
    let mut store = fixture.filled();
    tamper(&mut store);
    drop(store);
    verified(&fixture.open())
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    assert_eq!(found(&Fixture::new(), |_| ()), Ok(()));
}

#[test]
fn a_removed_entry_is_named() {
    let removed = |number| found(&Fixture::new(), |store| replace(store, vec![(number, None)]));
    assert_eq!(removed(1), Err(Break::Removed { first: 1, last: 1 }));
    assert_eq!(removed(5), Err(Break::Removed { first: 5, last: 5 }));
    assert_eq!(removed(11), Err(Break::CutOff { first: 11, last: 11 }));
}

#[test]
fn a_cut_end_is_named_also_where_later_entries_were_renumbered() {
    let cut = found(&Fixture::new(), |store| {
        replace(store, (8..=11).map(|number| (number, None)).collect())
    });
    assert_eq!(cut, Err(Break::CutOff { first: 8, last: 11 }));
    let renumbered = found(&Fixture::new(), |store| {
        // Entry 5 is taken out, and all behind it move up and are linked anew.
        let mut before = entry(store, 4).mark();
        let mut changes = vec![(11, None)];
        for number in 5..=10 {
            let mut moved = entry(store, number + 1);
            moved.number = number;
            moved.hash = moved.hash_after(&before.hash);
            before = moved.mark();
            changes.push((number, Some(moved)));
        }
        replace(store, changes);
    });
    assert_eq!(renumbered, Err(Break::CutOff { first: 11, last: 11 }));
}

#[test]
fn a_changed_entry_is_named() {
    let changed = found(&Fixture::new(), |store| {
        let mut entry = entry(store, 5);
        entry.result = "refused".to_owned();
        replace(store, vec![(5, Some(entry))]);
    });
    assert_eq!(changed, Err(Break::Changed(5)));
    let linked = found(&Fixture::new(), |store| {
        let mut last = entry(store, 11);
        last.subject = "somebody else".to_owned();
        last.hash = last.hash_after(&entry(store, 10).hash);
        replace(store, vec![(11, Some(last))]);
    });
    assert_eq!(linked, Err(Break::Changed(11)), "the head says otherwise");
}

#[test]
fn entries_that_changed_places_are_named() {
    let swapped = found(&Fixture::new(), |store| {
        let (five, six) = (entry(store, 5), entry(store, 6));
        replace(store, vec![(5, Some(six)), (6, Some(five))]);
    });
    assert_eq!(swapped, Err(Break::Removed { first: 5, last: 5 }));
    let renumbered = found(&Fixture::new(), |store| {
        let (mut five, mut six) = (entry(store, 5), entry(store, 6));
        (five.number, six.number) = (6, 5);
        replace(store, vec![(5, Some(six)), (6, Some(five))]);
    });
    assert_eq!(renumbered, Err(Break::Changed(5)));
}

#[test]
fn an_entry_that_does_not_unseal_is_missing_and_the_store_opens() {
    let broken = found(&Fixture::new(), |store| {
        let key = key(store, 5);
        store
            .write([(key, Some(vec![7; 90].into()))].into(), store.audit_log.clone(), false, NOW)
            .expect("writes");
    });
    assert_eq!(broken, Err(Break::Removed { first: 5, last: 5 }));
}

#[test]
fn a_log_without_head_or_index_is_damage_and_no_new_log() {
    for name in [b"head".as_slice(), b"index"] {
        let fixture = Fixture::new();
        let mut store = fixture.filled();
        let key = store.vault.key(RecordKind::AuditLog, name);
        store.write([(key, None)].into(), store.audit_log.clone(), false, NOW).expect("writes");
        drop(store);
        let key = StoreKey::new(vec![7; 32]).expect("32 bytes");
        let (_, opened) =
            Store::open(&fixture.0, &key, NOW, System).unwrap_or_else(|error| panic!("{error}"));
        assert!(opened.recovered.is_some_and(|told| told.contains("audit log")));
    }
}

#[test]
fn what_a_later_release_calls_its_deeds_is_no_riddle() {
    let fixture = Fixture::new();
    let mut store = fixture.filled();
    let mut edits = Edits::new();
    let mut later =
        AuditEntry::after(store.audit_log.head, &Event::new(Action::Login, Actor::Gate), NOW);
    later.action = "flown-to-the-moon".to_owned();
    later.hash = later.hash_after(&store.audit_log.head.hash);
    let key = key(&store, later.number);
    let plain = codec::encode(&later).expect("encodes");
    edits.insert(key, store.vault.seal(&key, &plain).map(Into::into));
    let head = store.vault.key(RecordKind::AuditLog, b"head");
    let plain = codec::encode(&later.mark()).expect("encodes");
    edits.insert(head, store.vault.seal(&head, &plain).map(Into::into));
    store.write(edits, store.audit_log.clone(), false, NOW).expect("writes");
    drop(store);
    let store = fixture.open();
    assert_eq!(verified(&store), Ok(()));
    assert!(store.audit_log != AuditLog::default());
}
