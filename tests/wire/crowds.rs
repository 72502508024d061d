//! Many at once: whoever does not ask must not keep out who does.

use std::io::Read;
use std::net::SocketAddr;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt};

use super::client::{Client, get, is_healthy};
use super::gate::{Gate, PAGE};
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

/// So many whose job hangs. Each had an answer to a request that came in one piece with it: the job
/// is taken, and the connection is none that gives way to a newcomer.
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
    let half = crowd(
        gate.address,
        200,
        "POST /echo HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nhalf",
    );
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

/// Answers that a client asks for and does not read: more than its buffer and the server's hold.
const UNREAD: usize = 8;

/// Asks for [`UNREAD`] pages in one go and reads none of them.
fn unread(address: SocketAddr) -> Client {
    let mut client = Client::narrow(address);
    let last = "GET /page HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n";
    client.say(get("/page").repeat(UNREAD - 1) + last);
    client
}

/// Whether all the pages come, now that it reads.
fn was_kept(client: &mut Client) -> bool {
    let (mut got, mut bytes) = (0, vec![0; 65_536]);
    while let Ok(length @ 1..) = client.stream.read(&mut bytes) {
        got += length;
    }
    got > UNREAD * PAGE
}

#[test]
fn three_thousand_that_never_read_do_not_keep_anybody_waiting() {
    room_for_clients();
    let gate = Gate::start();
    let clients: Vec<_> = (0..3_000).map(|_| unread(gate.address)).collect();
    for _ in 0..20 {
        is_healthy(gate.address);
    }
    drop(clients);
    is_healthy(gate.address);
}

#[test]
fn those_that_never_read_give_way_before_those_that_rest_and_spare_who_works() {
    let gate = Gate::with(|settings| settings.max_connections = 12);
    let mut working = hanging(gate.address, 4);
    let mut resting = crowd(gate.address, 4, &get("/health"));
    for client in &mut resting {
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    let mut clients: Vec<_> = (0..4)
        .map(|_| {
            let client = unread(gate.address);
            // It has had its turns when one that rests has asked so often.
            for _ in 0..UNREAD {
                let rests = resting.first_mut().expect("there are some");
                assert_eq!(rests.say(get("/health")).answer().expect("an answer").status, 200);
            }
            client
        })
        .collect();
    // Two newcomers: the table was full.
    let mut newcomers = crowd(gate.address, 2, &get("/health"));
    for client in &mut newcomers {
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    assert_eq!(clients.iter_mut().filter_map(|client| was_kept(client).then_some(())).count(), 2);
    for client in resting.iter_mut().chain(&mut newcomers) {
        assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
    }
    for _ in 0..4 {
        gate.release.send(()).expect("a worker");
    }
    for client in &mut working {
        assert_eq!(client.answer().expect("an answer").body, b"released");
    }
}

#[test]
fn who_asks_for_much_at_once_has_it_in_turns_with_the_others() {
    let gate = Gate::start();
    let mut clients = [(); 3].map(|()| Client::to(gate.address));
    for client in &mut clients {
        assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
    }
    let [holding, greedy, modest] = &mut clients;
    holding.say(get("/stall"));
    // What arrives while the loop stands still is seen at once, in this order.
    greedy.say(get("/served").repeat(300));
    modest.say(get("/served"));
    gate.resume.send(()).expect("a loop");
    let place = |client: &mut Client| {
        let answer = client.answer().expect("an answer");
        String::from_utf8(answer.body).expect("digits").parse::<usize>().expect("a number")
    };
    let first = place(modest);
    assert!(first < 30, "{first}");
    let mut places: Vec<_> = (0..300).map(|_| place(greedy)).collect();
    places.push(first);
    places.sort_unstable();
    assert_eq!(places, (1..=301).collect::<Vec<_>>(), "and nothing is left out");
}

#[test]
fn memory_is_taken_from_those_that_never_read_first() {
    let gate = Gate::with(|settings| settings.buffer_budget = 1 << 20);
    let half = "POST /echo HTTP/1.1\r\nHost: gate\r\nContent-Length: 60000\r\n\r\n".to_owned()
        + &"h".repeat(50_000);
    let mut oldest = Client::to(gate.address);
    oldest.say(half);
    is_healthy(gate.address);
    let _clients: Vec<_> = (0..60).map(|_| unread(gate.address)).collect();
    is_healthy(gate.address);
    let answer = oldest.say("h".repeat(10_000)).answer().expect("an answer");
    assert_eq!(answer.body.len(), 60_000);
}

#[test]
fn a_peer_that_stands_for_itself_alone_has_a_share_and_its_newcomers_push_out_its_own() {
    let gate = Gate::with_shares(|settings| settings.max_connections = 40);
    let mut working = hanging(gate.address, 10);
    // All of its share is at work, so there is no place for one more, though the table has thirty.
    assert!(Client::to(gate.address).has_ended());
    for _ in 0..10 {
        gate.release.send(()).expect("a worker");
    }
    for client in &mut working {
        assert_eq!(client.answer().expect("an answer").body, b"released");
    }
    let one = |_| {
        let mut client = Client::to(gate.address);
        assert_eq!(client.say(get("/health")).answer().expect("an answer").status, 200);
        client
    };
    let mut kept: Vec<_> = (0..20).map(one).collect();
    let alive = kept.iter_mut().filter_map(|client| client.say(get("/health")).answer()).count();
    assert_eq!(alive, 10, "a quarter of forty");
}

#[test]
fn aborts_and_resets_leave_nothing_behind() {
    let gate = Gate::with(|settings| settings.max_connections = 64);
    for round in 0..300 {
        let mut client = Client::to(gate.address);
        client.say(if round % 10 == 0 {
            get("/big")
        } else {
            "POST /echo HTTP/1.1\r\nHost: gate\r\nConte".to_owned()
        });
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
    // Taken after the others, and read before the health is told: those that are taken at once are
    // of one age.
    let mut last = Client::to(gate.address);
    last.say(&cookie);
    is_healthy(gate.address);
    assert!(half[0].has_ended(), "the oldest has to go");
    assert_eq!(last.say("\r\n\r\n").answer().expect("the newest stays").status, 200);
}

#[test]
fn what_is_kept_of_a_head_counts_until_its_body_is_there() {
    let gate = Gate::with(|settings| settings.buffer_budget = 1 << 20);
    // Read in one go, so that no buffer is left of it.
    let cookie = "c".repeat(15_000);
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: gate\r\nContent-Length: 4\r\nCookie: {cookie}\r\n\r\n"
    );
    let mut announced = crowd(gate.address, 100, &head);
    is_healthy(gate.address);
    let mut last = Client::to(gate.address);
    last.say(&head);
    is_healthy(gate.address);
    assert!(announced[0].has_ended(), "the oldest has to go");
    assert_eq!(last.say("body").answer().expect("the newest stays").body, b"body");
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
