//! A verify from the bytes of the request to those of the answer, for each proxy's way of asking.

use std::time::Duration;

use std::cell::RefCell;

use super::*;
use crate::app::identity::KnownUsers;
use crate::app::messages::effect::Person;
use crate::app::rounds::Rounds;
use crate::auth::access_pass::passes::AccessPasses;
use crate::auth::keyring::Keyring;
use crate::auth::session::Session;
use crate::auth::sessions::NotLive;
use crate::auth::sessions::Sessions;
use crate::auth::token::Scratch;
use crate::auth::token::TokenError;
use crate::auth::trusted_time::ClockFault;
use crate::auth::user::UserName;
use crate::config::{IdentityHeader, PublicUrl};
use crate::entropy::Entropy;
use crate::http::name::Name;
use crate::http::request::parse_head;
use crate::http::response::Persistence;
use crate::original::scheme::Scheme;
use crate::proxies::all::{ANY, endpoint_at};
use crate::secret::Secret;

const NOW: Timestamp = Timestamp::from_unix(4_000_000_000);
const LOOPBACK: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
const CADDY: &str = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example.com\r\nX-Forwarded-Uri: /a?x=1&y=%26\r\nX-Forwarded-Method: GET\r\nX-Forwarded-For: 203.0.113.7\r\n";
const NGINX: &str =
    "X-Original-URL: https://app.example.com:443/a?x=1&y=%26\r\nX-Original-Method: GET\r\n";

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 += 1;
        bytes.fill(self.0);
    }
}

struct Fixture {
    config: Config,
    sessions: Sessions,
    passes: AccessPasses,
    people: KnownUsers,
    keyring: Keyring,
    floor: Timestamp,
    entropy: Counting,
}

impl Fixture {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            public_url: Some(PublicUrl::new(Scheme::Https, "auth.example.com", None)),
            ..Config::default()
        };
        change(&mut config);
        let mut people = KnownUsers::new(&config);
        people.insert(&person("anna", &["family", "admins"], "Änne A.", "anna@example.com"));
        people.insert(&person("ben", &[], "", ""));
        let keyring = Keyring::new(&Secret::new(vec![7; 48]), None).unwrap();
        let sessions = Sessions::new(None);
        Self {
            config,
            sessions,
            passes: AccessPasses::default(),
            people,
            keyring,
            floor: Timestamp::default(),
            entropy: Counting(0),
        }
    }

    fn login(&mut self, user: &str) -> String {
        let session = Session::begin(
            UserName::parse(user).unwrap(),
            NOW,
            Duration::from_secs(3600),
            LOOPBACK.unwrap(),
            b"",
            self.keyring.current_id(),
            &mut self.entropy,
        );
        let token = self.keyring.sign(&session).unwrap();
        self.sessions.insert(session);
        format!("auth_token={token}")
    }

    fn ask_at(
        &self,
        now: Timestamp,
        peer: Option<IpAddr>,
        endpoint: &'static VerifyEndpoint,
        request: &str,
    ) -> (Answered, String) {
        let (head, _, _) = parse_head(request.as_bytes()).unwrap().expect("a whole head");
        let view = View {
            config: &self.config,
            cookie_name: "auth_token",
            sessions: &self.sessions,
            passes: &self.passes,
            users: &self.people,
            keyring: &self.keyring,
            floor: self.floor,
            scratch: &RefCell::new(Scratch::new()),
            complaints: &RefCell::default(),
            rounds: &RefCell::new(Rounds::new()),
            readings: &RefCell::default(),
        };
        let mut out = Out::new();
        let (answered, _) = answer(&view, &head, peer, endpoint, now, &mut out);
        let mut sink = Vec::new();
        out.render(&mut sink, false, Persistence::Keep);
        (answered, String::from_utf8(sink).unwrap())
    }

    fn ask(&self, endpoint: &'static VerifyEndpoint, lines: &str) -> (Answered, String) {
        self.ask_at(
            NOW,
            LOOPBACK,
            endpoint,
            &format!("GET /verify HTTP/1.1\r\nHost: localhost:3000\r\n{lines}\r\n"),
        )
    }
}

