//! Users and passes on the way to another machine: with the daemon running and without it, from an
//! older release, interrupted, refused, and many.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::unistd::geteuid;
use portcullis::app::messages::command::MOST_AT_ONCE;
use portcullis::app::worker::users::MAX_USERS;
use portcullis::auth::totp::Authenticator;
use portcullis::auth::user::{User, UserName};
use portcullis::backup::Backup;
use portcullis::clock;
use portcullis::entropy::System;
use portcullis::ledger::{Change, GateRecord, Store, StoredState, load_or_create_key};
use portcullis::secret::Secret;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::codes::{Person, current_step};
use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place, environment_of};
use crate::support::http::Ask;
use crate::support::process::Running;
use crate::support::wait::{self, PATIENCE, rounds};

/// sysexits.h
const DATA: i32 = 65;
const NO_INPUT: i32 = 66;
const UNAVAILABLE: i32 = 69;
const CANNOT_CREATE: i32 = 73;
const NO_PERMISSION: i32 = 77;

const PASSPHRASE: &str = "five unrelated words, or so";

/// More than the longest time for which a restore takes codes for used.
const LATER: i64 = 120;

/// Many users need a name at the login.
const MANY: &str = "public_url = \"https://auth.example.test\"\n[login]\nask_username = true\n";

/// A file beside the state directory.
fn beside(place: &Place, name: &str) -> PathBuf {
    place.state().with_file_name(name)
}

fn passphrase_file(place: &Place, text: &str) -> String {
    let path = beside(place, "passphrase");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    path.display().to_string()
}

fn words<'w>(verb: &'w str, file: &'w Path, passphrase: &'w str) -> [&'w str; 4] {
    [verb, file.to_str().expect("text"), "--passphrase-file", passphrase]
}

fn back_up(place: &Place, file: &Path) -> Value {
    place.json(&words("backup", file, &passphrase_file(place, PASSPHRASE)))
}

fn restore(place: &Place, file: &Path) -> Value {
    place.json(&words("restore", file, &passphrase_file(place, PASSPHRASE)))
}

fn try_restore(place: &Place, file: &Path, passphrase: &str) -> Done {
    place.run(&words("restore", file, &passphrase_file(place, passphrase)))
}

/// Users in the store of a gate that does not run, without a verb for each.
fn populate(place: &Place, count: usize) {
    let (mut store, contents) = store_of(place);
    let user = |number| {
        let name = UserName::parse(&format!("somebody.with-a-name.{number}")).expect("a name");
        let user = User::new(name, Authenticator::generate(&mut System), clock::now(), &mut System);
        let groups = vec!["family".to_owned(), "photos".to_owned()];
        user.with_profile(
            format!("Some Body {number}"),
            format!("somebody{number}@example.test"),
            groups,
        )
        .expect("a user")
    };
    let settings = GateRecord { ever_had_user: true, ..contents.gate_record };
    let changes = (0..count).map(|number| Change::PutUser(user(number)));
    let changes: Vec<_> = changes.chain([Change::PutGateRecord(settings)]).collect();
    store.commit(&changes, clock::now()).expect("commits");
}

fn user_count(place: &Place) -> usize {
    place.json(&["user", "list"]).as_array().map(Vec::len).expect("a list")
}

