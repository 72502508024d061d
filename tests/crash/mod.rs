//! `kill -9` under mixed load, thirty times (`tests/soak/run`: a thousand): nothing that was
//! acknowledged is lost, nothing spent is good again, and a start after a kill takes about as long
//! as any other.
//!
//! The load is logins, failures, logouts by revocation and users added and removed, all at once.
//! Each thread writes down what it was told before it goes on; after each kill the whole book is
//! held against what the new process says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::support::codes::{Person, STEP, current_step, wrong_code_near};
use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place};
use crate::support::http::Ask;
use crate::support::measure::Times;
use crate::support::wait;

/// Sessions end once in so many rounds, so that nobody comes near 64 of them, where the oldest
/// would end.
const ALL_OUT: u32 = 100;

/// So many rounds with one clean end, whose start the others are compared with.
const CLEAN_STARTS: u32 = 5;

/// What was acknowledged. A thing asked for but not answered may be either way, and is not in here.
#[derive(Default)]
struct Acknowledged {
    /// Token → whether it must open a site.
    sessions: BTreeMap<String, bool>,
    /// Tokens that were asked to end when the process died: either is right, once.
    in_doubt: Vec<String>,
    /// Name → whether the user must be there; names in doubt are left out.
    users: BTreeMap<String, bool>,
    /// Codes that were taken, with the user's name.
    spent: Vec<(String, String)>,
    /// Address → failures that were counted.
    failures: BTreeMap<String, u64>,
    /// Name → logins that were answered.
    logins: BTreeMap<String, u64>,
    /// Calls that were answered.
    acknowledged: u64,
}

type SharedAcknowledged = Arc<Mutex<Acknowledged>>;

fn write(book: &SharedAcknowledged, change: impl FnOnce(&mut Acknowledged)) {
    change(&mut book.lock().unwrap_or_else(PoisonError::into_inner));
}

/// `CRASH_KILLS` sets the number of rounds.
#[test]
fn nothing_acknowledged_is_lost_by_kills_under_load() {
    let rounds = u32::try_from(wait::rounds("CRASH_KILLS", 30)).expect("a number of rounds");
    let place = Place::new(&format!(
        "{ONE_DOMAIN}[login]\naccept_odds = true\n[limits]\nattempts = 1000\n"
    ));
    let mut gate = place.with_movable_clock().start();
    // Twelve, six of them a round.
    let people: Vec<Person> = (0..12).map(|n| gate.place.add_user(&format!("user{n}"))).collect();
    let everybody: Vec<_> = people.iter().collect();
    let seeds: Vec<_> = people.iter().map(|p| (p.name.clone(), p.secret.clone())).collect();
    let book = SharedAcknowledged::default();
    let (mut starts, mut clean_starts, mut logins) = (Times::default(), Times::default(), 0);
    for round in 0..rounds {
        if round % ALL_OUT == ALL_OUT - 1 {
            gate.place.json(&["session", "revoke", "--all"]);
            write(&book, |book| book.sessions.values_mut().for_each(|open| *open = false));
        }
        // Each round lies two steps after the one before: every round has fresh codes for
        // everybody.
        gate.place.shift_clock(i64::from(round) * 60);
        let step = current_step() + u64::from(round) * 2;
        gate.place.json(&["limit", "clear", "strangers"]);
        let stop = Arc::new(AtomicBool::new(false));
        let threads = [
            log_in_all(
                &gate,
                if round % 2 == 0 { &seeds[..6] } else { &seeds[6..] },
                step,
                &book,
                &stop,
            ),
            guess_wrong(&gate, round, wrong_code_near(&everybody, step), &book, &stop),
            revoke_some(&gate, &book, &stop),
            add_and_remove(&gate, round, &book, &stop),
        ];
        // Somewhere in the middle of it, elsewhere each time; at the latest when nobody has
        // anything more to do.
        let pause = Duration::from_millis(20 + u64::from(round * 37 % 400));
        wait::at_most(pause, || threads.iter().all(Thread::is_finished).then_some(()));
        gate.kill();
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic under load"));
        starts.add(gate.start_again());
        logins += check(&gate, round, &book);
        if round % CLEAN_STARTS == 0 {
            gate.stop();
            clean_starts.add(gate.start_again());
        }
    }
    let total = book.lock().unwrap_or_else(PoisonError::into_inner).acknowledged;
    // The slowest of all tells of the machine.
    let (usual, slowest, clean) =
        (starts.quantile(500), starts.quantile(1000), clean_starts.quantile(500));
    println!(
        "{rounds} kills, {total} acknowledged changes, {logins} sessions checked, 0 lost; every second start within {usual:?}, slowest {slowest:?}; after a clean end every second within {clean:?}"
    );
    assert!(total > u64::from(rounds), "there was hardly any load: {total}");
    assert!(usual < clean * 3, "a start after a kill takes {usual:?}, after a clean end {clean:?}");
}

