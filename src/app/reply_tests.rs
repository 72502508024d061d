//! Each refusal as it goes out on the wire: status, headers and body for every kind of asker.

use super::*;
use crate::app::verify::original_request;
use crate::auth::return_to::{ReturnPolicy, Visitor};
use crate::config::PublicUrl;
use crate::http::form::query_values;
use crate::http::request::parse_head;
use crate::original::problem::ForwardingProblem;
use crate::original::scheme::Scheme;
use crate::proxies::all::{ANY, endpoint_at};

const CADDY: &str = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: App.example.com:8443\r\nX-Forwarded-Uri: /a?x=1&y=%26&u=%C3%A4&v=a+b\r\nX-Forwarded-Method: GET\r\n";
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
const NEXT: &str =
    "https%3A%2F%2FApp.example.com%3A8443%2Fa%3Fx%3D1%26y%3D%2526%26u%3D%25C3%25A4%26v%3Da%2Bb";

struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn location(&self) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix("Location: "))
    }
}

fn config(public_url: bool) -> Config {
    let public_url = public_url.then(|| PublicUrl::new(Scheme::Https, "auth.example.com", None));
    Config { public_url, ..Config::default() }
}

fn refused_bytes(
    config: &Config,
    endpoint: &'static VerifyEndpoint,
    denial: VerifyDenial,
    lines: &[u8],
) -> Got {
    let request = [b"GET /verify HTTP/1.1\r\nHost: localhost:3000\r\n", lines, b"\r\n"].concat();
    let (head, _, _) = parse_head(&request).unwrap().expect("a whole head");
    let original = original_request(config, &head, Some([127, 0, 0, 1].into()), endpoint);
    let mut out = Out::new();
    refuse(config, &head, &original, denial, endpoint, &mut out);
    assert!(String::from_utf8_lossy(out.head_bytes()).contains("Cache-Control: no-store\r\n"));
    Got {
        status: out.status(),
        head: String::from_utf8(out.head_bytes().to_vec()).unwrap(),
        body: String::from_utf8(out.body_bytes().to_vec()).unwrap(),
    }
}

fn refused(config: &Config, endpoint: &'static VerifyEndpoint, lines: &str) -> Got {
    refused_bytes(config, endpoint, VerifyDenial::NoCookie, lines.as_bytes())
}

#[test]
fn a_page_load_is_sent_to_the_login_with_its_whole_address() {
    let got = refused(&config(true), endpoint_at("/verify/caddy"), &format!("{CADDY}{BROWSER}"));
    assert_eq!((got.status, got.body.as_str()), (302, ""));
    assert_eq!(
        got.location(),
        Some(format!("https://auth.example.com/login?next={NEXT}").as_str())
    );
    for endpoint in [&ANY, endpoint_at("/verify/traefik"), endpoint_at("/verify/haproxy")] {
        assert_eq!(refused(&config(true), endpoint, CADDY).location(), got.location());
    }
}

#[test]
fn a_page_load_by_another_method_is_sent_there_as_a_get() {
    for (method, status) in
        [("GET", 302), ("HEAD", 302), ("POST", 303), ("PUT", 303), ("OPTIONS", 303), ("get", 303)]
    {
        let lines = CADDY.replace("Method: GET", &format!("Method: {method}"));
        let got = refused(
            &config(true),
            endpoint_at("/verify/caddy"),
            &format!("{lines}Sec-Fetch-Mode: navigate\r\n"),
        );
        assert_eq!(got.status, status, "{method}");
    }
}

#[test]
fn a_method_that_loads_no_page_is_a_programs() {
    for method in
        ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "MKCOL", "LOCK", "REPORT", "get", "Post"]
    {
        let lines = CADDY.replace("Method: GET", &format!("Method: {method}"));
        for accept in ["", "Accept: */*\r\n", "Accept: text/html\r\n"] {
            let got =
                refused(&config(true), endpoint_at("/verify/caddy"), &format!("{lines}{accept}"));
            assert_eq!((got.status, got.location()), (401, None), "{method} {accept}");
        }
        let original =
            format!("X-Original-URL: https://app.example.com/a\r\nX-Original-Method: {method}\r\n");
        let got = refused(&config(true), endpoint_at("/verify/nginx"), &original);
        assert_eq!((got.status, got.location()), (401, None), "{method}");
    }
}

#[test]
fn without_public_url_the_login_is_on_the_protected_host_itself() {
    let got = refused(&config(false), endpoint_at("/verify/caddy"), CADDY);
    let next = "%2Fa%3Fx%3D1%26y%3D%2526%26u%3D%25C3%25A4%26v%3Da%2Bb";
    assert_eq!(
        got.location(),
        Some(format!("https://App.example.com:8443/login?next={next}").as_str())
    );
    let mut prefixed = config(false);
    prefixed.path_prefix = "/.portcullis".to_owned();
    let got = refused(&prefixed, endpoint_at("/verify/caddy"), CADDY);
    assert!(
        got.location()
            .unwrap()
            .starts_with("https://App.example.com:8443/.portcullis/login?next=%2Fa")
    );
    // A direct call names no host that could be believed.
    assert_eq!(refused(&config(false), &ANY, "").location(), Some("/login?next=%2F"));
}