/// From one gate to another; each of them runs or not while it gives or takes.
fn a_move(old_runs: bool, new_runs: bool) {
    let old = Place::new(ONE_DOMAIN);
    let anna =
        Person::from_answer(&old.json(&["user", "add", "anna", "--admin", "--group", "family"]));
    old.add_user("ben");
    old.json(&["user", "disable", "ben"]);
    let file = beside(&old, "gate.backup");
    let mut old = old.start();
    let token = old.log_in(&anna);
    if !old_runs {
        old.stop();
    }
    let told = back_up(&old.place, &file);
    assert_eq!((&told["users"], &told["file"]), (&json!(2), &json!(file)), "{told}");
    assert!(told["created"].as_str().is_some_and(|created| created.starts_with("20")), "{told}");
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);

    let new = Place::new(ONE_DOMAIN).with_movable_clock();
    let (new, told) = if new_runs {
        let new = new.start();
        let told = restore(&new.place, &file);
        (new, told)
    } else {
        let told = restore(&new, &file);
        (new.start(), told)
    };
    assert_eq!((&told["users"], &told["configuration"]), (&json!(2), &json!("kept")), "{told}");
    let users = new.place.json(&["user", "list"]);
    let told =
        |user: &Value| (user["name"].clone(), user["enabled"].clone(), user["admin"].clone());
    let users: Vec<_> = users.as_array().into_iter().flatten().map(told).collect();
    assert_eq!(
        users,
        [(json!("anna"), json!(true), json!(true)), (json!("ben"), json!(false), json!(false))]
    );
    assert!(!new.is_open_to(&token), "sessions stay behind");
    let before = new.post_code(&anna.code_at(current_step()), "198.51.100.9");
    assert_eq!(before.status, 401, "the present code is spent: {before:?}");
    new.place.shift_clock(LATER);
    let after = new.post_code(&anna.code_at(new.place.step()), "198.51.100.9");
    assert_eq!(after.status, 302, "the same app opens the new gate: {after:?}");
    let verified = new.ask_with(&after.cookie("auth_token").expect("a session"));
    assert_eq!(
        (verified.status, verified.header("Remote-Groups")),
        (204, Some("family")),
        "{verified:?}"
    );
}

#[test]
fn users_move_from_one_running_gate_to_another() {
    a_move(true, true);
}

#[test]
fn users_move_between_gates_that_do_not_run() {
    a_move(false, false);
}

/// The store of a gate that does not run.
fn store_of(place: &Place) -> (Store, StoredState) {
    let dir = place.state();
    let key = load_or_create_key(&dir, None, &mut System).unwrap_or_else(|error| panic!("{error}"));
    let (store, opened) =
        Store::open(&dir, &key, clock::now(), System).unwrap_or_else(|error| panic!("{error}"));
    (store, opened.contents)
}

/// With the old daemon running and not, and with the new one.
#[test]
fn passes_move_with_their_users_and_revoked_ones_are_good_again_not_without_a_word() {
    for running in [true, false] {
        let (old, other) = (Place::new(ONE_DOMAIN), Place::new(ONE_DOMAIN));
        old.add_user("anna");
        let make = |name: &str| {
            let host = ["--user", "anna", "--host", "photos.example.test"];
            old.json(&[&["pass", "create", name], &host[..]].concat())
        };
        let [kept, revoked] = ["phone", "television"].map(make);
        let file = beside(&old, "gate.backup");
        let old = if running {
            let mut old = old.start();
            assert_eq!(back_up(&old.place, &file)["passes"], json!(2));
            old.stop();
            old.place
        } else {
            assert_eq!(back_up(&old, &file)["passes"], json!(2));
            old
        };
        let id = revoked["id"].as_str().expect("text");
        assert_eq!(old.run(&["pass", "revoke", id]).status, 0);

        let new = Place::new(ONE_DOMAIN);
        let restored = |place: &Place| {
            let told = restore(place, &file);
            assert_eq!((&told["users"], &told["passes"]), (&json!(1), &json!(2)), "{told}");
        };
        let new = if running {
            let new = new.start();
            restored(&new.place);
            new
        } else {
            restored(&new);
            new.start()
        };
        let ask = |pass: &Value| {
            let token = pass["token"].as_str().expect("text");
            let ask = Ask::verify("/verify/caddy", "https://photos.example.test/");
            ask.header("Authorization", format!("Bearer {token}")).send(new.address).status
        };
        assert_eq!((ask(&kept), ask(&revoked)), (204, 204), "as of the day of the backup");
        assert_eq!(new.place.run(&["pass", "revoke", id]).status, 0);
        assert_eq!((ask(&kept), ask(&revoked)), (204, 401));

        let said = try_restore(&other, &file, PASSPHRASE);
        assert!(said.out.contains("2 passes came with them"), "{said:?}");
        assert!(said.out.contains("portcullis pass revoke"), "{said:?}");
    }
}

