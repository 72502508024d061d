//! Clients that take their time: deadlines count from the start of what they bound, whatever
//! trickles in.
//!
//! Each gate here has the one deadline that its test is about. That may come as late as a busy
//! machine likes, and not before its time.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use portcullis::clock::monotonic;

use super::client::{Client, get, is_healthy};
use super::gate::Gate;
use crate::support::wait::{self, PATIENCE};

const SHORT: Duration = Duration::from_millis(300);

/// Sends `start`, then `piece` again and again, until the connection has been answered or ended;
/// says the status.
fn trickle(gate: &Gate, start: &str, piece: &[u8]) -> u16 {
    let before = monotonic();
    let mut client = Client::to(gate.address);
    client.say(start);
    client.stream.set_nonblocking(true).expect("a socket");
    wait::until("an answer or an end", PATIENCE, || {
        let silent = matches!(client.stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        (!silent || client.stream.write_all(piece).is_err()).then_some(())
    });
    let took = monotonic() - before;
    client.stream.set_nonblocking(false).expect("a socket");
    let status = client.answer().map_or(0, |answer| answer.status);
    assert!(status != 408 || took >= SHORT, "too early: {took:?}");
    status
}

/// One that got through with a whole request: a machine that is busy may let others miss the
/// deadline for it.
fn in_time(gate: &Gate, path: &str) -> Client {
    wait::until("an answer in time", PATIENCE, || {
        let mut client = Client::to(gate.address);
        let answer = client.say(get(path)).answer()?;
        (answer.status == 200).then_some(client)
    })
}

#[test]
fn a_slow_request_ends_in_408_after_one_deadline_in_all() {
    let gate = Gate::with(|settings| settings.head_timeout = SHORT);
    let head = "GET /health HTTP/1.1\r\nHost: gate\r\n";
    for (name, start, piece) in [
        ("request line", "GET /".to_owned(), &b"a"[..]),
        ("header line", head.to_owned() + "X: ", b"a"),
        ("header lines", head.to_owned(), b"X: y\r\n"),
    ] {
        assert_eq!(trickle(&gate, &start, piece), 408, "{name}");
    }
    assert!(matches!(trickle(&gate, "", b"\r\n"), 0 | 400 | 408));
    in_time(&gate, "/health");

    let gate = Gate::with(|settings| settings.body_timeout = SHORT);
    let post = "POST /echo HTTP/1.1\r\nHost: gate\r\n";
    for (name, start, piece) in [
        ("body", post.to_owned() + "Content-Length: 60000\r\n\r\n", &b"a"[..]),
        ("chunks", post.to_owned() + "Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        ("extension", post.to_owned() + "Transfer-Encoding: chunked\r\n\r\n5;", b"a"),
    ] {
        assert_eq!(trickle(&gate, &start, piece), 408, "{name}");
    }
    is_healthy(gate.address);
}

#[test]
fn a_connection_that_says_nothing_ends_without_a_word() {
    let gate = Gate::with(|settings| settings.head_timeout = SHORT);
    assert!(Client::to(gate.address).has_ended());
}

#[test]
fn a_kept_connection_may_rest_but_its_next_head_has_a_deadline() {
    let gate = Gate::with(|settings| settings.head_timeout = SHORT);
    let mut client = in_time(&gate, "/health");
    client.stream.set_read_timeout(Some(SHORT * 3)).expect("a timeout");
    assert!(client.stream.peek(&mut [0]).is_err(), "closed although it may rest");
    client.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
    assert_eq!(client.say("\r\nGET").answer().expect("an answer").status, 408);
}

#[test]
fn a_kept_connection_ends_when_it_has_rested_long_enough() {
    let gate = Gate::with(|settings| settings.idle_timeout = SHORT);
    let mut client = Client::to(gate.address);
    let before = monotonic();
    assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
    assert!(client.has_ended());
    assert!(monotonic() - before >= SHORT, "too early");
}

/// The one that reads needs its time too.
const TO_READ: Duration = Duration::from_secs(3);

#[test]
fn a_client_that_does_not_read_is_given_up() {
    let gate = Gate::with(|settings| settings.write_timeout = TO_READ);
    let mut client = Client::to(gate.address);
    client.say(get("/big") + &get("/big"));
    let other = Client::to(gate.address).say(get("/big")).answer();
    assert_eq!(
        other.expect("an answer").body.len(),
        super::gate::BIG,
        "one that reads is served meanwhile"
    );
    // Whoever does not read does not see the server's end either. Past it others are answered;
    // nothing is read here.
    wait::watch_that("others are served", TO_READ * 2, || {
        is_healthy(gate.address);
        true
    });
    let mut got = 0;
    let mut bytes = vec![0; 1 << 20];
    while let Ok(length @ 1..) = std::io::Read::read(&mut client.stream, &mut bytes) {
        got += length;
    }
    assert!(got < 2 * super::gate::BIG, "{got}");
}

#[test]
fn a_job_that_hangs_is_answered_with_503() {
    let gate = Gate::with(|settings| settings.work_timeout = SHORT);
    let mut client = Client::to(gate.address);
    let answer = client.say(get("/hang")).answer().expect("an answer");
    assert!(answer.status == 503 && answer.closes() && client.has_ended(), "{answer:?}");
    gate.release.send(()).expect("a worker");
    in_time(&gate, "/work");
}

#[test]
fn a_refused_client_that_goes_on_sending_is_not_listened_to_for_ever() {
    let gate = Gate::with(|settings| settings.linger_timeout = SHORT);
    let mut client = Client::to(gate.address);
    client.say("NONSENSE\r\n\r\n");
    wait::until("the end of listening", PATIENCE, || client.stream.write_all(b"more").err());
}
