//! The worker's queue while the disk hangs: who is sure to be refused takes no place in it, and
//! some places are kept.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use portcullis::app::messages::effect::Effect;
use portcullis::app::messages::job::{Job, Outcome};
use portcullis::app::messages::limited::Limited;
use portcullis::app::messages::login::{Admission, LoginDenial};
use portcullis::auth::device;
use portcullis::auth::limiter::RetryAfter;
use portcullis::auth::user::UserName;
use portcullis::clock;

use crate::support::hanging::{HangingGate, device_key, hang};
use crate::support::http::{Ask, Connection};
use crate::support::scrape::Scrape;
use crate::support::wait::{self, PATIENCE};

/// The client that has failed too often.
const GUILTY: &str = "203.0.113.66";
/// Places in the queue for everybody, and those kept behind them.
const KEPT: usize = 16;
/// For how long the guilty one must wait.
const SENTENCE: Duration = Duration::from_secs(900);

/// The worker of a disk that hangs: it refuses the guilty one, and comes back from nothing else.
fn work(hangs: &mut Receiver<()>, job: Job) -> Outcome {
    match job {
        Job::Login(attempt) if attempt.browser.sender.client.to_string() == GUILTY => {
            let limited = Limited::Network(GUILTY.parse().expect("an address"));
            let until = clock::monotonic() + SENTENCE;
            let refused = Admission::Refused(LoginDenial::Address(RetryAfter(SENTENCE)));
            Outcome::Login(attempt, refused, vec![Effect::Limited { limited, until }])
        }
        _ => hang(hangs),
    }
}

#[test]
fn while_the_queue_is_full_the_limited_are_refused_at_once_and_known_devices_find_a_place() {
    let hanging = HangingGate::serve(work);
    let (gate, metrics) = (hanging.address, hanging.metrics);
    let login = |from: &str| {
        let form = Ask::form("/login", &[("otp", "123456")]).header("X-Forwarded-For", from);
        form.header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "auth.example.test")
    };
    assert_eq!(login(GUILTY).send(gate).status, 429, "the worker says it once");

    let mut waiting: Vec<Connection> = Vec::new();
    let mut post = |ask: Ask| {
        let mut connection = Connection::open(gate);
        connection.send(&ask.bytes());
        waiting.push(connection);
    };
    let busy = || Scrape::of(metrics).value("portcullis_busy_total");
    wait::until("a queue that is full", PATIENCE, || {
        post(login("198.51.100.1"));
        (busy() >= 3.0).then_some(())
    });
    let before = busy();
    let mut flood = Connection::open(gate);
    for _ in 0..100 {
        flood.send(&login(GUILTY).bytes());
        let answer = flood.answer();
        assert_eq!(answer.status, 429);
        assert!(
            answer.header("retry-after").is_some_and(|told| told.parse::<u64>().is_ok()),
            "{answer:?}"
        );
    }
    assert_eq!(
        Scrape::of(metrics).text("portcullis_login_total{result=\"limited_address\"}"),
        "101"
    );

    let owner = UserName::parse("owner").expect("a name");
    let cookie = device::mint(&[(owner, 0)], &device_key(), clock::now());
    let known = || login("198.51.100.2").cookie("auth_device", &cookie);
    for _ in 0..KEPT {
        post(known());
    }
    // A stranger is answered behind them, so they have been seen.
    assert_eq!(login("198.51.100.3").send(gate).status, 503);
    assert_eq!(busy() - before, 1.0, "the known devices wait for the disk");
    assert_eq!(known().send(gate).status, 503, "until their places are taken as well");

    drop(waiting);
    hanging.end();
}
