//! What a refusal does not tell by the time that it takes.
//!
//! The short form compares the work itself, in this process, by the quickest of many tries: noise
//! only ever adds. The form that goes through the door needs many samples; few of them can only
//! show what is grossly uneven.

use std::hint::black_box;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use portcullis::auth::totp::{Authenticator, Code, CodeOwner, whether, who};
use portcullis::auth::user::{User, UserName};
use portcullis::clock::{self, Timestamp};
use portcullis::entropy::System;

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Answer, Ask, Connection};
use crate::support::measure::Times;
use crate::support::wait::rounds;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn user(name: &str) -> User {
    let name = UserName::parse(name).expect("a name");
    User::new(name, Authenticator::generate(&mut System), NOW, &mut System)
}

/// How much longer the longest may take than the shortest.
const EVEN: f64 = 1.1;

/// The quickest of many tries of each, taken in turn, and of more where a processor changed its
/// pace meanwhile; panics where they differ by more than [`EVEN`] all the same. Counted is this
/// thread's own processor time, so that it does not matter who else wants the processor.
fn take_the_same_time(what: &str, ways: &[&dyn Fn() -> bool]) {
    let spent =
        || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock"));
    let mut quickest = vec![Duration::MAX; ways.len()];
    for _ in 0..25 {
        for _ in 0..400 {
            for (way, quickest) in ways.iter().zip(&mut quickest) {
                let start = spent();
                black_box(way());
                *quickest = (*quickest).min(spent() - start);
            }
        }
        let (least, most) =
            (quickest.iter().min().expect("some"), quickest.iter().max().expect("some"));
        if most.as_secs_f64() / least.as_secs_f64() < EVEN {
            return;
        }
    }
    panic!("{what}: {quickest:?}");
}

#[test]
fn a_name_that_nobody_has_costs_as_much_work_as_a_wrong_code() {
    let (anna, mut off) = (user("anna"), user("ben"));
    off.enabled = false;
    let wrong = Code::parse("000000").expect("a code");
    let ask = |user: Option<&User>| matches!(whether(user, &wrong, NOW, 1), CodeOwner::Nobody);
    take_the_same_time("by name", &[&|| ask(Some(&anna)), &|| ask(Some(&off)), &|| ask(None)]);
}

#[test]
fn a_code_costs_the_same_work_wherever_it_matches() {
    let users: Vec<_> = (0..10).map(|number| user(&format!("user{number}"))).collect();
    let code_of = |user: &User| {
        Code::parse(&user.authenticator.code(portcullis::auth::totp::TimeStep::at(NOW)))
    };
    let codes =
        [users.first(), users.last()].map(|user| code_of(user.expect("ten")).expect("a code"));
    let wrong = Code::parse("000000").expect("a code");
    let ask = |code: &Code| matches!(who(&users, code, NOW, 1), CodeOwner::Nobody);
    let [first, last] = &codes;
    take_the_same_time("by code alone", &[&|| ask(first), &|| ask(last), &|| ask(&wrong)]);
}

/// One login each from an address of its own, in turn; how long each kind took, and its last
/// answer.
struct Kinds<'g> {
    gate: &'g Daemon,
    connection: Connection,
    names: Vec<&'static str>,
    times: Vec<Times>,
    answers: Vec<Option<Answer>>,
    sent: u32,
}