/// `tests/store/older_releases.rs` says how it was made: from the store of schema 2.
#[test]
fn a_backup_of_an_older_release_is_restored() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/backup-schema-2");
    for running in [true, false] {
        let new = Place::new(ONE_DOMAIN);
        let (new, told) = if running {
            let mut new = new.start();
            let told = restore(&new.place, &file);
            new.stop();
            (new.place, told)
        } else {
            let told = restore(&new, &file);
            (new, told)
        };
        assert_eq!((&told["users"], &told["passes"]), (&json!(3), &json!(0)), "{told}");
        let left = new.state().join("portcullis.toml.restored");
        let settings = fs::read_to_string(left).expect("the settings that came with it");
        assert!(settings.contains("lifetime = \"365d\""), "{settings}");
        let users = new.json(&["user", "list"]);
        let told = |user: &Value| {
            let name = user["name"].as_str().expect("text");
            let secret = new.json(&["user", "export", name])["secret"].clone();
            json!([name, user["enabled"], user["admin"], secret])
        };
        let users: Vec<_> = users.as_array().into_iter().flatten().map(told).collect();
        assert_eq!(
            users,
            [
                json!(["anna", true, true, "PIJIBDTKBOUWYFK4LYBQ56GNGH5IBF6M"]),
                json!(["ben", true, false, "O7BSYYJDALL4FGVOQVCKRUBCHO3L4B3X"]),
                json!(["carl", false, false, "CWQ5Q2FCCTLQNEGFFZN25VTV4VMUORZD"]),
            ]
        );
    }
}

#[test]
fn nothing_is_restored_beside_users() {
    let old = Place::new(ONE_DOMAIN);
    old.add_user("anna");
    let file = beside(&old, "gate.backup");
    back_up(&old, &file);
    let mut new = Daemon::with(ONE_DOMAIN);
    new.place.add_user("carl");
    for running in [true, false] {
        let refused = try_restore(&new.place, &file, PASSPHRASE);
        assert_eq!(refused.status, DATA, "{refused:?}");
        assert!(refused.err.contains("init --again") && refused.out.is_empty(), "{refused:?}");
        assert_eq!(new.place.json(&["user", "list"])[0]["name"], json!("carl"));
        if running {
            new.stop();
        }
    }
    assert_eq!(new.place.run(&["init", "--again"]).status, 0);
    restore(&new.place, &file);
    assert_eq!(new.place.json(&["user", "list"])[0]["name"], json!("anna"));
}

#[test]
fn a_lost_store_is_begun_anew_and_filled_from_a_backup() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let file = beside(&place, "gate.backup");
    back_up(&place, &file);
    for lost in ["db", "snapshot"] {
        let path = place.state().join(lost);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            .expect("removed");
    }
    let refused = try_restore(&place, &file, PASSPHRASE);
    assert!(refused.status != 0, "{refused:?}");
    assert!(refused.err.contains("init --again") && refused.err.contains("restore"), "{refused:?}");
    assert_eq!(place.run(&["init", "--again"]).status, 0);
    assert_eq!(restore(&place, &file)["users"], json!(1));
}

