//! What each proxy hands over about the original request, and the contradictions that are refused.

use super::*;
use crate::original::client_address::ClientIpHeader;
use crate::original::scheme::Scheme;
use crate::original::trust::Trust;

const CADDY: [(&str, &str); 5] = [
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "app.example.com:8443"),
    ("X-Forwarded-Uri", "/a//b?x=%26"),
    ("X-Forwarded-Method", "POST"),
];

const NGINX: [(&str, &str); 2] =
    [("X-Original-URL", "https://app.example.com:443/a?b"), ("X-Original-Method", "DELETE")];

fn asked<'a>(
    peer: &str,
    purpose: RequestPurpose,
    lines: &'a [(&'a str, &'a str)],
) -> OriginalRequest<'a> {
    let trust = Trust::default();
    let belief = Belief {
        trust: &trust,
        client_ip_header: ClientIpHeader::XForwardedFor,
        cloudflare_ranges: &[],
    };
    let headers = Headers::of(lines.iter().map(|(name, value)| (*name, value.as_bytes())));
    read(&headers, Some(peer.parse().unwrap()), purpose, &belief)
}

fn verify<'a>(family: ForwardingFamily, lines: &'a [(&'a str, &'a str)]) -> OriginalRequest<'a> {
    asked("127.0.0.1", RequestPurpose::Verify(family), lines)
}

/// The lines with one of them replaced, or left out where `value` is empty.
fn but<'a>(lines: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut changed: Vec<_> = lines.iter().copied().filter(|(other, _)| *other != name).collect();
    if !value.is_empty() {
        changed.push((name, value));
    }
    changed
}

fn with<'a>(lines: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [lines, more].concat()
}

#[test]
fn what_caddy_tells_is_understood_by_every_path_that_reads_its_family() {
    for family in [
        ForwardingFamily::Any,
        ForwardingFamily::XForwardedWithoutPort,
        ForwardingFamily::XForwarded,
    ] {
        let original = verify(family, &CADDY);
        assert_eq!(
            (original.arrival, original.scheme, original.port),
            (Arrival::Proxied, Scheme::Https, Some(8443))
        );
        assert_eq!(original.host.unwrap().as_sent(), "app.example.com:8443");
        assert_eq!((original.uri, original.method), (&b"/a//b?x=%26"[..], "POST"));
        assert_eq!(original.client.to_string(), "203.0.113.7");
        assert_eq!((original.blocking_problem, original.problems()), (None, &[][..]));
    }
}

#[test]
fn what_nginx_tells_is_understood_and_the_default_port_dropped() {
    for family in [ForwardingFamily::Any, ForwardingFamily::XOriginal] {
        let original = verify(family, &NGINX);
        assert_eq!(
            (original.scheme, original.port, original.method),
            (Scheme::Https, None, "DELETE")
        );
        assert_eq!(
            (original.host.unwrap().name(), original.uri),
            ("app.example.com", &b"/a?b"[..])
        );
        assert_eq!(original.blocking_problem, None);
    }
}

#[test]
fn the_other_family_is_not_read_where_the_path_names_one() {
    let lines =
        with(&CADDY, &[("X-Original-URL", "http://evil.example/"), ("X-Original-Method", "GET")]);
    let original = verify(ForwardingFamily::XForwardedWithoutPort, &lines);
    assert_eq!((original.blocking_problem, original.method), (None, "POST"));
    let lines = with(&NGINX, &CADDY);
    let original = verify(ForwardingFamily::XOriginal, &lines);
    assert_eq!((original.blocking_problem, original.uri), (None, &b"/a?b"[..]));
}

