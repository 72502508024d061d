//! The worker with a real store; time is what the test says.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::app::messages::command::Command;
use crate::app::messages::limited::Limited;
use crate::app::messages::login::Presented;
use crate::app::worker::administer::execute;
use crate::auth::device::{self, Device};
use crate::auth::guess_budget::BudgetKey;
use crate::auth::totp::Code;
use crate::auth::totp::TimeStep;
use crate::clock;
use crate::clock::testing::TestClock;
use crate::config::Config;
use crate::entropy::System;
use crate::ledger::{Store, load_or_create_key};

const INTERNET: &str = "203.0.113.7";
const HOME: &str = "192.168.1.20";

/// A worker's state in a directory of its own, which goes with it.
struct Fixture {
    worker: Option<WorkerState>,
    config: Config,
    dir: std::path::PathBuf,
    now: Timestamp,
}

impl Fixture {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let mut unique = [0_u8; 8];
        crate::entropy::Entropy::fill(&mut System, &mut unique);
        let dir = std::env::temp_dir()
            .join(format!("portcullis-admit-{:016x}", u64::from_ne_bytes(unique)));
        let now = clock::now().plus(Duration::from_secs(3_600));
        let mut fixture = Self { worker: None, config, dir, now };
        fixture.restart();
        fixture
    }

    fn restart(&mut self) {
        self.restart_by(TestClock::confirmed(self.now));
    }

    fn restart_by(&mut self, clock: TestClock) {
        self.worker = None;
        let key = load_or_create_key(&self.dir, None, &mut System).expect("a key");
        let (store, opened) =
            Store::open(&self.dir, &key, self.now, System).expect("the store opens");
        self.worker = Some(WorkerState::new(
            self.config.clone().into(),
            store,
            opened,
            Arc::new(clock),
            Box::new(System),
        ));
    }

    fn worker(&mut self) -> &mut WorkerState {
        self.worker.as_mut().expect("the worker is open")
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    fn command(&mut self, command: Command) -> serde_json::Value {
        let now = Moment::at(self.now);
        let (answer, _) = execute(self.worker(), command, &Actor::Gate, now).expect("carried out");
        serde_json::to_value(answer).expect("JSON")
    }

    fn add(&mut self, name: &str) -> UserName {
        let now = Moment::at(self.now);
        let command = Command::UserAdd {
            name: name.to_owned(),
            admin: false,
            groups: Vec::new(),
            display_name: String::new(),
            email: String::new(),
            algorithm: None,
            digits: None,
        };
        execute(self.worker(), command, &Actor::Gate, now).expect("the user is added");
        UserName::parse(name).expect("a name")
    }

    /// The code that the user's app shows `steps` after the present one.
    fn code(&mut self, user: &UserName, steps: i64) -> Code {
        let step = TimeStep::at(self.now).number().saturating_add_signed(steps);
        let user = self.worker().users.get(user).expect("the user is there");
        Code::parse(&user.authenticator.code(TimeStep::new(step))).expect("an app shows codes")
    }

    /// A code that is nobody's in the window.
    fn wrong(&mut self) -> Code {
        let now = self.now;
        let users: Vec<User> = self.worker().users.values().cloned().collect();
        let nobodys = |code: &Code| matches!(who(&users, code, now, 2), CodeOwner::Nobody);
        let mut codes = (0..1_000_000).filter_map(|n| Code::parse(&format!("{n:06}")));
        codes.find(nobodys).expect("a million codes are not all taken")
    }

    fn attempt(&self, code: Code, client: &str) -> LoginAttempt {
        LoginAttempt { code, name: None, browser: Browser::of(client) }
    }

    fn admit(&mut self, attempt: &LoginAttempt) -> Result<(Session, Vec<u8>), LoginDenial> {
        let now = Moment::at(self.now);
        match self.worker().admit(attempt, now, &mut Vec::new()) {
            Admission::Admitted { session, device } => Ok((session, device.into_bytes())),
            Admission::Refused(denial) => Err(denial),
            Admission::Repeated { .. } | Admission::In(_) => panic!("let in once more"),
        }
    }

    /// What the gate makes of a device cookie.
    fn device(&mut self, cookie: &[u8]) -> Option<Device> {
        let now = self.now;
        device::read(cookie, &self.worker().device_key, now)
    }

    fn try_code(&mut self, code: Code, client: &str) -> Result<(Session, Vec<u8>), LoginDenial> {
        let attempt = self.attempt(code, client);
        self.admit(&attempt)
    }

    /// Spends the strangers' bucket of the internet, from as many addresses as that takes.
    fn spend_strangers(&mut self) {
        for n in 0..100_u32 {
            let code = self.wrong();
            let client = format!("198.51.{}.{}", n / 4 / 256, n / 4 % 256);
            assert!(
                matches!(self.try_code(code, &client), Err(LoginDenial::WrongCode)),
                "failure {n}"
            );
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.worker = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[test]
fn a_code_is_refused_the_second_time_and_after_a_restart() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    let code = f.code(&anna, 0);
    let (session, _) = f.try_code(code, INTERNET).expect("the code is good");
    assert_eq!(session.user, anna);
    assert!(matches!(f.try_code(code, INTERNET), Err(LoginDenial::WrongCode)));
    f.restart();
    assert!(matches!(f.try_code(code, INTERNET), Err(LoginDenial::WrongCode)));
    assert_eq!(f.command(Command::SessionList).as_array().map(Vec::len), Some(1));
}

#[test]
fn after_a_later_code_the_earlier_ones_are_spent_too() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    let (before, at, after) = (f.code(&anna, -1), f.code(&anna, 0), f.code(&anna, 1));
    assert!(f.try_code(after, HOME).is_ok());
    assert!(matches!(f.try_code(at, HOME), Err(LoginDenial::WrongCode)));
    assert!(matches!(f.try_code(before, HOME), Err(LoginDenial::WrongCode)));
}

#[test]
fn the_sixth_failure_from_one_address_is_not_looked_at_and_a_right_code_neither() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    for _ in 0..5 {
        let code = f.wrong();
        assert!(matches!(f.try_code(code, INTERNET), Err(LoginDenial::WrongCode)));
    }
    let good = f.code(&anna, 0);
    let Err(LoginDenial::Address(wait)) = f.try_code(good, INTERNET) else {
        panic!("the address is limited")
    };
    assert_eq!(wait.0, Duration::from_secs(900));
    f.restart();
    assert!(
        matches!(f.try_code(good, INTERNET), Err(LoginDenial::Address(_))),
        "also after a restart"
    );
    assert!(f.try_code(good, HOME).is_ok(), "another address is not concerned");
    f.pass(Duration::from_secs(900));
    let good = f.code(&anna, 0);
    assert!(f.try_code(good, INTERNET).is_ok(), "after the window it is over");
}