fn person(name: &str, groups: &[&str], display_name: &str, email: &str) -> Person {
    Person {
        name: UserName::parse(name).unwrap(),
        display_name: display_name.to_owned(),
        email: email.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        digits: 6,
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

fn header<'t>(answer: &'t str, name: &str) -> Option<&'t str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| {
        line.strip_prefix(name)?.strip_prefix(": ").or(line.strip_prefix(name)?.strip_prefix(":"))
    })
}

#[test]
fn an_anonymous_pass_says_of_all_identity_headers_that_they_are_empty() {
    let gate = Fixture::new(|config| config.identity.resolver_headers = true);
    let mut out = Out::new();
    let pass = Pass { holder: PassHolder::Anonymous, identity: gate.people.anonymous() };
    pass.write(PassForm::AllHeaders, &mut out);
    assert_eq!(
        String::from_utf8_lossy(out.head_bytes()),
        "HTTP/1.1 204 No Content\r\nRemote-User: \r\nRemote-Groups: \r\nRemote-Name: \r\n\
         Remote-Email: \r\nX-Portcullis-Session-Valid: false\r\nX-Portcullis-User-Id: \r\n\
         X-Portcullis-User-Anonymous: \r\nX-Portcullis-User-Verified: \r\n\
         X-Portcullis-Session-Acr: \r\nX-Portcullis-Session-Amr: \r\nCache-Control: no-store\r\n"
    );
    for forged in ["Remote-User", "X-Portcullis-User-Id"] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{forged}: anna\r\n\r\n");
        let (head, _, _) = parse_head(request.as_bytes()).unwrap().expect("a whole head");
        let found = gate.people.forgery(gate.people.anonymous(), &head.headers);
        assert_eq!(found, Some(forged));
    }
}

