//! What is noted of proxies, and that nobody can flood it.

use super::*;
use crate::app::proxy_diagnostics::shared_address::MOST_ADDRESSES;
use crate::auth::sessions::NotLive;
use crate::http::request::parse_head;
use crate::proxies::all::{ANY, ENDPOINTS, endpoint_at};

const T0: Timestamp = Timestamp::from_unix(2_000_000_000);

const TRUSTED: [u8; 4] = [127, 0, 0, 1];

fn ask_from(
    peer: [u8; 4],
    diagnostics: &mut ProxyDiagnostics,
    endpoint: &'static VerifyEndpoint,
    answered: Answered,
    lines: &str,
    at: u64,
) {
    let head = format!("GET /verify HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let (head, ..) = parse_head(head.as_bytes()).expect("good").expect("whole");
    let (config, now) = (Config::default(), Timestamp::from_unix(T0.unix() + at));
    diagnostics.verify_answered(endpoint, &answered, &head, &config, Some(IpAddr::from(peer)), now);
}

/// A question of a trusted proxy.
fn ask(
    diagnostics: &mut ProxyDiagnostics,
    endpoint: &'static VerifyEndpoint,
    answered: Answered,
    lines: &str,
    at: u64,
) {
    ask_from(
        TRUSTED,
        diagnostics,
        endpoint,
        answered,
        &format!("X-Forwarded-For: 192.0.2.1\r\n{lines}"),
        at,
    );
}

fn missing(header: ForwardingHeader) -> Answered {
    Answered::Refused(VerifyDenial::Forwarding(ForwardingProblem::Missing(header)))
}

const GOOD: Answered = Answered::Refused(VerifyDenial::NoCookie);

#[test]
fn a_problem_is_noted_once_and_counted_on() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    for at in 0..3 {
        ask(
            &mut diagnostics,
            endpoint_at("/verify/caddy"),
            missing(ForwardingHeader::ForwardedUri),
            "",
            at,
        );
    }
    ask(
        &mut diagnostics,
        endpoint_at("/verify/traefik"),
        missing(ForwardingHeader::ForwardedUri),
        "",
        3,
    );
    assert_eq!(diagnostics.problems.notes.len(), 2, "each asker has its own");
    let seen = diagnostics.problems.notes[0].seen;
    assert_eq!((seen.count, seen.first, seen.last.unix() - T0.unix()), (3, T0, 2));
    assert!(diagnostics.asked.is_empty(), "nobody asked rightly");
}

#[test]
fn a_good_request_says_that_its_own_place_is_fixed() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    ask(
        &mut diagnostics,
        endpoint_at("/verify/caddy"),
        missing(ForwardingHeader::ForwardedUri),
        "",
        0,
    );
    ask(
        &mut diagnostics,
        endpoint_at("/verify/nginx"),
        missing(ForwardingHeader::OriginalUrl),
        "",
        0,
    );
    ask(&mut diagnostics, endpoint_at("/verify/caddy"), GOOD, "", 1);
    assert_eq!(
        diagnostics.problems.notes.iter().map(|note| note.fixed).collect::<Vec<_>>(),
        [true, false]
    );
    ask(
        &mut diagnostics,
        endpoint_at("/verify/nginx"),
        Answered::Refused(VerifyDenial::NotLive(NotLive::Unknown)),
        "",
        2,
    );
    assert!(diagnostics.problems.notes.iter().all(|note| note.fixed));
    ask(
        &mut diagnostics,
        endpoint_at("/verify/caddy"),
        missing(ForwardingHeader::ForwardedUri),
        "",
        3,
    );
    assert!(!diagnostics.problems.notes[0].fixed, "broken again");
}

#[test]
fn what_is_sent_straight_to_the_port_fixes_nothing_and_is_no_request_of_a_proxy() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    ask(
        &mut diagnostics,
        endpoint_at("/verify/caddy"),
        missing(ForwardingHeader::ForwardedUri),
        "",
        0,
    );
    ask_from(TRUSTED, &mut diagnostics, endpoint_at("/verify/caddy"), GOOD, "", 1);
    let preflight = Answered::Refused(VerifyDenial::Preflight);
    ask_from(
        [192, 168, 1, 9],
        &mut diagnostics,
        endpoint_at("/verify/caddy"),
        preflight,
        "X-Forwarded-For: 192.0.2.1\r\n",
        2,
    );
    assert!(
        diagnostics.asked.is_empty() && !diagnostics.problems.notes[0].fixed,
        "{diagnostics:?}"
    );
    ask(&mut diagnostics, endpoint_at("/verify/caddy"), GOOD, "", 3);
    assert!(diagnostics.asked.len() == 1 && diagnostics.problems.notes[0].fixed, "{diagnostics:?}");
}

