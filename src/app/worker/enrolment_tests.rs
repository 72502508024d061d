//! The first enrolment on a worker's state with a real store; time is what the test says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::app::messages::command::Command;
use crate::app::messages::enrolment::Lack;
use crate::app::worker::administer::execute;
use crate::auth::totp::TimeStep;
use crate::clock::testing::TestClock;
use crate::config::Config;
use crate::entropy::{Entropy as _, System};
use crate::ledger::{Store, load_or_create_key};

const CODE: &str = "ABCD-EFGH-IJKL-MNOP";
const HOME: &str = "192.168.1.20";

/// A worker's state in a directory of its own, which goes with it.
struct Fixture {
    worker: Option<WorkerState>,
    dir: std::path::PathBuf,
    now: Moment,
}

impl Fixture {
    fn new() -> Self {
        let unique = u64::from_ne_bytes(System.bytes());
        let dir = std::env::temp_dir().join(format!("portcullis-enrol-{unique:016x}"));
        let now = Moment::at(crate::clock::now().plus(Duration::from_secs(3_600)));
        let mut fixture = Self { worker: None, dir, now };
        fixture.restart();
        fixture
    }

    fn restart(&mut self) {
        self.worker = None;
        let key = load_or_create_key(&self.dir, None, &mut System).expect("a key");
        let (store, opened) =
            Store::open(&self.dir, &key, self.now.wall, System).expect("the store opens");
        let clock = TestClock::confirmed(self.now.wall);
        let mut worker = WorkerState::new(
            Config::default().into(),
            store,
            opened,
            Arc::new(clock),
            Box::new(System),
        );
        worker.open_setup(&code(CODE), self.now.steady);
        self.worker = Some(worker);
    }

    fn worker(&mut self) -> &mut WorkerState {
        self.worker.as_mut().expect("the worker is open")
    }

    fn pass(&mut self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.now = Moment { wall: self.now.wall.plus(time), steady: self.now.steady.plus(time) };
    }

    fn enrol(
        &mut self,
        step: EnrolmentStep,
        holder: Option<&str>,
        client: &str,
    ) -> EnrolmentAnswer {
        let browser = Browser::of(client);
        let holders = holder.map(|value| value.as_bytes().to_vec()).into_iter().collect();
        let enrolment =
            Enrolment { step, browser, holders, home: None, typed: FIRST_NAME.to_owned() };
        let now = self.now;
        self.worker().enrol(&enrolment, now, &mut Vec::new())
    }

    fn begin(&mut self) -> String {
        match self.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME) {
            EnrolmentAnswer::Begun(Some(cookie)) => cookie,
            _ => panic!("the enrolment does not begin"),
        }
    }

    /// The code that the app shows `steps` after the present one.
    fn shown(&mut self, steps: i64) -> Code {
        let step = TimeStep::at(self.now.wall).number().saturating_add_signed(steps);
        let setup = self.worker().setup.as_ref().expect("it is open");
        Code::parse(&setup.enrolment.authenticator().code(TimeStep::new(step)))
            .expect("an app shows codes")
    }

    fn finish(&mut self, name: &str, code: Code, holder: Option<&str>) -> EnrolmentAnswer {
        self.enrol(
            EnrolmentStep::Finish(UserName::parse(name).expect("a name"), code),
            holder,
            HOME,
        )
    }

    fn names(&mut self) -> Vec<String> {
        self.worker().users.keys().map(ToString::to_string).collect()
    }

    fn state(&mut self, new_code: bool) -> Value {
        let now = self.now;
        let setup = Command::Setup { new_code };
        let (answer, _) = execute(self.worker(), setup, &Actor::Gate, now).expect("told");
        serde_json::to_value(answer).expect("JSON")
    }

    fn failures(&mut self) -> usize {
        let now = self.now;
        let (list, _) =
            execute(self.worker(), Command::LimitList, &Actor::Gate, now).expect("told");
        let list = serde_json::to_value(list).expect("JSON");
        list.as_array().map_or(0, Vec::len)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.worker = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn code(text: &str) -> SetupCode {
    SetupCode::parse(text).expect("a code")
}

fn refusal(answer: EnrolmentAnswer) -> String {
    match answer {
        EnrolmentAnswer::Code(Some(refusal)) | EnrolmentAnswer::Seed(_, Some(refusal)) => {
            format!("{refusal:?}")
        }
        EnrolmentAnswer::Code(None) => "the code form".to_owned(),
        EnrolmentAnswer::Seed(_, None) => "the seed".to_owned(),
        EnrolmentAnswer::Closed => "closed".to_owned(),
        EnrolmentAnswer::Begun(_) => "begun".to_owned(),
        EnrolmentAnswer::Enrolled(..) => "enrolled".to_owned(),
    }
}

#[test]
fn the_code_and_the_apps_code_make_the_first_user_who_is_there_after_a_restart() {
    let mut f = Fixture::new();
    let cookie = f.begin();
    let shown = f.shown(0);
    let EnrolmentAnswer::Enrolled(session, _) = f.finish("anna", shown, Some(&cookie)) else {
        panic!("not enrolled")
    };
    assert_eq!(session.user.as_str(), "anna");
    let user = f.worker().users.values().next().expect("a user");
    assert!(user.admin && user.spent.is_some(), "an administrator, and the code is spent");
    assert!(matches!(f.enrol(EnrolmentStep::Look, Some(&cookie), HOME), EnrolmentAnswer::Closed));
    f.restart();
    assert_eq!(f.names(), ["anna"]);
    assert!(f.worker().sessions.get(&session.id).is_some());
    assert!(f.worker().setup.is_none(), "closed for good");
    assert!(matches!(
        f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME),
        EnrolmentAnswer::Closed
    ));
}

