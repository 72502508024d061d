//! What the worker tells the log, and how the log is shown.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::app::messages::command::Command;
use crate::app::messages::job::{Job, Outcome};
use crate::app::messages::last_uses::LastUses;
use crate::app::worker::administer::execute;
use crate::app::worker::state::WorkerState;
use crate::clock::testing::TestClock;
use crate::clock::{self, Moment};
use crate::config::Config;
use crate::entropy::{Entropy, System};
use crate::ledger::{Store, load_or_create_key};

struct Fixture {
    dir: PathBuf,
    worker: Option<WorkerState>,
    /// Who gives the orders.
    by: Actor,
}

impl Fixture {
    fn new() -> Self {
        let dir = std::env::temp_dir()
            .join(format!("portcullis-audit-{:016x}", u64::from_ne_bytes(System.bytes())));
        let mut fixture = Self { dir, worker: None, by: Actor::Gate };
        fixture.restart();
        fixture
    }

    fn restart(&mut self) {
        self.worker = None;
        let key = load_or_create_key(&self.dir, None, &mut System).expect("a key");
        let (store, opened) =
            Store::open(&self.dir, &key, clock::now(), System).expect("the store opens");
        self.worker = Some(WorkerState::new(
            Config::default().into(),
            store,
            opened,
            Arc::new(TestClock::at(clock::now())),
            Box::new(System),
        ));
    }

    fn worker(&mut self) -> &mut WorkerState {
        self.worker.as_mut().expect("open")
    }

    fn order(&mut self, command: Command) -> Result<Value, CommandRefused> {
        let by = self.by.clone();
        let (answer, _) = execute(self.worker(), command, &by, Moment::at(clock::now()))?;
        Ok(serde_json::to_value(answer).expect("JSON"))
    }

    fn shown(&mut self, limit: u64, before: Option<u64>) -> Value {
        self.order(Command::AuditShow { since: None, user: None, limit, before }).expect("shown")
    }

