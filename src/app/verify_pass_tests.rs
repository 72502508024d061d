//! A verify of a program that brings a pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::auth::access_pass::pass_token::PassToken;
use crate::auth::access_pass::passes::PassFault;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::policy::host_pattern::HostPattern;
use crate::auth::policy::path_pattern::PathPattern;
use crate::auth::policy::rule::{Access, Audience, Rule};
use crate::auth::policy::rules::Rules;
use crate::auth::policy::scope::OutOfScope;
use crate::auth::testing::pass_for;

const CADDY_ENDPOINT: &str = "/verify/caddy";

/// A gate with a pass of this user for `app.example.com`.
fn gate_with_pass(user: &str, change: impl FnOnce(&mut AccessPass)) -> (Fixture, PassToken) {
    let mut gate = Fixture::new(|_| {});
    let token = issue(&mut gate, user, change);
    (gate, token)
}

fn issue(gate: &mut Fixture, user: &str, change: impl FnOnce(&mut AccessPass)) -> PassToken {
    let (token, mut pass) = pass_for(user, &["app.example.com"]);
    pass.expires = NOW;
    change(&mut pass);
    gate.passes.insert(pass);
    token
}

/// That this pass lets a request in.
fn passed(gate: &Fixture, token: &PassToken) -> Answered {
    Answered::Passed(PassHolder::Token(gate.passes.find(&token.digest(), NOW).expect("lives").id))
}

fn bearer(token: &PassToken) -> String {
    format!("Authorization: Bearer {}\r\n", token.expose())
}

fn own_header(token: &PassToken) -> String {
    format!("X-Portcullis-Pass: {}\r\n", token.expose())
}

fn ask(gate: &Fixture, lines: &str) -> (Answered, String) {
    gate.ask(endpoint_at(CADDY_ENDPOINT), &format!("{CADDY}{lines}"))
}

fn refusal(gate: &Fixture, lines: &str) -> VerifyDenial {
    match ask(gate, lines) {
        (Answered::Refused(denial), text) => {
            assert!(["401", "403"].contains(&status(&text)), "{text}");
            denial
        }
        (passed, text) => panic!("{passed:?}: {text}"),
    }
}

#[test]
fn a_pass_lets_its_user_in_whichever_way_it_is_brought() {
    let (gate, token) = gate_with_pass("anna", |_| {});
    let basic = STANDARD.encode(format!("whoever:{}", token.expose()));
    for lines in [bearer(&token), own_header(&token), format!("Authorization: Basic {basic}\r\n")] {
        let (answered, text) = ask(&gate, &lines);
        assert_eq!(answered, passed(&gate, &token), "{lines}");
        assert_eq!(header(&text, "Remote-User"), Some("anna"), "{text}");
        assert_eq!(header(&text, "Remote-Groups"), Some("family,admins"), "{text}");
    }
    for (proxy, lines) in [
        ("/verify", CADDY),
        ("/verify/traefik", CADDY),
        ("/verify/haproxy", CADDY),
        ("/verify/nginx", NGINX),
        ("/verify", NGINX),
    ] {
        let endpoint = endpoint_at(proxy);
        let (answered, _) = gate.ask(endpoint, &format!("{lines}{}", bearer(&token)));
        assert_eq!(answered, passed(&gate, &token), "{proxy}");
    }
}

#[test]
fn an_authorization_that_is_no_pass_changes_nothing() {
    let (gate, token) = gate_with_pass("anna", |_| {});
    for foreign in ["Basic Zm9v", "Bearer eyJ", &format!("Bearer {}x", token.expose())] {
        let (answered, text) = ask(&gate, &format!("Authorization: {foreign}\r\n"));
        assert_eq!(answered, Answered::Refused(VerifyDenial::NoCookie), "{foreign}");
        assert_eq!(status(&text), "302");
    }
}

#[test]
fn a_pass_that_is_good_for_nothing_here_is_401_with_json_and_no_redirect() {
    let (gate, _) = gate_with_pass("anna", |_| {});
    let stray = PassToken::generate(&mut crate::entropy::System);
    for endpoint in ["/verify/caddy", "/verify/nginx"] {
        let known = if endpoint == "/verify/nginx" { NGINX } else { CADDY };
        let lines = format!("{known}Accept: text/html\r\n{}", bearer(&stray));
        let (answered, text) = gate.ask(endpoint_at(endpoint), &lines);
        let unknown = VerifyDenial::BadPass(PassFault::Unknown);
        assert_eq!((answered, status(&text)), (Answered::Refused(unknown), "401"));
        assert_eq!(header(&text, "WWW-Authenticate"), Some("Bearer realm=\"portcullis\""));
        assert_eq!(header(&text, "Location"), None, "{text}");
        let told = r#""login_url":"https://auth.example.com/login","message":"no such pass"}"#;
        assert_eq!(text.ends_with(told), endpoint == "/verify/caddy", "{text}");
    }
    let malformed = refusal(&gate, "X-Portcullis-Pass: pcp_\r\n");
    assert_eq!(malformed, VerifyDenial::BadPass(PassFault::Malformed));
    let empty = Fixture::new(|_| {});
    let unknown = refusal(&empty, &bearer(&stray));
    assert_eq!(unknown, VerifyDenial::BadPass(PassFault::Unknown), "not one pass was made");
}