#[test]
fn of_two_confirmations_the_second_makes_nobody() {
    let mut f = Fixture::new();
    let cookie = f.begin();
    let (one, other) = (f.shown(0), f.shown(1));
    assert!(matches!(f.finish("anna", one, Some(&cookie)), EnrolmentAnswer::Enrolled(..)));
    assert!(matches!(f.finish("bert", other, Some(&cookie)), EnrolmentAnswer::Closed));
    assert_eq!(f.names(), ["anna"]);
}

#[test]
fn a_user_added_by_the_command_line_closes_it_at_once() {
    let mut f = Fixture::new();
    let cookie = f.begin();
    let shown = f.shown(0);
    let now = f.now;
    let (_, effects) =
        execute(f.worker(), Command::Generate { name: None }, &Actor::Gate, now).expect("added");
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Setup { open: false })),
        "{effects:?}"
    );
    assert!(matches!(f.finish("anna", shown, Some(&cookie)), EnrolmentAnswer::Closed));
    assert_eq!(f.names(), ["user"]);
    execute(f.worker(), Command::UserRemove { name: "user".to_owned() }, &Actor::Gate, now)
        .expect("removed");
    f.restart();
    assert!(f.worker().setup.is_none(), "there was a user");
}

#[test]
fn without_the_cookie_of_the_holder_the_apps_code_is_not_looked_at() {
    let mut f = Fixture::new();
    let shown = f.shown(0);
    assert_eq!(refusal(f.finish("anna", shown, None)), "NotHolder");
    let cookie = f.begin();
    for other in [None, Some(""), Some("x"), Some(&cookie[1..])] {
        let shown = f.shown(0);
        assert_eq!(refusal(f.finish("anna", shown, other)), "NotHolder");
    }
    assert!(f.names().is_empty());
    assert_eq!(f.failures(), 0);
}

#[test]
fn a_hold_ends_after_ten_minutes_and_its_seed_with_it() {
    let mut f = Fixture::new();
    let cookie = f.begin();
    let EnrolmentAnswer::Seed(seed, None) = f.enrol(EnrolmentStep::Look, Some(&cookie), HOME)
    else {
        panic!("no seed")
    };
    assert!(seed.otpauth_url.contains(&format!(":owner?secret={}", seed.secret)));
    f.pass(600);
    let shown = f.shown(0);
    assert_eq!(refusal(f.finish("anna", shown, Some(&cookie))), "NotHolder");
    let next = f.begin();
    let EnrolmentAnswer::Seed(other, None) = f.enrol(EnrolmentStep::Look, Some(&next), HOME) else {
        panic!("no seed")
    };
    assert_ne!(seed.secret, other.secret);
    assert_eq!(
        refusal(f.finish("anna", shown, Some(&next))),
        "Denied(WrongCode)",
        "a code of the old seed"
    );
}

#[test]
fn wrong_codes_of_both_kinds_count_as_at_a_login() {
    let mut f = Fixture::new();
    assert_eq!(
        refusal(f.enrol(EnrolmentStep::Malformed(Lack::SetupCode), None, HOME)),
        "Malformed(SetupCode)"
    );
    assert_eq!(f.failures(), 0, "no guess");
    assert_eq!(
        refusal(f.enrol(EnrolmentStep::Begin(code("AAAAAAAAAAAAAAAA")), None, HOME)),
        "Denied(WrongCode)"
    );
    assert_eq!(f.failures(), 2, "the address and the strangers of the home network");
    let cookie = f.begin();
    let stale = f.shown(20);
    for _ in 0..4 {
        assert_eq!(refusal(f.finish("anna", stale, Some(&cookie))), "Denied(WrongCode)");
    }
    let good = f.shown(0);
    assert!(
        refusal(f.finish("anna", good, Some(&cookie))).starts_with("Denied(Address"),
        "five in all"
    );
    assert!(
        refusal(f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME))
            .starts_with("Denied(Address")
    );
}

