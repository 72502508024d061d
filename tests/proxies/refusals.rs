//! Which refusal reaches which client, and what a visitor with a session gets.

use std::io::Write as _;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::http::{Ask, Connection};
use crate::support::site::values;
use crate::support::test_stack::{ALL, ProxyKind, TestStack};

#[test]
fn page_loads_are_led_to_the_login_and_scripts_are_told_401() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let login = stack.url("auth", "/login");
        let asked = "/a/b?x=1&y=%26&u=%C3%A4&v=a+b";

        let page = stack.page_load(asked).send(stack.http());
        assert_eq!(page.status, 302, "{kind:?}: {page:?}");
        assert!(
            page.header("location").is_some_and(|l| l.starts_with(&login)),
            "{kind:?}: {page:?}"
        );
        assert_eq!(page.next(), Some(format!("http://{}{asked}", stack.host("app"))), "{kind:?}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{kind:?}");

        let form = Ask::form(asked, &[("n", "1")])
            .header("Host", stack.host("app"))
            .by_page_load()
            .send(stack.http());
        assert_eq!(form.status, 303, "{kind:?}: {form:?}");
        assert_eq!(form.next(), Some(format!("http://{}{asked}", stack.host("app"))), "{kind:?}");

        for (name, value) in [
            ("Accept", "application/json"),
            ("Sec-Fetch-Mode", "cors"),
            ("X-Requested-With", "XMLHttpRequest"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            let script = Ask::get("/api")
                .header("Host", stack.host("app"))
                .header(name, value)
                .send(stack.http());
            assert_eq!(script.status, 401, "{kind:?} {name}: {script:?}");
            assert_eq!(script.json()["error"], "login_required", "{kind:?} {name}");
            assert_eq!(script.header("location"), None, "{kind:?} {name}");
            let schemes: Vec<_> = script.all("www-authenticate").collect();
            assert!(
                !schemes.is_empty() && schemes.iter().all(|s| s.starts_with("Bearer")),
                "{kind:?} {schemes:?}"
            );
        }
        assert_eq!(stack.app.seen().len(), 0, "{kind:?}: the site saw none of it");
    }
}

/// What the gate refuses with 403, because the proxy's word is in doubt, is shown as the gate has
/// it.
#[test]
fn a_403_of_the_gates_reaches_the_visitor_with_its_reason() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "[proxy]\nrequired = true\ntrust = [\"192.0.2.1\"]\n");
        let token = "whatever";
        let answer = stack.page_load("/").cookie("auth_token", token).send(stack.http());
        assert_eq!(answer.status, 403, "{kind:?}: {answer:?}");
        assert!(answer.text().contains("proxy.required"), "{kind:?}: {}", answer.text());
        assert_eq!(stack.app.seen().len(), 0, "{kind:?}");
    }
}

#[test]
fn a_post_with_a_session_reaches_the_site_whole_and_the_gate_waits_for_no_body() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let body = vec![b'x'; 200_000];
        let post = Ask::new("POST", "/upload")
            .header("Host", stack.host("app"))
            .cookie("auth_token", &token);
        let answer = post.clone().body(&body).send(stack.http());
        assert_eq!(answer.json()["body_length"], 200_000, "{kind:?}");

        let mut chunks = b"30d40\r\n".to_vec();
        chunks.extend_from_slice(&body);
        chunks.write_all(b"\r\n0\r\n\r\n").expect("memory");
        let answer = post.header("Transfer-Encoding", "chunked").body(&chunks).send(stack.http());
        assert_eq!(answer.json()["body_length"], 200_000, "{kind:?}");
    }
}

