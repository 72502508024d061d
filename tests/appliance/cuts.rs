//! The plug is pulled while people log in and out, again and again; then the card is flashed anew, and worn.
//!
//! `APPLIANCE_CUTS` sets the number of cuts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis::clock;
use serde_json::json;

use crate::card::Card;
use crate::household::{Doors, House, PHOTOS, wait_until_settled};
use crate::machine::{Board, Machine, START};
use crate::people::moved_to;
use crate::support::codes::{Person, STEP, current_step};
use crate::support::http::Ask;
use crate::support::setup::inputs;
use crate::support::wait;
use crate::time_server::TimeServer;

/// What was acknowledged.
#[derive(Default)]
struct Book {
    /// Token → whether it must open the site.
    sessions: BTreeMap<String, bool>,
    /// Sessions that were asked to end and had no answer: either is right.
    in_doubt: Vec<String>,
    /// Codes that were taken, with their step.
    spent: Vec<(u64, String)>,
}

type Shared = Arc<Mutex<Book>>;

fn write<T>(book: &Shared, change: impl FnOnce(&mut Book) -> T) -> T {
    change(&mut book.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
fn nothing_acknowledged_is_lost_by_power_cuts_a_reflash_or_a_lost_block() {
    let rounds = std::env::var("APPLIANCE_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let house = House::new();
    let _time = TimeServer::ready();
    let card = Card::flashed();
    card.put("appliance.toml", house.settings().as_bytes());
    let people = moved_to(&card, &["anna", "ben", "carla"]);
    let book = Shared::default();
    let mut longest = Duration::ZERO;
    let mut in_time = 0;
    for round in 0..rounds {
        let begun = clock::monotonic();
        let mut machine = Machine::start(Board::Virt, &card, "");
        let doors = Doors::of(&machine);
        wait_until_settled(&mut machine, doors, START);
        longest = longest.max(clock::monotonic() - begun);
        in_time += check(doors, round, &book);
        if round == 0 {
            restored(&people, doors);
        }
        load_and_cut(machine, doors, round, &people, &book);
        card.check_data();
    }
    let (sessions, ended) =
        write(&book, |book| (book.sessions.len(), book.sessions.values().filter(|open| !**open).count()));
    println!(
        "{rounds} cuts: {sessions} sessions acknowledged, {ended} of them ended, {in_time} spent codes tried again \
         while they were still in their time; the slowest start took {longest:?}"
    );
    assert!(sessions >= rounds, "too few logins to show anything: {sessions}");

    // A new image over the old one, with a slip in the settings, and the first block of the data gone.
    card.flash();
    card.put("appliance.toml", b"hostname = \"portcullis\"\n[gate]\nhots = \"typo\"\n");
    card.lose_first_block();
    let mut machine = Machine::start(Board::Virt, &card, "");
    let doors = Doors::of(&machine);
    wait_until_settled(&mut machine, doors, START);
    check(doors, rounds, &book);
    let status = card.text("portcullis-status.txt").expect("a status");
    assert!(status.contains("hots") && status.contains('3'), "the line of the slip: {status}");
    let said = machine.cut();
    assert!(said.contains("repairing it by the spare one"), "{said}");
    card.check_data();
}

/// The restored accounts are good once their codes are younger than the restore.
fn restored(people: &[Person], doors: Doors) {
    wait::until("a login of a restored user", Duration::from_secs(240), || {
        let code = people.first().expect("three").code_at(current_step());
        let done = doors.login(&code).is_ok_and(|answer| answer.status == 302);
        if !done {
            std::thread::park_timeout(Duration::from_secs(15));
        }
        done.then_some(())
    });
}

/// People log in and out until the plug is pulled.
fn load_and_cut(machine: Machine, doors: Doors, round: usize, people: &[Person], book: &Shared) {
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
    wait::until("a login", Duration::from_secs(120), || {
        (write(book, |book| book.sessions.len()) > before).then_some(())
    });
    std::thread::park_timeout(Duration::from_millis(u64::try_from(round).unwrap_or_default() * 737 % 4000));
    machine.cut();
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic under load"));
}

/// Every code that is good now, each once; every third session is ended again.
fn log_in_and_out(doors: Doors, person: &Person, book: &Shared, stop: &AtomicBool) {
    for step in current_step() - 1..=current_step() + 1 {
        let code = person.code_at(step);
        if stop.load(Ordering::Relaxed) || write(book, |book| book.spent.iter().any(|(_, spent)| *spent == code)) {
            continue;
        }
        let Some(token) = doors.login(&code).ok().filter(|a| a.status == 302).and_then(|a| a.cookie("auth_token"))
        else {
            continue;
        };
        let ends = write(book, |book| {
            book.spent.push((step, code));
            book.sessions.insert(token.clone(), true);
            book.sessions.len() % 3 == 0
        });
        if ends {
            end(doors, &token, book);
        }
    }
    std::thread::park_timeout(Duration::from_millis(200));
}

fn end(doors: Doors, token: &str, book: &Shared) {
    let Ok(page) = doors.ask_gate(&Ask::get("/logout").by_page_load().cookie("auth_token", token)) else { return };
    let fields = inputs_of_form(&page);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    write(book, |book| {
        book.sessions.remove(token);
        book.in_doubt.push(token.to_owned());
    });
    if doors.ask_gate(&Ask::form("/logout", &fields).cookie("auth_token", token)).is_ok_and(|a| a.status < 400) {
        write(book, |book| {
            book.in_doubt.retain(|doubt| doubt != token);
            book.sessions.insert(token.to_owned(), false);
        });
    }
}

fn inputs_of_form(page: &crate::support::http::Answer) -> Vec<(String, String)> {
    inputs(page).into_iter().filter(|(name, _)| name == "token" || name == "next").collect()
}

/// Holds the book against the machine after a cut. Says how many spent codes were tried while still in their time.
fn check(doors: Doors, round: usize, book: &Shared) -> usize {
    let (sessions, in_doubt, spent) =
        write(book, |book| (book.sessions.clone(), std::mem::take(&mut book.in_doubt), book.spent.clone()));
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
    // Few, for each is a failure that the gate counts against this address.
    let tried = usize::from(round % 4 == 1);
    let youngest = spent.iter().rev().filter(|(step, _)| step + 1 >= current_step()).take(tried);
    let mut in_time = 0;
    for (step, code) in youngest {
        let answer = doors.login(code).expect("an answer");
        assert!(matches!(answer.status, 401 | 429), "round {round}: a spent code was answered by {}", answer.status);
        in_time += usize::from(clock::now().unix() / STEP <= step + 1);
    }
    in_time
}
