//! What `doctor` says of real proxies: nothing on the printed configuration, and of one that lost a
//! line, the line.

use crate::support::caddy::Ports;
use crate::support::curl::Curl;
use crate::support::daemon::Place;
use crate::support::doctor::Report;
use crate::support::http::percent_encode;
use crate::support::site::Site;
use crate::support::test_stack::{ALL, ProxyKind, RunningProxy, TestStack, with_public_url};

#[test]
fn on_the_printed_configuration_doctor_has_nothing_to_mend() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "[clock]\nrequire_sync = false\n");
        let place = &stack.gate.place;
        let person = place.add_user("anna");
        // By https: a site that is told to be plain http is a finding, since the cookie is Secure.
        assert_eq!(
            Curl::new(stack.ports).load(&stack.url("app", "/x"), &[]).status,
            302,
            "{kind:?}"
        );
        assert_eq!(stack.post_code(&person.wrong_code(), "203.0.113.7"), 401, "{kind:?}");
        let report = Report::of(place);
        // The gate took a free port, and its settings name that port only since.
        let complaints: Vec<_> = report
            .complaints()
            .into_iter()
            .filter(|found| !found.found.contains("still in use"))
            .collect();
        assert!(complaints.is_empty(), "{kind:?}: {complaints:#?}");
        let asked = format!("{} asked", kind.asks_at());
        assert_eq!(report.saying(&asked).severity, "ok", "{kind:?}");
    }
}

/// A line that a printed configuration has lost, and how that shows.
struct Loss {
    kind: ProxyKind,
    /// Whether this is one of the lines.
    is_lost: fn(&str) -> bool,
    /// A header that visitors send.
    sent: &'static str,
    /// What doctor says.
    found: &'static str,
    /// A line of doctor's as it stands in the configuration.
    as_printed: fn(&str) -> String,
}

const FORGED: &str = "Remote-Groups: mallory";

fn losses() -> [Loss; 5] {
    let same: fn(&str) -> String = str::to_owned;
    [
        Loss {
            kind: ProxyKind::Caddy,
            is_lost: |line| line.contains("request_header -Remote*"),
            sent: FORGED,
            found: "/verify/caddy: the question brought Remote-Groups itself",
            as_printed: same,
        },
        Loss {
            kind: ProxyKind::Nginx,
            is_lost: |line| line.contains("proxy_set_header X-Original-URL ") && line.contains('$'),
            sent: "X-Other: 1",
            found: "/verify/nginx: X-Original-URL is missing",
            as_printed: same,
        },
        Loss {
            kind: ProxyKind::Traefik,
            is_lost: |line| line.trim() == "Remote-Groups: \"\"",
            sent: FORGED,
            found: "/verify/traefik: the question brought Remote-Groups itself",
            as_printed: |line| {
                let member = line.strip_prefix("headers.customRequestHeaders.").expect("a member");
                member.replace(" = ", ": ")
            },
        },
        Loss {
            kind: ProxyKind::Haproxy,
            is_lost: |line| line.contains("http-request set-header X-Forwarded-Proto "),
            sent: "X-Other: 1",
            found: "/verify/haproxy: X-Forwarded-Proto is missing",
            as_printed: same,
        },
        Loss {
            kind: ProxyKind::Envoy,
            is_lost: |line| line.trim() == "- {prefix: x}",
            sent: "X-Other: 1",
            found: "/verify/envoy: X-Forwarded-Proto is missing",
            as_printed: |line| {
                // The whole list in one line.
                let all = line.strip_prefix("allowed_headers: {patterns: [").expect("the list");
                assert!(all.contains(", {prefix: x}]"), "{line}");
                "- {prefix: x}".to_owned()
            },
        },
    ]
}

/// What doctor tells stands where the first of the lost lines stood.
#[test]
fn the_line_that_doctor_tells_mends_a_proxy_that_lost_it() {
    for Loss { kind, is_lost, sent, found, as_printed } in losses() {
        let ports = Ports::free();
        let settings = with_public_url(ports.https, "[clock]\nrequire_sync = false\n");
        let gate = Place::new(&settings).start();
        let site = Site::start("app");
        let sites = [("app.example.test", site.address)];
        let url = format!("https://app.example.test:{}/x", ports.https);
        let token = gate.log_in(&gate.place.add_user("owner"));
        let cookie = format!("Cookie: auth_token={token}");
        let ask = || Curl::new(ports).load(&url, &["--header", sent, "--header", &cookie]).status;
        let with = |mended: Option<&str>| {
            RunningProxy::start(kind, &gate.place, ports, &sites, |text| {
                let mut mended = mended;
                let lines = text.lines().filter_map(|line| match is_lost(line) {
                    false => Some(line.to_owned()),
                    true => mended.take().map(|mended| {
                        let indent = line.len() - line.trim_start().len();
                        format!("{}{mended}", &line[..indent])
                    }),
                });
                lines.map(|line| line + "\n").collect()
            })
        };

        let broken = with(None);
        assert_ne!(ask(), 200, "{kind:?}");
        let report = Report::of(&gate.place);
        let missing = report.saying(found);
        assert_eq!(missing.severity, "error", "{kind:?}");
        let first = missing.remedy.lines().next().expect("a line").to_owned();
        drop(broken);

        let _mended = with(Some(&as_printed(&first)));
        assert_eq!(ask(), 200, "{kind:?}: {first}");
        let report = Report::of(&gate.place);
        assert_eq!(report.saying(found).severity, "warning", "{kind:?}");
    }
}

/// A browser that does not send the session cookie to the site is told why, not led on for ever,
/// and so is the owner.
#[test]
fn a_login_that_goes_round_ends_on_a_page_behind_every_proxy() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "[clock]\nrequire_sync = false\n");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let wanted = stack.url("app", "/x?a=1");
        let login = stack.url("auth", &format!("/login?next={}", percent_encode(&wanted)));
        let visitor = || Curl::new(stack.ports);
        for round in 1..=3 {
            let led = visitor().load(&login, &["--header", &format!("Cookie: auth_token={token}")]);
            assert_eq!((led.status, led.location.as_str()), (302, wanted.as_str()), "{kind:?}");
            let back = visitor().load(&wanted, &[]);
            let status = if round < 3 { 302 } else { 400 };
            assert_eq!(back.status, status, "{kind:?} {round}: {back:?}");
            let told = back.body.contains("does not send the session cookie to this site");
            assert_eq!(told, round == 3, "{kind:?} {round}: {back:?}");
        }
        let report = Report::of(&stack.gate.place);
        let found = report.saying("a visitor came back from the login without the session cookie");
        assert!(found.found.starts_with(kind.asks_at()), "{kind:?}: {found:?}");
    }
}