#[test]
fn after_ten_wrong_tries_only_a_restart_or_a_new_code_opens_it() {
    let mut f = Fixture::new();
    for n in 0..10 {
        let client = format!("203.0.113.{n}");
        assert_eq!(
            refusal(f.enrol(EnrolmentStep::Begin(code("AAAAAAAAAAAAAAAA")), None, &client)),
            "Denied(WrongCode)"
        );
    }
    assert_eq!(refusal(f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME)), "Void(Guessed)");
    assert_eq!(refusal(f.enrol(EnrolmentStep::Look, None, HOME)), "Void(Guessed)");
    let state = f.state(false);
    assert_eq!(
        (&state["expires"], &state["tries_left"], &state["otpauth_url"]),
        (&json!(null), &json!(0), &json!(null))
    );
    let made = f.state(true);
    let new = code(made["code"].as_str().expect("a code"));
    assert_eq!(
        refusal(f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME)),
        "Denied(WrongCode)",
        "the old one"
    );
    assert_eq!(refusal(f.enrol(EnrolmentStep::Begin(new), None, HOME)), "begun");
    f.restart();
    assert_eq!(
        refusal(f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME)),
        "begun",
        "a given code is good again"
    );
}

#[test]
fn the_code_ends_after_thirty_minutes_by_the_steady_clock() {
    let mut f = Fixture::new();
    f.now.wall = f.now.wall.plus(Duration::from_secs(86_400));
    assert_eq!(f.state(false)["tries_left"], 10, "the wall clock was set, no time has passed");
    f.pass(1_799);
    assert_eq!(refusal(f.enrol(EnrolmentStep::Look, None, HOME)), "the code form");
    f.pass(1);
    assert_eq!(refusal(f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME)), "Void(Late)");
}

#[test]
fn while_the_clock_is_wrong_no_code_is_looked_at_and_nothing_begins() {
    let mut f = Fixture::new();
    let right = f.now.wall;
    f.now.wall = Timestamp::from_unix(1_000_000);
    assert!(
        refusal(f.enrol(EnrolmentStep::Begin(code(CODE)), None, HOME)).starts_with("Denied(Clock")
    );
    assert!(
        refusal(f.enrol(EnrolmentStep::Begin(code("AAAAAAAAAAAAAAAA")), None, HOME))
            .starts_with("Denied(Clock")
    );
    assert!(
        refusal(f.enrol(EnrolmentStep::Look, None, HOME)).starts_with("Denied(Clock"),
        "who looks is told, too"
    );
    assert_eq!(f.failures(), 0);
    f.now.wall = right;
    assert_eq!(f.state(false)["tries_left"], 10);
    f.begin();
}

#[test]
fn root_s_console_is_told_the_seed_that_the_page_will_show() {
    let mut f = Fixture::new();
    let state = f.state(false);
    assert_eq!(
        (&state["open"], &state["code"], &state["address"]),
        (&json!(true), &json!(null), &json!(null))
    );
    assert_eq!(state["expires"], f.now.wall.plus(Duration::from_secs(1_800)).to_string());
    let url = state["otpauth_url"].as_str().expect("a URL").to_owned();
    let cookie = f.begin();
    let EnrolmentAnswer::Seed(seed, _) = f.enrol(EnrolmentStep::Look, Some(&cookie), HOME) else {
        panic!("no seed")
    };
    assert_eq!(seed.otpauth_url, url);
    let made = f.state(true);
    assert_ne!(made["otpauth_url"], url, "a new code ends the hold and its seed");
    assert_eq!(refusal(f.enrol(EnrolmentStep::Look, Some(&cookie), HOME)), "the code form");
    let cookie = match f.enrol(
        EnrolmentStep::Begin(code(made["code"].as_str().expect("a code"))),
        None,
        HOME,
    ) {
        EnrolmentAnswer::Begun(Some(cookie)) => cookie,
        other => panic!("{}", refusal(other)),
    };
    let shown = f.shown(0);
    assert!(matches!(f.finish("owner", shown, Some(&cookie)), EnrolmentAnswer::Enrolled(..)));
    let state = f.state(false);
    assert_eq!(
        state,
        json!({"open": false, "address": null, "code": null, "expires": null, "tries_left": 0, "otpauth_url": null})
    );
    let now = f.now;
    assert!(
        execute(f.worker(), Command::Setup { new_code: true }, &Actor::Gate, now).is_err(),
        "closed"
    );
}