#[test]
fn two_families_that_disagree_are_refused() {
    let agreeing = [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "APP.example.com"),
        ("X-Forwarded-Uri", "/a?b"),
        ("X-Forwarded-Method", "DELETE"),
    ];
    let lines = with(&NGINX, &agreeing);
    assert_eq!(verify(ForwardingFamily::Any, &lines).blocking_problem, None);
    for (name, value, other) in [
        ("X-Forwarded-Proto", "http", "X-Original-URL"),
        ("X-Forwarded-Host", "evil.example.com", "X-Original-URL"),
        ("X-Forwarded-Host", "app.example.com:8443", "X-Original-URL"),
        ("X-Forwarded-Uri", "/public", "X-Original-URL"),
        ("X-Forwarded-Method", "GET", "X-Original-Method"),
    ] {
        let lines = but(&lines, name, value);
        let fault = verify(ForwardingFamily::Any, &lines).blocking_problem.expect(value);
        let text = fault.what().to_string();
        assert!(
            matches!(fault, ForwardingProblem::Contradiction(..))
                && text.contains(name)
                && text.contains(other),
            "{text}"
        );
    }
    // One part of the other family alone can contradict too.
    for extra in [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Uri", "/public"),
        ("X-Original-URI", "/public"),
    ] {
        let lines = with(&NGINX, &[extra]);
        assert!(
            matches!(
                verify(ForwardingFamily::Any, &lines).blocking_problem,
                Some(ForwardingProblem::Contradiction(..))
            ),
            "{extra:?}"
        );
    }
    let lines = with(&CADDY, &[("X-Original-Method", "GET")]);
    assert!(matches!(
        verify(ForwardingFamily::Any, &lines).blocking_problem,
        Some(ForwardingProblem::Contradiction(..))
    ));
    let lines = with(&NGINX, &[("X-Original-URI", "/other")]);
    assert!(matches!(
        verify(ForwardingFamily::XOriginal, &lines).blocking_problem,
        Some(ForwardingProblem::Contradiction(..))
    ));
}

#[test]
fn a_missing_or_empty_header_is_named() {
    for name in ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"] {
        for family in [
            ForwardingFamily::Any,
            ForwardingFamily::XForwardedWithoutPort,
            ForwardingFamily::XForwarded,
        ] {
            for lines in [but(&CADDY, name, ""), but(&CADDY, name, " ")] {
                let fault = verify(family, &lines).blocking_problem.expect(name);
                let text = fault.what().to_string();
                assert!(
                    matches!(fault, ForwardingProblem::Missing(_)) && text.contains(name),
                    "{text}"
                );
            }
        }
    }
    for lines in [
        &[("X-Original-Method", "GET")][..],
        &[("X-Original-URI", "/a")],
        &[("X-Real-IP", "203.0.113.7")],
    ] {
        let original = verify(ForwardingFamily::XOriginal, lines);
        assert_eq!(
            original.blocking_problem,
            Some(ForwardingProblem::Missing(ForwardingHeader::OriginalUrl))
        );
    }
    assert_eq!(
        verify(ForwardingFamily::Any, &[("X-Original-URI", "/a")]).blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::OriginalUrl))
    );
    assert_eq!(
        verify(ForwardingFamily::Any, &[("CF-Ray", "1")]).blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::ForwardedProto))
    );
    // Parts of two families do not make a whole.
    let lines = [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "a.example"),
        ("X-Original-URI", "/a"),
    ];
    assert_eq!(
        verify(ForwardingFamily::Any, &lines).blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::ForwardedUri))
    );
}

#[test]
fn the_method_is_get_where_nobody_says() {
    assert_eq!(
        verify(ForwardingFamily::XForwardedWithoutPort, &but(&CADDY, "X-Forwarded-Method", ""))
            .method,
        "GET"
    );
    assert_eq!(verify(ForwardingFamily::XOriginal, &NGINX[..1]).method, "GET");
}

