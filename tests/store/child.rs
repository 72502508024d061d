//! The store in a process of its own, and a load whose every state can be told from its number.
//!
//! A child is this test program again, told by `STORE_TEST_ROLE` and `STORE_TEST_DIR` what to do.
//! As in the released program a panic ends it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portcullis::auth::access_pass::record::AccessPass;
use portcullis::auth::event::{Action, Actor, Event};
use portcullis::auth::guess_budget::{Bucket, BudgetKey};
use portcullis::auth::session::{Session, SessionId};
use portcullis::auth::totp::{Algorithm, Authenticator, CodeLength, Seed, TimeStep};
use portcullis::auth::user::User;
use portcullis::clock::Timestamp;
use portcullis::entropy::Entropy;
use portcullis::ledger::{Change, Counter, CounterKey, GateRecord, Opened, Store, StoredState};
use portcullis::secret::Secret;

use crate::support::clock::preloaded;

use super::support::{NOW, fingerprint, name, open, pass_from, session, whole_log};
use crate::support::dice::Dice;
use crate::support::wait;

/// A child that takes longer to open a store hangs.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_child_does_what_the_environment_says() {
    let (Ok(role), Ok(dir)) = (std::env::var("STORE_TEST_ROLE"), std::env::var("STORE_TEST_DIR"))
    else {
        return;
    };
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
    match role.as_str() {
        "commit" => commit_for_ever(Path::new(&dir), 0),
        "log in" => commit_for_ever(Path::new(&dir), LOGINS),
        "open" => tell(Path::new(&dir)),
        "failing" => super::disk::live_on_a_failing_disk(Path::new(&dir)),
        "limited" => super::disk::commit_under_a_limit(Path::new(&dir)),
        other => panic!("no role {other}"),
    }
    std::process::exit(0);
}

