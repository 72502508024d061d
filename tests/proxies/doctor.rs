//! What `doctor` says of real proxies: nothing on the printed configuration, and of one that lost a
//! line, the line.

use crate::support::caddy::Ports;
use crate::support::curl::Curl;
use crate::support::daemon::Place;
use crate::support::doctor::Report;
use crate::support::nginx::Nginx;
use crate::support::site::Site;
use crate::support::test_stack::{ALL, TestStack, with_public_url};

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

#[test]
fn the_line_that_doctor_tells_mends_an_nginx_that_lost_it() {
    let ports = Ports::free();
    let gate = Place::new(&with_public_url(ports.https, "[clock]\nrequire_sync = false\n")).start();
    let site = Site::start("app");
    let sites = [("app.example.test", site.address)];
    let lost = |line: &&str| {
        line.trim_start().starts_with("proxy_set_header X-Original-URL ") && line.contains('$')
    };
    let ask = || {
        Curl::new(ports).load(&format!("https://app.example.test:{}/x", ports.https), &[]).status
    };

    let broken = Nginx::start(&gate.place, ports, &sites, |text| {
        text.lines().filter(|line| !lost(line)).flat_map(|line| [line, "\n"]).collect()
    });
    assert_ne!(ask(), 302);
    let report = Report::of(&gate.place);
    let missing = report.saying("/verify/nginx: X-Original-URL is missing");
    assert_eq!(missing.severity, "error");
    let line = missing.remedy.clone();
    drop(broken);

    let _mended = Nginx::start(&gate.place, ports, &sites, |text| {
        text.lines().flat_map(|old| [if lost(&old) { line.as_str() } else { old }, "\n"]).collect()
    });
    assert_eq!(ask(), 302);
    assert_eq!(
        Report::of(&gate.place).saying("/verify/nginx: X-Original-URL is missing").severity,
        "warning"
    );
}
