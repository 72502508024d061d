//! The worker's queue while the disk hangs: who is sure to be refused takes no place in it, and some places are kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use portcullis::app::admission::{Admission, Denial};
use portcullis::app::figures::Figures;
use portcullis::app::job::{Effect, Job, Outcome};
use portcullis::app::known_limits::Limited;
use portcullis::app::{Gate, Opening};
use portcullis::auth::device::{self, DeviceKey};
use portcullis::auth::keyring::Keyring;
use portcullis::auth::limiter::RetryAfter;
use portcullis::auth::user::UserName;
use portcullis::clock;
use portcullis::config::Config;
use portcullis::secret::Secret;
use portcullis::server::{self, ListenAddress, Operators, Role, Settings, Stop, Worker};

use crate::support::http::{Ask, Connection};
use crate::support::scrape::Scrape;
use crate::support::wait::{self, PATIENCE};

/// The client that has failed too often.
const GUILTY: &str = "203.0.113.66";
/// Places in the queue for everybody, and those kept behind them.
const KEPT: usize = 16;
/// For how long the guilty one must wait.
const SENTENCE: Duration = Duration::from_secs(900);

fn device_key() -> DeviceKey {
    DeviceKey::new(&Secret::new(vec![3; 32]))
}

fn opening() -> Opening {
    Opening {
        config: Arc::new(Config::default()),
        settings: Arc::new(|| Err("nobody asks".to_owned())),
        keyring: Keyring::new(&Secret::new(vec![7; 48]), None).expect("the key is long enough"),
        form_key: Secret::new(vec![9; 32]),
        operators: Operators::of_this_process(),
        known: Vec::new(),
    }
}

/// The desk of a disk that hangs: it refuses the guilty one, and comes back from nothing else.
fn work(hangs: &mut mpsc::Receiver<()>, job: Job) -> Outcome {
    match job {
        Job::Login(attempt) if attempt.browser.client.to_string() == GUILTY => {
            let limited = Limited::Network(GUILTY.parse().expect("an address"));
            let until = clock::monotonic() + SENTENCE;
            let refused = Admission::Refused(Denial::Address(RetryAfter(SENTENCE)));
            Outcome::Login(attempt, refused, vec![Effect::Limited { limited, until }])
        }
        _ => {
            let _ = hangs.recv();
            Outcome::Housekeeping(Vec::new())
        }
    }
}

#[test]
fn while_the_queue_is_full_the_limited_are_refused_at_once_and_known_devices_find_a_place() {
    let anywhere = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listeners = [Role::Public, Role::Metrics].map(|role| server::bind(&anywhere, role, 0).expect("a free port"));
    let [gate, metrics] = [0, 1].map(|place| match listeners[place].address() {
        ListenAddress::Tcp(address) => *address,
        ListenAddress::Unix(_) => panic!("TCP"),
    });
    let stop = Stop::new().expect("an eventfd");
    let settings = Settings {
        stop: Some(stop.clone()),
        take_signals: false,
        drain_timeout: Duration::from_millis(100),
        ..Settings::default()
    };
    let (release, hangs) = mpsc::channel::<()>();
    let serving = std::thread::spawn(move || {
        let worker = Worker::spawn(hangs, Duration::from_secs(3_600), work, |_| None).expect("a thread");
        let gate = Gate::new(opening()).with_metrics(Arc::new(Figures::default())).with_device_key(device_key());
        server::serve(gate, listeners.into(), worker, settings)
    });
    let login = |from: &str| {
        let form = Ask::form("/login", &[("otp", "123456")]).header("X-Forwarded-For", from);
        form.header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "auth.example.test")
    };
    assert_eq!(login(GUILTY).send(gate).status, 429, "the desk says it once");

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
        assert!(answer.header("retry-after").is_some_and(|told| told.parse::<u64>().is_ok()), "{answer:?}");
    }
    assert_eq!(Scrape::of(metrics).text("portcullis_login_total{result=\"limited_address\"}"), "101");

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
    drop(release);
    stop.stop();
    serving.join().expect("no panic").expect("a good end");
}