/// The upgrade of a connection that a browser asks for, with neither Accept nor Sec-Fetch.
fn upgrade(stack: &TestStack, to: &str) -> Ask {
    Ask::get("/ws")
        .header("Host", stack.host("app"))
        .header("Connection", "Upgrade")
        .header("Upgrade", to)
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// Tokens of `Upgrade` and `Connection` are compared without case (RFC 9110 sections 7.6.1 and
/// 7.8).
#[test]
fn a_websocket_is_refused_with_401_and_opens_after_the_login_in_letters_of_any_case() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        for (connection, to) in [
            ("Upgrade", "websocket"),
            ("keep-alive, upgrade", "WebSocket"),
            ("UPGRADE", "WEBSOCKET"),
        ] {
            let upgrade = upgrade(&stack, to).set("Connection", connection);
            let before = stack.app.seen().len();
            assert_eq!(upgrade.send(stack.http()).status, 401, "{kind:?} {to}");
            if let Some(status) = kind.answers_upgrade_without_key() {
                let bare = upgrade.clone().without("Sec-WebSocket-Key");
                assert_eq!(bare.send(stack.http()).status, status, "{kind:?} {to}");
            }
            assert_eq!(stack.app.seen().len(), before, "{kind:?} {to}");

            let mut connection = Connection::open(stack.http());
            connection.send(&upgrade.cookie("auth_token", &token).bytes());
            let answer = connection.answer();
            assert_eq!(answer.status, 101, "{kind:?} {to}: {answer:?}");
            assert_eq!(
                answer.header("sec-websocket-accept"),
                Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                "{kind:?} {to}"
            );
            connection.send(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
            assert_eq!(
                connection.exactly(4).expect("a frame"),
                [0x81, 2, b'h', b'i'],
                "{kind:?} {to}"
            );
        }
    }
}

/// A connection upgraded to HTTP/2 in the clear would carry requests that nobody is asked about.
#[test]
fn no_other_upgrade_reaches_the_site() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        for to in [
            ["h2c"].as_slice(),
            &["H2C"],
            &["h2c, websocket"],
            &["h2c", "websocket"],
            &["websocket", "h2c"],
        ] {
            let mut ask = Ask::get("/who")
                .header("Host", stack.host("app"))
                .header("HTTP2-Settings", "AAMAAABkAAQAAP__");
            for (name, value) in to
                .iter()
                .map(|to| ("Upgrade", *to))
                .chain([("Connection", "Upgrade, HTTP2-Settings")])
            {
                ask = ask.header(name, value);
            }
            ask.cookie("auth_token", &token).send(stack.http());
            for request in stack.app.seen() {
                let upgrades = values(&request, "upgrade").concat().to_ascii_lowercase();
                assert!(!upgrades.contains("h2c"), "{kind:?} {to:?}: {request}");
            }
        }
        assert!(!stack.app.seen().is_empty(), "{kind:?}");
    }
}

#[test]
fn twenty_five_header_lines_and_a_cookie_of_six_kilobytes_pass() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let mut ask = stack.page_load("/large");
        for n in 0..22 {
            ask = ask.header(&format!("X-Filler-{n}"), "some value of ordinary length");
        }
        let cookie = format!("filler={}; auth_token={token}", "c".repeat(6 * 1024 - 200));
        let answer = ask.header("Cookie", &cookie).send(stack.http());
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        assert_eq!(values(&answer.json(), "cookie"), [cookie], "{kind:?}");
    }
}

#[test]
fn bytes_above_ascii_in_the_address_survive_the_trip() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        // A literal ö, as careless clients send it.
        let mut connection = Connection::open(stack.http());
        let start = format!(
            "GET /q?name=\u{f6}&x=1 HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\n\r\n",
            stack.host("app")
        );
        connection.send(start.as_bytes());
        let answer = connection.answer();
        if !kind.takes_octets_above_ascii() {
            assert_eq!((answer.status, stack.app.seen().len()), (400, 0), "{kind:?}: {answer:?}");
            continue;
        }
        assert_eq!(answer.status, 302, "{kind:?}: {answer:?}");
        let location = answer.header("location").unwrap_or_default();
        assert!(location.is_ascii(), "{kind:?}: {location}");
        assert_eq!(
            answer.next(),
            Some(format!("http://{}/q?name=%C3%B6&x=1", stack.host("app"))),
            "{kind:?}"
        );
    }
}

