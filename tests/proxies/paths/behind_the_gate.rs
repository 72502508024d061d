//! The same spellings through a real proxy, on the configuration that the gate prints for it, and
//! the gate, to real applications.
//!
//! A proxy may tell the gate of another path than it hands on, and both may differ from what it was
//! asked for: only the whole chain shows what a visitor gets.

use std::net::SocketAddr;

use super::answers::{Served, Visitor};
use super::by_hand::PLAIN;
use super::servers::{Servers, SetUp};
use super::spellings::{self, Spelling};
use crate::support::caddy::{Caddy, Ports};
use crate::support::daemon::Place;
use crate::support::envoy::Envoy;
use crate::support::haproxy::Haproxy;
use crate::support::nginx::Nginx;
use crate::support::test_stack::with_public_url;
use crate::support::traefik::Traefik;

/// What is public is open, what is private closed; the rest takes a login.
const RULES: &str = r#"
[[rule]]
paths = ["/public/**"]
access = "open"

[[rule]]
paths = ["/private/**"]
access = "deny"
"#;

/// Starts a proxy before the gate at a place, with these sites; what is returned is held.
type Start = fn(&Place, Ports, &[(&str, SocketAddr)]) -> Box<dyn Sync>;

fn nobody_gets_the_private_page_behind(start: Start) {
    let applications = Servers::start_only_applications();
    let ports = Ports::free();
    let gate = Place::new(&with_public_url(ports.https, RULES)).start();
    let names: Vec<_> =
        (0..applications.set_ups.len()).map(|n| format!("site{n}.example.test")).collect();
    let addresses = applications.set_ups.iter().map(|set_up| set_up.address);
    let sites: Vec<_> = names.iter().map(String::as_str).zip(addresses).collect();
    let _proxy = start(&gate.place, ports, &sites);
    let session = gate.log_in(&gate.place.add_user("anna"));
    let proxy = SocketAddr::from(([127, 0, 0, 1], ports.http));
    std::thread::scope(|scope| {
        for (name, set_up) in names.iter().zip(&applications.set_ups) {
            let host = format!("{name}:{}", ports.http);
            let anna = Visitor { host: host.clone(), session: Some(session.clone()) };
            scope.spawn(move || nothing_private_is_served(&anna, proxy, set_up));
            let stranger = Visitor { host, session: None };
            scope.spawn(move || what_is_plain_is_public(&stranger, proxy, set_up));
        }
    });
}

/// To somebody who is signed in. A stranger may ask for less, under the same rules.
fn nothing_private_is_served(anna: &Visitor, proxy: SocketAddr, set_up: &SetUp) {
    let SetUp { server, manner, .. } = set_up;
    let spellings = spellings::all();
    let served = anna.ask_all(proxy, &spellings);
    let found = spellings.iter().zip(served).filter(|(_, served)| *served == Served::Private);
    let found: Vec<_> =
        found.map(|(spelling, _)| spelling.target.escape_ascii().to_string()).collect();
    assert!(found.is_empty(), "{server}, {manner}, serves as /private:\n{}", found.join("\n"));
}

fn what_is_plain_is_public(stranger: &Visitor, proxy: SocketAddr, set_up: &SetUp) {
    let SetUp { server, manner, .. } = set_up;
    for Spelling { target, .. } in spellings::all().iter().filter(|one| one.family == PLAIN) {
        let served = stranger.ask(proxy, target);
        assert_eq!(served, Served::Public, "{} by {server}, {manner}", target.escape_ascii());
    }
}

#[test]
fn nobody_gets_the_private_page_behind_caddy() {
    nobody_gets_the_private_page_behind(|place, ports, sites| {
        Box::new(Caddy::start(place, ports, sites, |text| text))
    });
}

#[test]
fn nobody_gets_the_private_page_behind_nginx() {
    nobody_gets_the_private_page_behind(|place, ports, sites| {
        Box::new(Nginx::start(place, ports, sites, |text| text))
    });
}

#[test]
fn nobody_gets_the_private_page_behind_traefik() {
    nobody_gets_the_private_page_behind(|place, ports, sites| {
        Box::new(Traefik::start(place, ports, sites, |text| text))
    });
}

#[test]
fn nobody_gets_the_private_page_behind_haproxy() {
    nobody_gets_the_private_page_behind(|place, ports, sites| {
        Box::new(Haproxy::start(place, ports, sites, |text| text))
    });
}

#[test]
fn nobody_gets_the_private_page_behind_envoy() {
    nobody_gets_the_private_page_behind(|place, ports, sites| {
        Box::new(Envoy::start(place, ports, sites, |text| text))
    });
}
