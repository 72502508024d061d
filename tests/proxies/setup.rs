//! The first enrolment through real proxies, where one host alone is there: its pages are let
//! through, the rest is guarded.

use crate::support::caddy::Ports;
use crate::support::daemon::Place;
use crate::support::setup::{SetupBrowser, code_of};
use crate::support::test_stack::{ALL, TestStack};

#[test]
fn on_one_host_alone_the_first_user_is_made_through_the_proxy_and_what_a_visitor_claims_counts_nothing()
 {
    for kind in ALL {
        let ports = Ports::free();
        let place =
            Place::new(&format!("public_url = \"https://app.example.test:{}\"\n", ports.https));
        let stack = TestStack::around(place, kind, ports);
        let host = stack.host("app");
        let headers = [
            ("Host", host.as_str()),
            ("X-Forwarded-For", "203.0.113.7"),
            ("X-Real-IP", "203.0.113.7"),
        ];
        let mut visitor = SetupBrowser::with(stack.http(), &headers);
        assert_eq!(visitor.enter("AAAA-AAAA-AAAA-AAAA").status, 401, "{kind:?}");
        let limits = stack.gate.place.json(&["limit", "list"]).to_string();
        assert!(
            limits.contains("127.0.0.1") && !limits.contains("203.0.113.7"),
            "{kind:?}: {limits}"
        );

        let begun = visitor.enter(&code_of(&stack.gate));
        assert_eq!(
            (begun.status, begun.header("location")),
            (303, Some("/setup")),
            "{kind:?}: {begun:?}"
        );
        let person = visitor.scan();
        let done = visitor.finish("owner", &person.fresh_code());
        assert_eq!((done.status, done.header("location")), (302, Some("/")), "{kind:?}: {done:?}");
        let token = done.cookie("auth_token").expect("a session");
        let inside = stack.page_load("/x?a=1").cookie("auth_token", &token).send(stack.http());
        assert_eq!(inside.status, 200, "{kind:?}: {inside:?}");
        assert_eq!(visitor.open_page().status, 403, "{kind:?}");
        assert_eq!(
            stack.page_load("/x").send(stack.http()).status,
            302,
            "{kind:?}: strangers are kept out"
        );
    }
}
