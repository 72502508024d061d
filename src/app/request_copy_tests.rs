//! A question that is a copy of the original request, asked below the gate's address: as Envoy
//! asks.

use crate::app::testing::{Answer, Ask, ONE_DOMAIN, WholeGate};

const ADDRESS: &str = "/verify/envoy";
const IDENTITY: [&str; 4] = ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"];

/// A page load of this target on the site, as it is forwarded.
fn copied(method: &str, target: &str) -> Ask {
    Ask::new(method, &format!("{ADDRESS}{target}"))
        .header("Host", "app.example.test")
        .header("Content-Length", "0")
        .header("X-Forwarded-For", "198.51.100.1")
        .header("X-Forwarded-Proto", "https")
        .by_page_load()
}

fn gate(further: &str) -> (WholeGate, String) {
    let mut gate = WholeGate::with(&format!("{ONE_DOMAIN}{further}"));
    let owner = gate.add_user("owner");
    let token = gate.log_in(&owner);
    (gate, token)
}

/// Where a stranger who asked for this target is led after the login.
fn next(gate: &mut WholeGate, target: &str) -> String {
    let answer = gate.send(&copied("GET", target));
    assert_eq!(answer.status, 302, "{target}: {answer:?}");
    answer.next().unwrap_or_else(|| panic!("{target}: {answer:?}"))
}

#[test]
fn what_stands_behind_the_address_is_what_was_asked_for_query_included() {
    let (mut gate, _) = gate("");
    for (target, asked) in [
        ("", "/"),
        ("/", "/"),
        ("?x=1", "/?x=1"),
        ("?", "/?"),
        ("/a?b", "/a?b"),
        ("/a?x=1&y=%26&u=%C3%A4&v=a+b", "/a?x=1&y=%26&u=%C3%A4&v=a+b"),
        ("//x//../y?q?r", "//x//../y?q?r"),
        ("/verify/envoy/x", "/verify/envoy/x"),
        ("/login?next=/", "/login?next=/"),
        ("/%2F%5c;a=b#c", "/%2F%5c;a=b%23c"),
        ("?u=\u{e4}", "/?u=%C3%A4"),
    ] {
        let wanted = format!("https://app.example.test{asked}");
        assert_eq!(next(&mut gate, target), wanted, "{target}");
    }
}

#[test]
fn a_target_that_is_no_path_belongs_to_another_address() {
    let (mut gate, token) = gate("");
    for target in ["x", "*", "x/y", "#/", "%2F", "https://app.example.test/", "/../..x"] {
        let answer = gate.send(&copied("OPTIONS", target).cookie("auth_token", &token));
        let status = if target.starts_with('/') { 200 } else { 404 };
        assert_eq!(answer.status, status, "{target}: {answer:?}");
    }
    let other = Ask::get("/verify/caddy/a").header("X-Forwarded-Proto", "https");
    assert_eq!(gate.send(&other).status, 404, "only where the target stands behind");
}

#[test]
fn the_address_lies_below_the_prefix() {
    let mut gate = WholeGate::with(&format!("path_prefix = \"/.gate\"\n{ONE_DOMAIN}"));
    let ask = |target: &str| {
        Ask::get(target)
            .header("Host", "app.example.test")
            .header("X-Forwarded-Proto", "https")
            .by_page_load()
    };
    let answer = gate.send(&ask("/.gate/verify/envoy/a?b"));
    assert_eq!(answer.next().as_deref(), Some("https://app.example.test/a?b"), "{answer:?}");
    assert_eq!(gate.send(&ask("/verify/envoy/a?b")).status, 404);
}

#[test]
fn a_pass_is_200_with_a_length_of_nothing_and_all_identity_headers() {
    let (mut gate, token) = gate("");
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND", "TRACE", "FOO"] {
        let answer = gate.send(&copied(method, "/a?b").cookie("auth_token", &token));
        let said = IDENTITY.map(|name| answer.header(name).unwrap_or("missing"));
        assert_eq!((answer.status, said), (200, ["owner", "", "", ""]), "{method}: {answer:?}");
        assert_eq!(answer.header("content-length"), Some("0"), "{method}");
        assert!(answer.body.is_empty(), "{method}");
    }
    assert_eq!(gate.send(&copied("GET", "/").cookie("auth_token", "x")).status, 302);
}

#[test]
fn the_requests_own_method_decides_the_refusal() {
    let (mut gate, _) = gate("");
    for (method, status) in [("GET", 302), ("HEAD", 302), ("POST", 303)] {
        let forged = copied(method, "/").header("X-Forwarded-Method", "DELETE");
        assert_eq!(gate.send(&forged).status, status, "{method}");
    }
    let propfind = Ask::new("PROPFIND", "/verify/envoy/dav")
        .header("Host", "app.example.test")
        .header("X-Forwarded-Proto", "https");
    assert_eq!(gate.send(&propfind).status, 401);
    for (name, value) in [("Sec-WebSocket-Key", "x"), ("Accept", "application/json")] {
        let answer = gate.send(&copied("GET", "/").set(name, value));
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(answer.json()["error"], "login_required", "{name}");
    }
}