#[test]
fn a_file_that_does_not_open_says_why_and_changes_nothing() {
    let old = Place::new(ONE_DOMAIN);
    old.add_user("anna");
    let file = beside(&old, "gate.backup");
    back_up(&old, &file);
    let whole = fs::read(&file).expect("a file");
    let new = Place::new(ONE_DOMAIN);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        fs::write(beside(&new, "other.backup"), bytes).expect("written");
        try_restore(&new, &beside(&new, "other.backup"), PASSPHRASE)
    };
    let wrong = try_restore(&new, &file, "five other words, or so");
    let damaged = with(&|bytes| *bytes.last_mut().expect("bytes") ^= 1);
    for (refused, named) in [
        (&wrong, "passphrase is wrong, or the file is damaged"),
        (&damaged, "passphrase is wrong, or the file is damaged"),
        (&with(&|bytes| bytes.truncate(100)), "cut short"),
        (&with(&|bytes| bytes[8] = 9), "form 9"),
        (&with(&|bytes| bytes[12] = 4), "memory"),
        (&with(&|bytes| bytes.clear()), "no backup"),
    ] {
        assert_eq!(refused.status, DATA, "{refused:?}");
        assert!(refused.err.contains(named) && refused.out.is_empty(), "{named}: {refused:?}");
    }
    let missing = try_restore(&new, &beside(&new, "nothing"), PASSPHRASE);
    assert!(missing.status == NO_INPUT && missing.err.contains("nothing"), "{missing:?}");
    assert!(!new.state().exists(), "no store was made for it");
}

#[test]
fn a_backup_overwrites_nothing_and_needs_a_store_with_users_and_a_good_passphrase() {
    let place = Place::new(ONE_DOMAIN);
    let file = beside(&place, "gate.backup");
    let try_backup =
        |passphrase: &str| place.run(&words("backup", &file, &passphrase_file(&place, passphrase)));
    let nowhere = try_backup(PASSPHRASE);
    assert!(nowhere.status == NO_INPUT && nowhere.err.contains("--state-dir"), "{nowhere:?}");
    assert_eq!(place.run(&["init"]).status, 0);
    let nobody = try_backup(PASSPHRASE);
    assert!(nobody.status == DATA && nobody.err.contains("no users"), "{nobody:?}");
    place.add_user("anna");
    let short = try_backup("too short");
    assert!(short.status == DATA && short.err.contains("12"), "{short:?}");
    assert_eq!(try_backup("").status, DATA);
    assert!(!file.exists());
    back_up(&place, &file);
    let first = fs::read(&file).expect("a file");
    let again = try_backup(PASSPHRASE);
    assert!(again.status == CANNOT_CREATE && again.err.contains("remove"), "{again:?}");
    assert_eq!(fs::read(&file).expect("a file"), first);
}

#[test]
fn the_configuration_goes_to_its_place_only_where_none_is() {
    let old = Place::new(ONE_DOMAIN);
    old.add_user("anna");
    let file = beside(&old, "gate.backup");
    back_up(&old, &file);
    let text = fs::read(old.config_file()).expect("settings");

    let empty = Place::new(ONE_DOMAIN);
    fs::remove_file(empty.config_file()).expect("removed");
    let told = restore(&empty, &file);
    assert_eq!(told["configuration"], json!("written"), "{told}");
    assert_eq!(fs::read(empty.config_file()).expect("written"), text);

    let other = Place::new(&format!("# of the new machine\n{ONE_DOMAIN}"));
    let before = fs::read(other.config_file()).expect("settings");
    let told = restore(&other, &file);
    let left = other.state().join("portcullis.toml.restored");
    assert_eq!(
        (&told["configuration"], &told["configuration_file"]),
        (&json!("kept"), &json!(left)),
        "{told}"
    );
    assert_eq!(fs::read(other.config_file()).expect("settings"), before);
    assert_eq!(fs::read(left).expect("left"), text);
}

#[test]
fn without_a_configuration_none_is_moved() {
    if Path::new("/etc/portcullis/portcullis.toml").exists() {
        println!("skipped: this machine has a configuration of its own");
        return;
    }
    let old = Place::new(ONE_DOMAIN);
    old.add_user("anna");
    let (file, passphrase) = (beside(&old, "gate.backup"), passphrase_file(&old, PASSPHRASE));
    let bare = |place: &Place, verb: &str| {
        let mut command = crate::support::daemon::bare_command(&words(verb, &file, &passphrase));
        Done::from(
            command.arg("--json").arg("--state-dir").arg(place.state()).output().expect("runs"),
        )
    };
    assert_eq!(bare(&old, "backup").status, 0);
    let done = bare(&Place::new(ONE_DOMAIN), "restore");
    let told: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(
        told,
        json!({ "users": 1, "passes": 0, "configuration": "none", "configuration_file": null }),
        "{done:?}"
    );
}

