//! What the tests share: a directory that goes away, records, and a look at contents that two
//! stores can be compared by.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portcullis::auth::access_pass::pass_id::PassId;
use portcullis::auth::access_pass::pass_token::PassToken;
use portcullis::auth::access_pass::record::{AccessPass, PassName};
use portcullis::auth::audit::{AuditEntry, Walk};
use portcullis::auth::keyring::KeyId;
use portcullis::auth::policy::host_pattern::HostPattern;
use portcullis::auth::policy::scope::PlaceScope;
use portcullis::auth::session::Session;
use portcullis::auth::totp::Authenticator;
use portcullis::auth::user::{User, UserName};
use portcullis::clock::Timestamp;
use portcullis::entropy::{Entropy, System};
use portcullis::ledger::{Opened, Store, StoreError, StoreKey, StoredState};

/// The moment most tests take place at.
pub const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// A directory of its own, removed at the end.
pub struct Dir(PathBuf);

impl Dir {
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// In memory, where it costs nothing to sync: for what is opened hundreds of times.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::below(memory) } else { Self::new() }
    }

    fn below(parent: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("portcullis-store-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    /// The state directory: not there yet.
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn key() -> StoreKey {
    StoreKey::new(vec![7; StoreKey::BYTES]).expect("32 bytes")
}

pub fn open(dir: &Path) -> Result<(Store, Opened), StoreError> {
    Store::open(dir, &key(), NOW, System)
}

/// Opens a store that must be sound.
pub fn open_sound(dir: &Path) -> (Store, StoredState) {
    let (store, opened) = open(dir).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(opened.recovered, None);
    (store, opened.contents)
}

/// All of the audit log, whose chain must be whole.
pub fn whole_log(store: &Store) -> Vec<AuditEntry> {
    let log = store.audit();
    let mut walk = Walk::behind(log.anchor());
    let read = |piece| log.read(piece).unwrap_or_else(|error| panic!("{error}"));
    let entries: Vec<_> = log.pieces().into_iter().flat_map(read).collect();
    entries
        .iter()
        .try_for_each(|entry| walk.step(entry))
        .unwrap_or_else(|broken| panic!("{broken}"));
    walk.end(log.head()).unwrap_or_else(|broken| panic!("{broken}"));
    entries
}

pub fn name(text: &str) -> UserName {
    UserName::parse(text).expect("a name")
}

pub fn user(text: &str) -> User {
    User::new(name(text), Authenticator::generate(&mut System), NOW, &mut System)
}

pub fn session(user: &str) -> Session {
    let ip = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
    let day = Duration::from_secs(24 * 60 * 60);
    Session::begin(name(user), NOW, day, ip, b"Mozilla/5.0", KeyId::new(1), &mut System)
}

/// A pass for a day.
pub fn pass(user: &str) -> AccessPass {
    pass_from(user, &mut System)
}

/// The same, its identifier and token made of these random bytes.
pub fn pass_from(user: &str, entropy: &mut impl Entropy) -> AccessPass {
    let host = HostPattern::parse("photos.example.com").expect("a host");
    AccessPass {
        id: PassId::generate(entropy),
        digest: PassToken::generate(entropy).digest(),
        name: PassName::parse("backup of photos").expect("a name"),
        user: name(user),
        scope: PlaceScope { hosts: vec![host], paths: Vec::new(), networks: Vec::new() },
        created: NOW,
        expires: NOW.plus(Duration::from_secs(24 * 60 * 60)),
        last_used: None,
    }
}

/// StoredState in a form that can be compared: every record in full, sorted.
pub fn fingerprint(contents: &StoredState) -> Vec<String> {
    let mut lines = Vec::new();
    for user in &contents.users {
        lines.push(format!("user {}", serde_json::to_string(user).expect("a user")));
    }
    for session in &contents.sessions {
        lines.push(format!("session {}", serde_json::to_string(session).expect("a session")));
    }
    for pass in &contents.passes {
        lines.push(format!("pass {}", serde_json::to_string(pass).expect("a pass")));
    }
    for (key, counter) in &contents.counters {
        lines.push(format!("counter {key:?} {counter:?}"));
    }
    lines.push(format!(
        "settings {}",
        serde_json::to_string(&contents.gate_record).expect("settings")
    ));
    lines.sort();
    lines
}

/// Copies a folder, whatever is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// All files below a folder.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// How many rounds a test makes: `short`, or what the environment asks for.
pub fn rounds(variable: &str, short: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}