/// They are the visitor's, where the proxy does not remove them.
#[test]
fn other_forwarding_headers_are_not_read() {
    let (mut gate, token) = gate("");
    let with_all = |mut ask: Ask, value: &str| {
        for name in [
            "X-Forwarded-Host",
            "X-Forwarded-Uri",
            "X-Forwarded-Method",
            "X-Forwarded-Port",
            "X-Original-URL",
            "X-Original-URI",
            "X-Original-Method",
        ] {
            ask = ask.header(name, value).header(name, "b, c");
        }
        ask
    };
    let answer = gate.send(&with_all(copied("GET", "/a"), "evil.example"));
    assert_eq!(answer.next().as_deref(), Some("https://app.example.test/a"), "{answer:?}");
    let passed = with_all(copied("GET", "/a"), "x").cookie("auth_token", &token);
    assert_eq!(gate.send(&passed).status, 200);
}

#[test]
fn the_port_is_the_hosts_own() {
    let (mut gate, _) = gate("");
    for (host, site) in [
        ("app.example.test:8443", "https://app.example.test:8443/"),
        ("App.example.test.:443", "https://App.example.test/"),
    ] {
        let ask = copied("GET", "/").set("Host", host).header("X-Forwarded-Port", "99");
        assert_eq!(gate.send(&ask).next().as_deref(), Some(site), "{host}");
    }
}

fn is_wiring_refusal(answer: &Answer, names: &str) {
    assert_eq!(answer.status, 400, "{names}: {answer:?}");
    assert!(answer.text().contains(names), "{names}: {}", answer.text());
}

#[test]
fn a_question_without_any_forwarding_header_is_never_direct_and_names_the_line() {
    let (mut gate, token) = gate("");
    let bare = || Ask::get("/verify/envoy/a").header("Host", "app.example.test");
    for ask in [bare(), bare().by_page_load(), bare().cookie("auth_token", &token)] {
        let answer = gate.send(&ask);
        is_wiring_refusal(&answer, "X-Forwarded-Proto is missing");
        let line = "allowed_headers: {patterns: [{prefix: accept},";
        assert!(answer.text().contains(line), "{}", answer.text());
    }
    let script = gate.send(&bare().header("Accept", "application/json"));
    assert!(script.json()["message"].as_str().is_some_and(|text| text.contains("{exact: cookie}")));
}

#[test]
fn a_scheme_or_host_that_nobody_knows_for_sure_never_passes() {
    let (mut gate, token) = gate("");
    let logged_in = || copied("GET", "/").cookie("auth_token", &token);
    let proto = "X-Forwarded-Proto";
    is_wiring_refusal(&gate.send(&logged_in().without(proto)), "X-Forwarded-Proto is missing");
    is_wiring_refusal(&gate.send(&logged_in().set(proto, "https, http")), "is a list");
    is_wiring_refusal(&gate.send(&logged_in().header(proto, "http")), "came more than once");
    for host in ["a~b.example.test", "app..example.test", "_"] {
        let answer = gate.send(&logged_in().set("Host", host));
        match host {
            "_" => assert_eq!(answer.status, 200, "{answer:?}"),
            _ => is_wiring_refusal(&answer, "Host is missing or names no site"),
        }
    }
}

#[test]
fn a_forged_identity_and_the_login_pages_own_host_are_refused() {
    let (mut gate, token) = gate("");
    let logged_in = || copied("GET", "/").cookie("auth_token", &token);
    for name in ["Remote_User", "Remote.Groups", "Remote-Name"] {
        is_wiring_refusal(&gate.send(&logged_in().header(name, "mallory")), "remove_on_match");
    }
    let login = logged_in().set("Host", "auth.example.test");
    is_wiring_refusal(&gate.send(&login), "Host is the login host");
}

const RULES: &str = r#"
[[rule]]
hosts = ["app.example.test"]
paths = ["/share/**"]
access = "open"
[[rule]]
hosts = ["app.example.test"]
paths = ["/admin/**"]
access = "deny"
"#;

#[test]
fn rules_judge_the_path_behind_the_address() {
    let (mut gate, token) = gate(RULES);
    let mut status = |ask: Ask| gate.send(&ask).status;
    assert_eq!(status(copied("GET", "/share/a?next=/admin/")), 200);
    assert_eq!(status(copied("GET", "/a?/share/")), 302);
    assert_eq!(status(copied("GET", "?/share/")), 302);
    assert_eq!(status(copied("GET", "/admin/a").cookie("auth_token", &token)), 403);
    assert_eq!(status(copied("GET", "/share/..%2fadmin/")), 403, "in every reading");
    // Where nobody knows the path, it may be the closed one.
    for (name, refused) in [
        ("X-HTTP-Method-Override", 302),
        ("X-HTTP-Method", 302),
        ("X-Method-Override", 302),
        ("X-Original-Method", 302),
        ("X-Rewrite-URL", 403),
        ("X-Original-URL", 403),
        ("X-Original-URI", 403),
    ] {
        assert_eq!(status(copied("GET", "/share/a").header(name, "/a")), refused, "{name}");
    }
}

#[test]
fn from_a_peer_that_is_not_trusted_nothing_opens() {
    let mut gate = WholeGate::with(&format!("proxy.trust = false\n{ONE_DOMAIN}{RULES}"));
    for target in ["/", "/share/a"] {
        let answer = gate.send(&copied("GET", target));
        assert_eq!(answer.status, 401, "{target}: {answer:?}");
        assert!(answer.text().contains("proxy.trust"), "{}", answer.text());
    }
}
