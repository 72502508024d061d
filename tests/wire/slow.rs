//! Clients that take their time: deadlines count from the start of what they bound, whatever trickles in.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use portcullis::clock::monotonic;

use super::client::{Client, get, is_healthy};
use super::gate::Gate;

const SHORT: Duration = Duration::from_millis(300);
/// By when a deadline of [`SHORT`] must have shown, on a machine that is busy with something else.
const LATE: Duration = Duration::from_secs(60);

fn impatient() -> Gate {
    Gate::with(|settings| {
        settings.head_timeout = SHORT;
        settings.body_timeout = SHORT;
        settings.write_timeout = SHORT;
        settings.work_timeout = SHORT;
        settings.linger_timeout = SHORT;
        settings.idle_timeout = Duration::from_secs(3_600);
    })
}

/// Sends `start`, then `piece` again and again, until the connection has been answered or ended; says the status.
fn trickle(gate: &Gate, start: &str, piece: &[u8]) -> u16 {
    let before = monotonic();
    let mut client = Client::to(gate.address);
    client.say(start);
    let pause = Duration::from_millis(20);
    client.stream.set_read_timeout(Some(pause)).expect("a timeout");
    loop {
        let mut byte = [0];
        match client.stream.peek(&mut byte) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            _ => break,
        }
        assert!(monotonic() - before < LATE, "still open");
        if client.stream.write_all(piece).is_err() {
            break;
        }
    }
    assert!(monotonic() - before >= SHORT / 2, "too early");
    client.stream.set_read_timeout(Some(LATE)).expect("a timeout");
    client.answer().map_or(0, |answer| answer.status)
}

#[test]
fn a_slow_request_ends_in_408_after_one_deadline_in_all() {
    let gate = impatient();
    let head = "GET /health HTTP/1.1\r\nHost: gate\r\n";
    let post = "POST /echo HTTP/1.1\r\nHost: gate\r\n";
    for (name, start, piece) in [
        ("request line", "GET /".to_owned(), &b"a"[..]),
        ("header line", head.to_owned() + "X: ", b"a"),
        ("header lines", head.to_owned(), b"X: y\r\n"),
        ("body", post.to_owned() + "Content-Length: 60000\r\n\r\n", b"a"),
        ("chunks", post.to_owned() + "Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        ("extension", post.to_owned() + "Transfer-Encoding: chunked\r\n\r\n5;", b"a"),
    ] {
        assert_eq!(trickle(&gate, &start, piece), 408, "{name}");
    }
    assert!(matches!(trickle(&gate, "", b"\r\n"), 0 | 400 | 408));
    is_healthy(gate.address);
}

#[test]
fn a_connection_that_says_nothing_ends_without_a_word() {
    let gate = impatient();
    assert!(Client::to(gate.address).has_ended());
}

#[test]
fn a_kept_connection_may_rest_but_its_next_head_has_a_deadline() {
    let gate = impatient();
    let mut client = Client::to(gate.address);
    assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
    client.stream.set_read_timeout(Some(SHORT * 3)).expect("a timeout");
    assert!(client.stream.peek(&mut [0]).is_err(), "closed although it may rest");
    client.stream.set_read_timeout(Some(LATE)).expect("a timeout");
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
    assert!((SHORT / 2..LATE).contains(&(monotonic() - before)));
}

#[test]
fn a_client_that_does_not_read_is_given_up() {
    // The one that reads needs its time too.
    let patience = Duration::from_secs(3);
    let gate = Gate::with(|settings| settings.write_timeout = patience);
    let mut client = Client::to(gate.address);
    client.say(get("/big") + &get("/big"));
    let other = Client::to(gate.address).say(get("/big")).answer();
    assert_eq!(other.expect("an answer").body.len(), super::gate::BIG, "one that reads is served meanwhile");
    // Waits for the server's end by asking others, without reading here.
    let before = monotonic();
    while monotonic() - before < patience * 2 {
        is_healthy(gate.address);
    }
    let mut got = 0;
    let mut bytes = vec![0; 1 << 20];
    while let Ok(length @ 1..) = std::io::Read::read(&mut client.stream, &mut bytes) {
        got += length;
    }
    assert!(got < 2 * super::gate::BIG, "{got}");
}

#[test]
fn a_job_that_hangs_is_answered_with_503() {
    let gate = impatient();
    let mut client = Client::to(gate.address);
    let answer = client.say(get("/hang")).answer().expect("an answer");
    assert!(answer.status == 503 && answer.closes() && client.has_ended(), "{answer:?}");
    gate.release.send(()).expect("a worker");
    assert_eq!(Client::to(gate.address).say(get("/work")).answer().expect("an answer").body, b"worked");
}

#[test]
fn a_refused_client_that_goes_on_sending_is_not_listened_to_for_ever() {
    let gate = impatient();
    let mut client = Client::to(gate.address);
    client.say("NONSENSE\r\n\r\n");
    let before = monotonic();
    while client.stream.write_all(b"more").is_ok() {
        assert!(monotonic() - before < LATE, "still listening");
    }
}