/// `BACKUP_USERS` sets how many. A gate takes ten thousand, and by what these take, so many go in
/// one order.
#[test]
fn many_users_move_through_running_gates() {
    let users = usize::try_from(rounds("BACKUP_USERS", 2_000)).expect("a number");
    let old = Place::new(MANY);
    populate(&old, users);
    let file = beside(&old, "gate.backup");
    let (old, new) = (old.start(), Daemon::with(MANY));
    let start = clock::monotonic();
    back_up(&old.place, &file);
    let given = clock::monotonic();
    restore(&new.place, &file);
    let taken = clock::monotonic();
    let octets = fs::metadata(&file).expect("a file").len();
    println!(
        "{users} users: backup {:?}, restore {:?}, file {octets} octets",
        given - start,
        taken - given
    );
    assert!(
        octets * MAX_USERS as u64 / (users as u64) < MOST_AT_ONCE as u64,
        "{octets} octets of {users} users"
    );
    assert_eq!(user_count(&new.place), users);
    assert_eq!(Ask::get("/ready").send(new.address).status, 200);
    let known = format!("somebody.with-a-name.{}", users - 1);
    let export = |gate: &Daemon| gate.place.json(&["user", "export", &known])["secret"].clone();
    assert_eq!(export(&old), export(&new));
}

/// The users of these backups are none, so that what the daemon says shows whether it has read them
/// at all.
#[test]
fn a_backup_that_is_too_much_for_one_order_is_restored_while_the_gate_is_stopped() {
    let new = Daemon::with(ONE_DOMAIN);
    let passphrase = Secret::new(PASSPHRASE.as_bytes().to_vec());
    for (octets, status, named) in [
        (MOST_AT_ONCE, DATA, "this release does not know"),
        (MOST_AT_ONCE + 400_000, UNAVAILABLE, "stop it first"),
    ] {
        let records = Zeroizing::new(vec![0; octets]);
        let backup = Backup {
            created: "2026-01-31T23:59:59Z".to_owned(),
            users: 1,
            records,
            configuration: None,
        };
        let file = beside(&new.place, &format!("{octets}.backup"));
        fs::write(&file, backup.seal(&passphrase, &mut System).expect("sealed")).expect("written");
        let refused = try_restore(&new.place, &file, PASSPHRASE);
        assert!(refused.status == status && refused.err.contains(named), "{octets}: {refused:?}");
        assert_eq!(Ask::get("/health").send(new.address).status, 200);
    }
    assert_eq!(user_count(&new.place), 0);
}

