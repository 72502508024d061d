//! Two workers with real stores: one gives, the other takes in. Time is what the test says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::app::messages::command::Command;
use crate::app::worker::administer::execute;
use crate::app::worker::testing::StandaloneWorker;
use crate::auth::testing::pass_for;
use crate::auth::trusted_time::ClockReading;
use crate::auth::user::UserName;
use crate::clock;
use crate::clock::testing::TestClock;
use crate::config::{Config, scratch};
use crate::entropy::System;
use crate::ledger::{Store, load_or_create_key};

/// A gate's clock that has not been set.
const UNSET: Timestamp = Timestamp::from_unix(1_000);

fn worker_in(dir: &std::path::Path) -> WorkerState {
    let key = load_or_create_key(dir, None, &mut System).expect("a key");
    let (store, opened) = Store::open(dir, &key, clock::now(), System).expect("the store opens");
    let clock = TestClock::at(clock::now());
    WorkerState::new(Config::default().into(), store, opened, Arc::new(clock), Box::new(System))
}

fn new_worker() -> StandaloneWorker {
    StandaloneWorker::new(TestClock::at(clock::now()))
}

fn ordered(
    worker: &mut WorkerState,
    command: Command,
    now: Timestamp,
) -> Result<Value, CommandRefused> {
    let (answer, _) = execute(worker, command, &Actor::Gate, Moment::at(now))?;
    Ok(serde_json::to_value(answer).expect("JSON"))
}

/// A pass on one host.
fn pass(user: &str, expires: Timestamp) -> AccessPass {
    AccessPass { expires, ..pass_for(user, &["photos.example.com"]).1 }
}

/// A gate with users of these names.
fn giver(names: &[&str]) -> StandaloneWorker {
    let mut worker = new_worker();
    for name in names {
        ordered(&mut worker, Command::Generate { name: Some((*name).to_owned()) }, clock::now())
            .expect("added");
    }
    worker
}

fn records(worker: &mut WorkerState) -> Records {
    let answer = ordered(worker, Command::Backup, clock::now()).expect("given");
    serde_json::from_value(answer["records"].clone()).expect("records")
}

fn restore(
    worker: &mut WorkerState,
    records: Records,
    now: Timestamp,
) -> Result<Value, CommandRefused> {
    ordered(worker, Command::Restore { records }, now)
}

fn spent(worker: &WorkerState, name: &str) -> Option<TimeStep> {
    worker.users.get(&UserName::parse(name).expect("a name")).expect("a user").spent
}

#[test]
fn users_arrive_with_everything_but_the_steps_up_to_now() {
    let mut old = giver(&["anna", "ben"]);
    ordered(&mut old, Command::UserDisable { name: "ben".to_owned() }, clock::now())
        .expect("disabled");
    let mut new = new_worker();
    let now = clock::now();
    assert_eq!(
        restore(&mut new, records(&mut old), now).expect("restored"),
        json!({"passes": 0, "users": 2})
    );
    for (name, user) in &old.users {
        let mut there = new.users.get(name).expect("a user").clone();
        assert_eq!(there.spent, Some(TimeStep::at(now).plus(2)));
        there.spent = user.spent;
        assert_eq!(&there, user);
    }
    assert!(
        new.gate_record.ever_had_user && new.gate_record.device_key != old.gate_record.device_key
    );
}

#[test]
fn passes_arrive_as_they_were_and_the_loop_hears_of_them() {
    let mut old = giver(&["anna", "ben"]);
    let now = clock::now();
    let later = now.plus(Duration::from_secs(3_600));
    let made = [pass("anna", later), pass("ben", later)];
    old.commit(made.clone().map(Change::PutPass).to_vec(), now).expect("made");
    old.commit(vec![Change::UsePass(made[0].id, now)], now).expect("written");
    let mut new = new_worker();
    let command = Command::Restore { records: records(&mut old) };
    let (answer, effects) =
        execute(&mut new, command, &Actor::Gate, Moment::at(now)).expect("restored");
    let answer = serde_json::to_value(answer).expect("JSON");
    assert_eq!(answer, json!({"passes": 2, "users": 2}));
    assert_eq!(new.passes, old.passes);
    assert_eq!(new.passes[&made[0].id].last_used, Some(now));
    for pass in &made {
        let begun =
            |effect: &Effect| matches!(effect, Effect::PassMade(made) if made.id == pass.id);
        assert!(effects.iter().any(begun));
    }
}

