//! Two gates on one ledger: what one of them has committed holds for the other, whichever was
//! faster. Both run in threads of their own; time is what the test says.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::*;
use crate::app::messages::command::Command;
use crate::app::messages::enrolment::{Enrolment, EnrolmentAnswer, EnrolmentStep, FIRST_NAME};
use crate::app::messages::job::{Job, Outcome};
use crate::app::messages::last_uses::LastUses;
use crate::app::messages::login::{Admission, Browser, LoginAttempt, LoginDenial};
use crate::app::worker::administer::execute;
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::event::Actor;
use crate::auth::guess_budget::{BudgetKey, CAPACITY};
use crate::auth::setup_code::SetupCode;
use crate::auth::testing::{pass_for, user};
use crate::auth::totp::{Code, TimeStep};
use crate::auth::user::UserName;
use crate::clock::testing::TestClock;
use crate::config::Config;
use crate::config::scratch::{self, ScratchPath};
use crate::entropy::System;
use crate::ledger::{MemoryLedger, Store, StoredState, load_or_create_key};

const ROUNDS: u32 = 200;
/// Longer than it takes a budget to give the guess of a round back.
const ROUND: Duration = Duration::from_secs(7 * 60 * 60);
const CLIENT: &str = "203.0.113.7";
const SETUP_CODE: &str = "ABCD-EFGH-IJKL-MNOP";

/// Two gates over two new stores, and one ledger.
struct TwoGates {
    gates: [WorkerState; 2],
    now: Moment,
    /// Dropped last: the stores are closed before their directories go.
    _folders: [ScratchPath; 2],
}

impl TwoGates {
    fn new() -> Self {
        let now = crate::clock::now();
        let folders = [scratch::directory(), scratch::directory()];
        let [one, other] = folders.each_ref().map(|folder| {
            let key = load_or_create_key(folder, None, &mut System).expect("a key");
            Store::open(folder, &key, now, System).expect("the store opens")
        });
        let gate_record = one.1.contents.gate_record.clone();
        let ends = MemoryLedger::over(vec![one.0, other.0], &gate_record);
        let opened = [one.1, other.1].into_iter();
        let workers = ends.into_iter().zip(opened).map(|(end, mut opened)| {
            opened.contents.gate_record = gate_record.clone();
            let clock = Arc::new(TestClock::confirmed(now));
            WorkerState::new(Config::default().into(), end, opened, clock, Box::new(System))
        });
        let gates = workers.collect::<Vec<_>>().try_into().ok().expect("two of them");
        Self { gates, now: Moment::at(now), _folders: folders }
    }

    fn pass(&mut self, time: Duration) {
        self.now = Moment::at(self.now.wall.plus(time));
    }

    /// A user whom both gates know.
    fn add(&mut self, name: &str) -> UserName {
        let command = Command::Generate { name: Some(name.to_owned()) };
        execute(&mut self.gates[0], command, &Actor::Gate, self.now).expect("added");
        self.catch_up();
        UserName::parse(name).expect("a name")
    }

    fn catch_up(&mut self) {
        let now = self.now;
        self.gates.iter_mut().for_each(|gate| drop(gate.catch_up(now)));
    }

    fn code(&self, user: &UserName) -> Code {
        let step = TimeStep::at(self.now.wall);
        let code = self.gates[0].users[user].authenticator.code(step);
        Code::parse(&code).expect("an app shows codes")
    }

    /// What the stores hold at the end.
    fn kept(self) -> [StoredState; 2] {
        drop(self.gates);
        self._folders.each_ref().map(|folder| {
            let key = load_or_create_key(folder, None, &mut System).expect("a key");
            let (_, opened) = Store::open(folder, &key, self.now.wall, System).expect("it opens");
            opened.contents
        })
    }

    /// Lets both gates do the same at the same moment.
    fn race<T: Send>(
        &mut self,
        act: impl Fn(&mut WorkerState, usize, Moment) -> T + Sync,
    ) -> [T; 2] {
        let (start, now) = (Barrier::new(2), self.now);
        let (start, act) = (&start, &act);
        std::thread::scope(|scope| {
            let [one, other] = &mut self.gates;
            let threads = [(one, 0), (other, 1)].map(|(gate, number)| {
                scope.spawn(move || {
                    start.wait();
                    act(gate, number, now)
                })
            });
            threads.map(|thread| thread.join().expect("it ends"))
        })
    }
}