/// A child in this role.
pub fn command(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args([
        "--exact",
        "store::child::a_child_does_what_the_environment_says",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env("STORE_TEST_ROLE", role).env("STORE_TEST_DIR", dir);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

/// A child that commits and says each commit's number when it is acknowledged.
pub struct Committing {
    child: Child,
    said: BufReader<ChildStdout>,
    /// A line whose end it has not said yet.
    begun: String,
    /// The last commit that was acknowledged.
    pub acknowledged: u64,
}

impl Committing {
    /// With users and settings among the changes.
    pub fn start(dir: &Path) -> Self {
        Self::start_as("commit", dir)
    }

    /// With nothing but sessions and counters, so that no snapshot is synced, and the journal with
    /// it.
    pub fn start_logins(dir: &Path) -> Self {
        Self::start_as("log in", dir)
    }

    /// With a library in front of the C library that stops it before and after every flush below
    /// `dir`.
    pub fn start_stopping(library: &Path, dir: &Path) -> Self {
        let mut command = command("commit", dir);
        command
            .env("LD_PRELOAD", preloaded(&[library]))
            .env("FAULTS_BELOW", dir)
            .env("FAULTS_STOP", "flush");
        Self::of(command)
    }

    fn start_as(role: &str, dir: &Path) -> Self {
        Self::of(command(role, dir))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("a child");
        let said = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, said, begun: String::new(), acknowledged: 0 }
    }

    /// Waits until it stands still at a flush, and hears what it acknowledged before.
    pub fn wait_for_flush(&mut self) {
        wait::until("a stop at a flush", PATIENCE, || stands_still(self.id()).then_some(()));
        // Never a whole line at a time: who stands still ends none.
        while self.has_said_more() {
            let bytes = self.said.fill_buf().expect("its output");
            let length = bytes.len();
            assert!(length > 0, "it has ended");
            self.begun.push_str(&String::from_utf8_lossy(bytes));
            self.said.consume(length);
        }
        while let Some((line, rest)) = self.begun.split_once('\n') {
            if let Some(number) = line.strip_prefix("ack ") {
                self.acknowledged = number.parse().expect("a number");
            }
            self.begun = rest.to_owned();
        }
    }

    /// Whether there is something to read.
    fn has_said_more(&self) -> bool {
        let mut waiting = [PollFd::new(self.said.get_ref().as_fd(), PollFlags::POLLIN)];
        !self.said.buffer().is_empty()
            || poll(&mut waiting, PollTimeout::ZERO).is_ok_and(|count| count > 0)
    }

    pub fn id(&self) -> i32 {
        id_of(&self.child)
    }

    /// Reads until `count` commits more are acknowledged; false if the child has ended.
    pub fn wait_for(&mut self, count: u64) -> bool {
        (0..count).all(|_| self.hear())
    }

    /// Ends it with `kill -9` and hears what it had said before.
    pub fn kill(mut self) -> u64 {
        self.child.kill().expect("a kill");
        while self.hear() {}
        self.child.wait().expect("an end");
        self.acknowledged
    }

    /// Reads on to the next acknowledgement; false if it has ended.
    fn hear(&mut self) -> bool {
        let mut line = String::new();
        while self.said.read_line(&mut line).is_ok_and(|length| length > 0) {
            // A line without its end was cut off by the kill.
            if let Some(number) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('\n'))
            {
                self.acknowledged = number.parse().expect("a number");
                return true;
            }
            assert!(!line.contains("refused"), "{line}");
            line.clear();
        }
        false
    }
}

/// A child that opens the store, and stands still on the way.
pub struct Opening(Child);

impl Opening {
    /// With a library in front of the C library that stops it `at` every `flush` or `change` below
    /// `dir`.
    pub fn start(library: &Path, at: &str, dir: &Path) -> Self {
        let mut command = command("open", dir);
        command
            .env("LD_PRELOAD", preloaded(&[library]))
            .env("FAULTS_BELOW", dir)
            .env("FAULTS_STOP", at);
        Self(command.spawn().expect("a child"))
    }

    /// Waits until it stands still; false if the store is open instead.
    pub fn stops(&mut self) -> bool {
        let stopped = || match self.0.try_wait().expect("a state") {
            Some(end) => {
                assert!(end.success(), "{end}");
                Some(false)
            }
            None => stands_still(id_of(&self.0)).then_some(true),
        };
        wait::until("a stop, or the end", PATIENCE, stopped)
    }

    /// Lets it go on to the next stop.
    pub fn go_on(&self) {
        kill(Pid::from_raw(id_of(&self.0)), Signal::SIGCONT).expect("a go");
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        // After a failed assertion it still stands still.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn id_of(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a process id")
}

/// Whether every thread of a child is stopped.
fn stands_still(id: i32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).expect("our own child");
    threads.flatten().all(|thread| {
        let text = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The name stands in brackets and may hold anything.
        text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
    })
}

/// What a start of the gate on this directory ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Sound(Vec<String>),
    Recovered {
        users: Vec<String>,
        passes: Vec<String>,
        sessions: usize,
    },
    Refused(String),
    /// It died or hung.
    Crashed,
}

/// Starts a child that opens the store; one that dies or hangs is started again as a supervisor
/// does.
pub fn supervised(dir: &Path) -> Start {
    let starts = (0..6).map(|_| start(dir));
    starts.into_iter().find(|start| *start != Start::Crashed).unwrap_or(Start::Crashed)
}

fn start(dir: &Path) -> Start {
    let mut child = command("open", dir).spawn().expect("a child");
    let mut said = child.stdout.take().expect("its output");
    let reader = thread::spawn(move || io::read_to_string(&mut said).unwrap_or_default());
    if wait::at_most(PATIENCE, || child.try_wait().expect("a state")).is_none() {
        child.kill().and_then(|()| child.wait()).expect("a kill");
    }
    let said = reader.join().expect("its output");
    let lines = |prefix: &str| {
        let found = said.lines().filter_map(|line| line.strip_prefix(prefix)).map(str::to_owned);
        found.collect::<Vec<_>>()
    };
    if let [why] = lines("refused ").as_slice() {
        return Start::Refused(why.clone());
    }
    match (said.contains("\nrecovered"), said.contains("\nsound")) {
        (true, _) => {
            let records = lines("record ");
            let of = |kind: &str| -> Vec<String> {
                records.iter().filter(|line| line.starts_with(kind)).cloned().collect()
            };
            let sessions = of("session ").len();
            Start::Recovered { users: of("user "), passes: of("pass "), sessions }
        }
        (_, true) => Start::Sound(lines("record ")),
        _ => Start::Crashed,
    }
}

