//! A disk that hangs silences no metrics: the worker never comes back here, and its queue is full.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use portcullis::app::figures::Figures;
use portcullis::app::job::{Job, Outcome};
use portcullis::app::{Gate, Opening};
use portcullis::auth::keyring::Keyring;
use portcullis::config::Config;
use portcullis::secret::Secret;
use portcullis::server::{self, ListenAddress, Operators, Role, Settings, Stop, Worker};

use crate::support::http::{Ask, Connection};
use crate::support::scrape::Scrape;
use crate::support::wait::{self, PATIENCE};

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

#[test]
fn metrics_are_told_while_the_disk_hangs_and_the_queue_is_full() {
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
        let never = |hangs: &mut mpsc::Receiver<()>, _: Job| {
            let _ = hangs.recv();
            Outcome::Housekeeping(Vec::new())
        };
        let worker = Worker::spawn(hangs, Duration::from_secs(3_600), never, |_| None).expect("a thread");
        let gate = Gate::new(opening()).with_metrics(Arc::new(Figures::default()));
        server::serve(gate, listeners.into(), worker, settings)
    });

    let login = Ask::form("/login", &[("otp", "123456")]).bytes();
    let mut waiting: Vec<Connection> = Vec::new();
    let busy = || Scrape::of(metrics).value("portcullis_busy_total");
    wait::until("a queue that is full", PATIENCE, || {
        let mut connection = Connection::open(gate);
        connection.send(&login);
        waiting.push(connection);
        (busy() >= 3.0).then_some(())
    });
    assert!(waiting.len() > 64, "{} fill it", waiting.len());
    let scrape = Scrape::of(metrics);
    assert_eq!(scrape.text("portcullis_login_total{result=\"ok\"}"), "0");
    assert_eq!(Ask::verify("/verify/caddy", "https://app.example.test/").send(gate).status, 302);
    let after = Scrape::of(metrics);
    assert_eq!(after.text("portcullis_verify_total{result=\"no_cookie\"}"), "1");

    drop(waiting);
    drop(release);
    stop.stop();
    serving.join().expect("no panic").expect("a good end");
}