fn attempt(code: Code) -> LoginAttempt {
    LoginAttempt { code, name: None, browser: Browser::of(CLIENT) }
}

fn is_in(admission: &Admission) -> bool {
    matches!(admission, Admission::Admitted { .. })
}

#[test]
fn a_code_that_both_gates_are_shown_lets_in_at_one_of_them() {
    let mut two = TwoGates::new();
    let anna = two.add("anna");
    for round in 0..ROUNDS {
        let code = two.code(&anna);
        let admissions = two.race(|gate, _, now| gate.admit(&attempt(code), now, &mut Vec::new()));
        let let_in = admissions.each_ref().map(is_in);
        assert_eq!(let_in.iter().filter(|is_in| **is_in).count(), 1, "round {round}");
        let refused = admissions.iter().find(|admission| !is_in(admission));
        // As a code that is used twice at one gate.
        assert!(
            matches!(refused, Some(Admission::Refused(LoginDenial::WrongCode))),
            "round {round}"
        );
        two.pass(ROUND);
    }
}

#[test]
fn a_code_that_one_gate_took_is_refused_by_one_that_has_not_heard_of_it() {
    let mut two = TwoGates::new();
    let anna = two.add("anna");
    let (code, now) = (two.code(&anna), two.now);
    let [one, other] = &mut two.gates;
    assert!(is_in(&one.admit(&attempt(code), now, &mut Vec::new())));
    assert!(!other.users[&anna].has_spent(TimeStep::at(now.wall)), "it has not heard");
    assert!(!is_in(&other.admit(&attempt(code), now, &mut Vec::new())));
}

#[test]
fn a_user_whom_one_gate_disabled_is_not_let_in_by_the_other() {
    let mut two = TwoGates::new();
    let anna = two.add("anna");
    let (code, now) = (two.code(&anna), two.now);
    let [one, other] = &mut two.gates;
    let disable = Command::UserDisable { name: "anna".to_owned() };
    execute(one, disable, &Actor::Gate, now).expect("disabled");
    assert!(!is_in(&other.admit(&attempt(code), now, &mut Vec::new())));
    two.catch_up();
    assert!(two.gates.iter().all(|gate| !gate.users[&anna].enabled));
}

#[test]
fn a_session_that_one_gate_ended_has_ended_at_the_other_and_no_use_revives_it() {
    let mut two = TwoGates::new();
    let anna = two.add("anna");
    let (code, now) = (two.code(&anna), two.now);
    let [one, other] = &mut two.gates;
    let Admission::Admitted { session, .. } = one.admit(&attempt(code), now, &mut Vec::new())
    else {
        panic!("the code is good");
    };
    other.catch_up(now);
    let begun =
        |effect: &Effect| matches!(effect, Effect::SessionBegun(begun) if begun.id == session.id);
    assert!(other.learned.iter().any(begun) && other.sessions.get(&session.id).is_some());
    let client = CLIENT.parse().expect("an address");
    let logout = Job::Logout { session: session.id, all: false, client, next: String::new() };
    assert!(matches!(one.handle(logout), Outcome::Logout(Ok(()), ..)));
    // The other gate was used meanwhile.
    let mut used = session.clone();
    used.last_seen = now.wall.plus(Duration::from_secs(60));
    other.note_last_uses(&LastUses { sessions: vec![used], passes: Vec::new() });
    other.write_last_uses(false, now.wall);
    let Some(Outcome::Housekeeping(effects)) = other.housekeeping() else {
        panic!("there is always an outcome");
    };
    let ended = |effect: &Effect| matches!(effect, Effect::SessionEnded(id) if *id == session.id);
    assert!(effects.iter().any(ended), "the loop hears of it");
    assert!(other.sessions.get(&session.id).is_none());
    drop(one.listen());
    assert!(one.sessions.get(&session.id).is_none());
    assert!(one.listen().is_none() && other.listen().is_none(), "once only");
}

