//! Who the site believes the visitor to be, and who the gate believes him to be: nothing a visitor
//! writes counts.

use crate::support::http::Ask;
use crate::support::site::values;
use crate::support::test_stack::{ALL, ProxyKind, TestStack};

/// Everything a visitor may try to pass for somebody else or to look as if he came from elsewhere.
fn forged(ask: Ask) -> Ask {
    let mut ask = ask;
    for name in [
        "Remote-User",
        "Remote_User",
        "REMOTE_USER",
        "remote-user",
        "Remote-Groups",
        "Remote_Groups",
    ] {
        ask = ask.header(name, "mallory");
    }
    for name in ["Remote-Name", "Remote-Email", "Remote_Name", "Remote_Email"] {
        ask = ask.header(name, "mallory@evil.example");
    }
    ask
}

#[test]
fn a_forged_identity_never_reaches_the_site() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let owner = stack.gate.place.add_user("owner");
        let token = stack.gate.log_in(&owner);
        let ask = forged(stack.page_load("/who")).cookie("auth_token", &token);
        let answer = ask.send(stack.http());
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        let request = answer.json();
        assert_eq!(values(&request, "remote-user"), ["owner"], "{kind:?}: {request}");
        for name in ["remote-groups", "remote-name", "remote-email"] {
            let seen: String = values(&request, name).concat();
            assert_eq!(seen, "", "{kind:?} {name}: {request}");
        }
        assert!(!request.to_string().contains("mallory"), "{kind:?}: {request}");
    }
}

/// What may stand in a header's name besides letters and digits (RFC 9110 section 5.6.2). PHP, CGI
/// and WSGI take each of them for the same `_`.
pub(super) const NAME_MARKS: &str = "!#$%&'*+-.^_`|~";

/// Letters and digits of a name, each other character as `-`.
fn as_an_application_reads_it(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect()
}

/// The application lists the names as they arrive.
#[test]
fn no_alias_of_an_identity_header_reaches_the_site() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let mut ask = stack.page_load("/who").cookie("auth_token", &token);
        for mark in NAME_MARKS.chars() {
            for name in ["Remote-User", "remote-groups", "REMOTE-NAME", "Remote-Email"] {
                ask = ask.header(&name.replace('-', &mark.to_string()), "mallory");
            }
        }
        let answer = ask.send(stack.http());
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        let request = answer.json();
        assert!(!request.to_string().contains("mallory"), "{kind:?}: {request}");
        let lines = request["headers"].as_array().expect("a list").iter();
        let names = lines.map(|line| as_an_application_reads_it(line[0].as_str().expect("a name")));
        assert_eq!(names.filter(|name| name == "remote-user").count(), 1, "{kind:?}: {request}");
        assert_eq!(values(&request, "remote-user"), ["owner"], "{kind:?}: {request}");
    }
}

#[test]
fn no_alias_of_a_resolvers_header_reaches_the_site() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "[identity]\nresolver_headers = true\n");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        for mark in NAME_MARKS.chars() {
            let id = "X-Portcullis-User-Id".replace('-', &mark.to_string());
            for name in [&id, &format!("X-Portcullis{mark}Session-Acr")] {
                let ask = stack.page_load("/who").cookie("auth_token", &token);
                let answer = ask.header(name, "mallory").send(stack.http());
                assert_eq!(answer.status, 200, "{kind:?} {name}: {answer:?}");
                let request = answer.json();
                assert!(!request.to_string().contains("mallory"), "{kind:?} {name}: {request}");
            }
        }
    }
}

/// A site is told the visitor's address by the proxy alone, and nothing about his request that the
/// gate was not told.
#[test]
fn what_a_visitor_claims_of_his_address_and_his_request_never_reaches_the_site() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let mut ask = stack.page_load("/who").cookie("auth_token", &token);
        for name in [
            "X-Real-IP",
            "X-Forwarded-For",
            "X-Client-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "Forwarded",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Forwarded-Port",
            "X-Forwarded-Uri",
            "X-Forwarded-Method",
            "X-Forwarded-Prefix",
            "X-Original-URL",
            "X-Original-URI",
            "X-Original-Method",
            "X-Rewrite-URL",
        ] {
            ask = ask.header(name, "6.6.6.6");
        }
        let answer = ask.send(stack.http());
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        let request = answer.json();
        assert!(!request.to_string().contains("6.6.6.6"), "{kind:?}: {request}");
        for name in ["x-real-ip", "x-forwarded-for"] {
            assert_eq!(values(&request, name), ["127.0.0.1"], "{kind:?} {name}: {request}");
        }
    }
}

