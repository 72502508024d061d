//! Every command on a worker's state with a real store, and the form of its answer.

use serde_json::Value;

use super::*;
use crate::app::messages::answers::backup::PackedUsers;
use crate::app::messages::command_answer::Answer as _;
use crate::app::messages::example_answers::{commands, read, recorded};
use crate::app::worker::testing::StandaloneWorker;
use crate::auth::guess_budget::{Bucket, BudgetKey};
use crate::auth::keyring::KeyId;
use crate::auth::setup_code::SetupCode;
use crate::auth::user::UserName;
use crate::clock::testing::TestClock;
use crate::entropy::System;

fn new_worker() -> StandaloneWorker {
    StandaloneWorker::new(TestClock::confirmed(crate::clock::now()))
}

/// A session of anna, and failures of strangers.
fn fill(worker: &mut WorkerState, now: Moment) {
    let anna = UserName::parse("anna").expect("a name");
    let client = "203.0.113.7".parse().expect("an address");
    let lifetime = std::time::Duration::from_secs(3_600);
    let session =
        Session::begin(anna, now.wall, lifetime, client, b"test", KeyId::new(1), &mut System);
    worker.commit(vec![Change::PutSession(session)], now.wall).expect("written");
    worker.budgets.put(BudgetKey::StrangersInternet, Bucket::with_left(3, now.steady));
}

/// Whether an answer has the members and kinds of values of another. What one of them does not know
/// may be anything.
fn same_form(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => true,
        (Value::Object(one), Value::Object(other)) => {
            one.keys().eq(other.keys())
                && one.iter().all(|(name, value)| same_form(value, &other[name]))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().all(|one| other.iter().all(|other| same_form(one, other)))
        }
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

#[test]
fn each_command_is_answered_in_the_recorded_form_and_read_back_equal() {
    let mut worker = new_worker();
    let now = worker.read_clock();
    worker.open_setup(&SetupCode::generate(&mut System), now.steady);
    let mut packed = None;
    for mut command in commands() {
        if command == Command::SessionList {
            fill(&mut worker, now);
        }
        if let Command::Restore { records } = &mut command {
            let given: PackedUsers = packed.take().expect("packed before");
            *records = given.records;
            worker = new_worker();
        }
        let (answer, _) = execute(&mut worker, command.clone(), &Actor::Gate, now)
            .unwrap_or_else(|refused| panic!("{command:?}: {refused}"));
        let json = serde_json::to_string(&answer).expect("JSON");
        assert_eq!(read(&command, &json).ok().as_ref(), Some(&answer), "{command:?}");
        let form = |json| serde_json::from_str(json).expect("JSON");
        assert!(same_form(&form(&json), &form(recorded(&command))), "{command:?}: {json}");
        if command == Command::Backup {
            packed = PackedUsers::of(answer).ok();
        }
    }
}
