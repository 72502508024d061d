//! A verify where rules say who may go where.

use super::*;
use crate::auth::policy::host_pattern::HostPattern;
use crate::auth::policy::path_pattern::PathPattern;
use crate::auth::policy::rule::{Access, Audience, Rule};
use crate::auth::policy::rules::Rules;

const EMPTY: [&str; 4] =
    ["Remote-User: \r\n", "Remote-Groups: \r\n", "Remote-Name: \r\n", "Remote-Email: \r\n"];

fn rule(paths: &[&str], access: Access) -> Rule {
    Rule {
        name: paths.join(" "),
        line: 1,
        hosts: vec![HostPattern::parse("app.example.com").expect("a host")],
        paths: paths.iter().map(|path| PathPattern::parse(path).expect("a pattern")).collect(),
        methods: Vec::new(),
        networks: None,
        access,
        preflight: false,
    }
}

fn only(users: &[&str], groups: &[&str]) -> Access {
    Access::Session(Audience {
        users: users.iter().map(|user| UserName::parse(user).expect("a name")).collect(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    })
}

fn gate(rules: Vec<Rule>) -> Fixture {
    Fixture::new(|config| config.rules = Rules::new(rules))
}

/// `/share/**` is open, `/admin/**` closed, `/family/**` for the family, `/anna/**` for Anna.
fn household() -> Fixture {
    gate(vec![
        rule(&["/share/**"], Access::Open),
        rule(&["/admin/**"], Access::Deny),
        rule(&["/family/**"], only(&[], &["family"])),
        rule(&["/anna/**"], only(&["anna"], &[])),
    ])
}

/// The header lines of a question about this path.
fn about(path: &str) -> String {
    CADDY.replace("/a?x=1&y=%26", path)
}

fn ask(gate: &Fixture, path: &str, further: &str) -> (Answered, String) {
    gate.ask(endpoint_at("/verify/caddy"), &format!("{}{further}", about(path)))
}

#[test]
fn an_open_place_passes_anybody_and_names_who_is_there() {
    let mut gate = household();
    let (answered, text) = ask(&gate, "/share/a?token=1", "");
    assert_eq!((answered, status(&text)), (Answered::Passed(PassHolder::Anonymous), "204"));
    assert!(EMPTY.iter().all(|line| text.contains(line)), "{text}");
    let anna = gate.login("anna");
    let (answered, text) = ask(&gate, "/share/a", &format!("Cookie: {anna}\r\n"));
    assert!(matches!(answered, Answered::Passed(PassHolder::Session(_))));
    assert!(text.contains("Remote-User: anna\r\n"), "{text}");
    for worthless in [
        "Cookie: auth_token=x\r\n".to_owned(),
        format!("Cookie: {anna}; {}\r\n", gate.login("ben")),
        "Authorization: Basic Zm9v\r\n".to_owned(),
        "Authorization: Bearer eyJ\r\n".to_owned(),
    ] {
        let (answered, text) = ask(&gate, "/share/a", &worthless);
        assert_eq!(answered, Answered::Passed(PassHolder::Anonymous), "{worthless}");
        assert!(EMPTY.iter().all(|line| text.contains(line)), "{text}");
    }
    let (answered, _) = gate.ask_at(
        Timestamp::from_unix(1),
        LOOPBACK,
        endpoint_at("/verify/caddy"),
        &format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", about("/share/a")),
    );
    assert_eq!(answered, Answered::Passed(PassHolder::Anonymous), "without a clock");
}

#[test]
fn an_identity_of_the_visitors_own_is_refused_in_an_open_place() {
    let gate = household();
    for forged in ["Remote-User: anna", "Remote_Groups: admins", "Remote.Email:"] {
        let (answered, _) = ask(&gate, "/share/a", &format!("{forged}\r\n"));
        let denied = matches!(answered, Answered::Refused(VerifyDenial::ForgedIdentity(_)));
        assert!(denied, "{forged}");
    }
}

#[test]
fn a_closed_place_is_403_for_everybody_and_never_a_redirect() {
    let mut gate = household();
    let anna = format!("Cookie: {}\r\n", gate.login("anna"));
    for cookie in ["", &anna] {
        let (answered, text) = ask(&gate, "/admin/x", cookie);
        assert_eq!(answered, Answered::Refused(VerifyDenial::Denied(Some(1))));
        assert_eq!((status(&text), header(&text, "Location")), ("403", None));
        assert!(text.contains("<!DOCTYPE html>") && !text.contains("/admin"), "{text}");
        let (_, text) = ask(&gate, "/admin/x", &format!("{cookie}Accept: application/json\r\n"));
        assert!(text.contains(r#"{"error":"denied","message":"#), "{text}");
        let original =
            "X-Original-URL: https://app.example.com/admin\r\nX-Original-Method: GET\r\n";
        let lines = format!("{original}{cookie}");
        let (_, text) = gate.ask(endpoint_at("/verify/nginx"), &lines);
        assert_eq!((status(&text), header(&text, "Content-Length")), ("403", Some("0")));
        let (_, text) = gate.ask(endpoint_at("/verify/nginx/refusal"), &lines);
        assert!(status(&text) == "403" && text.contains("<!DOCTYPE html>"), "{text}");
    }
}

#[test]
fn a_place_for_some_sends_strangers_to_log_in_and_refuses_the_others() {
    let mut gate = household();
    let (anna, ben) = (gate.login("anna"), gate.login("ben"));
    for (path, number) in [("/family/x", 2), ("/anna/x", 3)] {
        let (answered, text) = ask(&gate, path, "");
        assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie));
        assert_eq!(status(&text), "302");
        assert!(matches!(
            ask(&gate, path, &format!("Cookie: {anna}\r\n")).0,
            Answered::Passed(PassHolder::Session(_))
        ));
        let (answered, text) = ask(&gate, path, &format!("Cookie: {ben}\r\n"));
        assert_eq!(answered, Answered::Refused(VerifyDenial::Forbidden(Some(number))));
        assert_eq!((status(&text), header(&text, "Location")), ("403", None));
    }
    let (answered, _) = ask(&gate, "/elsewhere", &format!("Cookie: {ben}\r\n"));
    assert!(matches!(answered, Answered::Passed(PassHolder::Session(_))), "no rule is for it");
}

#[test]
fn a_path_that_is_not_plain_needs_a_session_and_shuts_by_every_reading() {
    let mut gate = household();
    let ben = format!("Cookie: {}\r\n", gate.login("ben"));
    for path in ["/share//a", "/share/%41", "/share/a;x", "/share/%c3", "/share/a%2fb", "/share/./"]
    {
        assert_eq!(ask(&gate, path, "").0, Answered::Refused(VerifyDenial::NoCookie), "{path}");
        assert!(
            matches!(ask(&gate, path, &ben).0, Answered::Passed(PassHolder::Session(_))),
            "{path}"
        );
    }
    for path in [
        "/share/../admin",
        "/share/..%2fadmin",
        "/share/%252e%252e/admin/x",
        "/share/..;/admin",
        "/share\\..\\admin",
        "/%61dmin",
        "//admin",
        "/ADMIN",
        "/x/%c0%ae%c0%ae/admin",
        "/admin%3fx",
    ] {
        for cookie in ["", &ben] {
            let (answered, _) = ask(&gate, path, cookie);
            assert_eq!(answered, Answered::Refused(VerifyDenial::Denied(Some(1))), "{path}");
        }
    }
}

#[test]
fn a_header_for_another_method_or_path_opens_nothing_and_dodges_no_rule() {
    let mut gate = household();
    let ben = format!("Cookie: {}\r\n", gate.login("ben"));
    for header in [
        "X-HTTP-Method-Override: DELETE",
        "x-http-method: DELETE",
        "X_Method_Override: DELETE",
        "X-Original-Method: DELETE",
    ] {
        let line = format!("{header}\r\n");
        let (answered, _) = ask(&gate, "/share/a", &line);
        assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie), "{header}");
        let (answered, _) = ask(&gate, "/share/a", &format!("{line}{ben}"));
        assert!(matches!(answered, Answered::Passed(PassHolder::Session(_))), "{header}");
    }
    for header in ["X-Rewrite-URL: /admin", "X-Original-URL: /admin", "X.Original.URL: /admin"] {
        for cookie in ["", &ben] {
            let (answered, _) = ask(&gate, "/share/a", &format!("{header}\r\n{cookie}"));
            assert_eq!(answered, Answered::Refused(VerifyDenial::Denied(Some(1))), "{header}");
        }
    }
    // Behind a proxy that sets them they are the question itself.
    let share = "X-Original-URL: https://app.example.com/share/a\r\nX-Original-Method: GET\r\n";
    assert_eq!(
        gate.ask(endpoint_at("/verify/nginx"), share).0,
        Answered::Passed(PassHolder::Anonymous)
    );
    let (answered, _) =
        gate.ask(endpoint_at("/verify/nginx"), &format!("{share}X_Original_Method: DELETE\r\n"));
    assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie));
}

