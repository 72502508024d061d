//! Rules are by host, so the host that the gate judges is the one whose site the proxy serves,
//! whatever else a visitor names.

use crate::support::http::Ask;
use crate::support::test_stack::{ALL, TestStack};

/// `app` is closed, `other` is open.
const RULES: &str = r#"
[[rule]]
hosts = ["app.example.test"]
access = "deny"
[[rule]]
hosts = ["other.example.test"]
access = "open"
"#;

/// As behind a CDN, from whose addresses everything here comes: the proxy believes more of it.
const BEHIND_CDN: &str = r#"
[proxy]
client_ip_header = "CF-Connecting-IP"
cloudflare_ranges = ["127.0.0.0/8"]
"#;

#[test]
fn a_visitor_does_not_choose_the_host_that_rules_judge() {
    for kind in ALL {
        for settings in ["", BEHIND_CDN] {
            let stack = TestStack::behind(kind, &format!("{settings}{RULES}"));
            let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
            let other = stack.host("other");
            let open = Ask::get("/").header("Host", &other).by_page_load().send(stack.http());
            assert_eq!(open.status, 200, "{kind:?}: the rules are in force: {open:?}");
            let plain = stack.page_load("/");
            for ask in [
                plain.clone(),
                plain.clone().header("X-Forwarded-Host", &other),
                plain.clone().header("X-Forwarded-Host", "other.example.test"),
                plain.clone().header("X-Forwarded-Server", &other),
                plain.clone().header("X-Original-URL", format!("http://{other}/")),
                plain.clone().header("Forwarded", format!("host={other}")),
                plain.header("X-Host", &other),
            ] {
                for ask in [ask.clone(), ask.cookie("auth_token", &token)] {
                    let text = String::from_utf8_lossy(&ask.bytes()).into_owned();
                    let answer = ask.send(stack.http());
                    assert_eq!(answer.status, 403, "{kind:?} {text}: {answer:?}");
                }
            }
            assert_eq!(stack.app.seen().len(), 0, "{kind:?}");
        }
    }
}

/// With a session, which opens every site that no rule is for.
#[test]
fn no_site_answers_to_a_name_that_is_not_its_own() {
    for kind in ALL {
        let stack = TestStack::behind(kind, RULES);
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        for name in ["unknown.example.test", "app.example.test.evil.example", "127.0.0.1", "_"] {
            let ask = Ask::get("/").header("Host", name).by_page_load();
            let answer = ask.cookie("auth_token", &token).try_send(stack.http());
            // Some end the connection without a word.
            let served =
                answer.as_ref().is_ok_and(|answer| answer.status == 200 && !answer.body.is_empty());
            assert!(!served, "{kind:?} {name}: {answer:?}");
        }
        assert_eq!((stack.app.seen().len(), stack.other.seen().len()), (0, 0), "{kind:?}");
    }
}