#[test]
fn passes_that_are_over_stay_behind_and_doubtful_ones_come_along() {
    let mut old = giver(&["anna"]);
    let now = clock::now();
    let floor = old.time.floor();
    let by_floor = pass("anna", Timestamp::from_unix(floor.unix() - 1));
    let by_clock = pass("anna", Timestamp::from_unix(now.unix() - 1));
    let lives = pass("anna", now.plus(Duration::from_secs(3_600)));
    assert!(!by_clock.is_expired(floor), "the floor is an hour behind");
    let made = [by_floor, by_clock.clone(), lives.clone()].map(Change::PutPass);
    old.commit(made.to_vec(), now).expect("made");
    let packed = ordered(&mut old, Command::Backup, now).expect("given");
    assert_eq!(packed["passes"], json!(2));
    let restored = |at: Timestamp| {
        let mut new = new_worker();
        let records = serde_json::from_value(packed["records"].clone()).expect("records");
        restore(&mut new, records, at).expect("restored");
        new.passes.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!(restored(now), [lives.id]);
    let mut both = [by_clock.id, lives.id];
    both.sort_unstable();
    assert_eq!(restored(UNSET), both);
}

#[test]
fn a_pass_without_its_user_or_twice_is_damage() {
    let mut old = giver(&["anna"]);
    let later = clock::now().plus(Duration::from_secs(3_600));
    let users: Vec<_> = old.users.values().cloned().collect();
    let [hers, other] = [pass("anna", later), pass("anna", later)];
    let mut new = new_worker();
    for bad in [
        vec![hers.clone(), pass("ben", later)],
        vec![hers.clone(), AccessPass { id: hers.id, ..other.clone() }],
        vec![hers.clone(), AccessPass { digest: hers.digest, ..other }],
    ] {
        let records = PortableUsers::pack(&users, &bad, UNSET).expect("packs");
        let refused = restore(&mut new, Records::of(&records), clock::now()).expect_err("refused");
        assert!(refused.code == 65 && refused.message.contains("damaged"), "{refused}");
        assert!(new.has_no_users() && new.passes.is_empty());
    }
    restore(&mut new, records(&mut old), clock::now()).expect("restored");
}

#[test]
fn every_budget_starts_with_a_quarter_also_after_a_restart() {
    let mut old = giver(&["anna"]);
    let dir = scratch::directory();
    let mut new = worker_in(&dir);
    let now = clock::now();
    restore(&mut new, records(&mut old), now).expect("restored");
    for _ in 0..2 {
        let anna = BudgetKey::Account(UserName::parse("anna").expect("a name"));
        for key in [
            anna,
            BudgetKey::UnknownAccounts,
            BudgetKey::StrangersInternet,
            BudgetKey::StrangersLocal,
        ] {
            assert_eq!(new.budgets.available(&key, now), LEFT, "{key:?}");
        }
        drop(new);
        new = worker_in(&dir);
    }
}

#[test]
fn nobody_is_restored_where_there_are_or_were_users() {
    let mut old = giver(&["anna"]);
    let mut new = giver(&["ben"]);
    for _ in 0..2 {
        let refused =
            restore(&mut new, records(&mut old), clock::now()).expect_err("there are users");
        assert!(refused.code == 65 && refused.message.contains("init --again"), "{refused}");
        // Once again without users, where there was one.
        ordered(&mut new, Command::UserRemove { name: "ben".to_owned() }, clock::now()).ok();
    }
    assert!(new.has_no_users());
}

#[test]
fn a_backup_is_restored_once() {
    let mut old = giver(&["anna"]);
    let mut new = new_worker();
    restore(&mut new, records(&mut old), clock::now()).expect("restored");
    assert!(restore(&mut new, records(&mut old), clock::now()).is_err());
}

#[test]
fn records_that_make_no_sense_change_nothing() {
    let mut old = giver(&["anna"]);
    let good = records(&mut old).octets().expect("base64");
    let anna = || old.users.values().next().expect("a user").clone();
    let mut doubled = anna();
    doubled.name = UserName::parse("ben").expect("a name");
    let pack = |users: &[User]| Records::of(&PortableUsers::pack(users, [], UNSET).expect("packs"));
    let mut new = new_worker();
    for bad in [
        Records::from("no base64!".to_owned()),
        Records::of(b""),
        Records::of(&good[..good.len() - 1]),
        pack(&[]),
        pack(&[anna(), anna()]),
        pack(&[anna(), doubled]),
    ] {
        assert_eq!(restore(&mut new, bad, clock::now()).expect_err("refused").code, 65);
        assert!(new.has_no_users() && !new.gate_record.ever_had_user);
    }
}

#[test]
fn without_users_there_is_nothing_to_give() {
    assert_eq!(
        ordered(&mut new_worker(), Command::Backup, clock::now()).expect_err("nobody").code,
        65
    );
}

#[test]
fn more_than_one_answer_holds_is_not_given() {
    let mut worker = giver(&["anna"]);
    let groups = (0..64).map(|number| format!("{number:064}")).collect();
    let anna = worker.users.values().next().expect("a user").clone();
    let anna = anna.with_profile(String::new(), String::new(), groups).expect("a user");
    for number in 0..1_400 {
        let name = UserName::parse(&format!("user{number}")).expect("a name");
        worker.users.insert(name.clone(), User { name, ..anna.clone() });
    }
    let refused = ordered(&mut worker, Command::Backup, clock::now()).expect_err("too many");
    assert!(refused.code == 69 && refused.message.contains("stop it"), "{refused}");
}

#[test]
fn with_an_unset_clock_no_step_counts_until_it_is_set_also_after_a_restart() {
    let mut old = giver(&["anna"]);
    let dir = scratch::directory();
    let mut new = worker_in(&dir);
    restore(&mut new, records(&mut old), UNSET).expect("restored");
    assert_eq!(spent(&new, "anna"), Some(TimeStep::LAST));
    new.settle_steps(UNSET);
    drop(new);
    let mut new = worker_in(&dir);
    assert_eq!(spent(&new, "anna"), Some(TimeStep::LAST));
    let now = clock::now().plus(Duration::from_secs(300));
    new.settle_steps(now);
    assert_eq!(spent(&new, "anna"), Some(TimeStep::at(now).plus(2)));
    drop(new);
    assert_eq!(spent(&worker_in(&dir), "anna"), Some(TimeStep::at(now).plus(2)));
}

#[test]
fn a_clock_behind_the_floor_of_the_old_gate_is_not_set() {
    let old = giver(&["anna"]);
    let ahead = clock::now().plus(Duration::from_secs(86_400));
    let records = Records::of(&PortableUsers::pack(old.users.values(), [], ahead).expect("packs"));
    let mut new = new_worker();
    restore(&mut new, records, clock::now()).expect("restored");
    assert_eq!(spent(&new, "anna"), Some(TimeStep::LAST));
    assert!(new.time.floor() >= ahead && new.gate_record.clock_floor >= ahead);
    new.settle_steps(clock::now());
    assert_eq!(spent(&new, "anna"), Some(TimeStep::LAST), "still behind");
}

#[test]
fn a_floor_that_cannot_be_true_is_left_out() {
    let old = giver(&["anna"]);
    let now = clock::now();
    let ahead = |days: u64| now.plus(Duration::from_secs(days * 86_400));
    let restored = |floor: Timestamp, at: Timestamp, synchronised: bool| {
        let mut new = new_worker();
        let monotonic = new.clock.monotonic();
        new.time.observe(ClockReading { now: at, monotonic, synchronised: Some(synchronised) });
        let records =
            Records::of(&PortableUsers::pack(old.users.values(), [], floor).expect("packs"));
        restore(&mut new, records, at).expect("restored");
        (new.time.floor() >= floor, new.gate_record.clock_floor >= floor, spent(&new, "anna"))
    };
    let up_to_now = Some(TimeStep::at(now).plus(2));
    // A clock that a time server has set knows better.
    assert_eq!(restored(ahead(2), now, true), (false, false, up_to_now));
    assert_eq!(restored(ahead(2), now, false), (true, true, Some(TimeStep::LAST)));
    // Beyond any release's age, also where the clock is not set.
    if BUILT.unix() != 0 {
        assert_eq!(restored(ahead(366 * 40), now, false), (false, false, up_to_now));
        assert_eq!(restored(ahead(366 * 40), UNSET, false), (false, false, Some(TimeStep::LAST)));
        assert_eq!(
            restored(Timestamp::from_unix(u64::MAX), UNSET, false),
            (false, false, Some(TimeStep::LAST))
        );
    }
}

#[test]
fn a_clock_reset_gives_no_used_code_back() {
    let mut old = giver(&["anna"]);
    let mut new = new_worker();
    restore(&mut new, records(&mut old), UNSET).expect("restored");
    let now = clock::now();
    ordered(&mut new, Command::ClockReset, now).expect("reset");
    assert_eq!(spent(&new, "anna"), Some(TimeStep::at(now).plus(2)));
}

#[test]
fn after_a_snapshot_stood_in_with_an_unset_clock_no_step_counts() {
    let mut worker = giver(&["anna"]);
    worker.doubt_steps(clock::now()).expect("written");
    assert_eq!(spent(&worker, "anna"), None, "the clock is right");
    worker.doubt_steps(UNSET).expect("written");
    assert_eq!(spent(&worker, "anna"), Some(TimeStep::LAST));
}

#[test]
fn only_owners_may_order_what_shows_seeds_or_takes_steps_back() {
    let records = Records::of(b"");
    let export = Command::UserExport { name: "anna".to_owned() };
    for command in [
        Command::Backup,
        Command::Restore { records: records.clone() },
        Command::ClockReset,
        export,
    ] {
        assert!(command.needs_owner());
    }
    assert!(!Command::UserList.needs_owner());
    assert_eq!(format!("{:?}", Command::Restore { records }), "Restore { records: Records(…) }");
}