fn tell(dir: &Path) {
    let mut out = io::stdout();
    let told = match open(dir) {
        Err(error) => writeln!(out, "\nrefused {error}"),
        Ok((_store, Opened { contents, recovered })) => {
            let records = fingerprint(&contents)
                .iter()
                .fold(String::new(), |all, line| format!("{all}record {line}\n"));
            writeln!(out, "\n{records}{}", if recovered.is_some() { "recovered" } else { "sound" })
        }
    };
    told.and_then(|()| out.flush()).expect("told");
}

fn commit_for_ever(dir: &Path, from: u64) {
    let (mut store, opened) = match open(dir) {
        Ok(opened) => opened,
        Err(error) => panic!("refused {error}"),
    };
    let mut number = state_of(&opened.contents).max(from);
    loop {
        number += 1;
        commit(&mut store, number);
        let mut out = io::stdout();
        out.write_all(format!("\nack {number}\n").as_bytes())
            .and_then(|()| out.flush())
            .expect("told");
    }
}

/// Makes the commit with this number.
pub fn commit(store: &mut Store, number: u64) {
    store.commit(&changes(number), NOW).unwrap_or_else(|error| panic!("commit {number}: {error}"));
}

/// Commits beyond this number are logins only, on a store that has had nothing else.
pub const LOGINS: u64 = 1_000_000;

/// A login, with a user added or changed every third time, the settings every fifth, and a pass
/// made every seventh, used two commits later and removed in its time.
pub fn changes(number: u64) -> Vec<Change> {
    let mut changes = vec![
        Change::Audit(nth_event(number)),
        Change::PutSession(nth_session(number)),
        Change::PutCounter(CounterKey::Budget(BudgetKey::StrangersLocal), nth_counter(number)),
    ];
    if let Some(over) = number.checked_sub(SESSIONS) {
        changes.push(Change::EndSession(nth_session(over).id));
    }
    if number < LOGINS && number.is_multiple_of(3) {
        changes.push(Change::PutUser(nth_user(number)));
    }
    if number < LOGINS && number.is_multiple_of(5) {
        changes.push(Change::PutGateRecord(nth_settings(number)));
    }
    if number < LOGINS {
        changes.extend(changes_of_passes(number));
    }
    changes
}

fn changes_of_passes(number: u64) -> Vec<Change> {
    match number % MADE_EVERY {
        0 => {
            let made = Change::PutPass(nth_pass(number));
            let over = number.checked_sub(MADE_EVERY * PASSES).filter(|over| *over > 0);
            let ended = over.map(|over| Change::RemovePass(nth_pass(over).id));
            ended.into_iter().chain([made]).collect()
        }
        USED_AFTER if number > MADE_EVERY => {
            vec![Change::UsePass(nth_pass(number - USED_AFTER).id, Timestamp::from_unix(number))]
        }
        _ => Vec::new(),
    }
}

/// The passes after this commit.
fn passes_after(number: u64) -> Vec<AccessPass> {
    let made = (1..=number).rev().filter(|made| made.is_multiple_of(MADE_EVERY));
    let pass_now = |made: u64| {
        let used = made + USED_AFTER;
        let last_used = (used <= number).then(|| Timestamp::from_unix(used));
        AccessPass { last_used, ..nth_pass(made) }
    };
    made.take(usize::try_from(PASSES).expect("few")).map(pass_now).collect()
}

/// A pass is made every so many commits, and used so many later.
const MADE_EVERY: u64 = 7;
const USED_AFTER: u64 = 2;
/// Passes that are kept at a time.
const PASSES: u64 = 3;