#[test]
fn a_list_or_a_repetition_never_passes() {
    for (name, value) in [
        ("X-Forwarded-Proto", "https, http"),
        ("X-Forwarded-Proto", "https,https"),
        ("X-Forwarded-Host", "app.example.com, evil.example"),
        ("X-Forwarded-Uri", "/a, /public"),
        ("X-Forwarded-Method", "GET, POST"),
    ] {
        assert!(
            verify(ForwardingFamily::XForwardedWithoutPort, &but(&CADDY, name, value))
                .blocking_problem
                .is_some(),
            "{name}: {value}"
        );
    }
    for (name, value) in CADDY.iter().skip(1) {
        let lines = with(&CADDY, &[(name, value)]);
        let fault = verify(ForwardingFamily::Any, &lines).blocking_problem;
        assert!(matches!(fault, Some(ForwardingProblem::Repeated(_))), "{name}");
    }
    for (name, value) in NGINX {
        let lines = with(&NGINX, &[(name, value)]);
        assert!(
            matches!(
                verify(ForwardingFamily::XOriginal, &lines).blocking_problem,
                Some(ForwardingProblem::Repeated(_))
            ),
            "{name}"
        );
    }
}

#[test]
fn of_a_list_a_page_takes_the_first_entry_and_notes_it() {
    let lines =
        [("X-Forwarded-Proto", "https, http"), ("X-Forwarded-Host", "a.example, b.example")];
    let original = asked("127.0.0.1", RequestPurpose::Page { public_url_known: false }, &lines);
    assert_eq!(
        (original.scheme, original.host.unwrap().name(), original.blocking_problem),
        (Scheme::Https, "a.example", None)
    );
    assert_eq!(
        original.problems(),
        [
            ForwardingProblem::List(ForwardingHeader::ForwardedProto),
            ForwardingProblem::List(ForwardingHeader::ForwardedHost)
        ]
    );
}

#[test]
fn a_page_needs_scheme_and_host_only_where_public_url_is_empty() {
    let lines = [("Host", "auth.example.com"), ("X-Forwarded-For", "203.0.113.7")];
    let known = asked("127.0.0.1", RequestPurpose::Page { public_url_known: true }, &lines);
    assert_eq!((known.blocking_problem, known.problems()), (None, &[][..]));
    let unknown = asked("127.0.0.1", RequestPurpose::Page { public_url_known: false }, &lines);
    assert_eq!(
        unknown.blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::ForwardedProto))
    );
    let lines = [("X-Original-URL", "https://a.example/login")];
    let nginx = asked("127.0.0.1", RequestPurpose::Page { public_url_known: false }, &lines);
    assert_eq!((nginx.blocking_problem, nginx.host.unwrap().name()), (None, "a.example"));
}

#[test]
fn a_malformed_value_never_passes() {
    for (name, value) in [
        ("X-Forwarded-Host", "a/b"),
        ("X-Forwarded-Host", "user@a"),
        ("X-Forwarded-Host", "a:99999"),
        ("X-Forwarded-Uri", "a"),
        ("X-Forwarded-Uri", "http://evil.example/"),
        ("X-Forwarded-Uri", "*"),
        ("X-Forwarded-Uri", "?x"),
        ("X-Forwarded-Uri", "/a b"),
        ("X-Forwarded-Uri", "/a\tb"),
        ("X-Forwarded-Uri", "/a\u{7f}"),
        ("X-Forwarded-Method", "GET POST"),
        ("X-Forwarded-Method", "G\u{c4}T"),
    ] {
        let fault =
            verify(ForwardingFamily::Any, &but(&CADDY, name, value)).blocking_problem.expect(value);
        assert!(
            matches!(fault, ForwardingProblem::Malformed(_) | ForwardingProblem::Missing(_))
                && fault.what().to_string().contains(name)
        );
    }
    for url in [
        "/a",
        "app.example.com/a",
        "https:/app/a",
        "://app/a",
        "http:///x",
        "https://a@b/x",
        "https://a:0/x",
        "https://a?x",
        "https://a#x",
        "https://a /x",
        "https://a/x y",
        "https://a\\b/x",
        "ht tp://a/x",
    ] {
        for family in [ForwardingFamily::Any, ForwardingFamily::XOriginal] {
            assert_eq!(
                verify(family, &but(&NGINX, "X-Original-URL", url)).blocking_problem,
                Some(ForwardingProblem::Malformed(ForwardingHeader::OriginalUrl)),
                "{url}"
            );
        }
    }
}

