//! The table of return addresses, and what the WHATWG reading of the accepted ones must be.

use super::*;

const TABLE: &str = include_str!("../../tests/vectors/return_addresses.tsv");

struct Setting {
    policy: ReturnPolicy<'static>,
    visitor: Visitor<'static>,
}

fn setting(name: &str) -> Setting {
    let policy = ReturnPolicy {
        public_host: Some("auth.example.com"),
        public_is_http: false,
        cookie_domain: Some("example.com"),
        redirect_hosts: &[],
        path_prefix: "",
    };
    let nothing = ReturnPolicy { public_host: None, cookie_domain: None, ..policy };
    let visitor = Visitor { host: "auth.example.com", is_http: false };
    match name {
        "usual" => Setting {
            policy: ReturnPolicy {
                redirect_hosts: vec!["photos.example.net".to_owned()].leak(),
                ..policy
            },
            visitor,
        },
        "prefix" => {
            Setting { policy: ReturnPolicy { path_prefix: "/.portcullis", ..policy }, visitor }
        }
        "http" => Setting {
            policy: ReturnPolicy { public_is_http: true, ..policy },
            visitor: Visitor { is_http: true, ..visitor },
        },
        "visitor-http" => Setting { policy, visitor: Visitor { is_http: true, ..visitor } },
        "own-host" => Setting {
            policy: nothing,
            visitor: Visitor { host: "app.example.org:8443", is_http: false },
        },
        "no-host" => Setting { policy: nothing, visitor: Visitor { host: "", is_http: false } },
        "localhost" => {
            Setting { policy: nothing, visitor: Visitor { host: "localhost:3000", is_http: true } }
        }
        "other-door" => {
            Setting { policy, visitor: Visitor { host: "app.example.com", is_http: false } }
        }
        "address" => Setting {
            policy: ReturnPolicy {
                public_host: Some("192.168.1.10"),
                cookie_domain: None,
                ..policy
            },
            visitor: Visitor { host: "192.168.1.10:8443", is_http: false },
        },
        "bracketed" => Setting {
            policy: ReturnPolicy { public_host: Some("[fd00::1]"), cookie_domain: None, ..policy },
            visitor: Visitor { host: "[fd00::1]:8443", is_http: false },
        },
        "single" => Setting {
            policy: ReturnPolicy { public_host: Some("my_nas"), cookie_domain: None, ..policy },
            visitor: Visitor { host: "my_nas", is_http: false },
        },
        other => panic!("no settings named {other}"),
    }
}

/// Undoes the escapes that the head of the table explains.
fn octets(cell: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = cell;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '\\' => {
                let (kind, after) = rest.split_at(1);
                rest = after;
                match kind {
                    "t" => octets.push(b'\t'),
                    "n" => octets.push(b'\n'),
                    "r" => octets.push(b'\r'),
                    "\\" => octets.push(b'\\'),
                    "x" => {
                        octets.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                        rest = &rest[2..];
                    }
                    other => panic!("unknown escape {other} in {cell}"),
                }
            }
            '{' if rest.split('}').next().is_some_and(|inside| inside.contains('*')) => {
                let (inside, after) = rest.split_once('}').unwrap();
                let (what, times) = inside.split_once('*').unwrap();
                match times.parse() {
                    Ok(times) => {
                        octets.extend(what.repeat(times).into_bytes());
                        rest = after;
                    }
                    Err(_) => octets.push(b'{'),
                }
            }
            other => octets.extend(other.to_string().into_bytes()),
        }
    }
    octets
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str, Vec<u8>, &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        let [settings, verdict, next, why] = cells[..] else { panic!("four columns: {line}") };
        (settings, verdict, octets(next), why)
    })
}

