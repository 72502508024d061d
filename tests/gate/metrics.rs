//! What Prometheus reads: where it is and where it is not, which line moves when, and that no
//! visitor adds one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use portcullis::clock;

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Answer, Ask, Connection};
use crate::support::scrape::{Scrape, WITH_METRICS};
use crate::support::wait::{self, PATIENCE};

fn gate() -> (Daemon, SocketAddr) {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}{WITH_METRICS}"));
    let address = Scrape::address(&gate);
    (gate, address)
}

/// Scrapes until `holds`: what the worker knows may come a moment after its answer.
fn scrape_until(metrics: SocketAddr, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
    wait::until(what, PATIENCE, || Some(Scrape::of(metrics)).filter(&holds))
}

#[test]
fn metrics_are_on_a_listener_of_their_own_and_nothing_else_is_there() {
    let (gate, metrics) = gate();
    let answer = Ask::get("/metrics").send(metrics);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.text().len() < 16_384, "{} bytes", answer.text().len());

    for path in ["/metrics", "/metrics/", "//metrics", "/verify/../metrics", "/metrics?x=1"] {
        assert_eq!(Ask::get(path).send(gate.address).status, 404, "{path} on the main listener");
    }
    for path in [
        "/",
        "/login",
        "/logout",
        "/setup",
        "/verify",
        "/verify/caddy",
        "/health",
        "/ready",
        "/metrics/",
        "/command",
    ] {
        assert_eq!(Ask::get(path).send(metrics).status, 404, "{path} on the metrics' listener");
    }
    assert_eq!(gate.login_form("123456", "203.0.113.7").send(metrics).status, 404);
}

#[test]
fn a_page_can_be_asked_for_its_head_and_takes_nothing() {
    let (_gate, metrics) = gate();
    let mut connection = Connection::open(metrics);
    connection.send(&Ask::new("HEAD", "/metrics").bytes());
    let head = connection.answer_to_head();
    assert_eq!(head.status, 200);
    assert!(head.header("content-length").is_some_and(|length| length != "0"), "{head:?}");
    connection.send(&Ask::get("/metrics").bytes());
    assert_eq!(connection.answer().status, 200, "on the same connection");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        let answer = Ask::new(method, "/metrics").send(metrics);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
}

#[test]
fn without_the_setting_there_is_no_listener_for_metrics() {
    let gate = Daemon::with(ONE_DOMAIN);
    assert!(!gate.running.text().contains("for=metrics"), "{}", gate.running.text());
    assert_eq!(Ask::get("/metrics").send(gate.address).status, 404);
}

#[test]
fn each_verify_moves_its_own_line() {
    let (gate, metrics) = gate();
    let owner = gate.place.add_user("owner");
    let session = gate.log_in(&owner);
    let before = Scrape::of(metrics);
    let page = |path| Ask::verify(path, "https://app.example.test/").by_page_load();
    let sent: [(&str, &dyn Fn() -> Answer, u64); 6] = [
        ("pass", &|| gate.ask_with(&session), 3),
        ("no_cookie", &|| page("/verify/traefik").send(gate.address), 2),
        ("bad_token", &|| gate.ask_with(&format!("{session}x")), 4),
        ("wiring", &|| page("/verify/caddy").without("X-Forwarded-Host").send(gate.address), 1),
        (
            "preflight",
            &|| {
                let ask = page("/verify/caddy").set("X-Forwarded-Method", "OPTIONS");
                ask.header("Access-Control-Request-Method", "PUT").send(gate.address)
            },
            1,
        ),
        (
            "forged_identity",
            &|| {
                page("/verify/caddy")
                    .cookie("auth_token", &session)
                    .header("Remote-Email", "me@evil.example")
                    .send(gate.address)
            },
            1,
        ),
    ];
    let began = clock::monotonic();
    for (_, ask, times) in &sent {
        for _ in 0..*times {
            ask();
        }
    }
    // nginx asks about one refusal twice.
    for path in ["/verify/nginx", "/verify/nginx/refusal"] {
        Ask::verify_nginx(path, "https://app.example.test/").by_page_load().send(gate.address);
    }
    let after = Scrape::of(metrics);
    let mut expected: BTreeMap<&str, u64> =
        sent.iter().map(|(result, _, times)| (*result, *times)).collect();
    *expected.entry("no_cookie").or_default() += 1;
    for (result, value) in after.by_label("portcullis_verify_total", "result") {
        let moved =
            value - before.value(&format!("portcullis_verify_total{{result=\"{result}\"}}"));
        let wanted = expected.get(result.as_str()).copied().unwrap_or(0);
        assert!((moved - number(wanted)).abs() < 0.5, "{result} moved by {moved}, not {wanted}");
    }
    let all: f64 = after.by_label("portcullis_verify_total", "result").values().sum();
    let timed = after.value("portcullis_verify_duration_seconds_count");
    assert!((timed - all).abs() < 0.5, "{timed} of {all} were timed");
    let sum = after.value("portcullis_verify_duration_seconds_sum");
    let most = (clock::monotonic() - began).as_secs_f64()
        + before.value("portcullis_verify_duration_seconds_sum");
    assert!(sum > 0.0 && sum <= most, "{sum} s, it cannot be more than {most} s");
}