type Thread = std::thread::JoinHandle<()>;

fn form(code: &str, from: &str) -> Ask {
    Ask::form("/login", &[("otp", code)]).header("X-Forwarded-For", from)
}

fn log_in_all(
    gate: &Daemon,
    seeds: &[(String, String)],
    step: u64,
    book: &SharedAcknowledged,
    stop: &Arc<AtomicBool>,
) -> Thread {
    let (to, book, stop, seeds) =
        (gate.address, Arc::clone(book), Arc::clone(stop), seeds.to_vec());
    std::thread::spawn(move || {
        for (name, secret) in seeds {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let person =
                Person::from_answer(&serde_json::json!({ "name": name, "secret": secret }));
            let code = person.code_at(step);
            let Ok(answer) = form(&code, "192.168.1.1").try_send(to) else { return };
            if let Some(token) = answer.cookie("auth_token") {
                write(&book, |book| {
                    book.sessions.insert(token, true);
                    *book.logins.entry(name.clone()).or_default() += 1;
                    book.spent.push((name, code));
                    book.acknowledged += 1;
                });
            }
        }
    })
}

/// Where the wrong guesses of a round come from.
fn guesser(round: u32) -> String {
    format!("10.{}.{}.1", 9 + round / 250, round % 250)
}

fn guess_wrong(
    gate: &Daemon,
    round: u32,
    code: String,
    book: &SharedAcknowledged,
    stop: &Arc<AtomicBool>,
) -> Thread {
    let (to, book, stop) = (gate.address, Arc::clone(book), Arc::clone(stop));
    std::thread::spawn(move || {
        let address = guesser(round);
        // Stays below what the bucket of the local network holds.
        for _ in 0..40 {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let Ok(answer) = form(&code, &address).try_send(to) else { return };
            if answer.status == 401 {
                write(&book, |book| {
                    *book.failures.entry(address.clone()).or_default() += 1;
                    book.acknowledged += 1;
                });
            }
        }
    })
}

fn verb(gate: &Daemon, words: &[&str]) -> Command {
    gate.place.command(&words.iter().copied().chain(["--json"]).collect::<Vec<_>>())
}

/// Ends sessions of rounds before, one by one.
fn revoke_some(gate: &Daemon, book: &SharedAcknowledged, stop: &Arc<AtomicBool>) -> Thread {
    let living: Vec<String> = {
        let book = book.lock().unwrap_or_else(PoisonError::into_inner);
        book.sessions
            .iter()
            .filter(|(_, open)| **open)
            .map(|(token, _)| token.clone())
            .take(3)
            .collect()
    };
    let commands: Vec<_> = living
        .into_iter()
        .map(|token| (verb(gate, &["session", "revoke", &id_of(&token)]), token))
        .collect();
    let (book, stop) = (Arc::clone(book), Arc::clone(stop));
    std::thread::spawn(move || {
        for (mut command, token) in commands {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            write(&book, |book| {
                book.sessions.remove(&token);
                book.in_doubt.push(token.clone());
            });
            let done = Done::from(command.output().expect("the built program runs"));
            if done.status == 0 {
                write(&book, |book| {
                    book.in_doubt.retain(|t| *t != token);
                    book.sessions.insert(token, false);
                    book.acknowledged += 1;
                });
            }
        }
    })
}

fn add_and_remove(
    gate: &Daemon,
    round: u32,
    book: &SharedAcknowledged,
    stop: &Arc<AtomicBool>,
) -> Thread {
    let (name, before) = (format!("guest{round}"), format!("guest{}", round.saturating_sub(1)));
    let (mut add, mut remove) =
        (verb(gate, &["user", "add", &name]), verb(gate, &["user", "remove", &before]));
    let (book, stop) = (Arc::clone(book), Arc::clone(stop));
    std::thread::spawn(move || {
        if Done::from(add.output().expect("the built program runs")).status == 0 {
            write(&book, |book| {
                book.users.insert(name, true);
                book.acknowledged += 1;
            });
        }
        if round == 0 || stop.load(Ordering::Relaxed) {
            return;
        }
        write(&book, |book| {
            book.users.remove(&before);
        });
        if Done::from(remove.output().expect("the built program runs")).status == 0 {
            write(&book, |book| {
                book.users.insert(before, false);
                book.acknowledged += 1;
            });
        }
    })
}

/// The session's id, from the token's claims.
fn id_of(token: &str) -> String {
    use base64::Engine;
    let claims = token.split('.').nth(1).expect("three parts");
    let claims =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["jti"].as_str().expect("an id").to_owned()
}

