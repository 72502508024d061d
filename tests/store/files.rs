//! The state directory: keys, modes, owners, and stores that must not be taken for empty ones.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::Duration;

use nix::unistd::geteuid;
use portcullis::auth::guess_budget::BudgetKey;
use portcullis::auth::totp::{MAX_SKEW, TimeStep};
use portcullis::clock::Timestamp;
use portcullis::entropy::System;
use portcullis::ledger::{
    Change, Counter, CounterKey, Store, StoreError, StoreKey, load_or_create_key,
};

use super::support::{Dir, NOW, copy, files, key, name, open, open_sound, pass, session, user};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn the_key_is_made_once_and_then_found_again() {
    let dir = Dir::new();
    let Ok(first) = load_or_create_key(&dir.state(), None, &mut System) else { panic!("no key") };
    let (store, _) =
        Store::open(&dir.state(), &first, NOW, System).unwrap_or_else(|error| panic!("{error}"));
    drop(store);
    let Ok(second) = load_or_create_key(&dir.state(), None, &mut System) else { panic!("no key") };
    assert!(Store::open(&dir.state(), &second, NOW, System).is_ok());
    assert_eq!(mode(&dir.state()), 0o700);
    assert_eq!(mode(&dir.state().join("store.key")), 0o600);
}

#[test]
fn a_credential_replaces_the_key_file_and_makes_none() {
    let dir = Dir::new();
    let Ok(key) = load_or_create_key(&dir.state(), Some(&[7; 32]), &mut System) else {
        panic!("no key")
    };
    assert!(Store::open(&dir.state(), &key, NOW, System).is_ok());
    assert!(!dir.state().join("store.key").exists());
    assert!(matches!(
        load_or_create_key(&dir.state(), Some(b"short"), &mut System),
        Err(StoreError::BadKey(_))
    ));
}