#[test]
fn guessing_shows_in_logins_limits_and_the_strangers_guesses() {
    let (gate, metrics) = gate();
    let owner = gate.place.add_user("owner");
    let before = Scrape::of(metrics);
    assert_eq!(before.text("portcullis_guesses_left{kind=\"internet\"}"), "100");
    let wrong = owner.wrong_code();
    for _ in 0..7 {
        gate.post_code(&wrong, "203.0.113.7");
    }
    gate.post_code("12345", "203.0.113.8");
    gate.login_form(&wrong, "203.0.113.8")
        .header("Sec-Fetch-Site", "cross-site")
        .send(gate.address);
    gate.login_form(&wrong, "203.0.113.8").set("Content-Type", "text/plain").send(gate.address);
    gate.login_form(&wrong, "203.0.113.8").body(b"otp=%zz").send(gate.address);
    gate.log_in(&owner);
    for name in ["one", "two"] {
        gate.place.json(&["pass", "create", name, "--user", "owner", "--host", "a.example.test"]);
    }
    let after = scrape_until(metrics, "the worker's gauges", |scrape| {
        scrape.text("portcullis_guesses_left{kind=\"internet\"}") == "95"
    });
    for (result, wanted) in [
        ("wrong_code", 5),
        ("limited_address", 2),
        ("malformed", 1),
        ("cross_site", 1),
        ("bad_form", 2),
        ("ok", 1),
        ("limited_strangers", 0),
    ] {
        assert_eq!(
            after.text(&format!("portcullis_login_total{{result=\"{result}\"}}")),
            wanted.to_string(),
            "{result}"
        );
    }
    for (name, wanted) in [
        ("portcullis_limited_active", "1"),
        ("portcullis_guesses_left{kind=\"local\"}", "100"),
        ("portcullis_guesses_most", "100"),
        ("portcullis_sessions_active", "1"),
        ("portcullis_passes_active", "2"),
        ("portcullis_users", "1"),
        ("portcullis_connections_most", "1024"),
    ] {
        assert_eq!(after.text(name), wanted, "{name}");
    }
    let writes = |scrape: &Scrape| scrape.value("portcullis_store_writes_total");
    let bytes = |scrape: &Scrape| scrape.value("portcullis_store_bytes_written_total");
    // Five failures, a login and two passes; refusals by limit do not write each time.
    let written = writes(&after) - writes(&before);
    assert!((8.0..10.0).contains(&written), "{written} writes");
    assert!(bytes(&after) - bytes(&before) >= 6.0 * 4096.0);
    assert!(["0", "1", "NaN"].contains(&after.text("portcullis_clock_synchronised")));
}

#[test]
fn no_visitor_adds_a_series_and_none_is_named() {
    let (gate, metrics) = gate();
    let owner = gate.place.add_user("ophelia");
    let before = Scrape::of(metrics);
    let session = gate.log_in(&owner);
    for n in 0..50 {
        let ask = Ask::verify("/verify/caddy", &format!("https://host{n}.example.test/path{n}"));
        ask.set("X-Forwarded-For", format!("203.0.113.{n}"))
            .cookie("auth_token", &session)
            .send(gate.address);
        gate.post_code(&format!("{n:06}"), &format!("203.0.113.{n}"));
        Ask::get(&format!("/nowhere{n}")).send(gate.address);
        Ask::get(&format!("/nowhere{n}")).send(metrics);
    }
    let after = Scrape::of(metrics);
    assert_eq!(before.names(), after.names());
    for word in ["ophelia", "203.0.113", "example.test", "nowhere", &session] {
        assert!(!after.page.contains(word), "{word} is in\n{}", after.page);
    }
}

#[test]
fn connections_are_counted_as_they_come_and_go() {
    let (gate, metrics) = gate();
    let mut held: Vec<_> = (0..20).map(|_| Connection::open(gate.address)).collect();
    for connection in &mut held {
        connection.send(&Ask::get("/health").bytes());
        connection.answer();
    }
    let active = |scrape: &Scrape| scrape.value("portcullis_connections_active");
    scrape_until(metrics, "20 connections and the scrape's own", |scrape| active(scrape) >= 21.0);
    drop(held);
    let after = scrape_until(metrics, "the scrape's own alone", |scrape| active(scrape) < 3.0);
    assert!(after.value("process_open_fds") < after.value("process_max_fds"));
}

#[test]
fn an_address_that_is_taken_is_named_at_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound");
    let place = crate::support::daemon::Place::new(&format!("[metrics]\nlisten = \"{address}\"\n"));
    let said = place.refused_start();
    assert!(said.contains("metrics.listen") && said.contains(&address.to_string()), "{said}");
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("a small count"))
}
