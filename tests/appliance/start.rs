//! From a card out of the shop to a page behind the gate, as a person goes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use portcullis::clock;

use super::card::Card;
use super::household::{
    Doors, House, PHOTOS, SOMEBODY, setup_code, wait_for_page, wait_until_settled,
};
use super::machine::{Board, EmulatedMachine, START};
use super::time_server::TimeServer;
use super::tunnel;
use crate::support::site::values;
use crate::support::wait::{self, PATIENCE};

/// What the measuring unit says when it is done.
const MEASURED: &str = "measured-and-done";

#[test]
fn virt_goes_from_the_shop_to_a_page_behind_the_gate_and_outlives_pulled_plugs() {
    // Whatever lay there before: the card was used elsewhere.
    let card = Card::flashed().with_foreign_data();
    let (house, time) = (House::new(), TimeServer::silent());
    let [first, second] = journey(Board::Virt, &card, &house, &time);

    let mut machine = EmulatedMachine::start(Board::Virt, &card, "");
    let doors = Doors::of(&machine);
    wait_until_settled(&mut machine, doors, START);
    assert!(
        doors.is_open_to(&first) && doors.is_open_to(&second),
        "sessions from before the plug was pulled"
    );
    assert!(doors.log_out(&second), "a logout is answered");
    machine.cut();
    let kept = card.check_data().sessions.len();
    assert_eq!(
        kept, 1,
        "the session that was ended right before the plug was pulled again is gone, the other is kept"
    );
}

#[test]
#[ignore = "for tests/run release: an emulated Pi 3 takes minutes"]
fn pi_3_goes_from_the_shop_to_a_page_behind_the_gate() {
    journey(Board::Pi3, &Card::flashed(), &House::new(), &TimeServer::silent());
}

/// Gives two sessions of the first user; the plug was pulled right after.
fn journey(board: Board, card: &Card, house: &House, time: &TimeServer) -> [String; 2] {
    card.put("appliance.toml", house.settings().as_bytes());
    let begun = clock::monotonic();
    // The slower machine is also measured; once is enough.
    let measured = board == Board::Pi3;
    let mut machine =
        EmulatedMachine::start(board, card, &if measured { measuring() } else { String::new() });
    let doors = Doors::of(&machine);

    // The time is not known yet: nobody gets in, the page says why, and nothing is certified by a
    // wrong clock.
    wait_for_page(&mut machine, doors, START);
    println!("{board:?}: HTTPS answers after {:?}", clock::monotonic() - begun);
    let refused = doors.login("123456").expect("an answer");
    assert!(
        refused.status == 503 && refused.text().contains("clock is not set yet"),
        "{refused:?}"
    );
    let closed = doors.ask_site(None).expect("an answer");
    assert!(closed.status != 200 && house.site.seen().is_empty(), "{closed:?}");
    let waiting = tunnel::certificate(machine.https, PHOTOS).expect("a certificate");
    assert!(!waiting.contains("Caddy Local Authority"), "{waiting}");
    let code = wait::until("the set-up code on the boot partition", PATIENCE, || setup_code(card));

    // It turns green by itself, with certificates of today.
    time.answer();
    let answered = clock::monotonic();
    wait_until_settled(&mut machine, doors, START);
    println!(
        "{board:?}: logins {:?} after the time server's first answer",
        clock::monotonic() - answered
    );
    let settled = wait::until("a certificate by the card's own authority", START, || {
        tunnel::certificate(machine.https, PHOTOS)
            .filter(|text| text.contains("Caddy Local Authority"))
    });
    assert!(is_of_today(&settled), "{settled}");

    // The code on the card makes the first user.
    let mut visitor = doors.at_setup();
    let begun = visitor.enter(&code);
    assert_eq!(begun.status, 303, "{begun:?}");
    let person = visitor.scan();
    let done = visitor.finish(SOMEBODY, &person.fresh_code());
    assert_eq!(done.status, 302, "{done:?}");
    let first = done.cookie("auth_token").expect("a session");
    let page = doors.ask_site(Some(&first)).expect("an answer");
    assert_eq!(
        (page.status, values(&page.json(), "remote-user")),
        (200, vec![SOMEBODY.to_owned()]),
        "{page:?}"
    );

    // And the next code logs in again.
    let again = doors.login(&person.fresh_code()).expect("an answer");
    assert_eq!(again.status, 302, "{again:?}");
    let second = again.cookie("auth_token").expect("a session");
    assert!(doors.is_open_to(&second));

    if measured {
        machine
            .running
            .wait_for("its measurements", START, |text| text.contains(MEASURED).then_some(()));
    }
    let said = machine.cut();
    let telling = |line: &&str| line.contains("measure[") || line.contains("Startup finished in");
    said.lines().filter(telling).for_each(|line| println!("{board:?}: {line}"));
    if measured {
        let failed =
            said.lines().find(|line| line.contains("failed units: ")).expect("a measurement");
        assert!(failed.contains("failed units: 0"), "{failed}\n{said}");
    }
    card.check_data();
    [first, second]
}

/// Whether it began within the last two days, by openssl's `notBefore=Nov 22 10:05:21 2026 GMT`.
fn is_of_today(certificate: &str) -> bool {
    use std::process::Command;
    let days = ["today", "yesterday"].map(|day| {
        let output = Command::new("date")
            .env("LC_ALL", "C")
            .args(["-u", "-d", day, "+%b %e"])
            .output()
            .expect("date");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    });
    certificate.lines().any(|line| {
        line.strip_prefix("notBefore=")
            .is_some_and(|date| days.iter().any(|day| date.starts_with(day.as_str())))
    })
}

/// Words for the kernel that bring a unit of the test's own. It waits until the system has come to
/// rest, and says on the log what it needs: nothing of this is in the image.
fn measuring() -> String {
    let script = "until systemctl is-active -q appliance-settled.service;do sleep 2;done;sleep 20;\
        c(){ read -r _ u n s i w _ </proc/stat;echo $((u+n+s)) $((i+w));};a=$(c);sleep 60;b=$(c);\
        set -- $a $b;echo cpu over a minute: busy $(($3-$1)) idle $(($4-$2)) ticks;\
        grep -E 'MemTotal|MemAvailable' /proc/meminfo;\
        for p in portcullis caddy;do echo $p $(grep VmRSS /proc/$(pidof $p)/status);done;\
        echo failed units: $(systemctl --failed --no-legend|wc -l) $(systemctl --failed --no-legend --plain);\
        echo measured-and-done";
    let unit = format!(
        "[Service]\nType=exec\nSyslogIdentifier=measure\nExecStart=/bin/sh -c \"{}\"\n",
        script.replace('$', "$$")
    );
    format!(
        "systemd.set_credential_binary=systemd.extra-unit.measure.service:{} systemd.wants=measure.service",
        STANDARD.encode(unit)
    )
}
