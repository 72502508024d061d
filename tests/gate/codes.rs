//! A code works once, whatever happens around it.

use std::sync::{Arc, Barrier};

use portcullis::auth::totp::{Algorithm, Authenticator, CodeLength, Seed};
use portcullis::auth::user::{User, UserName};
use portcullis::clock;
use portcullis::entropy::System;
use portcullis::ledger::{Change, GateRecord, Store, load_or_create_key};

use crate::support::codes::{Person, current_step};
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::{Ask, Connection};
use crate::support::wait::rounds;

/// The statuses of so many simultaneous posts, each on a connection of its own and from an address
/// of its own.
fn at_once(gate: &Daemon, asks: &[Ask]) -> Vec<u16> {
    let start = Arc::new(Barrier::new(asks.len()));
    let threads: Vec<_> = asks
        .iter()
        .map(|ask| {
            let (bytes, start, to) = (ask.bytes(), Arc::clone(&start), gate.address);
            std::thread::spawn(move || {
                let mut connection = Connection::open(to);
                let (last, first) = bytes.split_last().expect("not empty");
                connection.send(first);
                start.wait();
                connection.send(&[*last]);
                connection.answer().status
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

/// Fifty posts of one code, from so many addresses in turn.
fn from_everywhere(code: &str, addresses: usize) -> Vec<Ask> {
    (0..50)
        .map(|n| {
            Ask::form("/login", &[("otp", code)])
                .header("X-Forwarded-For", format!("10.0.0.{}", n % addresses + 1))
        })
        .collect()
}

/// `CODES_RACES` sets the number of rounds.
fn of_fifty_posts_one_gets_in(settings: &str, addresses: usize) {
    let gate = Daemon::with(settings);
    for round in 0..rounds("CODES_RACES", 20) {
        let person = gate.place.add_user(&format!("user{round}"));
        let statuses = at_once(&gate, &from_everywhere(&person.fresh_code(), addresses));
        let count = |status| statuses.iter().filter(|s| **s == status).count();
        // A full queue answers 503 and counts nothing; it never answers 302.
        assert_eq!(count(302), 1, "round {round}: {statuses:?}");
        assert_eq!(
            count(302) + count(401) + count(429) + count(503),
            50,
            "round {round}: {statuses:?}"
        );
        assert_eq!(
            gate.place.json(&["session", "list"]).as_array().map(Vec::len),
            Some(1),
            "round {round}"
        );
        gate.place.json(&["user", "remove", &person.name]);
        gate.place.json(&["limit", "clear", "--all"]);
    }
}

#[test]
fn fifty_posts_of_one_good_code_at_once_give_exactly_one_session() {
    of_fifty_posts_one_gets_in(ONE_DOMAIN, 50);
}

#[test]
fn fifty_posts_of_one_good_code_from_two_addresses_give_exactly_one_session() {
    // No limit by address, or the first failures would keep the other posts from being looked at.
    of_fifty_posts_one_gets_in(&format!("{ONE_DOMAIN}[limits]\nattempts = 1000\n"), 2);
}

/// No order and no backup gives two people one seed; these are put into the store by hand. Their
/// code is nobody's.
#[test]
fn fifty_posts_through_two_accounts_with_one_seed_let_nobody_in() {
    let place = Place::new(&format!("{ONE_DOMAIN}[limits]\nattempts = 1000\n"));
    let person = {
        let dir = place.state();
        let key =
            load_or_create_key(&dir, None, &mut System).unwrap_or_else(|error| panic!("{error}"));
        let (mut store, opened) =
            Store::open(&dir, &key, clock::now(), System).unwrap_or_else(|error| panic!("{error}"));
        let authenticator = || Authenticator {
            seed: Seed::new((0..20).collect()).expect("a seed"),
            algorithm: Algorithm::Sha1,
            digits: CodeLength::Six,
        };
        let user = |name: &str| {
            Change::PutUser(User::new(
                UserName::parse(name).expect("a name"),
                authenticator(),
                clock::now(),
                &mut System,
            ))
        };
        let settings = GateRecord { ever_had_user: true, ..opened.contents.gate_record };
        let changes = [user("one"), user("other"), Change::PutGateRecord(settings)];
        store.commit(&changes, clock::now()).unwrap_or_else(|error| panic!("{error}"));
        let secret = authenticator().seed.base32().to_string();
        Person::from_answer(&serde_json::json!({ "name": "one", "secret": secret }))
    };
    let gate = place.start();
    let statuses = at_once(&gate, &from_everywhere(&person.fresh_code(), 50));
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429 | 503)), "{statuses:?}");
    assert_eq!(gate.place.json(&["session", "list"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn everyone_who_logs_in_at_the_same_moment_gets_a_session_of_his_own() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[login]\naccept_odds = true\n"));
    let people: Vec<_> = (0..40).map(|n| gate.place.add_user(&format!("user{n}"))).collect();
    let start = Arc::new(Barrier::new(people.len()));
    let threads: Vec<_> = people
        .iter()
        .map(|person| {
            let (code, name, start, to) = (
                person.code_at(current_step()),
                person.name.clone(),
                Arc::clone(&start),
                gate.address,
            );
            std::thread::spawn(move || {
                let ask =
                    Ask::form("/login", &[("otp", &code)]).header("X-Forwarded-For", "10.0.0.1");
                start.wait();
                let answer = ask.send(to);
                (name, answer.status, answer.cookie("auth_token"))
            })
        })
        .collect();
    let mut open = 0;
    for thread in threads {
        let (name, status, token) = thread.join().expect("no panic");
        // Two seeds may show one code by chance: then neither gets in.
        let Some(token) = token else {
            assert!(matches!(status, 401 | 429 | 503), "{name}: {status}");
            continue;
        };
        open += 1;
        let answer = gate.ask_with(&token);
        assert_eq!(answer.header("remote-user"), Some(name.as_str()));
    }
    assert!(open >= 30, "{open} of 40");
}

#[test]
fn a_spent_code_stays_spent_across_kill_9() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let person = gate.place.add_user("owner");
    let step = current_step();
    assert_eq!(gate.post_code(&person.code_at(step), "192.168.1.1").status, 302);
    gate.kill();
    gate.start_again();
    assert_eq!(gate.post_code(&person.code_at(step), "192.168.1.1").status, 401);
    assert_eq!(
        gate.post_code(&person.code_at(step + 1), "192.168.1.1").status,
        302,
        "the next one is good"
    );
}

#[test]
fn the_code_printed_at_enrolment_time_is_good_for_a_login_at_once() {
    let gate = Daemon::with(ONE_DOMAIN);
    let person = gate.place.add_user("owner");
    assert_eq!(gate.post_code(&person.code_at(current_step()), "192.168.1.1").status, 302);
}

#[test]
fn codes_of_eight_digits_and_other_hashes_work_for_those_who_have_them() {
    let gate = Daemon::with(ONE_DOMAIN);
    let answer =
        gate.place.json(&["user", "add", "long", "--digits", "8", "--algorithm", "SHA256"]);
    let url = answer["otpauth_url"].as_str().expect("a URL");
    for part in [
        "otpauth://totp/Portcullis:long?",
        "algorithm=SHA256",
        "digits=8",
        "period=30",
        "issuer=Portcullis",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    let secret = answer["secret"].as_str().expect("a secret");
    // Another implementation of RFC 6238 than the product's.
    let made = std::process::Command::new("oathtool")
        .args(["--totp=sha256", "--digits=8", "--base32", secret])
        .output();
    let Ok(made) = made else { return };
    let code = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    assert_eq!(gate.post_code(&code, "192.168.1.1").status, 302);
}