    /// Action, result, actor, subject and reason of all lines but the first.
    fn told(&mut self) -> Vec<String> {
        let shown = self.shown(1_000, None);
        let text = |row: &Value, member: &str| row[member].as_str().unwrap_or("-").to_owned();
        let words = ["action", "result", "actor", "subject", "why"];
        let line = |row: &Value| words.map(|member| text(row, member)).join("|");
        shown["entries"].as_array().expect("rows").iter().skip(1).map(line).collect()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.worker = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn add(name: &str) -> Command {
    Command::Generate { name: Some(name.to_owned()) }
}

#[test]
fn every_order_is_told_with_who_gave_it() {
    let mut f = Fixture::new();
    let name = || "anna".to_owned();
    f.by = Actor::Operator(1000);
    f.order(add("anna")).expect("added");
    let exported = f.order(Command::UserExport { name: name() }).expect("exported");
    f.order(Command::UserDisable { name: name() }).expect("disabled");
    f.order(Command::UserDisable { name: name() }).expect("nothing to do");
    f.order(Command::UserEnable { name: name() }).expect("enabled");
    f.by = Actor::CommandLine(0);
    f.order(Command::UserRotate { name: name() }).expect("rotated");
    f.order(Command::Backup).expect("given");
    f.order(Command::SessionRevoke { ids: Vec::new(), user: None, all: true }).expect("revoked");
    f.order(Command::LimitClear { what: String::new(), all: true }).expect("nothing to clear");
    f.order(Command::ClockReset).expect("reset");
    f.order(Command::UserRemove { name: name() }).expect("removed");
    assert!(f.order(Command::UserRemove { name: name() }).is_err());
    assert_eq!(
        f.told(),
        [
            "user-added|ok|operator uid 1000|anna|-",
            "user-exported|ok|operator uid 1000|anna|-",
            "user-disabled|ok|operator uid 1000|anna|-",
            "user-enabled|ok|operator uid 1000|anna|-",
            "user-rotated|ok|command line uid 0|anna|-",
            "backup|ok|command line uid 0|-|users: 1",
            "session-revoked|ok|command line uid 0|all|sessions: 0",
            "clock-reset|ok|command line uid 0|-|sessions ended: 0, users freed: 0",
            "user-removed|ok|command line uid 0|anna|-",
        ]
    );
    let secret = exported["secret"].as_str().expect("a secret");
    assert!(!f.shown(1_000, None).to_string().contains(secret));
}

#[test]
fn start_stop_and_reload_are_told_once_each() {
    let mut f = Fixture::new();
    for _ in 0..2 {
        f.worker().housekeeping();
    }
    let config = Config::clone(&f.worker().config);
    f.worker().handle(Job::Reload(Arc::new(move || Ok(config.clone()))));
    f.worker().handle(Job::Reload(Arc::new(|| Err("line 1: unknown key".to_owned()))));
    assert!(matches!(
        f.worker().handle(Job::Seen { last_uses: LastUses::default(), ending: false }),
        Outcome::Housekeeping(_)
    ));
    f.worker().handle(Job::Seen { last_uses: LastUses::default(), ending: true });
    f.restart();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        f.told(),
        [
            format!("gate-started|ok|gate|version {version}|-"),
            "settings-reloaded|ok|gate|-|SIGHUP".to_owned(),
            format!("gate-stopped|ok|gate|version {version}|-"),
        ]
    );
}

#[test]
fn a_list_is_shown_piece_by_piece_and_by_user_and_age() {
    let mut f = Fixture::new();
    for number in 0..300 {
        let user = UserName::parse(if number % 3 == 0 { "anna" } else { "ben" }).expect("a name");
        f.worker().tell(Event::new(Action::Login, Actor::User(user)), clock::now()).expect("told");
    }
    let numbers = |shown: &Value| -> Vec<u64> {
        shown["entries"]
            .as_array()
            .expect("rows")
            .iter()
            .filter_map(|row| row["number"].as_u64())
            .collect()
    };
    let newest = f.shown(10, None);
    assert_eq!((numbers(&newest), &newest["more"]), ((292..=301).collect(), &json!(true)));
    assert_eq!(numbers(&f.shown(10, Some(292))), (282..=291).collect::<Vec<_>>());
    let all = f.shown(400, None);
    assert_eq!((numbers(&all).len(), &all["more"]), (301, &json!(false)));
    let anna = |since| Command::AuditShow {
        since,
        user: Some("Anna".to_owned()),
        limit: 1_000,
        before: None,
    };
    assert_eq!(numbers(&f.order(anna(None)).expect("shown")).len(), 100);
    assert_eq!(numbers(&f.order(anna(Some(3_600))).expect("shown")).len(), 100);
    let later = Moment::at(clock::now().plus(std::time::Duration::from_secs(7_200)));
    let (old, _) = execute(f.worker(), anna(Some(3_600)), &Actor::Gate, later).expect("shown");
    assert_eq!(numbers(&serde_json::to_value(old).expect("JSON")), Vec::<u64>::new());
    assert!(
        f.order(Command::AuditShow {
            since: None,
            user: Some("a b".to_owned()),
            limit: 1,
            before: None
        })
        .is_err()
    );
}

#[test]
fn verify_tells_of_the_whole_chain_and_finds_a_hash_that_was_noted() {
    let mut f = Fixture::new();
    let verify = |f: &mut Fixture, expect: Option<&str>| {
        f.order(Command::AuditVerify { expect: expect.map(str::to_owned) })
    };
    f.order(add("anna")).expect("added");
    let early = verify(&mut f, None).expect("verified");
    assert_eq!(
        (&early["whole"], &early["entries"], &early["last"]),
        (&json!(true), &json!(2), &json!(2))
    );
    let noted = early["head"].as_str().expect("a head").to_owned();
    for number in 0..600 {
        f.worker()
            .tell(Event::new(Action::Login, Actor::Gate).about(number), clock::now())
            .expect("told");
    }
    f.restart();
    let late = verify(&mut f, Some(&noted)).expect("verified");
    assert_eq!(
        (&late["whole"], &late["entries"], &late["problem"]),
        (&json!(true), &json!(602), &Value::Null)
    );
    let other = "00".repeat(32);
    let missing = verify(&mut f, Some(&other[1..])).expect_err("no hash");
    assert_eq!(missing.code, 65);
    assert_eq!(verify(&mut f, Some(&other)).expect("verified")["whole"], json!(false));
    assert_eq!(verify(&mut f, Some(&"11".repeat(32))).expect("verified")["whole"], json!(false));
    std::fs::remove_file(f.dir.join("audit/000000000257")).expect("removed");
    let broken = verify(&mut f, Some(&noted)).expect("verified");
    assert_eq!((&broken["whole"], &broken["problem"]["number"]), (&json!(false), &json!(257)));
    assert_eq!(
        f.shown(1_000, None)["entries"].as_array().map(Vec::len),
        Some(602 - 256),
        "the rest is shown"
    );
}

#[test]
fn entries_that_were_lost_with_the_database_are_told_as_missing() {
    let mut f = Fixture::new();
    f.order(add("anna")).expect("added");
    for number in 0..300 {
        f.worker()
            .tell(Event::new(Action::Login, Actor::Gate).about(number), clock::now())
            .expect("told");
    }
    let verify =
        |f: &mut Fixture| f.order(Command::AuditVerify { expect: None }).expect("verified");
    let before = verify(&mut f);
    assert_eq!((&before["whole"], &before["missing"]), (&json!(true), &json!([])));
    f.worker = None;
    std::fs::write(f.dir.join("db/db"), "no database").expect("ours");
    f.restart();
    let after = verify(&mut f);
    assert_eq!(
        (&after["whole"], &after["missing"]),
        (&json!(false), &json!([{ "first": 257, "last": 302 }]))
    );
    assert_eq!(
        (&after["entries"], &after["last"], &after["problem"]["number"]),
        (&json!(257), &json!(303), &json!(257))
    );
    let what = after["problem"]["what"].as_str().expect("a text");
    assert!(what.contains("257 to 302") && what.contains("entry 303 tells"), "{what}");
    // A fault in what is left comes first.
    std::fs::remove_file(f.dir.join("audit/000000000001")).expect("removed");
    assert_eq!(verify(&mut f)["problem"]["number"], json!(1));
}