/// Sessions that are live at a time.
const SESSIONS: u64 = 5;

/// The commit that these contents are the state after; 0 for a new store. Panics if they are no
/// such state.
pub fn state_of(contents: &StoredState) -> u64 {
    state_among(contents, passes_after)
}

/// The same of a release that knew no passes.
pub fn state_without_passes_of(contents: &StoredState) -> u64 {
    state_among(contents, |_| Vec::new())
}

fn state_among(contents: &StoredState, passes_after: fn(u64) -> Vec<AccessPass>) -> u64 {
    let numbers =
        contents.sessions.iter().map(|session| u128::from_be_bytes(*session.id.as_bytes()));
    let number = u64::try_from(numbers.max().unwrap_or(0)).expect("a number");
    let (first, last_change) = if number > LOGINS { (LOGINS + 1, 0) } else { (1, number) };
    let changes = || (1..=last_change).rev();
    let mut expected = StoredState {
        users: changes().filter(|n| n.is_multiple_of(3)).take(USERS).map(nth_user).collect(),
        sessions: (first..=number).rev().take(5).map(nth_session).collect(),
        passes: passes_after(last_change),
        counters: Vec::new(),
        gate_record: changes()
            .find(|n| n.is_multiple_of(5))
            .map_or(contents.gate_record.clone(), nth_settings),
    };
    if number > 0 {
        expected
            .counters
            .push((CounterKey::Budget(BudgetKey::StrangersLocal), nth_counter(number)));
    }
    assert_eq!(
        fingerprint(contents),
        fingerprint(&expected),
        "not the state after commit {number}"
    );
    number
}

/// Each commit has told the audit log of itself, in the order of their numbers, and nothing is
/// missing or left over.
pub fn assert_log(store: &Store, number: u64) {
    let log = whole_log(store);
    let told: Vec<_> = log
        .iter()
        .filter(|entry| entry.action == "login")
        .map(|entry| entry.subject.clone())
        .collect();
    let first = if number > LOGINS { LOGINS + 1 } else { 1 };
    assert!(
        told == (first..=number).map(|n| n.to_string()).collect::<Vec<_>>(),
        "not the log of {number} commits"
    );
}

const USERS: usize = 4;

fn nth_event(number: u64) -> Event {
    Event::new(Action::Login, Actor::User(name("anna"))).about(number).from([203, 0, 113, 7].into())
}

fn nth_user(number: u64) -> User {
    let which = (number / 3) % 4;
    let seed = Seed::new(number.to_be_bytes().repeat(3)).expect("a seed");
    let authenticator = Authenticator { seed, algorithm: Algorithm::Sha1, digits: CodeLength::Six };
    User {
        name: name(&format!("user{which}")),
        enabled: number.is_multiple_of(2),
        admin: false,
        display_name: format!("Number {number}"),
        email: String::new(),
        groups: vec!["all".to_owned()],
        created: NOW,
        authenticator,
        spent: Some(TimeStep::new(number)),
        generation: 0,
    }
}

fn nth_session(number: u64) -> Session {
    Session { id: SessionId::from_bytes(u128::from(number).to_be_bytes()), ..session("anna") }
}

/// Random bytes that are the same for the same number.
struct Numbered(Dice);

impl Entropy for Numbered {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.below(256) as u8);
    }
}

fn nth_pass(number: u64) -> AccessPass {
    let user = format!("user{}", number % 4);
    pass_from(&user, &mut Numbered(Dice::new(number)))
}

fn nth_counter(number: u64) -> Counter {
    let mut bucket = Bucket::default();
    let _ = bucket.take(Timestamp::from_unix(number));
    Counter::Bucket(bucket)
}

fn nth_settings(number: u64) -> GateRecord {
    GateRecord {
        device_key: Secret::new(number.to_be_bytes().repeat(4)),
        clock_floor: Timestamp::from_unix(number),
        ever_had_user: true,
        previous_session_secret: None,
    }
}
