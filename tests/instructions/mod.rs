//! What a verify costs in instructions, from the wait for its event to the answer, counted by
//! Valgrind: a figure that hardly depends on the machine, so that one more look at the header lines
//! shows before it is merged.
//!
//! Counts the static binary (`image/binary x86_64-unknown-linux-musl`; another one with
//! `GATE=path`) with 22 header lines on a kept connection. The start cancels out: it is the
//! difference of two runs. `recorded` beside this file holds what is to be expected;
//! `RECORD=1 cargo test --test system instructions::` writes it anew. Leaves out what happens in
//! the kernel.

mod recorded;

use std::path::Path;

use portcullis::auth::policy::host_pattern::HostPattern;
use portcullis::auth::policy::scope::PlaceScope;
use portcullis::clock;
use portcullis::entropy::System;
use portcullis::ledger::{Change, Store, load_or_create_key};

use crate::support::daemon::{ONE_DOMAIN, Place};
use crate::support::http::Connection;
use crate::support::many_passes;
use crate::support::page_load::{self, BY_CADDY, BY_NGINX};
use recorded::{Recorded, compiler_of};

/// Requests before counting begins, so that every table has grown and every buffer is there.
const BEFORE: usize = 500;
/// Requests that are counted.
const COUNTED: usize = 4_000;

/// A question, and how it is asked.
struct Question {
    name: &'static str,
    head: String,
    status: u16,
    /// Requests that are sent together.
    together: usize,
}

fn questions(token: &str) -> [Question; 4] {
    let cookies = page_load::cookies(token);
    let pass = page_load::head("/verify/caddy", &cookies, BY_CADDY);
    let no_session = page_load::head("/verify/caddy", "theme=dark; lang=en", BY_CADDY);
    let by_nginx = page_load::head("/verify/nginx", &cookies, BY_NGINX);
    [
        Question { name: "pass", head: pass.clone(), status: 204, together: 1 },
        Question { name: "pass-pipelined", head: pass, status: 204, together: 16 },
        Question { name: "pass-nginx", head: by_nginx, status: 204, together: 1 },
        Question { name: "refusal", head: no_session, status: 302, together: 1 },
    ]
}

impl Question {
    fn ask(&self, connection: &mut Connection, times: usize) {
        let heads = self.head.repeat(self.together);
        for _ in 0..times / self.together {
            connection.send(heads.as_bytes());
            for _ in 0..self.together {
                assert_eq!(connection.answer().status, self.status, "{}", self.name);
            }
        }
    }
}

/// The binary that is counted.
fn gate() -> String {
    if let Ok(named) = std::env::var("GATE") {
        return named;
    }
    let gate = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/static/x86_64-unknown-linux-musl/portcullis");
    assert!(
        gate.is_file(),
        "no {}: image/binary x86_64-unknown-linux-musl builds it",
        gate.display()
    );
    gate.display().to_string()
}

/// The instructions of the loop's thread in a run from start to stop, and the gate's place. The
/// store's threads have no part in a verify, and wait for each other at the start for as long as
/// the scheduler likes.
fn counted(place: Place, gate: &str, talk: impl FnOnce(&mut Connection)) -> (u64, Place) {
    let profile = place.config_file().with_file_name("profile");
    let into = format!("--callgrind-out-file={}", profile.display());
    // In turn: on a quiet machine one that spins while it waits would keep the others from ending
    // its wait for minutes.
    let turns = "--fair-sched=yes";
    let valgrind = ["valgrind", "--tool=callgrind", "--separate-threads=yes", turns, &into, gate];
    let mut daemon = place.with_program(&valgrind).start();
    talk(&mut Connection::open(daemon.address));
    daemon.stop();
    let first_thread = profile.with_file_name("profile-01");
    let text = std::fs::read_to_string(&first_thread).expect("Valgrind writes a file a thread");
    let count =
        text.lines().find_map(|line| line.strip_prefix("totals: ")).expect("it holds the sum");
    (count.trim().parse().expect("a number"), daemon.place)
}

/// The instructions of one verify of each question; the first is asked before counting begins.
fn measure(place: Place, gate: &str, questions: &[Question]) -> Vec<(&'static str, u64)> {
    let first = questions.first().expect("a question");
    let before = |connection: &mut Connection| first.ask(connection, BEFORE);
    let (start, mut place) = counted(place, gate, before);
    let mut measured = Vec::new();
    for question in questions {
        let (whole, same) = counted(place, gate, |connection| {
            before(connection);
            question.ask(connection, COUNTED);
        });
        place = same;
        measured.push((question.name, whole.saturating_sub(start) / COUNTED as u64));
    }
    measured
}