#[test]
fn a_pass_carries_all_four_identity_headers_empty_ones_included() {
    let mut gate = Fixture::new(|_| {});
    let (anna, ben) = (gate.login("anna"), gate.login("ben"));
    let (answered, text) =
        gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {anna}\r\n"));
    assert!(matches!(answered, Answered::Passed(_)));
    assert_eq!(
        text,
        "HTTP/1.1 204 No Content\r\nRemote-User: anna\r\nRemote-Groups: family,admins\r\nRemote-Name: Änne A.\r\n\
         Remote-Email: anna@example.com\r\nCache-Control: no-store\r\n\r\n"
    );
    let (_, text) = gate.ask(endpoint_at("/verify/nginx"), &format!("{NGINX}Cookie: {ben}\r\n"));
    for line in
        ["Remote-User: ben\r\n", "Remote-Groups: \r\n", "Remote-Name: \r\n", "Remote-Email: \r\n"]
    {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn an_identity_header_in_the_question_is_refused_where_ours_is_empty() {
    let mut gate =
        Fixture::new(|config| config.identity.headers = vec![IdentityHeader::XForwardedUser]);
    let (anna, ben) = (gate.login("anna"), gate.login("ben"));
    for forged in
        ["Remote-Groups: admin", "REMOTE-GROUPS: admin", "remote-name: x", "Remote-Email: a@b"]
    {
        assert_forged(&gate, &ben, forged);
        let (_, text) = gate
            .ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {anna}\r\n{forged}\r\n"));
        assert_eq!(status(&text), "204");
    }
    for harmless in [
        "Remote-User: mallory",
        "X-Forwarded-User: mallory",
        "Remote-Groups:",
        "Remote-Groupsx: admin",
        "Remote-GroupX: admin",
        "RemoteXUser: admin",
        "RemoteUser: admin",
        "X-Remote_User: admin",
        "X_Auth_Request_User: admin",
        "X_Portcullis_User_Id: admin",
    ] {
        let (_, text) = gate
            .ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {ben}\r\n{harmless}\r\n"));
        assert_eq!(status(&text), "204", "{harmless}");
        assert!(text.contains("X-Forwarded-User: ben\r\n"));
    }
}

#[test]
fn an_alias_of_an_identity_header_is_refused_whatever_ours_says() {
    let mut gate = Fixture::new(|config| {
        config.identity.headers =
            vec![IdentityHeader::XForwardedUser, IdentityHeader::XAuthRequestUser];
        config.identity.resolver_headers = true;
    });
    let (anna, ben) = (gate.login("anna"), gate.login("ben"));
    let ours = RESOLVER.iter().chain(&["X-Forwarded-User", "X-Auth-Request-User"]);
    for name in ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"].iter().chain(ours) {
        // Each character of a token (RFC 9110 section 5.6.2) that is neither letter nor digit, in
        // each place and in all.
        for other in "!#$%&'*+.^_`|~".chars() {
            let all = name.replace('-', &other.to_string());
            let one = name.replacen('-', &other.to_string(), 1);
            for alias in [all.to_uppercase(), all, one] {
                for value in ["admin", ""] {
                    for user in [&anna, &ben] {
                        assert_forged(&gate, user, &format!("{alias}: {value}"));
                    }
                }
            }
        }
    }
}

const RESOLVER: [&str; 6] = [
    "X-Portcullis-Session-Valid",
    "X-Portcullis-User-Id",
    "X-Portcullis-User-Anonymous",
    "X-Portcullis-User-Verified",
    "X-Portcullis-Session-Acr",
    "X-Portcullis-Session-Amr",
];

fn assert_forged(gate: &Fixture, cookie: &str, forged: &str) {
    let (answered, text) =
        gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {cookie}\r\n{forged}\r\n"));
    assert!(matches!(answered, Answered::Refused(VerifyDenial::ForgedIdentity(_))), "{forged}");
    assert_eq!(status(&text), "400");
    let (_, text) =
        gate.ask(endpoint_at("/verify/nginx"), &format!("{NGINX}Cookie: {cookie}\r\n{forged}\r\n"));
    assert_eq!((status(&text), header(&text, "Content-Length")), ("403", Some("0")), "{forged}");
}

#[test]
fn no_identity_header_is_one_that_the_gate_reads_itself() {
    // A forged one is looked for among the other lines alone.
    let further = [IdentityHeader::XForwardedUser, IdentityHeader::XAuthRequestUser]
        .map(IdentityHeader::as_str);
    for header in ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"]
        .into_iter()
        .chain(further)
        .chain(RESOLVER)
    {
        assert_eq!(Name::of(header.as_bytes()), None, "{header}");
    }
}

#[test]
fn a_bad_cookie_is_skipped_and_cookies_of_two_users_count_for_none() {
    let mut gate = Fixture::new(|_| {});
    let (anna, ben) = (gate.login("anna"), gate.login("ben"));
    for cookies in [
        format!("auth_token=x; {anna}"),
        format!("{anna}; auth_token="),
        format!("{anna}; {anna}"),
        format!("a=b\r\nCookie: {anna}\r\nCookie: auth_token=forged.token.here"),
    ] {
        let (answered, _) =
            gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {cookies}\r\n"));
        assert!(matches!(answered, Answered::Passed(_)), "{cookies}");
    }
    let (answered, text) =
        gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {anna}; {ben}\r\n"));
    assert_eq!(
        (answered, status(&text)),
        (Answered::Refused(VerifyDenial::SessionsDisagree), "302")
    );
}

#[test]
fn an_ended_session_a_gone_user_and_a_wrong_clock_open_nothing() {
    let mut gate = Fixture::new(|_| {});
    let anna = gate.login("anna");
    let question = format!("GET /verify HTTP/1.1\r\nHost: a\r\n{CADDY}Cookie: {anna}\r\n\r\n");
    let late = NOW.plus(Duration::from_secs(3601));
    let asked =
        |gate: &Fixture, now| gate.ask_at(now, LOOPBACK, endpoint_at("/verify/caddy"), &question).0;
    assert_eq!(asked(&gate, late), Answered::Refused(VerifyDenial::BadToken(TokenError::Expired)));
    gate.floor = NOW.plus(Duration::from_secs(61));
    assert_eq!(asked(&gate, NOW), Answered::Refused(VerifyDenial::Clock(ClockFault::BehindFloor)));
    gate.floor = NOW.plus(Duration::from_secs(60));
    let Answered::Passed(PassHolder::Session(id)) = asked(&gate, NOW) else {
        panic!("a minute backwards is tolerated")
    };
    gate.people.remove(&UserName::parse("anna").unwrap());
    assert_eq!(asked(&gate, NOW), Answered::Refused(VerifyDenial::UnknownUser));
    gate.people.insert(&person("anna", &[], "", ""));
    gate.sessions.remove(&id);
    assert_eq!(asked(&gate, NOW), Answered::Refused(VerifyDenial::NotLive(NotLive::Unknown)));
}

#[test]
fn without_a_cookie_nothing_in_the_request_helps() {
    let gate = Fixture::new(|_| {});
    for line in [
        "User-Agent: GoogleHC/1.0",
        "Authorization: Basic dXNlcjpwYXNz",
        "Authorization: Bearer x",
        "X-Forwarded-Prefix: /public",
        "Remote-User: anna",
        "Cookie: AUTH_TOKEN=x; auth_token",
        "X-Original-URL: https://app.example.com/public",
    ] {
        let (answered, text) =
            gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}{line}\r\n"));
        assert!(matches!(answered, Answered::Refused(_)) && status(&text) == "302", "{line}");
    }
}

