//! Login floods: what they may spend, whom they may not keep out, and that nobody inside notices.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use portcullis::clock;

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Ask, Connection};
use crate::support::measure::{Times, resident};
use crate::support::wait::{self, PATIENCE, rounds};

const BY_NAME: &str = "[login]\nask_username = true\n";

fn named(name: &str, code: &str, from: &str) -> Ask {
    Ask::form("/login", &[("username", name), ("otp", code)]).header("X-Forwarded-For", from)
}

/// An address of the internet for even numbers, of the local network for odd ones.
fn address(number: u32) -> String {
    let (high, low) = (number / 2 / 250, number / 2 % 250 + 1);
    if number.is_multiple_of(2) {
        format!("203.0.{high}.{low}")
    } else {
        format!("10.3.{high}.{low}")
    }
}

#[test]
fn an_account_closes_after_exactly_a_hundred_guesses_from_a_thousand_addresses_at_once() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}{BY_NAME}"));
    let (owner, guest) = (gate.place.add_user("owner"), gate.place.add_user("guest"));
    let known = named("owner", &owner.fresh_code(), "203.0.113.250").send(gate.address);
    let device = known.cookie("auth_device").expect("a device cookie");
    let code = owner.wrong_code();
    let next = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let (code, next, to) = (code.clone(), Arc::clone(&next), gate.address);
            std::thread::spawn(move || {
                let mut connection = Connection::open(to);
                let mut statuses = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= 1000 {
                        return statuses;
                    }
                    connection.send(&named("owner", &code, &address(number)).bytes());
                    statuses.push(connection.answer().status);
                }
            })
        })
        .collect();
    let statuses: Vec<_> =
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    // Strangers of the internet and of the local network have a hundred guesses each: what ended it
    // is the account.
    assert_eq!((count(401), count(429)), (100, 900), "{statuses:?}");
    let right = owner.fresh_code();
    assert_eq!(
        named("owner", &right, "10.4.0.1").send(gate.address).status,
        429,
        "the right code from elsewhere"
    );
    let home =
        named("owner", &right, "198.51.100.9").cookie("auth_device", &device).send(gate.address);
    assert_eq!(home.status, 302, "the owner, where he has logged in before: {home:?}");
    // One of the two buckets of strangers may be empty as well; clearing them leaves the account
    // alone.
    gate.place.json(&["limit", "clear", "strangers"]);
    assert_eq!(named("owner", &owner.fresh_code(), "10.4.0.2").send(gate.address).status, 429);
    assert_eq!(
        named("guest", &guest.fresh_code(), "10.4.0.3").send(gate.address).status,
        302,
        "others are not concerned"
    );
}

/// Asks so many times a second on a connection of its own, while there is something to ask; how
/// long each answer took.
fn paced(
    to: SocketAddr,
    a_second: u32,
    mut ask: impl FnMut(u32) -> Option<Ask> + Send + 'static,
    good: &'static [u16],
) -> JoinHandle<Times> {
    std::thread::spawn(move || {
        let (mut connection, mut times) = (Connection::open(to), Times::default());
        let (start, between) = (clock::monotonic(), Duration::from_secs(1) / a_second);
        let mut number = 0;
        while let Some(ask) = ask(number) {
            wait::for_the_beat(start + between * number);
            let bytes = ask.bytes();
            let sent = clock::monotonic();
            connection.send(&bytes);
            let answer = connection.answer();
            times.add(clock::monotonic() - sent);
            assert!(good.contains(&answer.status), "{answer:?}");
            number += 1;
        }
        times
    })
}

/// As many verifies as a steady rate makes in so many seconds.
fn verifies(gate: &Daemon, token: &str, seconds: u32) -> Times {
    const A_SECOND: u32 = 200;
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/").cookie("auth_token", token);
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let ask = ask.clone();
            let ask = move |number| (number < A_SECOND * seconds).then(|| ask.clone());
            paced(gate.address, A_SECOND, ask, &[204])
        })
        .collect();
    let mut all = Times::default();
    threads.into_iter().for_each(|thread| all.join(thread.join().expect("no panic")));
    all
}