#[test]
fn a_verify_costs_no_more_instructions_than_recorded() {
    if !cfg!(target_arch = "x86_64") {
        eprintln!("left out: the recorded figures are x86_64's");
        return;
    }
    let gate = gate();
    let place = Place::new(ONE_DOMAIN).with_program(&[&gate]);
    let anna = place.add_user("anna");
    let mut daemon = place.start();
    let token = daemon.log_in(&anna);
    daemon.stop();

    let measured = measure(daemon.place, &gate, &questions(&token));
    println!("instructions of one verify: {measured:?}");
    Recorded::judge(&measured, &compiler_of(&gate));
}

/// The settings, with 1,000 rules for 1,000 hosts, the one that is asked for among them.
fn with_rules() -> String {
    let host = |number| match number {
        500 => "app".to_owned(),
        number => format!("site-{number}"),
    };
    let rule = |number| {
        format!(
            "[[rule]]\nhosts = [\"{}.example.test\"]\npaths = [\"/share/**\", \"/s/*\"]\naccess = \"open\"\n",
            host(number)
        )
    };
    (0..1_000).map(rule).fold(ONE_DOMAIN.to_owned(), |settings, rule| settings + &rule)
}

#[test]
fn a_thousand_rules_add_at_most_a_tenth_to_a_verify() {
    let gate = gate();
    let mut figures = Vec::new();
    for settings in [ONE_DOMAIN.to_owned(), with_rules()] {
        let place = Place::new(&settings).with_program(&[&gate]);
        let anna = place.add_user("anna");
        let mut daemon = place.start();
        let token = daemon.log_in(&anna);
        daemon.stop();
        let [pass, ..] = questions(&token);
        let measured = measure(daemon.place, &gate, &[pass]);
        figures.extend(measured.iter().map(|(_, figure)| *figure));
    }
    let [none, thousand] = figures[..] else { panic!("two figures: {figures:?}") };
    println!("instructions of one verify: {none} without rules, {thousand} with 1,000");
    assert!(thousand * 10 <= none * 11, "{none} without rules, {thousand} with 1,000");
}

/// Brings so many passes of `anna` for the site into the store of a gate that does not run, and
/// gives the token of one.
fn add_passes(place: &Place, count: usize) -> String {
    let host = HostPattern::parse("app.example.test").expect("a host");
    let scope = PlaceScope { hosts: vec![host], paths: Vec::new(), networks: Vec::new() };
    let (passes, token) = many_passes::many(count, "anna", &scope);
    let key = load_or_create_key(&place.state(), None, &mut System).expect("the store's key");
    let (mut store, _) =
        Store::open(&place.state(), &key, clock::now(), System).expect("the store opens");
    let changes: Vec<_> = passes.into_iter().map(Change::PutPass).collect();
    store.commit(&changes, clock::now()).expect("commits");
    token
}

/// Instructions of a verify by the session and, where there are passes, by one of them.
fn with_passes(gate: &str, count: usize) -> Vec<(&'static str, u64)> {
    let place = Place::new(ONE_DOMAIN).with_program(&[gate]);
    let anna = place.add_user("anna");
    let mut daemon = place.start();
    let token = daemon.log_in(&anna);
    daemon.stop();
    let [by_session, ..] = questions(&token);
    let mut asked = vec![by_session];
    if count > 0 {
        let pass = add_passes(&daemon.place, count);
        // In the place of a line, so that there are still 22.
        let head = page_load::head("/verify/caddy", "theme=dark; lang=en", BY_CADDY)
            .replace("Priority: u=0, i", &format!("Authorization: Bearer {pass}"));
        asked.push(Question { name: "token", head, status: 204, together: 1 });
    }
    measure(daemon.place, gate, &asked)
}

#[test]
fn a_thousand_passes_add_at_most_a_tenth_to_a_verify() {
    let gate = gate();
    let [none, one, thousand] = [0, 1, 1_000].map(|count| with_passes(&gate, count));
    println!(
        "instructions of one verify: {none:?} without passes, {one:?} with 1, {thousand:?} with 1,000"
    );
    let [(_, none)] = none[..] else { panic!("one figure") };
    let [(_, beside), (_, by_many)] = thousand[..] else { panic!("two figures") };
    let [_, (_, by_one)] = one[..] else { panic!("two figures") };
    assert!(beside * 10 <= none * 11, "by a session: {none} without passes, {beside} beside 1,000");
    assert!(by_many * 10 <= by_one * 11, "by a pass: {by_one} with 1, {by_many} with 1,000");
}
