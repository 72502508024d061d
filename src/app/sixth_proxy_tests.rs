//! A proxy that is data alone goes all the way through the gate: what serves the others serves it,
//! without a word about it anywhere else. How a path leads to it: `proxies::all`.

use std::net::{IpAddr, Ipv4Addr};

use crate::app::denial::VerifyDenial;
use crate::app::doctor::examine;
use crate::app::doctor::facts::Facts;
use crate::app::messages::answers::doctor::Severity;
use crate::app::proxy_diagnostics::diagnostics::ProxyDiagnostics;
use crate::app::reply::refuse;
use crate::app::router::PAGES;
use crate::app::verify::{Answered, original_request};
use crate::clock::Timestamp;
use crate::config::{Config, PublicUrl, Scheme};
use crate::http::request::parse_head;
use crate::http::response::Out;
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::problem::ForwardingProblem;
use crate::proxies::deployment::Deployment;
use crate::proxies::reverse_proxy::VerifyEndpoint;
use crate::proxies::sixth::SIXTH;

const PEER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
const ASKED: &[u8] = b"GET /verify/sixth HTTP/1.1\r\nHost: localhost:3000\r\n\
    X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example.com\r\nX-Forwarded-Uri: /a\r\n\
    X-Forwarded-Port: 8443\r\nX-Original-URL: https://evil.example/\r\n\
    Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n\r\n";

fn endpoint() -> &'static VerifyEndpoint {
    SIXTH.endpoints.first().expect("an address")
}

fn config() -> Config {
    let public_url = Some(PublicUrl::new(Scheme::Https, "auth.example.com", None));
    Config { public_url, ..Config::default() }
}

#[test]
fn its_headers_alone_are_read_and_its_refusal_has_its_form() {
    let (head, ..) = parse_head(ASKED).expect("good").expect("whole");
    let original = original_request(&config(), &head, PEER, endpoint());
    assert_eq!((original.blocking_problem, original.port), (None, Some(8443)));
    let mut out = Out::new();
    refuse(&config(), &head, &original, VerifyDenial::NoCookie, endpoint(), &mut out);
    assert_eq!((out.status(), out.body_bytes()), (401, &b""[..]));
    let text = String::from_utf8_lossy(out.head_bytes());
    assert!(text.contains("Location: https://auth.example.com/login?next=https%3A%2F%2Fapp."));
}

#[test]
fn its_own_lines_fix_what_it_does_wrong() {
    let missing = ForwardingProblem::Missing(ForwardingHeader::ForwardedUri);
    let message = VerifyDenial::Forwarding(missing).message(endpoint().proxy).to_string();
    assert_eq!(message, "X-Forwarded-Uri is missing. Sixth: `send X-Forwarded-Uri`");

    let (head, ..) = parse_head(ASKED).expect("good").expect("whole");
    let now = Timestamp::from_unix(2_000_000_000);
    let mut diagnostics = ProxyDiagnostics::new(now);
    for denial in [VerifyDenial::Forwarding(missing), VerifyDenial::ForgedIdentity("Remote-User")] {
        let answered = Answered::Refused(denial);
        diagnostics.verify_answered(endpoint(), &answered, &head, &config(), PEER, now);
    }
    let facts = Facts {
        config: Ok(config()),
        pending: None,
        running_since: None,
        process: None,
        clock: None,
        secret: None,
        files: Vec::new(),
        owner: None,
        disk: None,
        store: None,
        people: None,
        passes: Vec::new(),
        limits: None,
        proxies: Some(diagnostics),
    };
    let findings = examine(&facts);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let told: Vec<_> = errors
        .filter(|finding| finding.found.starts_with("/verify/sixth: "))
        .map(|finding| finding.remedy.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(told, ["send X-Forwarded-Uri", "drop Remote-User"]);
}

#[test]
fn its_configuration_is_printed_from_the_settings() {
    let config = Config { path_prefix: "/.gate".to_owned(), ..config() };
    let deployment = Deployment::new(&config, Vec::new(), &PAGES);
    let configuration = SIXTH.configuration.as_ref().expect("one");
    let printed = (configuration.print)(&deployment);
    assert_eq!(printed, "ask http://127.0.0.1:3000/.gate/verify/sixth\n");
}