/// A `kill -9` at moments spread over the change, of the verb on the store and of the daemon that
/// restores.
#[test]
fn a_killed_restore_leaves_all_users_or_none() {
    const USERS: usize = 300;
    const ROUNDS: u32 = 6;
    let old = Place::new(MANY);
    populate(&old, USERS);
    let file = beside(&old, "gate.backup");
    back_up(&old, &file);
    let (mut none, mut all) = (0, 0);
    let mut survey = |place: &Place, round: u32| match user_count(place) {
        0 => {
            none += 1;
            // And it can be done again.
            if round == 0 {
                assert_eq!(restore(place, &file)["users"], json!(USERS));
            }
        }
        USERS => all += 1,
        some => panic!("round {round}: {some} users"),
    };
    // The last rounds end it just before its own end and not at all.
    let moment = |whole: Duration, round: u32| whole * round / (ROUNDS - 2);
    let mut whole = Duration::ZERO;
    for round in (0..ROUNDS).rev() {
        let new = Place::new(MANY);
        let passphrase = passphrase_file(&new, PASSPHRASE);
        let mut restoring =
            Running::start("restore", &mut new.command(&words("restore", &file, &passphrase)));
        wait::until("the store", PATIENCE, || new.state().join("store.id").exists().then_some(()));
        let start = clock::monotonic();
        if round == ROUNDS - 1 {
            restoring.ended(PATIENCE);
            whole = clock::monotonic() - start;
        }
        wait::before_the_blow(moment(whole, round));
        restoring.kill();
        survey(&new, round);
    }
    for round in (0..ROUNDS).rev() {
        let mut new = Daemon::with(MANY);
        let passphrase = passphrase_file(&new.place, PASSPHRASE);
        let change = new.place.state().join("snapshot.new");
        let mut restoring = Running::start(
            "restore",
            &mut new.place.command(&words("restore", &file, &passphrase)),
        );
        wait::until("the change", PATIENCE, || {
            (change.exists() || !restoring.is_running()).then_some(())
        });
        let start = clock::monotonic();
        if round == ROUNDS - 1 {
            restoring.ended(PATIENCE);
            whole = clock::monotonic() - start;
        }
        wait::before_the_blow(moment(whole, round));
        new.kill();
        restoring.ended(PATIENCE);
        survey(&new.place, round);
    }
    println!("none {none}, all {all}");
    assert!(none > 0 && all > 0, "none {none}, all {all}: the moments were not spread");
}

#[test]
fn a_full_disk_leaves_no_half_backup() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let folder = beside(&place, "stick");
    fs::create_dir(&folder).expect("a folder");
    let (file, passphrase) = (folder.join("gate.backup"), passphrase_file(&place, PASSPHRASE));
    let inner = place.command(&words("backup", &file, &passphrase));
    // A limit on the size of files stands in for the disk.
    let mut outer = Command::new("sh");
    outer.args(["-c", "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"", "sh"]);
    outer.arg(inner.get_program()).args(inner.get_args()).env_clear().envs(environment_of(&inner));
    let refused = Done::from(outer.output().expect("a shell"));
    assert_eq!(refused.status, CANNOT_CREATE, "{refused:?}");
    assert!(refused.err.contains("gate.backup"), "{refused:?}");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
}

/// A card's boot partition knows no permissions. Skipped without root, which may mount.
#[test]
fn a_fat_takes_a_backup_and_gives_it_back_with_the_passphrase_beside_it() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let Some(fat) = Fat::mount(&beside(&place, "card")) else {
        println!("skipped: needs root, loop devices, mkfs.vfat and a kernel that knows it");
        return;
    };
    let (file, passphrase) = (fat.0.join("portcullis-backup.bin"), fat.0.join("passphrase.txt"));
    fs::write(&passphrase, format!("{PASSPHRASE}\r\n")).expect("written");
    let passphrase = passphrase.to_str().expect("text");
    place.json(&words("backup", &file, passphrase));
    assert_eq!(fs::read_dir(&fat.0).expect("a folder").count(), 2, "nothing else is left there");
    assert_eq!(place.run(&words("backup", &file, passphrase)).status, CANNOT_CREATE);
    let new = Place::new(ONE_DOMAIN);
    assert_eq!(new.json(&words("restore", &file, passphrase))["users"], json!(1));
}

struct Fat(PathBuf);

