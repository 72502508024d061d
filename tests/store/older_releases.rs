//! Stores that older releases wrote: this one opens them with everything, and from then on they are
//! in its own form.
//!
//! They lie in `tests/vectors`, under a key of 32 sevens; the zeros at the end of `db/db` were cut.
//!
//! ```text
//! store-schema-1    twenty commits of `child.rs`, by a release that kept no audit log
//! store-schema-2    by the program of commit 36c6941: three users, 135 times `user enable` and
//!                   `user disable`, a write that failed (which makes the database small), four
//!                   wrong codes and a login by HTTP. Its library then put a previous session
//!                   secret in, which no verb of that release did
//! ```

use std::fs;
use std::path::Path;

use portcullis::auth::session::Session;
use portcullis::auth::user::User;
use portcullis::ledger::{Change, Store, StoreError, StoredState};

use super::child::state_of;
use super::support::{Dir, NOW, copy, open, open_sound, user, whole_log};

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
        let without = Dir::new();
        copy(dir, &without.state());
        fs::remove_dir_all(without.state().join("db")).expect("removed");
        let (_store, opened) = open(&without.state()).unwrap_or_else(|error| panic!("{error}"));
        let told = opened.recovered.expect("a message");
        assert!(!told.contains("Nothing shows that it is the latest"), "{told}");
        assert_eq!(opened.contents.users.len(), self.users);
    }
}

fn assert_whole_1(store: &Store, contents: &StoredState) {
    assert_eq!(state_of(contents), 20);
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
