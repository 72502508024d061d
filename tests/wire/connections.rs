//! Keeping, closing, pipelining, half-closing, the worker, Unix sockets, the end.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use portcullis::server::{ListenAddress, ListenerRole, bind};

use super::client::{Client, get, is_healthy};
use super::gate::{Gate, HOUR};
use crate::support::wait::PATIENCE;

#[test]
fn connections_are_kept_or_closed_as_the_client_and_the_version_say() {
    let gate = Gate::start();
    for (version, lines, kept, said) in [
        ("1.1", "", true, None),
        ("1.1", "Connection: keep-alive\r\n", true, None),
        ("1.1", "Connection: close\r\n", false, Some("close")),
        ("1.1", "Connection: Upgrade, Close\r\n", false, Some("close")),
        ("1.1", "Connection: foo\r\nConnection: close\r\n", false, Some("close")),
        ("1.1", "Connection: X-Forwarded-Host\r\n", true, None),
        ("1.0", "", false, Some("close")),
        ("1.0", "Connection: keep-alive\r\n", true, Some("keep-alive")),
        ("1.0", "Connection: close\r\n", false, Some("close")),
    ] {
        let request = format!("GET /health HTTP/{version}\r\nHost: gate\r\n{lines}\r\n");
        let mut client = Client::to(gate.address);
        let answer = client.say(&request).answer().expect("an answer");
        assert_eq!((answer.status, answer.header("Connection")), (200, said), "{version} {lines}");
        if kept {
            assert_eq!(
                client.say(&request).answer().expect("a second answer").status,
                200,
                "{version} {lines}"
            );
        } else {
            assert!(client.has_ended(), "{version} {lines}");
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let gate = Gate::start();
    for count in [3, 50, 500] {
        let mut client = Client::to(gate.address);
        let all: String = (0..count).map(|number| get(&format!("/count?{number}"))).collect();
        client.say(all);
        for number in 0..count {
            assert_eq!(client.answer().expect("an answer").body, number.to_string().as_bytes());
        }
    }
}

#[test]
fn requests_of_all_kinds_may_be_pipelined_and_cut_anywhere() {
    let gate = Gate::start();
    let echo = "POST /echo HTTP/1.1\r\nHost: gate\r\nContent-Length: 3\r\n\r\nabc";
    let work = "POST /work HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n";
    let all = get("/count?1") + echo + work + &get("/work") + "\r\n" + &get("/count?2");
    for cut in (0..all.len()).step_by(7) {
        let mut client = Client::to(gate.address);
        client.say(&all[..cut]).say(&all[cut..]);
        for expected in ["1", "abc", "xyz", "worked", "2"] {
            let body = client.answer().expect("an answer").body;
            assert_eq!(String::from_utf8_lossy(&body), expected, "cut at {cut}");
        }
    }
}

#[test]
fn after_an_error_or_a_close_nothing_more_is_answered() {
    let gate = Gate::start();
    let mut client = Client::to(gate.address);
    client.say(get("/count?1") + "BROKEN\r\n\r\n" + &get("/count?2"));
    assert_eq!(client.answer().expect("an answer").body, b"1");
    assert_eq!(client.answer().expect("a refusal").status, 400);
    assert!(client.has_ended());

    let closing = get("/count?1").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let mut client = Client::to(gate.address);
    client.say(closing + &get("/count?2").repeat(2_000));
    assert_eq!(client.answer().expect("an answer").body, b"1");
    assert!(client.half_close().has_ended());
}

#[test]
fn a_half_close_after_a_whole_request_gets_the_full_answer() {
    let gate = Gate::start();
    for (path, length) in [("/health", 2), ("/work", 6), ("/big", super::gate::BIG)] {
        let mut client = Client::to(gate.address);
        client.say(get(path)).half_close();
        assert_eq!(client.answer().expect("an answer").body.len(), length, "{path}");
        assert!(client.has_ended());
    }
    for half in ["GET /health HTT", "GET /health HTTP/1.1\r\nHost: gate\r\n", "\r\n", ""] {
        let mut client = Client::to(gate.address);
        client.say(half).half_close();
        assert!(client.answer().is_none_or(|answer| answer.status >= 400));
    }
}

#[test]
fn the_worker_answers_and_a_full_queue_is_a_503_at_once() {
    let gate = Gate::start();
    let mut clients: Vec<_> = (0..80).map(|_| Client::to(gate.address)).collect();
    for client in &mut clients {
        client.say(get("/hang"));
    }
    is_healthy(gate.address);
    // One is in hand, 64 wait, the rest is refused while nothing moves.
    let mut refused = 0;
    for client in &mut clients {
        // Whoever was refused was so before the last one was answered.
        client.stream.set_nonblocking(true).expect("a socket");
        refused += usize::from(client.stream.peek(&mut [0]).is_ok());
        client.stream.set_nonblocking(false).expect("a socket");
    }
    assert!((14..=16).contains(&refused), "{refused}");
    for _ in 0..80 {
        gate.release.send(()).expect("a worker");
    }
    let mut statuses = [0, 0];
    for client in &mut clients {
        let answer = client.answer().expect("an answer");
        match answer.status {
            200 => statuses[0] += 1,
            503 if answer.header("Retry-After").is_some() => statuses[1] += 1,
            other => panic!("{other}"),
        }
        assert_eq!(client.say(get("/health")).answer().expect("kept").status, 200);
    }
    assert_eq!(statuses, [80 - refused, refused]);
}

#[test]
fn a_client_that_leaves_its_job_harms_nobody() {
    let gate = Gate::start();
    for _ in 0..20 {
        Client::to(gate.address).say(get("/work"));
    }
    let mut stays = Client::to(gate.address);
    assert_eq!(stays.say(get("/work")).answer().expect("an answer").body, b"worked");
    is_healthy(gate.address);
}

#[test]
fn unix_sockets_are_served_with_the_peers_credentials() {
    let path = std::env::temp_dir().join(format!("portcullis-wire-{}.sock", std::process::id()));
    let listener =
        bind(&ListenAddress::Unix(path.clone()), ListenerRole::Control, 0o660).expect("bound");
    let gate = Gate::on(listener, |_| {});
    let mut stream = UnixStream::connect(&path).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let closing = get("/peer").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(closing.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("\r\n\r\nunix"), "{answer}");
    gate.end().expect("a good end");
    assert!(!path.exists());
}

#[test]
fn ipv6_is_served() {
    let listen = ListenAddress::Tcp("[::1]:0".parse().expect("an address"));
    // A machine without IPv6 cannot show it.
    let Ok(listener) = bind(&listen, ListenerRole::Public, 0) else { return };
    let gate = Gate::on(listener, |_| {});
    assert_eq!(Client::to(gate.address).say(get("/peer")).answer().expect("an answer").body, b"v6");
}

#[test]
fn the_end_finishes_answers_in_flight_and_closes_the_rest() {
    let gate = Gate::with(|settings| settings.drain_timeout = HOUR);
    let address: SocketAddr = gate.address;
    let mut idle: Vec<_> = (0..50).map(|_| Client::to(address)).collect();
    for client in &mut idle {
        assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
    }
    let mut working: Vec<_> = (0..20).map(|_| Client::to(address)).collect();
    for client in &mut working {
        client.say(get("/hang"));
    }
    is_healthy(address);
    let mut reading = Client::to(address);
    reading.say(get("/big"));
    gate.stop();
    for client in &mut idle {
        assert!(client.has_ended());
    }
    for _ in 0..20 {
        gate.release.send(()).expect("a worker");
    }
    for client in &mut working {
        let answer = client.answer().expect("an answer in flight");
        assert!(answer.status == 200 && answer.closes() && client.has_ended(), "{answer:?}");
    }
    assert_eq!(reading.answer().expect("an answer in flight").body.len(), super::gate::BIG);
    gate.end().expect("a good end");
    assert!(std::net::TcpStream::connect(address).is_err(), "it still listens");
}

/// What docker(1) gives a container between SIGTERM and SIGKILL; systemd gives as much by our unit.
const MANAGERS_PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn the_end_comes_whoever_hangs() {
    // Nothing but the drain's own deadline can end it.
    let gate = Gate::with(|settings| settings.drain_timeout = Duration::from_millis(500));
    let mut clients = [get("/hang"), get("/big"), "GET /half".to_owned()].map(|request| {
        let mut client = Client::to(gate.address);
        client.say(request);
        client
    });
    is_healthy(gate.address);
    gate.end().expect("a good end");
    assert!(clients[2].has_ended());
    let usual = portcullis::server::ServeOptions::default().drain_timeout;
    assert!(usual < MANAGERS_PATIENCE / 2, "{usual:?}");
}