#[test]
fn a_pass_that_one_gate_made_is_good_at_the_other_until_one_of_them_ends_it() {
    let mut two = TwoGates::new();
    two.add("anna");
    let now = two.now;
    let [one, other] = &mut two.gates;
    let make = Command::PassCreate {
        name: "photos".to_owned(),
        user: "anna".to_owned(),
        hosts: vec!["photos.example.com".to_owned()],
        paths: Vec::new(),
        networks: Vec::new(),
        lifetime: None,
    };
    execute(one, make, &Actor::Gate, now).expect("made");
    other.catch_up(now);
    let id = *one.passes.keys().next().expect("a pass");
    let made = |effect: &Effect| matches!(effect, Effect::PassMade(pass) if pass.id == id);
    assert!(other.learned.iter().any(made) && other.passes.contains_key(&id));
    let revoke = Command::PassRevoke { ids: vec![id.to_string()], user: None, all: false };
    execute(other, revoke, &Actor::Gate, now).expect("ended");
    // The first gate was used meanwhile.
    let passes = vec![(id, now.wall)];
    one.note_last_uses(&LastUses { passes, ..LastUses::default() });
    one.write_last_uses(false, now.wall);
    let Some(Outcome::Housekeeping(effects)) = one.listen() else { panic!("it hears of it") };
    let ended = |effect: &Effect| matches!(effect, Effect::PassEnded(ended) if *ended == id);
    assert!(effects.iter().any(ended), "{effects:?}");
    two.catch_up();
    assert!(two.gates.iter().all(|gate| gate.passes.is_empty()), "no use revives it");
}

#[test]
fn no_failure_is_lost_when_both_gates_count_at_the_same_moment() {
    let mut two = TwoGates::new();
    let anna = two.add("anna");
    let wrong = (0..1_000_000)
        .filter_map(|number| Code::parse(&format!("{number:06}")))
        .find(|code| {
            let now = two.now.wall;
            let user = two.gates[0].users.get(&anna);
            matches!(
                crate::auth::totp::whether(user, code, now, 2),
                crate::auth::totp::CodeOwner::Nobody
            )
        })
        .expect("a million codes are not all taken");
    let tries = CAPACITY / 2 - 1;
    for number in 0..tries {
        let denials = two.race(|gate, side, now| {
            // Many addresses: the limit by address is another one.
            let mut wrong = attempt(wrong);
            wrong.browser = Browser::of(&format!("198.51.{side}.{number}"));
            gate.admit(&wrong, now, &mut Vec::new())
        });
        for denial in denials {
            assert!(matches!(denial, Admission::Refused(LoginDenial::WrongCode)), "try {number}");
        }
    }
    two.catch_up();
    for gate in &two.gates {
        let left = gate.budgets.available(&BudgetKey::StrangersInternet, two.now.steady);
        assert_eq!(left, CAPACITY - 2 * tries);
    }
}

#[test]
fn of_two_first_users_one_is_enrolled() {
    for round in 0..20 {
        let mut two = TwoGates::new();
        let now = two.now;
        let setup_code = SetupCode::parse(SETUP_CODE).expect("a code");
        let enrolment = |step, holder: Option<&String>| Enrolment {
            step,
            browser: Browser::of("192.168.1.20"),
            holders: holder.into_iter().map(|holder| holder.as_bytes().to_vec()).collect(),
            home: None,
            typed: FIRST_NAME.to_owned(),
        };
        let held = two.gates.each_mut().map(|gate| {
            gate.open_setup(&setup_code, now.steady);
            let begin = enrolment(
                EnrolmentStep::Begin(SetupCode::parse(SETUP_CODE).expect("a code")),
                None,
            );
            let EnrolmentAnswer::Begun(Some(holder)) = gate.enrol(&begin, now, &mut Vec::new())
            else {
                panic!("the enrolment does not begin");
            };
            let authenticator = gate.setup.as_ref().expect("it is open").enrolment.authenticator();
            let code = Code::parse(&authenticator.code(TimeStep::at(now.wall)));
            (holder, code.expect("an app shows codes"))
        });
        let answers = two.race(|gate, side, now| {
            let (holder, code) = &held[side];
            let name = UserName::parse(["anna", "ben"][side]).expect("a name");
            let finish = enrolment(EnrolmentStep::Finish(name, *code), Some(holder));
            gate.enrol(&finish, now, &mut Vec::new())
        });
        let enrolled =
            answers.iter().filter(|answer| matches!(answer, EnrolmentAnswer::Enrolled(..)));
        assert_eq!(enrolled.count(), 1, "round {round}");
        let closed = answers.iter().filter(|answer| matches!(answer, EnrolmentAnswer::Closed));
        assert_eq!(closed.count(), 1, "round {round}");
        two.catch_up();
        assert!(two.gates.iter().all(|gate| gate.users.len() == 1 && !gate.is_new()));
    }
}