#[test]
fn a_program_gets_a_401_with_the_login_address() {
    for lines in [
        "Upgrade: websocket",
        "Upgrade: h2c, WebSocket",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Mode: no-cors\r\nAccept: text/html",
        "Sec-Fetch-Mode: same-origin",
        "X-Requested-With: XMLHttpRequest",
        "Accept: application/json",
        "Accept: image/avif,image/webp",
        "Accept: text/event-stream",
        "Accept: text/*",
        "Accept: application/json\r\nAccept: image/png",
        "Content-Type: application/grpc",
        "content-type: Application/GRPC+proto; charset=utf-8\r\nAccept: */*",
        "Content-Type: application/grpc-web-text",
    ] {
        let got =
            refused(&config(true), endpoint_at("/verify/caddy"), &format!("{CADDY}{lines}\r\n"));
        assert_eq!((got.status, got.location()), (401, None), "{lines}");
        assert_eq!(
            got.body,
            r#"{"error":"login_required","login_url":"https://auth.example.com/login"}"#
        );
        assert!(got.head.contains("WWW-Authenticate: Bearer realm=\"portcullis\"\r\n"));
        assert!(got.head.contains("Content-Type: application/json\r\n"));
    }
}

#[test]
fn a_person_is_redirected_whatever_else_the_browser_says() {
    for lines in [
        "Accept: */*",
        "Accept:",
        "Accept: application/json, TEXT/HTML;q=0.1",
        "Accept: text/css,*/*;q=0.1",
        "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe",
        "Sec-Fetch-Mode: navigate\r\nSec-Purpose: prefetch",
        "X-Requested-With: com.example.app",
        "Upgrade: h2c",
        "Upgrade-Insecure-Requests: 1",
    ] {
        assert_eq!(
            refused(&config(true), endpoint_at("/verify/caddy"), &format!("{CADDY}{lines}\r\n"))
                .status,
            302,
            "{lines}"
        );
    }
}

#[test]
fn nginx_gets_an_empty_401_with_a_location_for_page_loads_alone() {
    let lines =
        "X-Original-URL: https://app.example.com:443/a?x=1&y=%26\r\nX-Original-Method: POST\r\n";
    let got = refused(&config(true), endpoint_at("/verify/nginx"), &format!("{lines}{BROWSER}"));
    assert_eq!((got.status, got.body.as_str()), (401, ""));
    let next = "https%3A%2F%2Fapp.example.com%2Fa%3Fx%3D1%26y%3D%2526";
    assert_eq!(
        got.location(),
        Some(format!("https://auth.example.com/login?next={next}").as_str())
    );
    let got = refused(
        &config(true),
        endpoint_at("/verify/nginx"),
        &format!("{lines}Accept: application/json\r\n"),
    );
    assert_eq!((got.status, got.location(), got.body.as_str()), (401, None, ""));
    assert!(got.head.contains("WWW-Authenticate: Bearer"));
    let got = refused(&config(false), endpoint_at("/verify/nginx"), lines);
    assert_eq!(got.location(), Some("https://app.example.com/login?next=%2Fa%3Fx%3D1%26y%3D%2526"));
    let got =
        refused(&config(true), endpoint_at("/verify/nginx/refusal"), &format!("{lines}{BROWSER}"));
    assert_eq!((got.status, got.location().is_some()), (303, true));
}

#[test]
fn bytes_that_a_url_may_not_hold_are_encoded_before_they_become_next() {
    let lines = CADDY.replace("/a?x=1&y=%26&u=%C3%A4&v=a+b", "/?q=RAW#f\"<>");
    let lines: Vec<u8> = lines.bytes().collect();
    let place = lines.windows(3).position(|three| three == b"RAW").unwrap();
    let lines = [&lines[..place], b"\xc3\xb6\xff", &lines[place + 3..]].concat();
    let got =
        refused_bytes(&config(false), endpoint_at("/verify/caddy"), VerifyDenial::NoCookie, &lines);
    let next = "%2F%3Fq%3D%25C3%25B6%25FF%2523f%2522%253C%253E";
    assert_eq!(
        got.location(),
        Some(format!("https://App.example.com:8443/login?next={next}").as_str())
    );
}

#[test]
fn an_address_that_would_be_too_long_loses_its_next() {
    let longest = 8_000 - "https://auth.example.com/login?next=https%3A%2F%2Fa%2F".len();
    for (length, has_next) in [(longest, true), (longest + 1, false)] {
        let lines = format!(
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\nX-Forwarded-Uri: /{}\r\n",
            "x".repeat(length)
        );
        let got = refused(&config(true), endpoint_at("/verify/caddy"), &lines);
        let location = got.location().unwrap();
        assert_eq!((got.status, location.contains("?next=")), (302, has_next));
        assert_eq!(
            location.len(),
            if has_next { 8_000 } else { "https://auth.example.com/login".len() }
        );
    }
}