impl Fat {
    fn mount(folder: &Path) -> Option<Self> {
        let succeeds =
            |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        fs::create_dir_all(folder).ok()?;
        let image = folder.with_extension("img");
        fs::File::create(&image).and_then(|file| file.set_len(4 << 20)).ok()?;
        let made = geteuid().is_root() && succeeds(Command::new("/usr/sbin/mkfs.vfat").arg(&image));
        // As on a card: everybody may read.
        let mounted = made
            && succeeds(
                Command::new("mount").args(["-o", "loop,umask=0022"]).arg(&image).arg(folder),
            );
        mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for Fat {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Typed on a terminal, which `script` makes: asked twice, and never shown.
#[test]
fn a_passphrase_is_asked_for_on_the_terminal_and_not_shown() {
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let file = beside(&place, "gate.backup");
    let typed = |verb: &str, answers: &[(&str, &str)]| {
        let inner = place.command(&[verb, file.to_str().expect("text")]);
        let words = std::iter::once(inner.get_program()).chain(inner.get_args());
        let line: Vec<_> =
            words.map(|word| format!("'{}'", word.to_str().expect("text"))).collect();
        let mut script = Command::new("script");
        script
            .args(["-q", "-e", "-c", &line.join(" "), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = script.spawn().expect("script (bsdutils)");
        let (mut keys, mut screen) =
            (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut shown = String::new();
        let mut piece = [0; 1024];
        let mut asked = answers.iter();
        let mut next = asked.next();
        while let Ok(length @ 1..) = screen.read(&mut piece) {
            shown.push_str(&String::from_utf8_lossy(&piece[..length]));
            if let Some((prompt, answer)) = next
                && shown.ends_with(prompt)
            {
                keys.write_all(answer.as_bytes()).expect("typed");
                next = asked.next();
            }
        }
        (child.wait().expect("ends").code(), shown)
    };
    let right = format!("{PASSPHRASE}\r");
    let (code, shown) =
        typed("backup", &[("Passphrase: ", &right), ("The same again: ", "something else\r")]);
    assert!(code == Some(DATA) && shown.contains("differ") && !file.exists(), "{shown}");
    let (code, shown) = typed("backup", &[("Passphrase: ", "\x03")]);
    assert!(code != Some(0) && shown.contains("cancelled") && !file.exists(), "{shown}");
    let (code, shown) = typed("backup", &[("Passphrase: ", &right), ("The same again: ", &right)]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("unrelated"), "{shown}");
    let new = Place::new(ONE_DOMAIN);
    assert_eq!(restore(&new, &file)["users"], json!(1), "without the key that ended the line");

    let silent = Command::new("setsid")
        .arg("-w")
        .arg(env!("CARGO_BIN_EXE_portcullis"))
        .args(["restore", file.to_str().expect("text")])
        .output()
        .expect("setsid (util-linux)");
    assert!(String::from_utf8_lossy(&silent.stderr).contains("--passphrase-file"), "{silent:?}");
}

/// The members of the control socket's group may not take the seeds out. Skipped without root,
/// which can be somebody else.
#[test]
fn the_socket_s_group_is_not_enough_for_a_backup() {
    if !geteuid().is_root() {
        println!("skipped: needs root to become somebody else");
        return;
    }
    let place = Place::new(ONE_DOMAIN);
    place.add_user("anna");
    let (file, passphrase) = (beside(&place, "gate.backup"), passphrase_file(&place, PASSPHRASE));
    back_up(&place, &file);
    // Both can be reached without the state directory.
    let control = beside(&place, "control.sock");
    let control = control.to_str().expect("text");
    for path in [&file, Path::new(&passphrase)] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o640)).expect("a mode");
    }
    let mut running =
        Running::start("portcullis", &mut place.command(&["serve", "--control", control]));
    running.wait_for("its address", PATIENCE, crate::support::daemon::listening_address);
    wait::until("the socket", PATIENCE, || Path::new(control).exists().then_some(()));
    let as_member = |words: &[&str]| {
        let inner = place.command(words);
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "0", "--clear-groups"]);
        Done::from(
            command
                .arg(inner.get_program())
                .args(inner.get_args())
                .output()
                .expect("setpriv (util-linux)"),
        )
    };
    assert_eq!(as_member(&["user", "list", "--control", control]).status, 0);
    let other = beside(&place, "other.backup");
    for verb in [words("backup", &other, &passphrase), words("restore", &file, &passphrase)] {
        let refused = as_member(&[&verb[..], &["--control", control]].concat());
        assert_eq!(refused.status, NO_PERMISSION, "{refused:?}");
        assert!(refused.err.contains("root"), "{refused:?}");
    }
}