#[test]
fn strangers_of_the_internet_cannot_lock_the_owner_out() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    let (code, before) = (f.code(&anna, 0), "203.0.113.200");
    let (_, device) = f.try_code(code, before).expect("the code is good");
    f.pass(Duration::from_secs(60));
    f.spend_strangers();

    let good = f.code(&anna, 0);
    assert!(
        matches!(f.try_code(good, INTERNET), Err(LoginDenial::Strangers(_))),
        "a stranger is kept out"
    );
    let mut from_device = f.attempt(good, INTERNET);
    from_device.browser.sender.device = f.device(&device);
    assert!(f.admit(&from_device).is_ok(), "a known device gets in");

    f.pass(Duration::from_secs(30));
    let good = f.code(&anna, 0);
    assert!(f.try_code(good, HOME).is_ok(), "the home network gets in");

    f.restart();
    f.pass(Duration::from_secs(30));
    let good = f.code(&anna, 0);
    assert!(
        matches!(f.try_code(good, INTERNET), Err(LoginDenial::Strangers(_))),
        "the bucket survives a restart"
    );
    f.command(Command::LimitClear { what: "strangers".to_owned(), all: false });
    assert!(f.try_code(good, INTERNET).is_ok(), "the command line opens it again");
}

#[test]
fn a_success_does_not_refill_the_strangers_bucket() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    for _ in 0..3 {
        let code = f.wrong();
        let _ = f.try_code(code, INTERNET);
    }
    let good = f.code(&anna, 0);
    assert!(f.try_code(good, INTERNET).is_ok());
    let limits = f.command(Command::LimitList);
    let rows = limits.as_array().expect("a list");
    assert_eq!(rows.len(), 1, "the address is cleared, the bucket is not: {limits}");
    assert_eq!(
        (rows[0]["kind"].as_str(), rows[0]["failures"].as_u64()),
        (Some("strangers"), Some(3))
    );
}

#[test]
fn a_device_is_worth_nothing_after_disable_rotate_and_revoke_all() {
    for end in [
        Command::UserRotate { name: "anna".to_owned() },
        Command::SessionRevoke { ids: Vec::new(), user: None, all: true },
        Command::UserDisable { name: "anna".to_owned() },
    ] {
        let mut f = Fixture::new(|_| ());
        let anna = f.add("anna");
        let code = f.code(&anna, 0);
        let (_, device) = f.try_code(code, HOME).expect("the code is good");
        f.pass(Duration::from_secs(60));
        f.spend_strangers();
        let what = format!("{end:?}");
        f.command(end);
        f.command(Command::UserEnable { name: "anna".to_owned() });
        let good = f.code(&anna, 0);
        let mut attempt = f.attempt(good, INTERNET);
        attempt.browser.sender.device = f.device(&device);
        assert!(matches!(f.admit(&attempt), Err(LoginDenial::Strangers(_))), "{what}");
    }
}

