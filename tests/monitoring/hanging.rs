//! A disk that hangs silences no metrics: the worker never comes back here, and its queue is full.

use crate::support::hanging::{HangingGate, hang};
use crate::support::http::{Ask, Connection};
use crate::support::scrape::Scrape;
use crate::support::wait::{self, PATIENCE};

#[test]
fn metrics_are_told_while_the_disk_hangs_and_the_queue_is_full() {
    let hanging = HangingGate::serve(|hangs, _| hang(hangs));
    let (gate, metrics) = (hanging.address, hanging.metrics);

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
    hanging.end();
}