/// Holds the book against the new process; says how many sessions were looked at.
fn check(gate: &Daemon, round: u32, book: &SharedAcknowledged) -> usize {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let Acknowledged { sessions, in_doubt, users, spent, failures, logins, .. } = &mut *book;
    for token in in_doubt.drain(..) {
        let open = gate.is_open_to(&token);
        sessions.insert(token, open);
    }
    for (token, open) in sessions.iter() {
        assert_eq!(
            gate.is_open_to(token),
            *open,
            "round {round}: a session is not as it was acknowledged"
        );
    }
    let list = gate.place.json(&["user", "list"]);
    let names: Vec<_> =
        list.as_array().into_iter().flatten().filter_map(|user| user["name"].as_str()).collect();
    for (name, there) in users.iter() {
        assert_eq!(names.contains(&name.as_str()), *there, "round {round}: {name} in {names:?}");
    }
    for (name, code) in spent.drain(..) {
        let status = post_patiently(gate.address, &code);
        assert!(
            matches!(status, 401 | 429),
            "round {round}: the spent code of {name} was answered by {status}"
        );
    }
    let limits = gate.place.json(&["limit", "list"]);
    let counted = |address: &str| {
        let entry = limits.as_array().into_iter().flatten().find(|entry| entry["key"] == address);
        entry.and_then(|entry| entry["failures"].as_u64()).unwrap_or_default()
    };
    let address = guesser(round);
    let failures = failures.get(&address).copied().unwrap_or_default();
    assert!(counted(&address) >= failures, "round {round}: {address} had {failures}: {limits}");
    check_log(gate, round, logins, users);
    sessions.len()
}

/// The audit log hangs together and knows of every login and every user that was acknowledged.
fn check_log(
    gate: &Daemon,
    round: u32,
    logins: &BTreeMap<String, u64>,
    users: &BTreeMap<String, bool>,
) {
    let verdict = gate.place.json(&["audit", "verify"]);
    assert_eq!(verdict["whole"], true, "round {round}: {verdict}");
    let log = gate.place.json(&["audit", "show", "--since", "3650d"]);
    let count = |action: &str, about: &str| {
        let lines = log.as_array().into_iter().flatten();
        let of = lines.filter(|line| {
            line["action"] == action && line["subject"] == about && line["result"] == "ok"
        });
        of.count() as u64
    };
    for (name, acknowledged) in logins {
        let told = count("login", name);
        assert!(
            told >= *acknowledged,
            "round {round}: {name} was let in {acknowledged} times, the log tells of {told}"
        );
    }
    for (name, there) in users {
        assert_eq!(count("user-added", name), 1, "round {round}: {name}");
        assert!(*there || count("user-removed", name) == 1, "round {round}: {name}");
    }
}

/// The status of a post, waiting out a queue that is full.
fn post_patiently(to: SocketAddr, code: &str) -> u16 {
    wait::until("an answer that is not 503", wait::PATIENCE, || {
        let status = form(code, "192.168.2.2").send(to).status;
        (status != 503).then_some(status)
    })
}

/// Codes of the same step after the kill, within a few milliseconds of the answer that spent them;
/// and once more with a clock that was set back by a minute meanwhile. `CODES_KILLS` sets the
/// number of rounds.
#[test]
fn a_code_is_spent_even_when_the_kill_follows_its_answer_at_once() {
    let place = Place::new(&format!("{ONE_DOMAIN}[limits]\nattempts = 1000\n"));
    let (mut gate, mut slowest) = (place.with_movable_clock().start(), Duration::ZERO);
    for round in 0..wait::rounds("CODES_KILLS", 20) {
        let person = gate.place.add_user("owner");
        let code = wait::until("the middle of a step", wait::PATIENCE, || {
            (portcullis::clock::now().unix() % STEP < 25).then(|| person.code_at(current_step()))
        });
        let answer = form(&code, "192.168.1.1").send(gate.address);
        let answered = portcullis::clock::monotonic();
        gate.kill();
        slowest = slowest.max(portcullis::clock::monotonic() - answered);
        assert_eq!(answer.status, 302, "round {round}");
        if round % 2 == 1 {
            gate.place.shift_clock(-60);
        }
        gate.start_again();
        let again = form(&code, "192.168.1.1").send(gate.address).status;
        // The minute back may be a moment more than what is tolerated: then no code is taken at
        // all.
        assert!(again == 401 || round % 2 == 1 && again == 503, "round {round}: {again}");
        gate.place.shift_clock(0);
        assert_eq!(
            form(&code, "192.168.1.1").send(gate.address).status,
            401,
            "round {round}, the clock right again"
        );
        assert!(gate.is_open_to(&answer.cookie("auth_token").expect("a session")), "round {round}");
        gate.place.json(&["user", "remove", "owner"]);
        gate.place.json(&["limit", "clear", "--all"]);
    }
    println!("from the answer to the end of the process: at most {slowest:?}");
}
