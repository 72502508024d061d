//! The plug is pulled while people log in and out, again and again; then the card is flashed anew,
//! and worn.
//!
//! `APPLIANCE_CUTS` sets the number of cuts: each is a start of a whole machine, emulated.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis::auth::totp::TimeStep;
use portcullis::clock;
use serde_json::json;

use super::card::Card;
use super::household::{Doors, House, PHOTOS, wait_until_settled};
use super::machine::{Board, EmulatedMachine, START};
use super::people::moved_to;
use super::time_server::TimeServer;
use crate::support::codes::{Person, STEP, current_step};
use crate::support::wait;

/// What was acknowledged.
#[derive(Default)]
struct AcknowledgedByCard {
    /// Token → whether it must open the site.
    sessions: BTreeMap<String, bool>,
    /// Sessions that were asked to end and had no answer: either is right.
    in_doubt: Vec<String>,
    /// User → the latest time step of which a code was taken.
    spent: BTreeMap<String, u64>,
}

type SharedByCard = Arc<Mutex<AcknowledgedByCard>>;

fn write<T>(book: &SharedByCard, change: impl FnOnce(&mut AcknowledgedByCard) -> T) -> T {
    change(&mut book.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
#[ignore = "for tests/run release: eleven starts of an emulated machine"]
fn nothing_acknowledged_is_lost_by_power_cuts_a_reflash_or_a_lost_block() {
    let rounds = usize::try_from(wait::rounds("APPLIANCE_CUTS", 10)).expect("a number of rounds");
    let house = House::new();
    let _time = TimeServer::ready();
    let card = Card::flashed();
    card.put("appliance.toml", house.settings().as_bytes());
    let people = moved_to(&card, &["anna", "ben", "carla"]);
    let book = SharedByCard::default();
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        let begun = clock::monotonic();
        let mut machine = EmulatedMachine::start(Board::Virt, &card, "");
        let doors = Doors::of(&machine);
        wait_until_settled(&mut machine, doors, START);
        longest = longest.max(clock::monotonic() - begun);
        check(doors, round, &book);
        if round == 0 {
            restored(&people, doors);
        }
        load_and_cut(machine, doors, round, &people, &book);
        let kept = card.check_data();
        for (name, step) in write(&book, |book| book.spent.clone()) {
            let user = kept
                .users
                .iter()
                .find(|user| user.name.as_str() == name)
                .expect("everybody is there");
            let spent = user.spent.map(TimeStep::number);
            assert!(
                spent >= Some(step),
                "round {round}: {name}'s code of {step} was taken, on the card is {spent:?}"
            );
        }
    }
    let (sessions, ended) = write(&book, |book| {
        (book.sessions.len(), book.sessions.values().filter(|open| !**open).count())
    });
    println!(
        "{rounds} cuts: {sessions} sessions acknowledged, {ended} of them ended; the slowest start took {longest:?}"
    );
    assert!(sessions >= rounds, "too few logins to show anything: {sessions}");

    // A new image over the old one, with a slip in the settings, and the first block of the data
    // gone.
    card.flash();
    card.put("appliance.toml", b"hostname = \"portcullis\"\n[gate]\nhots = \"typo\"\n");
    card.lose_first_block();
    let mut machine = EmulatedMachine::start(Board::Virt, &card, "");
    let doors = Doors::of(&machine);
    wait_until_settled(&mut machine, doors, START);
    check(doors, rounds, &book);
    let status = card.text("portcullis-status.txt").expect("a status");
    assert!(status.contains("hots") && status.contains('3'), "the line of the slip: {status}");
    let said = machine.cut();
    assert!(said.contains("repairing it by the spare one"), "{said}");
    card.check_data();
}

/// Four time steps and one to spare.
const AFTER_RESTORE: Duration = Duration::from_secs(5 * STEP);

/// The restored accounts are good once their codes are younger than the restore. The first try
/// tells the gate to settle which are spent; each further one too early would be a failure against
/// this address.
fn restored(people: &[Person], doors: Doors) {
    let first = people.first().expect("three");
    let login = |step| doors.login(&first.code_at(step)).expect("an answer").status;
    let tried = current_step();
    assert_eq!(login(tried), 401, "a code from before the restore");
    wait::until("a code from after the restore", AFTER_RESTORE, || {
        (current_step() > tried + 3).then_some(())
    });
    assert_eq!(login(current_step()), 302, "a login of a restored user");
}

/// People log in and out until the plug is pulled.
fn load_and_cut(
    machine: EmulatedMachine,
    doors: Doors,
    round: usize,
    people: &[Person],
    book: &SharedByCard,
) {
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = people
        .iter()
        .map(|person| json!({ "name": person.name, "secret": person.secret }))
        .map(|account| {
            let (book, stop) = (Arc::clone(book), Arc::clone(&stop));
            std::thread::spawn(move || {
                let person = &Person::from_answer(&account);
                while !stop.load(Ordering::Relaxed) {
                    log_in_and_out(doors, person, &book, &stop);
                }
            })
        })
        .collect();
    // Not before somebody got in, and elsewhere each time.
    let before = write(book, |book| book.sessions.len());
    wait::until("a login", START, || {
        (write(book, |book| book.sessions.len()) > before).then_some(())
    });
    wait::before_the_blow(Duration::from_millis(
        u64::try_from(round).unwrap_or_default() * 737 % 4000,
    ));
    machine.cut();
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic under load"));
}

const BETWEEN_VISITS: Duration = Duration::from_millis(200);

/// Every code that is good now, each once; every third session is ended again.
fn log_in_and_out(doors: Doors, person: &Person, book: &SharedByCard, stop: &AtomicBool) {
    let began = clock::monotonic();
    for step in current_step() - 1..=current_step() + 1 {
        let code = person.code_at(step);
        if stop.load(Ordering::Relaxed)
            || write(book, |book| book.spent.get(&person.name) >= Some(&step))
        {
            continue;
        }
        let Some(token) = doors
            .login(&code)
            .ok()
            .filter(|a| a.status == 302)
            .and_then(|a| a.cookie("auth_token"))
        else {
            continue;
        };
        let ends = write(book, |book| {
            book.spent.insert(person.name.clone(), step);
            book.sessions.insert(token.clone(), true);
            book.sessions.len() % 3 == 0
        });
        if ends {
            end(doors, &token, book);
        }
    }
    // An emulated machine has enough to do with three people who come five times a second.
    wait::for_the_beat(began + BETWEEN_VISITS);
}

fn end(doors: Doors, token: &str, book: &SharedByCard) {
    write(book, |book| {
        book.sessions.remove(token);
        book.in_doubt.push(token.to_owned());
    });
    if doors.log_out(token) {
        write(book, |book| {
            book.in_doubt.retain(|doubt| doubt != token);
            book.sessions.insert(token.to_owned(), false);
        });
    }
}

/// Holds the book's sessions against the machine after a cut.
fn check(doors: Doors, round: usize, book: &SharedByCard) {
    let (sessions, in_doubt) =
        write(book, |book| (book.sessions.clone(), std::mem::take(&mut book.in_doubt)));
    for token in in_doubt {
        let open = doors.is_open_to(&token);
        write(book, |book| book.sessions.insert(token, open));
    }
    for (token, open) in &sessions {
        assert_eq!(
            doors.is_open_to(token),
            *open,
            "round {round}: a session at {PHOTOS} is not as it was acknowledged"
        );
    }
}
