//! Many at once: whoever does not ask must not keep out who does.

use std::net::SocketAddr;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt};

use super::client::{Client, get, is_healthy};
use super::gate::Gate;
use super::process::Child;

/// This process holds the clients' ends.
fn room_for_clients() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits");
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(8_192), hard).expect("a higher limit");
}

/// Connects `count` times and says `start` on each. A server that is full may close some at once.
fn crowd(address: SocketAddr, count: usize, start: &str) -> Vec<Client> {
    let one = |_| {
        let mut client = Client::to(address);
        client.say(start);
        client
    };
    (0..count).map(one).collect()
}

/// So many whose job hangs. Each had an answer to a request that came in one piece with it: the job is taken, and the
/// connection is none that gives way to a newcomer.
fn hanging(address: SocketAddr, count: usize) -> Vec<Client> {
    let mut clients = crowd(address, count, &(get("/health") + &get("/hang")));
    for client in &mut clients {
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    clients
}

#[test]
fn two_hundred_half_requests_do_not_keep_anybody_waiting() {
    let gate = Gate::start();
    let half = crowd(gate.address, 200, "GET /health HTTP/1.1\r\nHost: ga");
    is_healthy(gate.address);
    drop(half);
    let half = crowd(gate.address, 200, "POST /echo HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nhalf");
    is_healthy(gate.address);
    drop(half);
    is_healthy(gate.address);
}

#[test]
fn a_thousand_idle_connections_do_not_keep_anybody_waiting() {
    room_for_clients();
    let gate = Gate::start();
    let silent = crowd(gate.address, 1_000, "");
    is_healthy(gate.address);
    drop(silent);
    let mut kept = crowd(gate.address, 1_000, &get("/health"));
    for client in &mut kept {
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    is_healthy(gate.address);
}

#[test]
fn a_full_table_makes_room_for_newcomers_and_spares_who_works() {
    let gate = Gate::with(|settings| settings.max_connections = 20);
    let mut working = hanging(gate.address, 10);
    let _silent = crowd(gate.address, 200, "");
    is_healthy(gate.address);
    let _half = crowd(gate.address, 200, "GET /");
    is_healthy(gate.address);
    let half_body = "POST /echo HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nhalf";
    let _half_bodies = crowd(gate.address, 200, half_body);
    is_healthy(gate.address);
    for _ in 0..10 {
        gate.release.send(()).expect("a worker");
    }
    for client in &mut working {
        assert_eq!(client.answer().expect("an answer").body, b"released");
    }
}

#[test]
fn where_all_are_busy_newcomers_wait_until_one_is_done() {
    let gate = Gate::with(|settings| settings.max_connections = 4);
    let mut working = hanging(gate.address, 4);
    let mut waiting = Client::to(gate.address);
    waiting.say(get("/health"));
    for _ in 0..4 {
        gate.release.send(()).expect("a worker");
    }
    assert_eq!(waiting.answer().expect("an answer").status, 200);
    for client in &mut working {
        assert_eq!(client.answer().expect("an answer").body, b"released");
    }
}

#[test]
fn aborts_and_resets_leave_nothing_behind() {
    let gate = Gate::with(|settings| settings.max_connections = 64);
    for round in 0..300 {
        let mut client = Client::to(gate.address);
        client.say(if round % 10 == 0 { get("/big") } else { "POST /echo HTTP/1.1\r\nHost: gate\r\nConte".to_owned() });
        if round % 3 == 0 {
            let now = nix::libc::linger { l_onoff: 1, l_linger: 0 };
            setsockopt(&client.stream, sockopt::Linger, &now).expect("a reset at close");
        }
    }
    is_healthy(gate.address);
}

#[test]
fn buffers_of_all_connections_together_have_a_budget() {
    let gate = Gate::with(|settings| settings.buffer_budget = 1 << 20);
    let cookie = format!("GET /health HTTP/1.1\r\nHost: gate\r\nCookie: {}", "c".repeat(60_000));
    let mut half = crowd(gate.address, 100, &cookie);
    is_healthy(gate.address);
    // Taken after the others, and read before the health is told: those that are taken at once are of one age.
    let mut last = Client::to(gate.address);
    last.say(&cookie);
    is_healthy(gate.address);
    assert!(half[0].has_ended(), "the oldest has to go");
    assert_eq!(last.say("\r\n\r\n").answer().expect("the newest stays").status, 200);
}

#[test]
fn with_256_descriptors_a_thousand_idle_connections_do_no_harm() {
    room_for_clients();
    let server = Child::start("server_with_256_descriptors");
    let address = server.address;
    let silent = crowd(address, 500, "");
    is_healthy(address);
    let half = crowd(address, 500, "GET / HTTP/1.1\r\n");
    is_healthy(address);
    let mut kept = crowd(address, 150, &get("/health"));
    for client in &mut kept {
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    drop((silent, half, kept));
    is_healthy(address);
    assert!(server.end().success());
}