#[test]
fn raw_bytes_and_odd_paths_are_let_in_as_they_are() {
    for uri in ["//a/../b/%2e%2e/%00?q", "/%2F", "/?q=\u{f6}#f", "/a,b;c?u=http://x/"] {
        let visit_uri =
            verify(ForwardingFamily::XForwardedWithoutPort, &but(&CADDY, "X-Forwarded-Uri", uri))
                .uri
                .to_vec();
        assert_eq!(visit_uri, uri.as_bytes());
        let url = format!("https://a.example{uri}");
        let lines = [("X-Original-URL", url.as_str())];
        let original = verify(ForwardingFamily::XOriginal, &lines);
        assert_eq!((original.blocking_problem, original.uri), (None, uri.as_bytes()));
    }
    assert_eq!(
        verify(ForwardingFamily::XOriginal, &[("X-Original-URL", "https://a.example")]).uri,
        b"/"
    );
}

#[test]
fn a_websocket_scheme_counts_as_its_http_scheme_and_another_as_the_connections() {
    for (value, scheme) in [("wss", Scheme::Https), ("ws", Scheme::Http), ("HTTPS", Scheme::Https)]
    {
        let visit_scheme = verify(
            ForwardingFamily::XForwardedWithoutPort,
            &but(&CADDY, "X-Forwarded-Proto", value),
        )
        .scheme;
        assert_eq!(visit_scheme, scheme, "{value}");
    }
    let lines = but(&CADDY, "X-Forwarded-Proto", "javascript");
    let original = verify(ForwardingFamily::XForwardedWithoutPort, &lines);
    assert_eq!((original.scheme, original.blocking_problem), (Scheme::Http, None));
    assert_eq!(
        original.problems(),
        [ForwardingProblem::UnknownScheme(ForwardingHeader::ForwardedProto)]
    );
}

#[test]
fn the_port_header_counts_only_where_the_host_has_none_and_it_says_something() {
    let port = |family, host, port| {
        let lines = with(&but(&CADDY, "X-Forwarded-Host", host), &[("X-Forwarded-Port", port)]);
        let original = verify(family, &lines);
        (original.port, original.blocking_problem)
    };
    assert_eq!(port(ForwardingFamily::XForwarded, "a.example", "8443"), (Some(8443), None));
    assert_eq!(port(ForwardingFamily::Any, "a.example", "8443"), (Some(8443), None));
    assert_eq!(port(ForwardingFamily::XForwardedWithoutPort, "a.example", "8443"), (None, None));
    assert_eq!(port(ForwardingFamily::XForwarded, "a.example:9443", "8443"), (Some(9443), None));
    for default in ["80", "443"] {
        assert_eq!(port(ForwardingFamily::XForwarded, "a.example", default), (None, None));
    }
    assert_eq!(port(ForwardingFamily::XForwarded, "a.example", "+8443"), (None, None));
    assert_eq!(port(ForwardingFamily::XForwarded, "a.example", "0"), (None, None));
}

#[test]
fn an_untrusted_peer_decides_nothing() {
    let lines = with(&CADDY, &[("Host", "localhost:3000")]);
    let original = asked("198.51.100.1", RequestPurpose::Verify(ForwardingFamily::Any), &lines);
    assert_eq!(
        (original.trusted, original.arrival, original.scheme),
        (false, Arrival::Untrusted, Scheme::Http)
    );
    assert_eq!(
        (original.host.unwrap().as_sent(), original.uri, original.method),
        ("localhost:3000", &b"/"[..], "GET")
    );
    assert_eq!(original.client.to_string(), "198.51.100.1");
    let [problem] = original.problems() else { panic!("{:?}", original.problems()) };
    assert_eq!(*problem, ForwardingProblem::UntrustedPeer([198, 51, 100, 1].into()));
}

