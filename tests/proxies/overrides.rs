//! What would make an application serve another path, or act on another method, than the gate was
//! asked about: no visitor's word of it arrives at either.

use serde_json::Value;

use super::whoever::NAME_MARKS;
use crate::support::caddy::Ports;
use crate::support::daemon::Place;
use crate::support::site::{Site, values};
use crate::support::test_stack::{ALL, ProxyKind, TestStack, with_public_url};

const OVERRIDES: [&str; 7] = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-Method",
    "X-Original-URL",
    "X-Original-URI",
    "X-Rewrite-URL",
];

/// Each name as it is, with every mark in the places of all hyphens, and in that of the last one.
fn names() -> impl Iterator<Item = String> {
    OVERRIDES.into_iter().flat_map(|name| {
        let (start, end) = name.rsplit_once('-').expect("a hyphen");
        NAME_MARKS.chars().flat_map(move |mark| {
            [name.replace('-', &mark.to_string()), format!("{start}{mark}{end}")]
        })
    })
}

/// As many at once as every proxy takes.
fn some_names() -> Vec<Vec<String>> {
    let spelled = ["X_HTTP_Method_Override", "X-Http-Method.Override", "x-original-url"];
    let names: Vec<_> = names().chain(spelled.map(str::to_owned)).collect();
    names.chunks(80).map(<[String]>::to_vec).collect()
}

/// The gate here is a site that shows what it was asked, and lets everybody pass.
#[test]
fn no_override_of_path_or_method_reaches_gate_or_site_under_any_name() {
    for kind in ALL {
        let gate = Site::start("gate");
        let ports = Ports::free();
        let place = Place::new(&with_public_url(ports.https, ""));
        let own = place.gate_address();
        let stack = TestStack::changed(place, kind, ports, "app.example.test", |text| {
            assert!(text.contains(&own), "{text}");
            let port = |address: &str| {
                let port = address.rsplit(':').next().unwrap_or_default();
                format!("port_value: {port}}}")
            };
            let stand_in = gate.address.to_string();
            text.replace(&own, &stand_in).replace(&port(&own), &port(&stand_in))
        });
        let ask = stack.page_load("/who?a=1").header("Access-Control-Request-Method", "PUT");
        let some_names = some_names();
        for names in &some_names {
            let ask = names.iter().fold(ask.clone(), |ask, name| ask.header(name, "/mallory"));
            let answer = ask.send(stack.http());
            assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        }
        let (asked, served) = (gate.seen_at(kind.asks_at()), stack.app.seen());
        assert_eq!([asked.len(), served.len()], [some_names.len(); 2], "{kind:?}");
        for request in asked.iter().chain(&served) {
            assert!(!request.to_string().contains("mallory"), "{kind:?}: {request}");
            // What a browser says of a preflight is none.
            let method = values(request, "access-control-request-method");
            assert_eq!(method, ["PUT"], "{kind:?}: {request}");
        }
        for asked in asked {
            assert_eq!(told(kind, &asked), ["GET", "/who?a=1"], "{kind:?}: {asked}");
        }
        for served in served {
            assert_eq!([&served["method"], &served["target"]], ["GET", "/who?a=1"], "{kind:?}");
        }
    }
}

const RULE: &str = "[[rule]]\npaths = [\"/share/*\"]\nmethods = [\"GET\"]\naccess = \"open\"\n";

/// The gate opens nothing to a request that carries an override: behind these proxies it never
/// sees one.
#[test]
fn an_open_place_stays_open_to_a_visitor_with_an_override_and_the_rest_closed() {
    for kind in ALL {
        let stack = TestStack::behind(kind, RULE);
        let some_names = some_names();
        for names in &some_names {
            for (target, status) in [("/share/x", 200), ("/who", 302)] {
                let ask = stack.page_load(target);
                let ask = names.iter().fold(ask, |ask, name| ask.header(name, "/share/x"));
                let answer = ask.send(stack.http());
                assert_eq!(answer.status, status, "{kind:?} {target}: {answer:?}");
            }
        }
        assert_eq!(stack.app.seen().len(), some_names.len(), "{kind:?}");
    }
}

#[test]
fn without_the_printed_lines_an_override_closes_what_a_rule_opens() {
    for kind in ALL {
        let stack = TestStack::behind_changed(kind, RULE, |text| {
            let strips = |line: &&str| {
                let line = line.to_ascii_lowercase();
                ["*http*", "override"].iter().any(|name| line.contains(name))
            };
            assert!(text.lines().any(|line| strips(&line)), "{text}");
            let rest = text.lines().filter(|line| !strips(line));
            rest.map(|line| format!("{line}\n")).collect()
        });
        let ask = stack.page_load("/share/x");
        assert_eq!(ask.send(stack.http()).status, 200, "{kind:?}");
        let ask = ask.header("X-HTTP-Method-Override", "DELETE");
        assert_eq!(ask.send(stack.http()).status, 302, "{kind:?}");
    }
}

/// Method and path in the proxy's own words.
fn told(kind: ProxyKind, asked: &Value) -> [String; 2] {
    let (method, path) = match kind {
        ProxyKind::Nginx | ProxyKind::NginxHttp10 => ("x-original-method", "x-original-url"),
        ProxyKind::Caddy | ProxyKind::Traefik | ProxyKind::Haproxy => {
            ("x-forwarded-method", "x-forwarded-uri")
        }
        ProxyKind::Envoy => {
            let target =
                asked["target"].as_str().and_then(|told| told.strip_prefix(kind.asks_at()));
            let method = asked["method"].as_str().unwrap_or_default();
            return [method.to_owned(), target.unwrap_or_default().to_owned()];
        }
    };
    let path = values(asked, path).concat();
    let path = path.find("/who").map_or(path.as_str(), |at| &path[at..]).to_owned();
    [values(asked, method).concat(), path]
}
