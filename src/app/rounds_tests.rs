//! When a login goes round, and when it only looks like it.

use super::*;
use crate::app::verify;
use crate::config::PublicUrl;
use crate::http::request::parse_head;
use crate::proxies::all::endpoint_at;

const T0: Timestamp = Timestamp::from_unix(2_000_000_000);
const PAGE: &str = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

fn at(seconds: u64) -> Timestamp {
    T0.plus(Duration::from_secs(seconds))
}

fn config() -> Config {
    Config {
        public_url: Some(PublicUrl::new(Scheme::Https, "auth.example.com", None)),
        ..Config::default()
    }
}

/// What a visitor from `client` asks for, with these further lines.
fn with<T>(
    client: &str,
    url: &str,
    lines: &str,
    run: impl FnOnce(&Head<'_>, &OriginalRequest<'_>) -> T,
) -> T {
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let (host, path) = rest.split_once('/').expect("a path");
    let head = format!(
        "GET /verify/caddy HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: {scheme}\r\n\
         X-Forwarded-Host: {host}\r\nX-Forwarded-Uri: /{path}\r\nX-Forwarded-Method: GET\r\n{lines}\r\n"
    );
    let (head, ..) = parse_head(head.as_bytes()).expect("good").expect("whole");
    let visit = verify::original_request(
        &config(),
        &head,
        Some([127, 0, 0, 1].into()),
        endpoint_at("/verify/caddy"),
    );
    run(&head, &visit)
}

fn trip(rounds: &Rounds, visit: &OriginalRequest<'_>, next: &str) -> Option<Trip> {
    let mut origin = Vec::new();
    visit.write_origin(&mut |part| origin.extend_from_slice(part));
    rounds.trip(visit.client, &origin, next)
}

fn led(rounds: &mut Rounds, client: &str, next: &str, seconds: u64) {
    let trip =
        with(client, "https://auth.example.com/login", "", |_, visit| trip(rounds, visit, next));
    rounds.led(trip.expect("a trip"), at(seconds));
}

fn back(rounds: &mut Rounds, client: &str, url: &str, lines: &str, seconds: u64) -> bool {
    with(client, url, lines, |head, visit| rounds.go_round(head, visit, at(seconds)))
}

#[test]
fn the_third_return_within_ten_seconds_is_one_too_many() {
    let (client, url) = ("203.0.113.7", "https://app.example.com/a?x=1&y=%26");
    let mut rounds = Rounds::new();
    for (second, expected) in [(0, false), (5, false), (10, true)] {
        led(&mut rounds, client, &format!("{url}#part"), second);
        assert_eq!(back(&mut rounds, client, url, PAGE, second), expected, "{second}");
        assert_eq!(
            back(&mut rounds, client, url, PAGE, second),
            expected,
            "asked again at {second}"
        );
    }
    let mut rounds = Rounds::new();
    for second in [0, 6, 12, 18, 24] {
        led(&mut rounds, client, url, second);
        assert!(!back(&mut rounds, client, url, PAGE, second), "slower than a loop: {second}");
    }
}

#[test]
fn only_one_clients_page_loads_of_one_address_count_together() {
    let (client, url) = ("203.0.113.7", "https://app.example.com/a");
    let mut rounds = Rounds::new();
    for second in 0..4 {
        led(&mut rounds, client, url, second);
        for (other, address, lines) in [
            ("203.0.113.8", url, PAGE),
            (client, "https://app.example.com/b", PAGE),
            (client, "https://b.example.com/a", PAGE),
            (client, "http://app.example.com/a", PAGE),
            (client, url, "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n"),
            (client, url, "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"),
            (client, url, &format!("{PAGE}Sec-Purpose: prefetch;prerender\r\n")),
            (client, url, "Accept: application/json\r\n"),
        ] {
            assert!(!back(&mut rounds, other, address, lines, second), "{other} {address} {lines}");
        }
    }
    // All four times he was on the way to it.
    assert!(!back(&mut rounds, client, url, PAGE, 4));
}

#[test]
fn returns_without_a_login_between_them_are_no_loop() {
    let (client, url) = ("2001:db8::1", "https://app.example.com/a");
    let mut rounds = Rounds::new();
    led(&mut rounds, client, url, 0);
    for second in 0..9 {
        assert!(!back(&mut rounds, client, url, PAGE, second));
    }
}

#[test]
fn without_public_url_an_address_is_a_path_on_the_visitors_host() {
    let client = "203.0.113.7";
    let mut rounds = Rounds::new();
    for second in 0..3 {
        let trip = with(client, "https://app.example.com:8443/login", "", |_, visit| {
            trip(&rounds, visit, "/a?x")
        });
        rounds.led(trip.expect("a trip"), at(second));
        let url = "https://app.example.com:8443/a?x";
        assert_eq!(back(&mut rounds, client, url, PAGE, second), second == 2);
    }
    assert_eq!(
        with(client, "https://app.example.com/login", "", |_, visit| trip(&rounds, visit, "/")),
        None
    );
}

#[test]
fn a_crowd_of_trips_takes_a_fixed_room_and_the_latest_stay() {
    let mut rounds = Rounds::new();
    for n in 0..1_000 {
        led(&mut rounds, "203.0.113.7", &format!("https://app.example.com/{n}"), n / 100);
    }
    assert_eq!(rounds.entries.len(), MOST);
    let url = "https://app.example.com/999";
    for second in 10..13 {
        assert_eq!(back(&mut rounds, "203.0.113.7", url, PAGE, second), second == 12);
        led(&mut rounds, "203.0.113.7", url, second);
    }
}

#[test]
fn the_likely_cause_is_read_from_the_settings() {
    let cause = |url: &str, change: &dyn Fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        with("203.0.113.7", url, "", |_, visit| Cause::of(&config, visit))
    };
    let domain =
        |config: &mut Config| config.session.cookie_domain = Some("example.com".to_owned());
    assert_eq!(cause("http://app.example.com/", &domain), Cause::PlainHttp);
    assert_eq!(cause("http://app.localhost/", &domain), Cause::OtherDomain);
    assert_eq!(cause("https://app.example.org/", &domain), Cause::OtherDomain);
    assert_eq!(cause("https://badexample.com/", &domain), Cause::OtherDomain);
    assert_eq!(cause("https://App.Example.com/", &domain), Cause::Unknown);
    assert_eq!(cause("https://app.example.com/", &|_| {}), Cause::NoDomain);
    assert_eq!(cause("https://auth.example.com/x", &|_| {}), Cause::Unknown);
    assert_eq!(
        cause("https://app.example.com/", &|config| config.public_url = None),
        Cause::Unknown
    );
}