#[test]
fn headers_that_do_not_say_what_was_asked_never_pass_even_with_a_session() {
    let mut gate =
        Fixture::new(|config| config.session.cookie_domain = Some("example.com".to_owned()));
    let anna = gate.login("anna");
    for lines in [
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\n".to_owned(),
        "X-Forwarded-For: 203.0.113.7\r\n".to_owned(),
        CADDY.replace("app.example.com", "a, b"),
        CADDY.replace("app.example.com", "a@b"),
        CADDY.replace("/a?", "a?"),
        CADDY.replace("Method: GET", "Method: GET, PUT"),
        format!("{CADDY}X-Forwarded-Uri: /public\r\n"),
        format!("{CADDY}X-Original-URL: https://app.example.com/public\r\n"),
        CADDY.replace("app.example.com", "auth.example.com"),
    ] {
        let (answered, text) = gate.ask(&ANY, &format!("{lines}Cookie: {anna}\r\n"));
        assert!(matches!(answered, Answered::Refused(VerifyDenial::Forwarding(_))), "{lines}");
        assert_eq!(status(&text), "400");
        assert!(text.contains("X-Forwarded") && text.contains("<!DOCTYPE html>"), "{text}");
        let (_, text) =
            gate.ask(&ANY, &format!("{lines}Cookie: {anna}\r\nAccept: application/json\r\n"));
        assert!(text.contains(r#"{"error":"wiring","message":"X-"#), "{text}");
    }
    for lines in
        ["X-Original-URL: http:///x\r\n".to_owned(), format!("{NGINX}X-Original-URI: /other\r\n")]
    {
        let (_, text) =
            gate.ask(endpoint_at("/verify/nginx"), &format!("{lines}Cookie: {anna}\r\n"));
        assert_eq!(
            (status(&text), header(&text, "Content-Length"), header(&text, "Location")),
            ("403", Some("0"), None)
        );
        let (_, text) =
            gate.ask(endpoint_at("/verify/nginx/refusal"), &format!("{lines}Cookie: {anna}\r\n"));
        assert!(status(&text) == "400" && text.contains("X-Original-URL"), "{text}");
    }
}

#[test]
fn the_login_host_may_be_a_protected_host_below_a_prefix() {
    let mut gate = Fixture::new(|config| {
        config.public_url = Some(PublicUrl::new(Scheme::Https, "app.example.com", None));
        config.path_prefix = "/.portcullis".to_owned();
    });
    let anna = gate.login("anna");
    let (_, text) = gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}Cookie: {anna}\r\n"));
    assert_eq!(status(&text), "204");
    let own = CADDY.replace("/a?", "/.portcullis/login?");
    let (answered, _) = gate.ask(endpoint_at("/verify/caddy"), &format!("{own}Cookie: {anna}\r\n"));
    assert_eq!(answered, Answered::Refused(VerifyDenial::Forwarding(ForwardingProblem::LoginHost)));
}

/// Only where the session is for one host; the gate's own pages on it are asked about by mistake,
/// as everywhere.
#[test]
fn the_login_host_is_a_protected_host_where_no_other_sees_the_session() {
    let own = ["/login", "/login?next=%2F", "/login/recover", "/logout", "/setup?x", "/enroll/x"];
    let sites = ["/", "/a?x=1", "/loginx", "/x/login", "/?/login", "/Login", "/verify", "/health"];
    for (domain, prefix) in
        [(None, ""), (Some("example.com"), ""), (None, "/.gate"), (Some("example.com"), "/.gate")]
    {
        let mut gate = Fixture::new(|config| {
            config.public_url = Some(PublicUrl::new(Scheme::Https, "app.example.com", None));
            config.session.cookie_domain = domain.map(str::to_owned);
            config.path_prefix = prefix.to_owned();
        });
        let anna = gate.login("anna");
        let asked_wrongly = |uri: &str| {
            let lines = CADDY.replace("/a?x=1&y=%26", uri);
            let (answered, _) =
                gate.ask(endpoint_at("/verify/caddy"), &format!("{lines}Cookie: {anna}\r\n"));
            answered == Answered::Refused(VerifyDenial::Forwarding(ForwardingProblem::LoginHost))
        };
        for path in own {
            assert!(asked_wrongly(&format!("{prefix}{path}")), "{domain:?} {prefix}{path}");
        }
        for path in sites {
            let whole_host = domain.is_some() && prefix.is_empty();
            assert_eq!(asked_wrongly(path), whole_host, "{domain:?} {prefix:?} {path}");
        }
        if !prefix.is_empty() {
            for (path, wrong) in
                [("/.gate", true), ("/.gate?x", true), ("/.gate/x", true), ("/.gatex", false)]
            {
                assert_eq!(asked_wrongly(path), wrong, "{domain:?} {path}");
            }
        }
    }
}

#[test]
fn an_untrusted_peer_passes_with_a_session_and_else_learns_its_name() {
    let mut gate = Fixture::new(|_| {});
    let anna = gate.login("anna");
    let stranger = Some("198.51.100.1".parse().unwrap());
    let ask = |endpoint, lines: &str| {
        gate.ask_at(
            NOW,
            stranger,
            endpoint,
            &format!("GET /verify HTTP/1.1\r\nHost: a\r\n{CADDY}{lines}\r\n"),
        )
    };
    let (answered, text) = ask(&ANY, "");
    assert!(matches!(answered, Answered::Refused(VerifyDenial::UntrustedPeer(_))));
    assert_eq!((status(&text), header(&text, "Location")), ("401", None));
    assert!(text.contains("add 198.51.100.1 to proxy.trust"), "{text}");
    let (_, text) = ask(endpoint_at("/verify/nginx"), "");
    assert_eq!(
        (status(&text), header(&text, "Location"), header(&text, "Content-Length")),
        ("401", None, Some("0"))
    );
    assert_eq!(status(&ask(&ANY, &format!("Cookie: {anna}\r\n")).1), "204");
}

#[test]
fn a_direct_call_passes_with_a_session_and_else_goes_to_the_login() {
    let mut gate = Fixture::new(|_| {});
    let anna = gate.login("anna");
    assert_eq!(status(&gate.ask(&ANY, &format!("Cookie: {anna}\r\n")).1), "204");
    let (_, text) = gate.ask(&ANY, "Accept: */*\r\n");
    assert_eq!(
        (status(&text), header(&text, "Location")),
        ("302", Some("https://auth.example.com/login?next=%2F"))
    );
    let post = "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status(&gate.ask_at(NOW, LOOPBACK, &ANY, post).1), "303");
}

#[test]
fn with_proxy_required_neither_direct_calls_nor_untrusted_peers_get_through() {
    let mut gate = Fixture::new(|config| config.proxy.required = true);
    let anna = gate.login("anna");
    let cookie = format!("Cookie: {anna}\r\n");
    assert_eq!(gate.ask(&ANY, &cookie).0, Answered::Refused(VerifyDenial::ProxyRequired));
    assert_eq!(status(&gate.ask(endpoint_at("/verify/nginx"), &cookie).1), "403");
    assert_eq!(
        status(&gate.ask(endpoint_at("/verify/caddy"), &format!("{CADDY}{cookie}")).1),
        "204"
    );
    let request = format!("GET /verify HTTP/1.1\r\nHost: a\r\n{CADDY}{cookie}\r\n");
    let stranger = Some("198.51.100.1".parse().unwrap());
    let (answered, text) = gate.ask_at(NOW, stranger, endpoint_at("/verify/caddy"), &request);
    assert_eq!((answered, status(&text)), (Answered::Refused(VerifyDenial::ProxyRequired), "403"));
    assert_eq!(status(&gate.ask_at(NOW, None, endpoint_at("/verify/caddy"), &request).1), "204");
}

#[test]
fn a_preflight_never_passes_without_a_rule() {
    let mut gate = Fixture::new(|_| {});
    let anna = gate.login("anna");
    let lines = CADDY.replace("Method: GET", "Method: OPTIONS");
    let (answered, text) = gate.ask(
        endpoint_at("/verify/caddy"),
        &format!("{lines}Access-Control-Request-Method: PUT\r\nCookie: {anna}\r\n"),
    );
    assert_eq!((answered, status(&text)), (Answered::Refused(VerifyDenial::Preflight), "401"));
    assert_eq!(
        status(&gate.ask(endpoint_at("/verify/caddy"), &format!("{lines}Cookie: {anna}\r\n")).1),
        "204"
    );
}

#[test]
fn a_cacheable_pass_says_so_before_no_store_and_a_refusal_never() {
    let mut gate =
        Fixture::new(|config| config.session.proxy_cache = Some(Duration::from_secs(10)));
    let anna = gate.login("anna");
    let (_, text) = gate.ask(endpoint_at("/verify/nginx"), &format!("{NGINX}Cookie: {anna}\r\n"));
    assert!(text.contains("X-Accel-Expires: 10\r\nCache-Control: no-store\r\n"), "{text}");
    let (_, text) = gate.ask(endpoint_at("/verify/nginx"), NGINX);
    assert!(!text.contains("X-Accel") && text.contains("Cache-Control: no-store"));
}

#[test]
fn the_refusal_address_never_passes_but_sends_back_a_session_that_became_valid() {
    let mut gate = Fixture::new(|_| {});
    let anna = gate.login("anna");
    let (answered, text) =
        gate.ask(endpoint_at("/verify/nginx/refusal"), &format!("{NGINX}Cookie: {anna}\r\n"));
    assert_eq!((answered, status(&text)), (Answered::SentBack, "302"));
    assert_eq!(header(&text, "Location"), Some("https://app.example.com/a?x=1&y=%26"));
    let post = NGINX.replace("Method: GET", "Method: POST");
    let (_, text) =
        gate.ask(endpoint_at("/verify/nginx/refusal"), &format!("{post}Cookie: {anna}\r\n"));
    assert_eq!(status(&text), "303");
    let (answered, text) = gate.ask(endpoint_at("/verify/nginx/refusal"), NGINX);
    assert_eq!((answered, status(&text)), (Answered::Refused(VerifyDenial::NoCookie), "302"));
}

#[path = "verify_pass_tests.rs"]
mod passes;

#[path = "verify_rules_tests.rs"]
mod rules;