#[test]
fn a_rule_for_methods_needs_to_know_the_method() {
    let read = Rule {
        methods: vec!["GET".to_owned(), "HEAD".to_owned()],
        ..rule(&["/share/**"], Access::Open)
    };
    let gate = gate(vec![read]);
    let asked = |lines: &str| gate.ask(endpoint_at("/verify/caddy"), lines).0;
    let get = about("/share/a");
    assert_eq!(asked(&get), Answered::Passed(PassHolder::Anonymous));
    // The proxy names the address alone; the rest is the visitor's.
    let share = "X-Original-URL: https://app.example.com/share/a\r\n";
    let (answered, _) = gate.ask(&ANY, share);
    assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie));
    let (answered, _) = gate.ask(&ANY, &format!("{get}{share}"));
    assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie));
    for other in [
        get.replace("Method: GET", "Method: POST"),
        get.replace("Method: GET", "Method: get"),
        get.replace("X-Forwarded-Method: GET\r\n", ""),
    ] {
        assert_eq!(asked(&other), Answered::Refused(VerifyDenial::NoCookie), "{other}");
    }
}

#[test]
fn who_has_no_address_is_in_no_network() {
    let home = ["127.0.0.0/8", "::1/128", "203.0.113.0/24"].map(|net| net.parse().expect("a net"));
    let at_home = Rule { networks: Some(home.to_vec()), ..rule(&["/**"], Access::Open) };
    let gate = gate(vec![at_home]);
    let caddy = endpoint_at("/verify/caddy");
    let question = |lines: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let without = about("/a").replace("X-Forwarded-For: 203.0.113.7\r\n", "");
    for (peer, lines, passes) in [
        (LOOPBACK, about("/a"), true),
        (None, about("/a"), true),
        (LOOPBACK, about("/a").replace("203.0.113.7", "198.51.100.7"), false),
        (LOOPBACK, without.clone(), false),
        (None, without, false),
        (LOOPBACK, about("/a").replace("203.0.113.7", "unknown"), false),
        (LOOPBACK, about("/a").replace("203.0.113.7", "unknown, 127.0.0.1"), false),
    ] {
        let (answered, _) = gate.ask_at(NOW, peer, caddy, &question(&lines));
        assert_eq!(answered == Answered::Passed(PassHolder::Anonymous), passes, "{peer:?} {lines}");
    }
}