#[test]
fn a_gate_that_is_down_opens_nothing() {
    for kind in ALL {
        let mut stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let ask = stack.page_load("/").cookie("auth_token", &token);
        assert_eq!(ask.send(stack.http()).status, 200, "{kind:?}");
        stack.gate.kill();
        let answer = ask.send(stack.http());
        assert!((500..600).contains(&answer.status), "{kind:?}: {answer:?}");
        assert_eq!(stack.app.seen().len(), 1, "{kind:?}");
        stack.gate.start_again();
        assert_eq!(ask.send(stack.http()).status, 200, "{kind:?}: the session is still there");
    }
}

/// Five seconds are printed, for Traefik its own thirty count, HAProxy asks four times for two; and
/// room for a busy machine.
const LONGEST_HOLD: Duration = Duration::from_secs(9);
const LONGEST_HOLD_OF_TRAEFIK: Duration = Duration::from_secs(40);
const LONGEST_HOLD_OF_HAPROXY: Duration = Duration::from_secs(15);

/// Without the time that is printed, Caddy would wait for ever.
#[test]
fn a_gate_that_hangs_holds_nobody() {
    // Beside each other, since it is the waiting that takes the time.
    std::thread::scope(|threads| {
        for kind in ALL {
            threads.spawn(move || ask_a_gate_that_hangs(kind));
        }
    });
}

fn ask_a_gate_that_hangs(kind: ProxyKind) {
    let stack = TestStack::behind(kind, "");
    stack.gate.running.signal(Signal::SIGSTOP);
    let start = portcullis::clock::monotonic();
    let answer = stack.page_load("/").send(stack.http());
    let waited = portcullis::clock::monotonic() - start;
    stack.gate.running.signal(Signal::SIGCONT);
    let (status, longest) = match kind {
        ProxyKind::Caddy => (504, LONGEST_HOLD),
        ProxyKind::Nginx | ProxyKind::NginxHttp10 => (500, LONGEST_HOLD),
        ProxyKind::Traefik => (500, LONGEST_HOLD_OF_TRAEFIK),
        ProxyKind::Haproxy => (504, LONGEST_HOLD_OF_HAPROXY),
        ProxyKind::Envoy => (503, LONGEST_HOLD),
    };
    assert_eq!(answer.status, status, "{kind:?}: {answer:?}");
    assert!(waited < longest, "{kind:?}: {waited:?}");
    assert_eq!(stack.app.seen().len(), 0, "{kind:?}");
}

/// Two requests on one connection are two visitors: a pass ends with its request.
#[test]
fn what_follows_a_pass_on_its_connection_is_asked_about_too() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let stranger = stack.page_load("/x");
        let inside = stranger.clone().cookie("auth_token", &token);
        let mut connection = Connection::open(stack.http());
        connection.send(&[inside.bytes(), stranger.bytes(), inside.bytes()].concat());
        let statuses = [(); 3].map(|()| connection.answer().status);
        assert_eq!((statuses, stack.app.seen().len()), ([200, 302, 200], 2), "{kind:?}");
    }
}

#[test]
fn an_ended_session_is_refused_at_the_next_request() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let ask = stack.page_load("/").cookie("auth_token", &token);
        assert_eq!(ask.send(stack.http()).status, 200, "{kind:?}");
        stack.gate.place.json(&["session", "revoke", "--all"]);
        assert_eq!(ask.send(stack.http()).status, 302, "{kind:?}");
    }
}

#[test]
fn the_packaged_configuration_lets_no_stranger_in() {
    for kind in ALL.into_iter().filter(|kind| *kind != ProxyKind::NginxHttp10) {
        let stack = TestStack::behind(kind, "");
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
            for target in [
                "/",
                "/login",
                "/verify",
                "/health",
                "/metrics",
                "//",
                "/%2e%2e/",
                "/health?x=/login",
                "/_portcullis",
            ] {
                let ask = Ask::new(method, target)
                    .header("Host", stack.host("app"))
                    .header("User-Agent", "kube-probe/1.0");
                let mut connection = Connection::open(stack.http());
                connection.send(&ask.bytes());
                let answer = connection.try_answer(method == "HEAD").expect("an answer");
                assert!(answer.status >= 300, "{kind:?} {method} {target}: {answer:?}");
            }
        }
        assert_eq!(stack.app.seen().len(), 0, "{kind:?}: {:?}", stack.app.seen());
    }
}
