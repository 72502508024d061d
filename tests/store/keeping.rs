//! What is committed is what is found again.

use std::time::Duration;

use portcullis::auth::access_pass::record::AccessPass;
use portcullis::auth::guess_budget::{Bucket, BudgetKey};
use portcullis::auth::limiter::{AddressKey, Window};
use portcullis::auth::totp::TimeStep;
use portcullis::clock::Timestamp;
use portcullis::ledger::{Change, Counter, CounterKey, GateRecord, StoreError};
use portcullis::secret::Secret;

use super::support::{Dir, NOW, fingerprint, name, open, open_sound, pass, session, user};

fn address() -> CounterKey {
    CounterKey::Address("203.0.113.7".parse::<AddressKey>().expect("an address"))
}

#[test]
fn everything_committed_is_there_after_opening_again() {
    let dir = Dir::new();
    let (mut store, mut contents) = open_sound(&dir.state());
    contents.users = vec![user("anna"), user("ben")];
    contents.sessions = vec![session("anna"), session("anna"), session("ben")];
    contents.passes = vec![pass("anna"), pass("anna"), pass("ben")];
    contents.counters = vec![
        (address(), Counter::Window(Window::default())),
        (CounterKey::Budget(BudgetKey::Account(name("anna"))), Counter::Bucket(Bucket::default())),
        (CounterKey::Budget(BudgetKey::StrangersLocal), Counter::Bucket(Bucket::default())),
    ];
    contents.gate_record.clock_floor = NOW;
    contents.gate_record.previous_session_secret = Some(Secret::new(b"the one before".to_vec()));
    let mut changes = vec![Change::PutGateRecord(contents.gate_record.clone())];
    changes.extend(contents.users.iter().cloned().map(Change::PutUser));
    changes.extend(contents.sessions.iter().cloned().map(Change::PutSession));
    changes.extend(contents.passes.iter().cloned().map(Change::PutPass));
    changes.extend(
        contents.counters.iter().cloned().map(|(key, counter)| Change::PutCounter(key, counter)),
    );
    store.commit(&changes, NOW).expect("commits");
    drop(store);
    let (_store, found) = open_sound(&dir.state());
    assert_eq!(fingerprint(&found), fingerprint(&contents));
}

#[test]
fn what_was_removed_stays_away() {
    let dir = Dir::new();
    let (mut store, before) = open_sound(&dir.state());
    let (anna, her_session, her_pass) = (user("anna"), session("anna"), pass("anna"));
    let there = [
        Change::PutUser(anna.clone()),
        Change::PutSession(her_session.clone()),
        Change::PutPass(her_pass.clone()),
        Change::PutCounter(address(), Counter::Window(Window::default())),
    ];
    store.commit(&there, NOW).expect("commits");
    let gone = [
        Change::RemoveUser(anna.name),
        Change::EndSession(her_session.id),
        Change::RemovePass(her_pass.id),
        Change::RemoveCounter(address()),
    ];
    store.commit(&gone, NOW).expect("commits");
    drop(store);
    let (_store, found) = open_sound(&dir.state());
    assert_eq!(fingerprint(&found), fingerprint(&before));
}

#[test]
fn of_several_changes_to_one_record_the_last_counts() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    let mut anna = user("anna");
    let first = anna.clone();
    anna.admin = true;
    let changes = [
        Change::PutUser(first),
        Change::RemoveUser(anna.name.clone()),
        Change::PutUser(anna.clone()),
        Change::PutUser(user("ben")),
        Change::RemoveUser(name("ben")),
    ];
    store.commit(&changes, NOW).expect("commits");
    drop(store);
    let (_store, found) = open_sound(&dir.state());
    assert!(found.users == vec![anna]);
}

#[test]
fn removing_what_is_not_there_writes_nothing() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store
        .commit(
            &[
                Change::RemoveUser(name("nobody")),
                Change::EndSession(session("nobody").id),
                Change::RemovePass(pass("nobody").id),
                Change::UsePass(pass("nobody").id, NOW),
            ],
            NOW,
        )
        .expect("commits");
    assert_eq!(store.commits(), 0);
}

#[test]
fn a_new_store_has_a_device_key_of_its_own() {
    let (one, other) = (Dir::new(), Dir::new());
    let (_one, first) = open_sound(&one.state());
    let (_other, second) = open_sound(&other.state());
    assert_eq!(first.gate_record.device_key.expose().len(), 32);
    assert!(first.gate_record.device_key != second.gate_record.device_key);
}

#[test]
fn a_spent_step_is_kept_without_a_new_snapshot() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    let mut anna = user("anna");
    store.commit(&[Change::PutUser(anna.clone())], NOW).expect("commits");
    let snapshot = std::fs::read(dir.state().join("snapshot")).expect("a snapshot");
    anna.spend(TimeStep::at(NOW));
    store
        .commit(&[Change::PutUser(anna.clone()), Change::PutSession(session("anna"))], NOW)
        .expect("commits");
    assert!(std::fs::read(dir.state().join("snapshot")).expect("a snapshot") == snapshot);
    drop(store);
    let (_store, found) = open_sound(&dir.state());
    assert!(found.users == vec![anna]);
}