#[test]
fn a_code_that_two_users_share_lets_nobody_in_and_is_spent_for_both() {
    let mut f = Fixture::new(|_| ());
    let (anna, bert) = (f.add("anna"), f.add("bert"));
    // Users cannot share a seed by any command; here they do, so that their codes are the same.
    let seed = f.worker().users.get(&anna).expect("anna").authenticator.clone();
    let mut twin = f.worker().users.get(&bert).expect("bert").clone();
    twin.authenticator = seed;
    let now = f.now;
    f.worker().commit(vec![Change::PutUser(twin)], now).expect("the store takes it");
    let code = f.code(&anna, 0);
    assert!(matches!(f.try_code(code, HOME), Err(LoginDenial::WrongCode)));
    for name in [&anna, &bert] {
        assert_eq!(f.worker().users.get(name).and_then(|user| user.spent), Some(TimeStep::at(now)));
    }
}

#[test]
fn a_name_has_its_own_budget_and_all_unknown_names_share_one() {
    let mut f = Fixture::new(|config| config.login.ask_username = true);
    let anna = f.add("anna");
    for name in ["nobody", "noone", "anna"] {
        let code = f.wrong();
        let mut attempt = f.attempt(code, HOME);
        attempt.name = UserName::parse(name).ok();
        assert!(matches!(f.admit(&attempt), Err(LoginDenial::WrongCode)));
    }
    let limits = f.command(Command::LimitList);
    let failures = |key: &str| {
        let rows = limits.as_array().expect("a list").iter();
        rows.filter(|row| row["kind"] == "account" && row["key"] == key)
            .filter_map(|row| row["failures"].as_u64())
            .sum::<u64>()
    };
    assert_eq!((failures("unknown"), failures("anna")), (2, 1), "{limits}");
    let good = f.code(&anna, 0);
    let mut attempt = f.attempt(good, HOME);
    attempt.name = UserName::parse("nobody").ok();
    assert!(
        matches!(f.admit(&attempt), Err(LoginDenial::WrongCode)),
        "another's code does not fit the name"
    );
    attempt.name = Some(anna);
    assert!(f.admit(&attempt).is_ok());
}

#[test]
fn a_login_ends_the_session_it_came_with_and_the_oldest_of_too_many() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    let mut first = None;
    for n in 0..=MAX_PER_USER {
        f.pass(Duration::from_secs(30));
        let code = f.code(&anna, 0);
        let (session, _) = f.try_code(code, HOME).expect("the code is good");
        first.get_or_insert(session.id);
        assert!(f.worker().sessions.len() <= MAX_PER_USER, "after {n}");
    }
    let first = first.expect("there was one");
    assert!(f.worker().sessions.get(&first).is_none(), "the oldest went");
    let previous = f.worker().sessions.iter().next().map(|session| session.id);
    f.pass(Duration::from_secs(30));
    let code = f.code(&anna, 0);
    let mut attempt = f.attempt(code, HOME);
    attempt.browser.sender.previous = previous.map(|id| Presented { id, token: String::new() });
    assert!(f.admit(&attempt).is_ok());
    assert!(previous.is_some_and(|id| f.worker().sessions.get(&id).is_none()));
    f.restart();
    assert_eq!(f.worker().sessions.len(), MAX_PER_USER);
}

#[test]
fn no_code_is_looked_at_while_the_clock_is_wrong() {
    let mut f = Fixture::new(|_| ());
    let anna = f.add("anna");
    f.now = Timestamp::from_unix(1_000_000);
    let code = f.code(&anna, 0);
    assert!(matches!(f.try_code(code, HOME), Err(LoginDenial::Clock(_))));
    assert_eq!(f.command(Command::LimitList).as_array().map(Vec::len), Some(0));
}

#[test]
fn sessions_that_timed_out_are_listed_no_more() {
    let mut f = Fixture::new(|config| config.session.idle = Some(Duration::from_secs(600)));
    let anna = f.add("anna");
    let code = f.code(&anna, 0);
    assert!(f.try_code(code, HOME).is_ok());
    let listed = |f: &mut Fixture| {
        let users = f.command(Command::UserList);
        (f.command(Command::SessionList).as_array().map(Vec::len), users[0]["sessions"].as_u64())
    };
    assert_eq!(listed(&mut f), (Some(1), Some(1)));
    f.pass(Duration::from_secs(601));
    assert_eq!(listed(&mut f), (Some(0), Some(0)));
}