#[test]
fn no_forwarding_header_is_a_direct_call() {
    let lines = [
        ("Host", "localhost:3000"),
        ("Accept", "*/*"),
        ("Forwarded", "host=evil"),
        ("X_Forwarded_Host", "evil"),
    ];
    for peer in ["127.0.0.1", "198.51.100.1"] {
        let original = asked(peer, RequestPurpose::Verify(ForwardingFamily::Any), &lines);
        assert_eq!(
            (original.arrival, original.blocking_problem, original.problems()),
            (Arrival::Direct, None, &[][..])
        );
        assert_eq!(
            (original.host.unwrap().name(), original.port, original.uri),
            ("localhost", Some(3000), &b"/"[..])
        );
        assert_eq!(original.client.to_string(), peer);
    }
}

#[test]
fn any_forwarding_header_makes_it_a_proxied_one() {
    for name in [
        "X-Forwarded-For",
        "x-forwarded-server",
        "X-Original-Host",
        "X-Real-IP",
        "CF-Ray",
        "X-Forwarded-Prefix",
    ] {
        assert_eq!(
            verify(ForwardingFamily::Any, &[(name, "x")]).arrival,
            Arrival::Proxied,
            "{name}"
        );
    }
}

#[test]
fn names_with_underscores_and_the_prefix_header_are_not_read() {
    let lines =
        with(&CADDY, &[("X_Forwarded_Host", "evil.example"), ("X-Forwarded-Prefix", "/evil")]);
    let original = verify(ForwardingFamily::Any, &lines);
    assert_eq!(
        (original.blocking_problem, original.host.unwrap().name()),
        (None, "app.example.com")
    );
    let underscored: Vec<(String, &str)> =
        CADDY.iter().map(|(name, value)| (name.replace('-', "_"), *value)).collect();
    let lines: Vec<_> = underscored.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(verify(ForwardingFamily::Any, &lines).arrival, Arrival::Direct);
}

#[test]
fn two_lines_of_nginx_that_agree_are_no_contradiction() {
    let agreed = with(&NGINX, &[("X-Original-URI", "/a?b")]);
    let original = verify(ForwardingFamily::XOriginal, &agreed);
    assert_eq!((original.blocking_problem, original.problems()), (None, &[][..]));
    let disagreed = with(&NGINX, &[("X-Original-URI", "/a?c")]);
    assert!(verify(ForwardingFamily::XOriginal, &disagreed).blocking_problem.is_some());
}

#[test]
fn a_page_needs_scheme_and_host_and_the_missing_one_is_named() {
    let page = RequestPurpose::Page { public_url_known: false };
    let scheme_alone = [("X-Forwarded-Proto", "https")];
    assert_eq!(
        asked("127.0.0.1", page, &scheme_alone).blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::ForwardedHost))
    );
    let host_alone = [("X-Forwarded-Host", "a.example.com")];
    assert_eq!(
        asked("127.0.0.1", page, &host_alone).blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::ForwardedProto))
    );
}

#[test]
fn websockets_have_the_scheme_of_their_pages() {
    let schemes =
        ["http", "ws", "HTTPS", "Wss", "ftp", ""].map(|text| Scheme::parse(text.as_bytes()));
    let (plain, secure) = (Some(Scheme::Http), Some(Scheme::Https));
    assert_eq!(schemes, [plain, plain, secure, secure, None, None]);
}

#[test]
fn caddy_is_asked_for_its_own_header_though_a_method_of_nginx_is_there() {
    let lines = [("X-Forwarded-Host", "a.example.com"), ("X-Original-Method", "GET")];
    assert_eq!(
        verify(ForwardingFamily::Any, &lines).blocking_problem,
        Some(ForwardingProblem::Missing(ForwardingHeader::ForwardedProto))
    );
}