/// Makes a pass of this user at a gate, which goes by what it knows of the user.
fn make_pass(gate: &mut WorkerState, user: &UserName, now: Moment) -> Option<PassId> {
    let owner = gate.users.get(user)?;
    let rests_on = Condition::UserEnabled { name: user.clone(), generation: owner.generation };
    let (_, pass) = pass_for(user.as_str(), &["photos.example.com"]);
    let id = pass.id;
    match gate.commit_if(vec![Change::PutPass(pass)], &[rests_on], now.wall) {
        Ok(_) => Some(id),
        Err(Uncommitted::Conflict) => None,
        Err(Uncommitted::Store(error)) => panic!("{error}"),
    }
}

fn remove(gate: &mut WorkerState, user: &UserName, now: Moment) {
    let command = Command::UserRemove { name: user.to_string() };
    execute(gate, command, &Actor::Gate, now).expect("removed");
}

#[test]
fn a_pass_goes_with_its_user_whom_a_gate_removes_that_has_not_heard_of_it() {
    let mut two = TwoGates::new();
    let (anna, ben) = (two.add("anna"), two.add("ben"));
    let now = two.now;
    let [one, other] = &mut two.gates;
    let pass = make_pass(one, &anna, now).expect("made");
    let of_ben = make_pass(one, &ben, now).expect("made");
    remove(other, &anna, now);
    let Some(Outcome::Housekeeping(effects)) = one.housekeeping() else {
        panic!("there is always an outcome");
    };
    let ended = |effect: &Effect| matches!(effect, Effect::PassEnded(id) if *id == pass);
    assert!(effects.iter().any(ended), "the loop hears of it");
    // Nor does it come to whoever gets the name next.
    two.add("anna");
    for gate in &two.gates {
        assert_eq!(gate.passes.keys().copied().collect::<Vec<_>>(), [of_ben]);
    }
    for kept in two.kept() {
        assert_eq!(kept.passes.iter().map(|pass| pass.id).collect::<Vec<_>>(), [of_ben]);
    }
}

#[test]
fn a_pass_of_a_user_whom_the_other_gate_has_removed_is_not_made() {
    let mut two = TwoGates::new();
    let anna = two.add("anna");
    let now = two.now;
    let [one, other] = &mut two.gates;
    remove(other, &anna, now);
    assert!(one.users.contains_key(&anna), "it has not heard");
    assert_eq!(make_pass(one, &anna, now), None);
    // Nor where another has the name by now.
    other.commit(vec![Change::PutUser(user("anna"))], now.wall).expect("added");
    assert_eq!(make_pass(one, &anna, now), None);
    two.catch_up();
    assert!(two.kept().iter().all(|kept| kept.passes.is_empty()));
}

#[test]
fn whichever_gate_is_faster_no_pass_of_a_removed_user_is_left() {
    let mut two = TwoGates::new();
    for round in 0..ROUNDS {
        let anna = two.add("anna");
        let made = two.race(|gate, side, now| match side {
            0 => make_pass(gate, &anna, now),
            _ => {
                remove(gate, &anna, now);
                None
            }
        });
        two.catch_up();
        assert!(two.gates.iter().all(|gate| gate.passes.is_empty()), "round {round}: {made:?}");
    }
    assert!(two.kept().iter().all(|kept| kept.passes.is_empty()));
}