#[test]
fn every_other_change_of_a_user_or_the_settings_takes_a_new_snapshot() {
    let dir = Dir::new();
    let (mut store, contents) = open_sound(&dir.state());
    let mut anna = user("anna");
    let snapshot = || std::fs::read(dir.state().join("snapshot")).expect("a snapshot");
    let mut before = snapshot();
    let mut settings = contents.gate_record;
    settings.ever_had_user = true;
    anna.enabled = false;
    let disabled = anna.clone();
    anna.end_devices();
    for change in [
        Change::PutUser(disabled),
        Change::PutUser(anna.clone()),
        Change::PutGateRecord(settings),
        Change::RemoveUser(anna.name),
    ] {
        store.commit(&[change], NOW).expect("commits");
        let after = snapshot();
        assert!(after != before);
        before = after;
    }
}

#[test]
fn the_snapshot_follows_a_pass_that_is_made_or_ended_and_not_its_use() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    let snapshot = || std::fs::read(dir.state().join("snapshot")).expect("a snapshot");
    let mut follows = |change: Change| {
        let before = snapshot();
        store.commit(&[change], NOW).expect("commits");
        snapshot() != before
    };
    let made = pass("anna");
    let used = AccessPass { last_used: Some(NOW), ..made.clone() };
    let longer = AccessPass { expires: NOW.plus(Duration::from_secs(2 * 86_400)), ..used.clone() };
    assert!(follows(Change::PutPass(made.clone())));
    assert!(!follows(Change::UsePass(made.id, NOW)));
    assert!(!follows(Change::PutPass(used)), "written as it is");
    assert!(follows(Change::PutPass(longer)));
    assert!(follows(Change::RemovePass(made.id)));
}

#[test]
fn a_second_process_or_a_second_opening_is_told_that_the_daemon_runs() {
    let dir = Dir::new();
    let (_store, _) = open_sound(&dir.state());
    let Err(error) = open(&dir.state()) else { panic!("opened twice") };
    assert_eq!(error, StoreError::Locked(dir.state()));
    assert!(error.to_string().contains("the daemon runs"), "{error}");
}

#[test]
fn ten_thousand_users_in_one_change_are_all_there_again() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    let changes: Vec<_> =
        (0..10_000).map(|number| Change::PutUser(user(&format!("user{number}")))).collect();
    store.commit(&changes, NOW).expect("commits");
    drop(store);
    let (_store, found) = open_sound(&dir.state());
    assert_eq!(found.users.len(), 10_000);
}

#[test]
fn no_name_address_or_seed_stands_on_the_disk_in_the_clear() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    let anna = user("annabelle-of-somewhere");
    let seed = anna.authenticator.seed.base32();
    let window = (address(), Counter::Window(Window::default()));
    let login = session("annabelle-of-somewhere");
    let program = pass("annabelle-of-somewhere");
    let id = program.id.as_str().to_owned();
    let digest: Vec<u8> = postcard::to_allocvec(&program.digest).expect("encodes");
    store
        .commit(
            &[
                Change::PutUser(anna),
                Change::PutSession(login),
                Change::PutPass(program),
                Change::PutCounter(window.0, window.1),
            ],
            NOW,
        )
        .expect("commits");
    drop(store);
    for file in super::support::files(&dir.state()) {
        let bytes = std::fs::read(&file).expect("a file");
        for secret in [
            b"annabelle".as_slice(),
            seed.as_bytes(),
            &[203, 0, 113, 7],
            b"Mozilla",
            id.as_bytes(),
            &digest,
            b"photos.example.com",
        ] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", file.display());
        }
    }
}

#[test]
fn the_floor_of_the_clock_is_kept() {
    let dir = Dir::new();
    let (mut store, contents) = open_sound(&dir.state());
    let mut settings = contents.gate_record;
    settings.clock_floor = Timestamp::from_unix(1_812_345_678);
    store.commit(&[Change::PutGateRecord(settings)], NOW).expect("commits");
    drop(store);
    assert_eq!(open_sound(&dir.state()).1.gate_record.clock_floor.unix(), 1_812_345_678);
}

#[test]
fn the_snapshot_follows_a_rising_floor_once_a_day_and_everything_else_at_once() {
    let dir = Dir::new();
    let (mut store, contents) = open_sound(&dir.state());
    let mut settings = contents.gate_record;
    settings.clock_floor = NOW;
    store.commit(&[Change::PutGateRecord(settings.clone())], NOW).expect("commits");
    let snapshot = || std::fs::read(dir.state().join("snapshot")).expect("a snapshot");
    let mut follows = |settings: &GateRecord, now: Timestamp| {
        let before = snapshot();
        store.commit(&[Change::PutGateRecord(settings.clone())], now).expect("commits");
        snapshot() != before
    };
    let hour = Duration::from_secs(3_600);
    for hours in 1..24 {
        settings.clock_floor = NOW.plus(hour * hours);
        assert!(!follows(&settings, settings.clock_floor), "hour {hours}");
    }
    settings.clock_floor = NOW.plus(hour * 24);
    assert!(follows(&settings, settings.clock_floor));
    settings.clock_floor = NOW;
    assert!(follows(&settings, NOW), "a floor that is set back");
    settings.ever_had_user = true;
    assert!(follows(&settings, NOW.plus(hour)));
}