#[test]
fn rules_open_nothing_for_who_is_not_trusted_or_forwards_nothing() {
    let mut gate = household();
    let anna = format!("Cookie: {}\r\n", gate.login("anna"));
    let stranger = Some(IpAddr::from([203, 0, 113, 9]));
    for cookie in ["", &anna] {
        let question =
            format!("GET / HTTP/1.1\r\nHost: app.example.com\r\n{}{cookie}\r\n", about("/share/a"));
        let (answered, text) = gate.ask_at(NOW, stranger, &ANY, &question);
        assert!(matches!(answered, Answered::Refused(VerifyDenial::UntrustedPeer(_))), "{text}");
        assert!(status(&text) == "401" && text.contains("proxy.trust"), "{text}");
        for endpoint in [&ANY, endpoint_at("/verify/caddy"), endpoint_at("/verify/nginx")] {
            let question = format!("GET /verify HTTP/1.1\r\nHost: app.example.com\r\n{cookie}\r\n");
            let (answered, text) = gate.ask_at(NOW, LOOPBACK, endpoint, &question);
            assert!(matches!(answered, Answered::Refused(VerifyDenial::Forwarding(_))), "{text}");
        }
    }
}

#[test]
fn a_preflight_passes_where_a_rule_says_so_or_the_place_is_open() {
    let with_preflight = |rule: Rule| Rule { preflight: true, ..rule };
    let api = Rule {
        methods: vec!["PUT".to_owned()],
        ..with_preflight(rule(&["/put/**"], only(&[], &[])))
    };
    let reading = Rule { methods: vec!["GET".to_owned()], ..rule(&["/read/**"], Access::Open) };
    let gate = gate(vec![
        with_preflight(rule(&["/api/**"], only(&["anna"], &[]))),
        api,
        reading,
        rule(&["/share/**"], Access::Open),
        rule(&["/admin/**"], Access::Deny),
    ]);
    let asked = |path: &str, further: &str| {
        let lines = about(path).replace("Method: GET", "Method: OPTIONS");
        let lines = format!("{lines}Origin: https://x.example\r\n{further}");
        gate.ask(endpoint_at("/verify/caddy"), &lines).0
    };
    let put = "Access-Control-Request-Method: PUT\r\n";
    for path in ["/api/x", "/put/x", "/share/x"] {
        assert_eq!(asked(path, put), Answered::Passed(PassHolder::Anonymous), "{path}");
    }
    for (path, further) in [
        ("/other", put),
        ("/read/x", "Access-Control-Request-Method: GET\r\n"),
        ("/put/x", "Access-Control-Request-Method: DELETE\r\n"),
        ("/api//x", put),
        ("/api/x", "Access-Control-Request-Method: PUT\r\nX-HTTP-Method-Override: GET\r\n"),
    ] {
        assert_eq!(asked(path, further), Answered::Refused(VerifyDenial::Preflight), "{path}");
    }
    assert_eq!(asked("/admin/x", put), Answered::Refused(VerifyDenial::Denied(Some(4))));
    // Without the header of a preflight it is a request like any other.
    assert_eq!(asked("/api/x", ""), Answered::Refused(VerifyDenial::NoCookie));
}

#[test]
fn hosts_are_told_apart_without_case_final_dot_and_port() {
    let gate = household();
    for host in ["app.example.com", "APP.example.COM", "app.example.com.", "app.example.com:8443"] {
        let lines = about("/share/a").replace("app.example.com", host);
        let (answered, _) = gate.ask(endpoint_at("/verify/caddy"), &lines);
        assert_eq!(answered, Answered::Passed(PassHolder::Anonymous), "{host}");
    }
    for host in ["xapp.example.com", "app.example.com.evil.example", "example.com"] {
        let lines = about("/share/a").replace("app.example.com", host);
        let (answered, _) = gate.ask(endpoint_at("/verify/caddy"), &lines);
        assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie), "{host}");
    }
}