/// The number of the store's last commit, as it stands beside the database.
fn commits(gate: &Daemon) -> u64 {
    let bytes = std::fs::read(gate.place.state().join("store.seq")).expect("ours");
    let slot = |at: usize| {
        bytes.get(at..at + 8).and_then(|slot| slot.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    slot(0).max(slot(512))
}

/// `FLOOD_SECONDS` sets how long, `FLOOD_P99_MS` the bound on the slowest verify but one in a
/// hundred.
#[test]
fn a_thousand_bogus_logins_a_second_write_nothing_slow_nobody_inside_and_keep_no_owner_out() {
    let gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let first = gate.post_code(&owner.fresh_code(), "203.0.113.250");
    let (token, device) =
        (first.cookie("auth_token").expect("one"), first.cookie("auth_device").expect("one"));
    let seconds = u32::try_from(rounds("FLOOD_SECONDS", 3)).expect("a number of seconds");
    let quiet = verifies(&gate, &token, seconds);

    let stop = Arc::new(AtomicBool::new(false));
    let wrong = owner.wrong_code();
    let flood: Vec<_> = (0..10)
        .map(|thread| {
            let (code, stop) = (wrong.clone(), Arc::clone(&stop));
            let ask = move |number: u32| {
                let from = format!("203.{}.{}.{}", thread + 1, number / 250 % 250, number % 250);
                let ask = Ask::form("/login", &[("otp", &code)]).header("X-Forwarded-For", from);
                (!stop.load(Ordering::Relaxed)).then_some(ask)
            };
            paced(gate.address, 100, ask, &[401, 429, 503])
        })
        .collect();
    // What strangers may spend they have spent soon.
    let mut asked = 0;
    wait::until("the strangers' empty bucket", PATIENCE, || {
        asked += 1;
        (gate.post_code(&wrong, &format!("198.51.{asked}.200")).status == 429).then_some(())
    });
    let before = commits(&gate);
    // A machine that is busy with other things is slow in quiet as well; one that is so for a
    // moment is asked again.
    let bound = Duration::from_millis(rounds("FLOOD_P99_MS", 25)) + quiet.quantile(990) * 2;
    let mut loaded = verifies(&gate, &token, seconds);
    for _ in 0..2 {
        if loaded.quantile(990) >= bound {
            loaded = verifies(&gate, &token, seconds);
        }
    }
    let committed = commits(&gate) - before;
    let home = gate
        .login_form(&owner.fresh_code(), "198.51.100.9")
        .cookie("auth_device", &device)
        .send(gate.address);
    assert_eq!(home.status, 302, "the owner, where he has logged in before: {home:?}");
    stop.store(true, Ordering::Relaxed);
    let refused: usize =
        flood.into_iter().map(|thread| thread.join().expect("no panic").count()).sum();
    let verified = loaded.count();
    println!(
        "{refused} bogus logins, {verified} verifies; verify p50/p99 {:?}/{:?} in quiet, {:?}/{:?} meanwhile; {committed} commits",
        quiet.quantile(500),
        quiet.quantile(990),
        loaded.quantile(500),
        loaded.quantile(990),
    );
    // A machine that is busy with other things slows both down.
    assert!(
        refused > verified,
        "there was hardly any flood: {refused} bogus logins, {verified} verifies"
    );
    assert!(loaded.quantile(990) < bound, "{:?} instead of {bound:?}", loaded.quantile(990));
    // One may be that of the sessions' last-seen times.
    assert!(committed <= 1, "{committed} commits for logins that were refused");
}

/// `FLOOD_LOGINS` sets the number of logins, each with a name and an address of its own; 400 in a
/// thousand of them find budget left, since the command line fills the buckets again and again.
#[test]
fn a_flood_of_names_and_addresses_asks_for_no_memory_and_pushes_no_guilty_one_out() {
    let logins = u32::try_from(rounds("FLOOD_LOGINS", 2_000)).expect("a number");
    let gate = Daemon::with(&format!("{ONE_DOMAIN}{BY_NAME}"));
    let (owner, guest) = (gate.place.add_user("owner"), gate.place.add_user("guest"));
    let wrong = owner.wrong_code();
    let guilty = ["203.0.113.66", "10.66.66.66", "2001:db8:66::1"];
    let statuses = |from: &str, times: usize| -> Vec<_> {
        (0..times).map(|_| named("owner", &wrong, from).send(gate.address).status).collect()
    };
    for from in guilty {
        assert_eq!(statuses(from, 6), [401, 401, 401, 401, 401, 429], "{from}");
    }
    let mut connection = Connection::open(gate.address);
    let (mut counted, mut before) = (0, 0);
    for number in 0..logins {
        if number % 250 == 0 {
            for key in ["strangers", "unknown"] {
                gate.place.run(&["limit", "clear", key]);
            }
        }
        // Warm: the first hundred and the first command have asked for what they need.
        if number == logins / 8 {
            before = resident(gate.running.id());
        }
        let from = format!("2a00:{:x}:{:x}:1::1", number >> 12, number & 0xFFF);
        connection.send(&named(&format!("nobody.{number}"), &wrong, &from).bytes());
        let answer = connection.answer();
        assert!(matches!(answer.status, 401 | 429), "{answer:?}");
        counted += u32::from(answer.status == 401);
    }
    let grown = resident(gate.running.id()).saturating_sub(before);
    println!("{logins} names and addresses, {counted} counted, {grown} KiB more");
    for from in guilty {
        assert_eq!(statuses(from, 1), [429], "{from} still waits");
    }
    for key in ["strangers", "unknown"] {
        gate.place.run(&["limit", "clear", key]);
    }
    assert_eq!(
        named("guest", &guest.fresh_code(), "10.9.9.9").send(gate.address).status,
        302,
        "nobody else is locked out"
    );
    assert!(grown < 4096, "{grown} KiB more");
    let list = gate.place.json(&["limit", "list"]).as_array().map_or(0, Vec::len);
    assert!(list <= 4096 + 8, "{list} counters");
}