#[test]
fn only_a_clock_reset_takes_the_gates_floor_back() {
    let mut f = Fixture::new(|_| ());
    let now = Moment::at(f.now);
    let floors = |effects: &[Effect]| {
        effects.iter().filter(|effect| matches!(effect, Effect::FloorRaised(_))).count()
    };
    let (_, effects) = execute(f.worker(), Command::Generate { name: None }, &Actor::Gate, now)
        .expect("the first user");
    assert_eq!(floors(&effects), 0, "the settings were written, with the floor of the last hour");
    let (_, effects) = execute(f.worker(), Command::ClockReset, &Actor::Gate, now).expect("reset");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::FloorRaised(floor) if *floor == now.wall))
    );
}

#[test]
fn setting_the_clock_forward_frees_nobody() {
    let mut f = Fixture::new(|_| ());
    f.add("anna");
    for _ in 0..5 {
        let code = f.wrong();
        assert!(matches!(f.try_code(code, INTERNET), Err(LoginDenial::WrongCode)));
    }
    let code = f.wrong();
    let attempt = f.attempt(code, INTERNET);
    let jumped = Moment { wall: f.now.plus(Duration::from_secs(86_400)), steady: f.now };
    let admission = f.worker().admit(&attempt, jumped, &mut Vec::new());
    assert!(matches!(admission, Admission::Refused(LoginDenial::Address(_))));
}

#[test]
fn a_jump_ahead_and_a_restart_refill_a_budget_only_where_the_clock_is_confirmed() {
    let mut f = Fixture::new(|_| {});
    let anna = f.add("anna");
    for _ in 0..3 {
        let wrong = f.code(&anna, 1_000);
        assert!(matches!(f.try_code(wrong, INTERNET), Err(LoginDenial::WrongCode)));
    }
    // The floor is written.
    f.worker().housekeeping();
    let left = |f: &mut Fixture| {
        let steady = f.worker().read_clock().steady;
        (
            f.worker().budgets.available(&BudgetKey::StrangersInternet, steady),
            f.worker().limiter.entries(steady).count(),
        )
    };
    assert_eq!(left(&mut f), (97, 1));
    let month_ahead = f.now.plus(Duration::from_secs(30 * 86_400));
    for unconfirmed in [Some(false), None] {
        let clock = TestClock::at(month_ahead);
        clock.set_synchronised(unconfirmed);
        f.restart_by(clock);
        assert_eq!(left(&mut f), (97, 1), "{unconfirmed:?}");
    }
    f.restart_by(TestClock::confirmed(month_ahead));
    assert_eq!(left(&mut f), (100, 0), "a month has passed");
}

#[test]
fn the_gate_learns_from_each_refusal_by_a_limit_whom_it_need_not_ask_about() {
    let mut fixture = Fixture::new(|config| config.login.ask_username = true);
    let anna = fixture.add("anna");
    let told = |fixture: &mut Fixture, client: &str, name: &str| {
        let code = fixture.wrong();
        let mut attempt = fixture.attempt(code, client);
        attempt.name = Some(UserName::parse(name).expect("a name"));
        let (now, mut effects) = (Moment::at(fixture.now), Vec::new());
        let _ = fixture.worker().admit(&attempt, now, &mut effects);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Limited { limited, .. } => Some(limited),
            _ => None,
        })
    };
    for _ in 0..5 {
        assert_eq!(told(&mut fixture, INTERNET, "anna"), None, "a wrong code is no limit yet");
    }
    let address = Limited::Network(INTERNET.parse().expect("an address"));
    assert_eq!(told(&mut fixture, INTERNET, "anna"), Some(address));
    // Some from home, so that the account is empty before strangers of the internet are.
    for n in 0..95 {
        let net = if n < 50 { "10.0" } else { "198.51" };
        assert_eq!(told(&mut fixture, &format!("{net}.{n}.1"), "anna"), None, "{n}");
    }
    let account = Limited::Budget(BudgetKey::Account(anna));
    assert_eq!(told(&mut fixture, "198.51.200.1", "anna"), Some(account));
    for n in 0..50 {
        assert_eq!(told(&mut fixture, &format!("198.51.{n}.2"), "nobody"), None, "{n}");
    }
    let strangers = Limited::Budget(BudgetKey::StrangersInternet);
    assert_eq!(told(&mut fixture, "198.51.200.2", "nobody"), Some(strangers));

    let now = Moment::at(fixture.now);
    let clear = Command::LimitClear { what: "strangers".to_owned(), all: false };
    let (_, effects) =
        execute(fixture.worker(), clear, &Actor::Gate, now).expect("the command is carried out");
    let freed = |key| {
        effects.iter().any(|effect| matches!(effect, Effect::BudgetFreed(budget) if *budget == key))
    };
    assert!(freed(BudgetKey::StrangersInternet) && freed(BudgetKey::StrangersLocal));
    let clear_all = Command::LimitClear { what: String::new(), all: true };
    let (_, effects) = execute(fixture.worker(), clear_all, &Actor::Gate, now)
        .expect("the command is carried out");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::AllFreed)), "{effects:?}");
}