#[test]
fn a_pass_ends_with_its_time_its_user_and_its_removal() {
    let (mut gate, token) = gate_with_pass("ben", |pass| {
        pass.expires = Timestamp::from_unix(NOW.unix() - 1);
    });
    assert_eq!(refusal(&gate, &bearer(&token)), VerifyDenial::BadPass(PassFault::Expired));
    let token = issue(&mut gate, "ben", |_| {});
    assert!(matches!(ask(&gate, &bearer(&token)).0, Answered::Passed(_)));
    gate.people.remove(&UserName::parse("ben").unwrap());
    assert_eq!(refusal(&gate, &bearer(&token)), VerifyDenial::BadPass(PassFault::UserGone));
}

#[test]
fn a_pass_is_worth_nothing_by_a_clock_that_nobody_trusts() {
    let (gate, token) = gate_with_pass("anna", |_| {});
    let early = Timestamp::from_unix(1);
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{CADDY}{}\r\n", bearer(&token));
    let (answered, _) = gate.ask_at(early, LOOPBACK, endpoint_at(CADDY_ENDPOINT), &request);
    assert!(matches!(answered, Answered::Refused(VerifyDenial::Clock(_))), "{answered:?}");
}

#[test]
fn a_pass_is_good_for_its_hosts_paths_and_networks_alone() {
    let out = |what| VerifyDenial::BadPass(PassFault::OutOfScope(what));
    let host = HostPattern::parse("other.example.com").expect("a host");
    let (gate, token) = gate_with_pass("anna", |pass| pass.scope.hosts = vec![host]);
    assert_eq!(refusal(&gate, &bearer(&token)), out(OutOfScope::Host));

    let api = || PathPattern::parse("/a/**").expect("a pattern");
    let (gate, token) = gate_with_pass("anna", |pass| pass.scope.paths = vec![api()]);
    assert!(matches!(ask(&gate, &bearer(&token)).0, Answered::Passed(_)));
    for path in ["/", "/b?/a", "/a/../b", "/a/%2e%2e/b", "//a", "/a;x", "/A"] {
        let lines = CADDY.replace("/a?x=1&y=%26", path) + &bearer(&token);
        let (answered, _) = gate.ask(endpoint_at(CADDY_ENDPOINT), &lines);
        assert_eq!(answered, Answered::Refused(out(OutOfScope::Path)), "{path}");
    }
    for overriding in ["X-Original-URL: /b", "X-Rewrite-URL: /b", "X_Rewrite_URL: /b"] {
        let lines = format!("{overriding}\r\n{}", bearer(&token));
        assert_eq!(refusal(&gate, &lines), out(OutOfScope::Path), "{overriding}");
    }

    let (mut gate, token) =
        gate_with_pass("anna", |pass| pass.scope.networks = vec!["home".to_owned()]);
    let mut known = |range: &str| {
        let home = vec![range.parse().expect("a range")];
        gate.passes.know_networks(&[("home".to_owned(), home)].into());
        ask(&gate, &bearer(&token)).0
    };
    assert_eq!(known("192.168.0.0/16"), Answered::Refused(out(OutOfScope::Network)));
    assert!(matches!(known("203.0.113.0/24"), Answered::Passed(_)));
}

#[test]
fn a_pass_for_several_hosts_is_taken_in_the_gates_own_header_alone() {
    let hosts = ["*.example.com"].map(|host| HostPattern::parse(host).expect("a host"));
    let (gate, token) = gate_with_pass("anna", |pass| pass.scope.hosts = hosts.to_vec());
    assert_eq!(refusal(&gate, &bearer(&token)), VerifyDenial::BadPass(PassFault::ShownToSite));
    assert!(matches!(ask(&gate, &own_header(&token)).0, Answered::Passed(_)));
}

#[test]
fn a_pass_is_good_behind_a_trusted_proxy_alone() {
    let (gate, token) = gate_with_pass("anna", |_| {});
    let (answered, text) = gate.ask(&ANY, &bearer(&token));
    let no_place = VerifyDenial::BadPass(PassFault::NoPlace);
    assert_eq!((answered, status(&text)), (Answered::Refused(no_place), "401"));
    let stranger = Some(IpAddr::from([198, 51, 100, 9]));
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{CADDY}{}\r\n", bearer(&token));
    let (answered, _) = gate.ask_at(NOW, stranger, endpoint_at(CADDY_ENDPOINT), &request);
    assert!(matches!(answered, Answered::Refused(VerifyDenial::UntrustedPeer(_))), "{answered:?}");
}