#[test]
fn a_flood_of_every_problem_there_is_neither_pushes_out_the_first_note_nor_grows() {
    let headers = ForwardingHeader::ALL;
    let mut diagnostics = ProxyDiagnostics::new(T0);
    let uri_missing = missing(ForwardingHeader::ForwardedUri);
    ask(&mut diagnostics, endpoint_at("/verify/caddy"), uri_missing, "", 0);
    for _ in 0..3 {
        for endpoint in ENDPOINTS {
            for one in headers {
                for problem in [
                    ForwardingProblem::Missing(one),
                    ForwardingProblem::Repeated(one),
                    ForwardingProblem::List(one),
                    ForwardingProblem::Malformed(one),
                    ForwardingProblem::UnknownScheme(one),
                    ForwardingProblem::NotAnAddress(one),
                    ForwardingProblem::LoginHost,
                ] {
                    ask(
                        &mut diagnostics,
                        endpoint,
                        Answered::Refused(VerifyDenial::Forwarding(problem)),
                        "",
                        1,
                    );
                }
                for other in headers {
                    let problem = ForwardingProblem::Contradiction(one, other);
                    ask(
                        &mut diagnostics,
                        endpoint,
                        Answered::Refused(VerifyDenial::Forwarding(problem)),
                        "",
                        1,
                    );
                }
            }
        }
    }
    assert!(
        diagnostics.problems.notes.len() <= ENDPOINT_COUNT * (headers.len() * 7 + 1),
        "{}",
        diagnostics.problems.notes.len()
    );
    assert_eq!(
        diagnostics.problems.notes[0].seen,
        Occurrences { count: 4, first: T0, last: T0.plus(std::time::Duration::from_secs(1)) }
    );
}

fn stranger(address: [u8; 4]) -> Answered {
    Answered::Refused(VerifyDenial::UntrustedPeer(ForwardingProblem::UntrustedPeer(IpAddr::from(
        address,
    ))))
}

#[test]
fn strangers_of_the_internet_leave_room_for_a_proxy_nearby() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    for last in 0..=255 {
        ask(&mut diagnostics, &ANY, stranger([203, 0, 113, last]), "", 0);
    }
    let proxy = [172, 18, 0, 5];
    ask(&mut diagnostics, endpoint_at("/verify/caddy"), stranger(proxy), "", 1);
    assert_eq!(
        diagnostics.untrusted.near.iter().map(|near| near.address).collect::<Vec<_>>(),
        [IpAddr::from(proxy)]
    );
    assert_eq!((diagnostics.untrusted.far.len(), diagnostics.untrusted.further), (8, 248));
}

#[test]
fn invented_neighbours_hide_a_proxy_only_until_its_next_request() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    let proxy = [172, 18, 0, 5];
    for round in 0..=3 {
        for last in 0..20 {
            ask(&mut diagnostics, &ANY, stranger([192, 168, 1, last]), "", 2 * round);
        }
        ask(&mut diagnostics, endpoint_at("/verify/caddy"), stranger(proxy), "", 2 * round + 1);
        // As many others as there is room for beside it.
        for last in 100..107 {
            ask(&mut diagnostics, &ANY, stranger([192, 168, 1, last]), "", 2 * round + 1);
        }
        assert!(
            diagnostics.untrusted.near.iter().any(|near| near.address == IpAddr::from(proxy)),
            "{diagnostics:?}"
        );
    }
    let shown: u64 = diagnostics.untrusted.near.iter().map(|near| near.seen.count).sum();
    assert_eq!(shown + diagnostics.untrusted.further, 4 * 28, "each question is counted");
}

#[test]
fn the_last_proxys_name_is_cut_and_harmless() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    ask(
        &mut diagnostics,
        endpoint_at("/verify/traefik"),
        GOOD,
        "X-Forwarded-Server: tr\u{e4}efik 1\r\n",
        0,
    );
    assert_eq!(diagnostics.last_proxy, "trefik1");
    let long = format!("X-Forwarded-Server: {}\r\n", "x".repeat(300));
    ask(&mut diagnostics, endpoint_at("/verify/traefik"), GOOD, &long, 30);
    assert_eq!(diagnostics.last_proxy, "trefik1", "read once a minute");
    ask(&mut diagnostics, endpoint_at("/verify/traefik"), GOOD, &long, 90);
    assert_eq!(diagnostics.last_proxy.len(), 64);
}

#[test]
fn changing_entries_to_the_left_of_one_client_make_a_crowd() {
    let mut diagnostics = ProxyDiagnostics::new(T0);
    let (client, other) = (IpAddr::from([198, 51, 100, 9]), IpAddr::from([198, 51, 100, 10]));
    for last in 0..5 {
        diagnostics.shared.watch(client, IpAddr::from([203, 0, 113, last]));
        diagnostics.shared.watch(other, IpAddr::from([203, 0, 113, 77]));
    }
    for last in 0..100 {
        diagnostics
            .shared
            .watch(IpAddr::from([192, 0, 2, last]), IpAddr::from([203, 0, 113, last]));
    }
    assert_eq!(diagnostics.shared.iter().count(), MOST_ADDRESSES);
    assert_eq!(
        diagnostics
            .shared
            .iter()
            .find(|shared| shared.address == client)
            .map(|shared| shared.changes),
        Some(4)
    );
}