impl<'g> Kinds<'g> {
    fn new(gate: &'g Daemon, names: &[&'static str]) -> Self {
        let connection = Connection::open(gate.address);
        let kinds = names.len();
        Self {
            gate,
            connection,
            names: names.to_vec(),
            times: vec![Times::default(); kinds],
            answers: vec![None; kinds],
            sent: 0,
        }
    }

    fn post(&mut self, kind: usize, code: &str) {
        let name = self.names[kind];
        let ask = Ask::form("/login", &[("username", name), ("otp", code)]);
        let bytes = ask
            .header("X-Forwarded-For", format!("10.7.{}.{}", self.sent / 250, self.sent % 250))
            .bytes();
        self.sent = (self.sent + 1) % 60_000;
        let start = clock::monotonic();
        self.connection.send(&bytes);
        let answer = self.connection.answer();
        self.times[kind].add(clock::monotonic() - start);
        self.answers[kind] = Some(answer);
    }

    fn sample(&mut self, samples: u64, code: &str) {
        for round in 0..samples {
            // A budget holds a hundred failures.
            if round % 20 == 0 {
                ["strangers", "unknown", "holder"]
                    .iter()
                    .for_each(|key| drop(self.gate.place.json(&["limit", "clear", key])));
            }
            (0..self.names.len()).for_each(|kind| self.post(kind, code));
        }
    }

    /// Status, header lines and page, with what was typed and the seconds taken out.
    fn all_say(&self, status: u16) {
        let without = |kind: usize| {
            let answer = self.answers[kind].as_ref().expect("asked");
            let text =
                format!("{:?} {}", answer.headers, answer.text()).replace(self.names[kind], "NAME");
            let text: String = text
                .chars()
                .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
                .collect();
            (answer.status, text)
        };
        for kind in 0..self.names.len() {
            assert_eq!(without(kind).0, status, "{}", self.names[kind]);
            assert_eq!(without(kind), without(0), "{} and {}", self.names[kind], self.names[0]);
        }
    }

    /// The medians, each over that of the first kind.
    fn ratios(&self) -> Vec<f64> {
        let medians: Vec<_> =
            self.times.iter().map(|times| times.quantile(500).as_secs_f64()).collect();
        medians.iter().map(|median| median / medians[0]).collect()
    }
}

/// `TIMING_SAMPLES` sets the number of logins of each kind: with 1,000 the medians must lie within
/// 5 %. Best with `TMPDIR` in memory, where no disk adds its own times.
#[test]
fn who_exists_shows_neither_in_the_answer_nor_in_its_time() {
    let samples = rounds("TIMING_SAMPLES", 40);
    let bound = if samples >= 1000 { 1.05 } else { 1.5 };
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[login]\nask_username = true\n"));
    // Names of one length, as the pages repeat them.
    let (owner, _) = (gate.place.add_user("holder"), gate.place.add_user("former"));
    gate.place.json(&["user", "disable", "former"]);
    let code = owner.wrong_code();
    let mut kinds = Kinds::new(&gate, &["holder", "nobody", "former"]);
    let ratios = until_even(bound, || {
        kinds.times = vec![Times::default(); 3];
        kinds.sample(samples, &code);
        kinds.all_say(401);
        kinds.ratios()
    });
    println!("wrong code, unknown name, disabled user: {ratios:?}");

    // A locked account answers 429, and so does a name that nobody has once those are locked: equal
    // among themselves.
    let mut locked = Kinds::new(&gate, &["holder", "nobody", "former"]);
    for kind in [0, 1] {
        for round in 0..110 {
            if round % 50 == 0 {
                gate.place.json(&["limit", "clear", "strangers"]);
            }
            locked.post(kind, &code);
        }
    }
    gate.place.json(&["limit", "clear", "strangers"]);
    let ratios = until_even(bound, || {
        locked.times = vec![Times::default(); 3];
        for _ in 0..samples {
            (0..3).for_each(|kind| locked.post(kind, &code));
        }
        locked.all_say(429);
        locked.ratios()
    });
    println!("locked user, locked unknown name, disabled user: {ratios:?}");
}

/// The first ratios that all lie within the bound; panics after five tries. What the work itself
/// tells it tells each time, what a disk or a neighbour adds does not come back.
fn until_even(bound: f64, mut sample: impl FnMut() -> Vec<f64>) -> Vec<f64> {
    let mut tried = Vec::new();
    for _ in 0..5 {
        let ratios = sample();
        if ratios.iter().all(|ratio| (1.0 / bound..bound).contains(ratio)) {
            return ratios;
        }
        tried.push(ratios);
    }
    panic!("uneven by more than {bound}: {tried:?}");
}