#[test]
fn a_host_that_a_proxy_did_not_name_never_becomes_the_target() {
    let lines = "Forwarded: host=evil.example\r\nX-Original-URL: https://evil.example/\r\nX-Forwarded-Server: evil.example\r\n";
    let got = refused(&config(false), endpoint_at("/verify/caddy"), &format!("{CADDY}{lines}"));
    assert!(got.location().unwrap().starts_with("https://App.example.com:8443/login?next=%2Fa"));
    let hostile = CADDY.replace("App.example.com:8443", "evil.example");
    let got = refused(&config(true), endpoint_at("/verify/caddy"), &hostile);
    assert!(
        got.location()
            .unwrap()
            .starts_with("https://auth.example.com/login?next=https%3A%2F%2Fevil.example%2F")
    );
}

#[test]
fn a_forwarding_problem_is_told_to_people_on_a_page_that_frames_nothing() {
    let denial = VerifyDenial::Forwarding(ForwardingProblem::LoginHost);
    let got = refused_bytes(
        &config(true),
        endpoint_at("/verify/caddy"),
        denial,
        format!("{CADDY}{BROWSER}").as_bytes(),
    );
    assert_eq!(got.status, 400);
    assert!(
        got.body.contains("X-Forwarded-Host or Host is the login host")
            && got.body.contains("<h1>400 Bad Request</h1>")
    );
    for header in
        ["default-src 'none'", "frame-ancestors 'none'", "nosniff", "Referrer-Policy: same-origin"]
    {
        assert!(got.head.contains(header), "{header}");
    }
    let got = refused_bytes(
        &config(true),
        endpoint_at("/verify/caddy"),
        denial,
        format!("{CADDY}Accept: a/b\r\n").as_bytes(),
    );
    assert!(got.body.starts_with(r#"{"error":"wiring","message":"X-Forwarded-Host or Host is"#));
}

#[test]
fn every_problem_fits_into_the_page_and_is_escaped() {
    let denials = [
        VerifyDenial::ForgedIdentity("X-Auth-Request-User"),
        VerifyDenial::ProxyRequired,
        VerifyDenial::UntrustedPeer(ForwardingProblem::UntrustedPeer(
            "2001:0db8:1111:2222:3333:4444:5555:6666".parse().expect("an address"),
        )),
        VerifyDenial::Forwarding(ForwardingProblem::LoginHost),
        VerifyDenial::Forwarding(ForwardingProblem::Contradiction(
            crate::original::forwarding_header::ForwardingHeader::ForwardedMethod,
            crate::original::forwarding_header::ForwardingHeader::OriginalMethod,
        )),
        VerifyDenial::Forwarding(ForwardingProblem::NoHost),
    ];
    let missing = crate::original::forwarding_header::ForwardingHeader::ALL
        .map(|header| VerifyDenial::Forwarding(ForwardingProblem::Missing(header)));
    for denial in denials.into_iter().chain(missing) {
        let got = refused_bytes(&config(true), &ANY, denial, CADDY.as_bytes());
        assert!(got.body.ends_with("</p>\n</html>\n"), "{}", got.body);
        let got = refused_bytes(
            &config(true),
            &ANY,
            denial,
            format!("{CADDY}Accept: a/b\r\n").as_bytes(),
        );
        let json: serde_json::Value = serde_json::from_str(&got.body).expect("JSON");
        assert_eq!(json["message"], denial.to_string());
    }
}

#[test]
fn what_the_gate_hands_out_as_next_the_login_takes_back() {
    let policy = ReturnPolicy {
        public_host: Some("auth.example.com"),
        public_is_http: false,
        cookie_domain: Some("example.com"),
        redirect_hosts: &[],
        path_prefix: "",
    };
    let visitor = Visitor { host: "auth.example.com", is_http: false };
    for uri in [
        "/",
        "//a/../b/%2e%2e/%00?q",
        "/%2F?u=https://other.example/x&y=%26&z=a+b",
        "/?q=\u{f6}#f",
        "/\\\"<>^`{|}%zz",
        "/login",
        "/a;b,c?[]=1&[]=2",
    ] {
        let lines = CADDY.replace("/a?x=1&y=%26&u=%C3%A4&v=a+b", uri);
        let got = refused(&config(true), endpoint_at("/verify/caddy"), &lines);
        let (_, query) = got.location().unwrap().split_once('?').expect("a query");
        let next: Vec<_> = query_values(query.as_bytes(), "next").collect();
        let [next] = &next[..] else { panic!("{query}") };
        let checked = policy.check(next, &visitor).expect(uri);
        assert!(checked.as_str().starts_with("https://App.example.com:8443/"), "{uri}");
    }
}