#[test]
fn a_visitor_cannot_have_the_gates_word_removed_by_a_connection_header() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let ask = stack.page_load("/who").cookie("auth_token", &token);
        let named = "close, Remote-User, X-Forwarded-Host";
        let answer = ask.clone().header("Connection", named).send(stack.http());
        if !kind.takes_own_headers_as_options() {
            assert_eq!((answer.status, stack.app.seen().len()), (400, 0), "{kind:?}: {answer:?}");
        }
        let answer = match kind.takes_own_headers_as_options() {
            true => answer,
            false => ask.header("Connection", "close, Remote-User").send(stack.http()),
        };
        assert_eq!(values(&answer.json(), "remote-user"), ["owner"], "{kind:?}");
    }
}

#[test]
fn a_forged_identity_gets_a_stranger_nowhere() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        stack.gate.place.add_user("owner");
        let answer = forged(stack.page_load("/who")).send(stack.http());
        assert_eq!(answer.status, 302, "{kind:?}: {answer:?}");
        assert_eq!(stack.app.seen().len(), 0, "{kind:?}");
    }
}

#[test]
fn the_other_familys_headers_change_nothing() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let mut ask = stack.page_load("/mine?x=1");
        for (name, value) in [
            ("X-Original-URL", "https://evil.example/login"),
            ("X-Original-URI", "/open"),
            ("X-Original-Method", "OPTIONS"),
            ("X-Forwarded-Uri", "/open"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "gopher"),
            ("X-Forwarded-Port", "1"),
            ("X-Forwarded-Method", "OPTIONS"),
            ("X-Forwarded-Prefix", "/evil"),
            ("X-Forwarded-Server", "evil.example"),
            ("Forwarded", "for=6.6.6.6;host=evil.example;proto=gopher"),
            ("X_Forwarded_Host", "evil.example"),
        ] {
            ask = ask.header(name, value);
        }
        let answer = ask.send(stack.http());
        assert_eq!(answer.status, 302, "{kind:?}: {answer:?}");
        assert_eq!(
            answer.next(),
            Some(format!("http://{}/mine?x=1", stack.host("app"))),
            "{kind:?}"
        );
    }
}

/// A request line with a host of its own counts before the `Host` line (RFC 9112 section 3.2.2).
#[test]
fn a_site_is_told_the_host_that_was_asked_about_with_its_port() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let told = |ask: Ask| {
            let request = ask.cookie("auth_token", &token).send(stack.http()).json();
            ["host", "x-forwarded-host"].map(|name| values(&request, name).concat())
        };
        assert_eq!(
            told(stack.page_load("/who")),
            [stack.host("app"), stack.host("app")],
            "{kind:?}"
        );
        let other = stack.host("other");
        for target in ["/who?a=1", "", "//double?a=http://b/c"] {
            let mut ask = stack.page_load(&format!("http://{other}{target}"));
            if !kind.takes_any_whole_address() {
                assert_eq!(ask.send(stack.http()).status, 400, "{kind:?}");
                ask = ask.set("Host", &other);
            }
            let answer = ask.send(stack.http());
            if !kind.takes_any_whole_address() && target.is_empty() && answer.status == 400 {
                continue;
            }
            let next = answer.next();
            let path = match target {
                "" => "/",
                // Traefik makes one slash of several, for gate and site alike.
                _ if kind == ProxyKind::Traefik && target.starts_with("//") => &target[1..],
                _ => target,
            };
            assert_eq!(next, Some(format!("http://{other}{path}")), "{kind:?}");
            assert_eq!(told(ask), [other.clone(), other.clone()], "{kind:?} {target}");
        }
    }
}

#[test]
fn a_visitor_counts_under_his_own_address_whatever_he_claims() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        let owner = stack.gate.place.add_user("owner");
        for n in 0..5 {
            let claimed = format!("203.0.113.{n}");
            assert_eq!(stack.post_code(&owner.wrong_code(), &claimed), 401, "{kind:?}");
        }
        let limits = stack.gate.place.json(&["limit", "list"]);
        let entry =
            limits.as_array().into_iter().flatten().find(|entry| entry["kind"] == "address");
        let entry = entry.unwrap_or_else(|| panic!("{kind:?}: no address in {limits}"));
        assert_eq!(
            (&entry["key"], &entry["failures"]),
            (&"127.0.0.1".into(), &5.into()),
            "{kind:?}: {limits}"
        );
    }
}

#[test]
fn the_login_host_asked_about_itself_says_what_is_wrong() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let answer = Ask::verify("/verify/caddy", &stack.url("auth", "/"))
        .by_page_load()
        .send(stack.gate.address);
    assert!(matches!(answer.status, 400 | 401), "{answer:?}");
    assert!(
        answer.text().contains("X-Forwarded-Host") || answer.text().contains("own"),
        "{}",
        answer.text()
    );
}