#[test]
fn every_address_of_the_table_gets_its_verdict() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, verdict, next, why) in rows() {
        count += 1;
        let Setting { policy, visitor } = setting(name);
        let found = match policy.check(&next, &visitor) {
            Ok(address) => {
                assert_eq!(address.as_bytes(), next, "an accepted address is left as it came");
                "ok".to_owned()
            }
            Err(refused) => format!("{refused:?}"),
        };
        if found != verdict {
            wrong.push(format!(
                "{name}: {} ({why}): {found}, expected {verdict}",
                next.escape_ascii()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 80);
}

#[test]
fn a_browser_that_follows_an_accepted_address_ends_on_an_allowed_host() {
    for (name, verdict, next, _) in rows() {
        let Setting { policy, visitor } = setting(name);
        if verdict != "ok" {
            continue;
        }
        let scheme = if visitor.is_http { "http" } else { "https" };
        let page = url::Url::parse(&format!("{scheme}://{}/login", visitor.host)).unwrap();
        let there = page.join(core::str::from_utf8(&next).unwrap()).unwrap();
        let host = there.host_str().unwrap();
        let allowed = host == without_port(visitor.host)
            || policy.public_host == Some(host)
            || policy
                .cookie_domain
                .is_some_and(|domain| host == domain || host.ends_with(&format!(".{domain}")))
            || policy.redirect_hosts.iter().any(|listed| listed == host);
        assert!(allowed, "{} leads to {there}", next.escape_ascii());
        assert!(there.username().is_empty() && there.password().is_none());
        if next.starts_with(b"/") {
            assert!(!there.path().starts_with("//"), "{} leads to {there}", next.escape_ascii());
        }
    }
}

#[test]
fn the_origin_is_scheme_host_and_port_as_they_came_and_nothing_for_a_path() {
    let Setting { policy, visitor } = setting("usual");
    let origin = |next: &'static str| policy.check(next.as_bytes(), &visitor).unwrap().origin();
    assert_eq!(origin("https://App.example.com:8443/x?y#z"), Some("https://App.example.com:8443"));
    assert_eq!(origin("https://app.example.com"), Some("https://app.example.com"));
    assert_eq!(
        origin("https://app.example.com?x=https://evil.com/"),
        Some("https://app.example.com")
    );
    assert_eq!(origin("/x"), None);
    assert_eq!(ReturnTo::HOME.origin(), None);
    assert_eq!(ReturnTo::HOME.as_bytes(), b"/");
}

#[test]
fn where_a_policy_cannot_name_the_host_it_names_the_scheme() {
    for (settings, next, origin) in [
        ("address", "https://192.168.1.10:9000/x", "https://192.168.1.10:9000"),
        ("bracketed", "https://[fd00::1]:9000/x", "https:"),
        ("usual", "HTTPS://my_app.example.com/x", "HTTPS:"),
    ] {
        let Setting { policy, visitor } = setting(settings);
        assert_eq!(
            policy.check(next.as_bytes(), &visitor).expect(next).origin(),
            Some(origin),
            "{next}"
        );
    }
    assert_eq!(policy_source("http://[::1]:3000"), "http:");
    assert_eq!(policy_source("https://auth.example.com:8443"), "https://auth.example.com:8443");
}

#[test]
fn every_octet_outside_the_allowed_set_is_refused_wherever_it_stands() {
    let Setting { policy, visitor } = setting("usual");
    for octet in (0..=0x20).chain([b'\\', b'"', b'<', b'>']).chain(0x7f..=0xff) {
        for around in [
            ("", "/a"),
            ("/", "a"),
            ("/a?", ""),
            ("/#", ""),
            ("https://app", ".example.com/"),
            ("https:", "//x"),
        ] {
            let next = [around.0.as_bytes(), &[octet], around.1.as_bytes()].concat();
            assert_eq!(
                policy.check(&next, &visitor),
                Err(ReturnToRefusal::Character),
                "{}",
                next.escape_ascii()
            );
        }
    }
}

#[test]
fn every_refusal_says_a_reason_without_any_part_of_the_address() {
    for (_, verdict, next, _) in rows().filter(|row| row.1 != "ok") {
        let Setting { policy, visitor } = setting("usual");
        if let Err(refused) = policy.check(&next, &visitor) {
            assert!(refused.to_string().starts_with("return address "), "{verdict}");
        }
    }
}

#[test]
fn an_accepted_address_is_given_on_as_it_came() {
    let Setting { policy, visitor } = setting("usual");
    for next in ["/a//b?x=%2F&y=1", "https://App.example.com:8443/a?b#c"] {
        let address = policy.check(next.as_bytes(), &visitor).expect("allowed");
        assert_eq!((address.as_str(), address.as_bytes()), (next, next.as_bytes()));
    }
}

#[test]
fn only_digits_behind_the_last_colon_are_a_port() {
    for (host, name) in [
        ("a.example.com:8443", "a.example.com"),
        ("a.example.com", "a.example.com"),
        ("[::1]", "[::1]"),
    ] {
        assert_eq!(without_port(host), name);
    }
    assert_eq!(without_port("[::1]:8443"), "[::1]");
}