#[test]
fn a_living_session_wins_unless_the_pass_is_another_users() {
    let (mut gate, annas) = gate_with_pass("anna", |_| {});
    let bens = issue(&mut gate, "ben", |pass| pass.scope.hosts.clear());
    let old = issue(&mut gate, "ben", |pass| pass.expires = Timestamp::from_unix(1));
    let cookie = format!("Cookie: {}\r\n", gate.login("anna"));
    let stray = PassToken::generate(&mut crate::entropy::System);
    for token in [&annas, &old, &stray] {
        let (answered, _) = ask(&gate, &format!("{cookie}{}", bearer(token)));
        assert!(matches!(answered, Answered::Passed(PassHolder::Session(_))), "{answered:?}");
    }
    let (answered, _) = ask(&gate, &format!("{cookie}X-Portcullis-Pass: x\r\n"));
    assert!(matches!(answered, Answered::Passed(PassHolder::Session(_))), "{answered:?}");
    for beside in [bearer(&bens), own_header(&bens)] {
        let (answered, text) = ask(&gate, &format!("{cookie}{beside}Accept: text/html\r\n"));
        let denial = VerifyDenial::PassOfAnother;
        assert_eq!((answered, status(&text)), (Answered::Refused(denial), "401"));
        assert_eq!(header(&text, "Location"), None);
    }
}

fn rule(path: &str, access: Access) -> Rule {
    Rule {
        name: path.to_owned(),
        line: 1,
        hosts: Vec::new(),
        paths: vec![PathPattern::parse(path).expect("a pattern")],
        methods: Vec::new(),
        networks: None,
        access,
        preflight: false,
    }
}

#[test]
fn rules_hold_for_passes_as_for_sessions_and_an_open_place_looks_at_none() {
    let family = Audience { users: Vec::new(), groups: vec!["family".to_owned()] };
    let rules = vec![
        rule("/share/**", Access::Open),
        rule("/admin/**", Access::Deny),
        rule("/family/**", Access::Session(family)),
    ];
    let mut gate = Fixture::new(|config| config.rules = Rules::new(rules));
    let tokens = ["anna", "ben"].map(|user| issue(&mut gate, user, |_| {}));
    let [annas, bens] = &tokens;
    let asked = |path: &str, lines: &str| {
        let lines = CADDY.replace("/a?x=1&y=%26", path) + lines;
        gate.ask(endpoint_at(CADDY_ENDPOINT), &lines)
    };
    let good = |token: &PassToken| passed(&gate, token);
    assert_eq!(asked("/family/x", &bearer(annas)).0, good(annas));
    let (answered, text) = asked("/family/x", &bearer(bens));
    let forbidden = Answered::Refused(VerifyDenial::Forbidden(Some(2)));
    assert_eq!((answered, status(&text)), (forbidden, "403"));
    assert_eq!(asked("/elsewhere", &bearer(bens)).0, good(bens));
    let denied = Answered::Refused(VerifyDenial::Denied(Some(1)));
    assert_eq!(asked("/admin/x", &bearer(annas)).0, denied);
    let cookie = gate.sessions.iter().count();
    assert_eq!(cookie, 0, "no pass makes a session");
    for lines in [bearer(annas), own_header(bens), "X-Portcullis-Pass: x\r\n".to_owned()] {
        let (answered, text) = asked("/share/x", &lines);
        assert_eq!(answered, Answered::Passed(PassHolder::Anonymous), "{lines}");
        assert_eq!(header(&text, "Remote-User").map(str::trim), Some(""), "{text}");
    }
}

#[test]
fn an_identity_of_the_visitors_own_is_refused_beside_a_pass() {
    let (gate, token) = gate_with_pass("ben", |_| {});
    for forged in ["Remote-Groups: admins", "Remote_User: anna"] {
        let (answered, _) = ask(&gate, &format!("{}{forged}\r\n", bearer(&token)));
        let denied = matches!(answered, Answered::Refused(VerifyDenial::ForgedIdentity(_)));
        assert!(denied, "{forged}");
    }
}

#[test]
fn a_resolver_is_told_that_it_is_a_pass() {
    let mut gate = Fixture::new(|config| config.identity.resolver_headers = true);
    let token = issue(&mut gate, "anna", |_| {});
    let cookie = format!("Cookie: {}\r\n", gate.login("anna"));
    for (lines, amr) in [(bearer(&token), "pass"), (cookie, "otp")] {
        let (_, text) = ask(&gate, &lines);
        assert_eq!(header(&text, "X-Portcullis-Session-Amr"), Some(amr), "{text}");
        assert_eq!(header(&text, "X-Portcullis-User-Id"), Some("anna"), "{text}");
    }
}

#[test]
fn a_preflight_passes_by_no_pass() {
    let (gate, token) = gate_with_pass("anna", |_| {});
    let lines = CADDY.replace("X-Forwarded-Method: GET", "X-Forwarded-Method: OPTIONS");
    let lines = format!("{lines}Access-Control-Request-Method: PUT\r\n{}", bearer(&token));
    let (answered, _) = gate.ask(endpoint_at(CADDY_ENDPOINT), &lines);
    assert_eq!(answered, Answered::Refused(VerifyDenial::Preflight));
}
