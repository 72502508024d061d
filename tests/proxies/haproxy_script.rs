//! Whatever becomes of HAProxy's script, or of the gate that it asks: nobody is let in.
//!
//! After an error in a script HAProxy goes on with its next line. Each fault is tried twice: as
//! printed, where the visitor is refused, and without the line that denies, where the site is open,
//! so that the fault is known to have happened.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::support::caddy::Ports;
use crate::support::daemon::Place;
use crate::support::haproxy::Haproxy;
use crate::support::site::Site;
use crate::support::test_stack::{ProxyKind, RunningProxy, TestStack, with_public_url};
use crate::support::wait::PATIENCE;

/// The first line of what runs for each request.
const ACTION: &str =
    "core.register_action(\"portcullis\", { \"http-req\" }, function(txn, gate, path)\n";

/// What goes wrong: a line of the script, lines of `global`, and a word of what HAProxy says of it.
const FAULTS: [(&str, &str, &str); 4] = [
    ("local nothing = nil; nothing.field = 1", "", "attempt to index"),
    ("error(\"by itself\")", "", "by itself"),
    (
        "local held = {}; for n = 1, 10000000 do held[n] = string.rep(\"x\", 1000) .. n end",
        "    tune.lua.maxmem 8\n",
        "out of memory",
    ),
    ("while true do end", "    tune.lua.session-timeout 300ms\n", "execution timeout"),
];

/// Everything behind a HAProxy whose script fails with that line, with or without the line of the
/// configuration that denies.
fn with_fault(line: &str, global: &str, denies: bool) -> TestStack {
    let ports = Ports::free();
    let gate = Place::new(&with_public_url(ports.https, "")).start();
    let (app, other) = (Site::start("app"), Site::start("other"));
    let edit = |text: String| {
        let text = text.replacen("global\n", &format!("global\n{global}"), 1);
        let denying = |line: &&str| line.contains("deny deny_status 503");
        assert_eq!(text.lines().filter(denying).count(), 1, "{text}");
        let kept = text.lines().filter(|line| denies || !denying(line));
        kept.map(|line| format!("{line}\n")).collect()
    };
    let edit_script = |script: String| {
        assert!(script.contains(ACTION), "{script}");
        script.replacen(ACTION, &format!("{ACTION}  {line}\n"), 1)
    };
    let sites = [("app.example.test", app.address), ("other.example.test", other.address)];
    let haproxy = Haproxy::with_script(&gate.place, ports, &sites, edit, edit_script);
    TestStack { gate, proxy: RunningProxy::Haproxy(haproxy), app, other, ports }
}

#[test]
fn an_error_in_the_script_lets_nobody_in() {
    for (line, global, said) in FAULTS {
        let mut stack = with_fault(line, global, true);
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        for ask in [stack.page_load("/"), stack.page_load("/").cookie("auth_token", &token)] {
            let answer = ask.send(stack.http());
            assert_eq!(answer.status, 503, "{line}: {answer:?}");
        }
        assert_eq!(stack.app.seen().len(), 0, "{line}");
        let RunningProxy::Haproxy(haproxy) = &mut stack.proxy else { panic!("not behind HAProxy") };
        haproxy.running.wait_for(said, PATIENCE, |text| text.contains(said).then_some(()));
    }
}

#[test]
fn without_the_line_that_denies_an_error_in_the_script_would_let_everybody_in() {
    for (line, global, _) in FAULTS {
        let stack = with_fault(line, global, false);
        let answer = stack.page_load("/").send(stack.http());
        assert_eq!((answer.status, stack.app.seen().len()), (200, 1), "{line}: {answer:?}");
    }
}

/// What a broken gate, or something else at its address, may say.
const GARBAGE: [&[u8]; 8] = [
    b"",
    b"no HTTP at all\r\n\r\n",
    b"HTTP/1.1 204",
    b"HTTP/1.1 204 No Content\r\nRemote-User: owner\r\n",
    b"HTTP/1.1 2xx OK\r\n\r\n",
    b"HTTP/1.1 999 Unknown\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
];

#[test]
fn an_answer_that_is_none_lets_nobody_in() {
    std::thread::scope(|threads| {
        for answer in GARBAGE {
            threads.spawn(move || asked_of(answer));
        }
        threads.spawn(|| {
            let long = "x".repeat(20_000);
            let head = format!("HTTP/1.1 204 No Content\r\nRemote-User: {long}\r\n\r\n");
            asked_of(head.leak().as_bytes());
        });
    });
}

/// Everything behind a HAProxy that gets this answer to each question.
fn asked_of(answer: &'static [u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let said = listener.local_addr().expect("a bound socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer_once(stream, answer);
        }
    });
    let stack = asking(said);
    let told = stack.page_load("/").send(stack.http());
    let shown = answer.escape_ascii();
    assert!((500..600).contains(&told.status), "{shown}: {told:?}");
    assert_eq!(stack.app.seen().len(), 0, "{shown}");
}

fn answer_once(mut stream: TcpStream, answer: &[u8]) {
    let mut piece = [0; 4096];
    // The question, or a part of it: whatever becomes of the answer, HAProxy has to cope.
    let _ = stream.read(&mut piece);
    let _ = stream.write_all(answer);
}

/// Everything behind a HAProxy whose gate is at that address.
fn asking(gate: SocketAddr) -> TestStack {
    let ports = Ports::free();
    let place = Place::new(&with_public_url(ports.https, ""));
    let own = place.gate_address();
    TestStack::changed(place, ProxyKind::Haproxy, ports, "app.example.test", |text| {
        text.replace(&own, &gate.to_string())
    })
}

#[test]
fn a_gate_that_cannot_be_reached_lets_nobody_in() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("a bound socket");
    drop(free);
    let stack = asking(address);
    let answer = stack.page_load("/").send(stack.http());
    assert_eq!((answer.status, stack.app.seen().len()), (503, 0), "{answer:?}");
}