#[test]
fn no_new_key_is_made_beside_a_store_that_has_lost_its_own() {
    let dir = Dir::new();
    drop(open_sound(&dir.state()));
    let Err(error) = load_or_create_key(&dir.state(), None, &mut System) else {
        panic!("made a key")
    };
    assert!(matches!(error, StoreError::KeyMissing(_)));
    assert!(!dir.state().join("store.key").exists());
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let dir = Dir::new();
    assert!(load_or_create_key(&dir.state(), None, &mut System).is_ok());
    let file = dir.state().join("store.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let Err(error) = load_or_create_key(&dir.state(), None, &mut System) else { panic!("taken") };
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
    let dir = Dir::new();
    assert!(load_or_create_key(&dir.state(), None, &mut System).is_ok());
    for length in [0, 31, 33, 100_000] {
        fs::write(dir.state().join("store.key"), vec![7; length]).expect("written");
        assert!(
            matches!(
                load_or_create_key(&dir.state(), None, &mut System),
                Err(StoreError::BadKey(_))
            ),
            "{length}"
        );
    }
}

#[test]
fn another_key_is_refused_and_nothing_is_set_aside() {
    let dir = Dir::new();
    drop(open_sound(&dir.state()));
    // With and without what says so first.
    for _ in 0..2 {
        let other = StoreKey::new(vec![8; 32]).expect("32 bytes");
        let Err(error) = Store::open(&dir.state(), &other, NOW, System) else { panic!("opened") };
        assert_eq!(error, StoreError::WrongKey);
        let _ = fs::remove_file(dir.state().join("store.id"));
    }
    open_sound(&dir.state());
}

#[test]
fn only_a_snapshot_is_left_and_the_key_is_another() {
    let dir = Dir::new();
    drop(open_sound(&dir.state()));
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    fs::remove_file(dir.state().join("store.id")).expect("removed");
    let other = StoreKey::new(vec![8; 32]).expect("32 bytes");
    assert!(matches!(Store::open(&dir.state(), &other, NOW, System), Err(StoreError::WrongKey)));
}

#[test]
fn a_newer_schema_is_refused_and_named() {
    let dir = Dir::new();
    drop(open_sound(&dir.state()));
    let snapshot = dir.state().join("snapshot");
    let mut bytes = fs::read(&snapshot).expect("a snapshot");
    bytes[6] = 4;
    fs::write(&snapshot, bytes).expect("written");
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    let Err(error) = open(&dir.state()) else { panic!("opened") };
    assert_eq!(error, StoreError::Newer { found: 4 });
    assert!(error.to_string().contains("newer release"), "{error}");
}

#[test]
fn a_lost_store_is_not_taken_for_a_first_start() {
    let dir = Dir::new();
    drop(open_sound(&dir.state()));
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    fs::remove_file(dir.state().join("snapshot")).expect("removed");
    let Err(error) = open(&dir.state()) else { panic!("opened") };
    assert_eq!(error, StoreError::Empty(dir.state()));
    assert!(error.to_string().contains("restore"), "{error}");
}

#[test]
fn a_lost_database_is_replaced_by_its_snapshot_which_assumes_the_worst() {
    let dir = Dir::new();
    let (mut store, contents) = open_sound(&dir.state());
    let (mut anna, mut ben) = (user("anna"), user("ben"));
    ben.enabled = false;
    store
        .commit(&[Change::PutUser(anna.clone()), Change::PutUser(ben.clone())], NOW)
        .expect("commits");
    store.commit(&[Change::PutSession(session("anna"))], NOW).expect("commits");
    drop(store);
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    let later = Timestamp::from_unix(NOW.unix() + 600);
    let (_store, opened) =
        Store::open(&dir.state(), &key(), later, System).unwrap_or_else(|error| panic!("{error}"));
    let told = opened.recovered.expect("a message");
    assert!(told.contains("snapshot") && told.contains("limit clear"), "{told}");
    let spent = TimeStep::at(later).plus(u64::from(MAX_SKEW));
    anna.spend(spent);
    ben.spend(spent);
    let mut users = opened.contents.users;
    users.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(users == vec![anna, ben]);
    assert!(opened.contents.sessions.is_empty());
    assert!(
        opened.contents.gate_record.device_key == contents.gate_record.device_key,
        "known devices stay known"
    );
    let budgets = [
        (BudgetKey::StrangersInternet, 0),
        (BudgetKey::StrangersLocal, 10),
        (BudgetKey::UnknownAccounts, 10),
        (BudgetKey::Account(name("anna")), 10),
        (BudgetKey::Device(name("ben")), 10),
    ];
    for (budget, left) in budgets {
        let found = opened
            .contents
            .counters
            .iter()
            .find(|(key, _)| *key == CounterKey::Budget(budget.clone()));
        let Some((_, Counter::Bucket(bucket))) = found else { panic!("no bucket for {budget:?}") };
        assert_eq!(bucket.available(later), left, "{budget:?}");
    }
}

#[test]
fn devices_and_passes_stay_only_where_the_snapshot_is_known_to_be_the_latest() {
    for (lost, vouched) in [("db", true), ("store.seq", false)] {
        let dir = Dir::new();
        let (mut store, contents) = open_sound(&dir.state());
        let [kept, ended] = [pass("anna"), pass("anna")];
        let passes = [kept.clone(), ended.clone()].map(Change::PutPass);
        store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
        store.commit(&passes, NOW).expect("commits");
        let used = NOW.plus(Duration::from_secs(3_600));
        store.commit(&[Change::RemovePass(ended.id)], NOW).expect("commits");
        store.commit(&[Change::UsePass(kept.id, used)], NOW).expect("commits");
        drop(store);
        match dir.state().join(lost) {
            folder if folder.is_dir() => fs::remove_dir_all(folder).expect("removed"),
            file => fs::remove_file(file).expect("removed"),
        }
        let (store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
        let told = opened.recovered.expect("a message");
        assert_eq!(!told.contains("Nothing shows that it is the latest"), vouched, "{told}");
        assert_eq!(told.contains("Passes are good as before"), vouched, "{told}");
        assert_eq!(!told.contains("portcullis pass create"), vouched, "{told}");
        let devices = opened.contents.gate_record.device_key == contents.gate_record.device_key;
        assert_eq!(devices, vouched);
        // The snapshot does not follow uses.
        let left = if vouched { vec![kept] } else { Vec::new() };
        assert_eq!(opened.contents.passes, left);
        drop(store);
        assert_eq!(open_sound(&dir.state()).1.passes, left, "and so it stays");
    }
}

#[test]
fn a_store_without_passes_that_is_recovered_says_nothing_of_them() {
    for lost in ["db/db", "store.seq"] {
        let dir = Dir::new();
        let (mut store, _) = open_sound(&dir.state());
        store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
        drop(store);
        fs::write(dir.state().join(lost), b"spoiled").expect("written");
        let (_store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
        let told = opened.recovered.expect("a message");
        assert!(!told.to_lowercase().contains("pass"), "{lost}: {told}");
    }
}

#[test]
fn a_clock_that_believes_in_1970_does_not_unspend_codes_at_recovery() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    drop(store);
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    let (_store, opened) = Store::open(&dir.state(), &key(), Timestamp::default(), System)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(opened.contents.users.iter().all(|user| user.has_spent(TimeStep::at(NOW))));
}

#[test]
fn a_damaged_database_is_kept_under_another_name() {
    let dir = Dir::new();
    for round in 0..2 {
        let (mut store, _) = open_sound(&dir.state());
        store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
        drop(store);
        fs::write(dir.state().join("db/db"), b"no database").expect("written");
        let (_store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
        assert!(opened.recovered.expect("a message").contains("db.damaged-1800000000"));
        let kept = if round == 0 { "db.damaged-1800000000" } else { "db.damaged-1800000000-2" };
        assert!(dir.state().join(kept).is_dir());
    }
}

#[test]
fn a_database_that_is_an_old_copy_is_not_trusted() {
    let (dir, aside) = (Dir::new(), Dir::new());
    let (mut store, _) = open_sound(&dir.state());
    let mut anna = user("anna");
    store.commit(&[Change::PutUser(anna.clone())], NOW).expect("commits");
    drop(store);
    copy(&dir.state().join("db"), &aside.state());
    let (mut store, _) = open_sound(&dir.state());
    anna.spend(TimeStep::at(NOW));
    store.commit(&[Change::PutUser(anna)], NOW).expect("commits");
    drop(store);
    fs::remove_dir_all(dir.state().join("db")).expect("removed");
    copy(&aside.state(), &dir.state().join("db"));
    let (_store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
    assert!(opened.recovered.expect("a message").contains("acknowledged"));
    assert!(opened.contents.users.iter().all(|user| user.has_spent(TimeStep::at(NOW))));
}

#[test]
fn a_swap_that_was_cut_short_is_ended_at_the_next_start() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    drop(store);
    // Between the two renames, and behind them.
    fs::rename(dir.state().join("db"), dir.state().join("db.old")).expect("renamed");
    copy(&dir.state().join("db.old"), &dir.state().join("db.new"));
    assert_eq!(open_sound(&dir.state()).1.users.len(), 1);
    copy(&dir.state().join("db"), &dir.state().join("db.old"));
    assert_eq!(open_sound(&dir.state()).1.users.len(), 1);
    assert!(!dir.state().join("db.old").exists() && !dir.state().join("db.new").exists());
}

#[test]
fn a_first_start_that_was_cut_short_begins_again() {
    let dir = Dir::new();
    assert!(load_or_create_key(&dir.state(), None, &mut System).is_ok());
    fs::create_dir(dir.state().join("db.new")).expect("a folder");
    fs::write(dir.state().join("db.new/db"), b"half").expect("written");
    assert!(open_sound(&dir.state()).1.users.is_empty());
}

#[test]
fn openings_that_never_end_are_taken_for_damage_at_the_sixth_start() {
    let dir = Dir::new();
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    drop(store);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    let note = |boot: &str, count: u32| {
        fs::write(dir.state().join("db.opening"), format!("{} {count}\n", boot.trim()))
            .expect("written");
    };
    for killed in 1..5 {
        note(&boot, killed);
        open_sound(&dir.state());
    }
    // A machine that was started anew says nothing about the database.
    note("another", 9);
    open_sound(&dir.state());
    note(&boot, 5);
    let (store, opened) = open(&dir.state()).unwrap_or_else(|error| panic!("{error}"));
    assert!(opened.recovered.is_some());
    assert_eq!(opened.contents.users.len(), 1);
    drop(store);
    open_sound(&dir.state());
}

#[test]
fn everything_in_the_directory_is_private() {
    let dir = Dir::new();
    assert!(load_or_create_key(&dir.state(), None, &mut System).is_ok());
    let Ok(key) = load_or_create_key(&dir.state(), None, &mut System) else { panic!("no key") };
    let (mut store, _) =
        Store::open(&dir.state(), &key, NOW, System).unwrap_or_else(|error| panic!("{error}"));
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    for file in files(&dir.state()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(mode(&dir.state().join("db")), 0o700);
}

#[test]
fn what_others_may_write_to_is_refused_with_the_command_that_mends_it() {
    for part in ["", "store.id", "store.seq", "snapshot", "db", "audit", "store.key"] {
        for mode in [0o777, 0o770, 0o707, 0o1777] {
            let dir = Dir::new();
            assert!(load_or_create_key(&dir.state(), None, &mut System).is_ok());
            drop(open_sound(&dir.state()));
            let path = if part.is_empty() { dir.state() } else { dir.state().join(part) };
            if part == "audit" {
                fs::create_dir(&path).expect("a folder");
            }
            let before = fs::metadata(&path).expect("there").permissions();
            let mode = if path.is_dir() { mode } else { mode & 0o666 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            let what = format!("{part:?} {mode:o}");
            let Err(error) = open(&dir.state()) else { panic!("{what}: opened") };
            assert_eq!(error, StoreError::Exposed { path: path.clone(), mode }, "{what}");
            assert!(
                error.to_string().contains(&format!("chmod go-w {}", path.display())),
                "{what}: {error}"
            );
            assert!(Store::set_aside(&dir.state(), NOW).is_err(), "{what}");
            fs::set_permissions(&path, before).expect("a mode");
            open_sound(&dir.state());
        }
    }
    // Nor is a first key made there.
    let dir = Dir::new();
    fs::create_dir(dir.state()).expect("a folder");
    fs::set_permissions(dir.state(), fs::Permissions::from_mode(0o777)).expect("a mode");
    assert!(matches!(
        load_or_create_key(&dir.state(), None, &mut System),
        Err(StoreError::Exposed { .. })
    ));
    assert_eq!(fs::read_dir(dir.state()).expect("a folder").count(), 0);
}

/// Skipped without root.
#[test]
fn what_root_writes_belongs_to_the_owner_of_the_directory() {
    if !geteuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    let dir = Dir::new();
    fs::create_dir(dir.state()).expect("a folder");
    chown(dir.state(), Some(12345), Some(12346)).expect("an owner");
    let Ok(key) = load_or_create_key(&dir.state(), None, &mut System) else { panic!("no key") };
    let (mut store, _) =
        Store::open(&dir.state(), &key, NOW, System).unwrap_or_else(|error| panic!("{error}"));
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    for file in files(&dir.state()) {
        let meta = fs::metadata(&file).expect("a file");
        assert_eq!((meta.uid(), meta.gid()), (12345, 12346), "{}", file.display());
    }
}

/// Whoever owns the directory may have laid it to be given, or to have overwritten, a file of
/// root's. Skipped without root.
#[test]
fn root_follows_no_link_in_a_directory_of_somebody_else() {
    if !geteuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    for link in [
        "store.lock",
        "store.key",
        "store.id",
        "store.seq.new",
        "snapshot.new",
        "db.opening",
        "db",
        "db/db",
    ] {
        let dir = Dir::new();
        let victim = dir.state().with_file_name("victim");
        fs::write(&victim, "root's own").expect("written");
        fs::create_dir_all(dir.state().join(link).parent().expect("a folder")).expect("folders");
        symlink(&victim, dir.state().join(link)).expect("a link");
        chown(dir.state(), Some(12345), Some(12346)).expect("an owner");
        let refused = open(&dir.state()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(link) && refused.contains("link"), "{link}: {refused}");
        assert!(load_or_create_key(&dir.state(), None, &mut System).is_err(), "{link}");
        assert!(Store::set_aside(&dir.state(), NOW).is_err(), "{link}");
        let meta = fs::metadata(&victim).expect("there");
        assert_eq!(
            (meta.uid(), fs::read(&victim).expect("there")),
            (0, b"root's own".to_vec()),
            "{link}"
        );
    }
}

#[test]
fn setting_aside_keeps_everything_and_makes_room_for_a_new_store() {
    let dir = Dir::new();
    assert_eq!(Store::set_aside(&dir.state(), NOW), Ok(None));
    let (mut store, _) = open_sound(&dir.state());
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    assert_eq!(Store::set_aside(&dir.state(), NOW), Err(StoreError::Locked(dir.state())));
    drop(store);
    let folder = Store::set_aside(&dir.state(), NOW).expect("set aside").expect("something");
    assert!(open_sound(&dir.state()).1.users.is_empty());
    assert_eq!(open_sound(&folder).1.users.len(), 1);
}

#[test]
fn a_missing_or_old_snapshot_is_written_again_at_the_next_start() {
    let dir = Dir::new();
    let snapshot = dir.state().join("snapshot");
    let (mut store, _) = open_sound(&dir.state());
    let old = fs::read(&snapshot).expect("a snapshot");
    store.commit(&[Change::PutUser(user("anna"))], NOW).expect("commits");
    drop(store);
    for damage in [Some(old), None, Some(b"no snapshot".to_vec())] {
        match damage {
            Some(bytes) => fs::write(&snapshot, bytes).expect("written"),
            None => fs::remove_file(&snapshot).expect("removed"),
        }
        open_sound(&dir.state());
        let aside = Dir::new();
        copy(&dir.state(), &aside.state());
        fs::remove_dir_all(aside.state().join("db")).expect("removed");
        let (_store, opened) = open(&aside.state()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(opened.contents.users.len(), 1);
    }
}
