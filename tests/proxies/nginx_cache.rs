//! `session.proxy_cache`: nginx keeps passes. Whose they are, and for how long an ended session
//! lives on in them.

use std::time::Duration;

use portcullis::clock;

use crate::support::scrape::{Scrape, WITH_METRICS};
use crate::support::site::values;
use crate::support::test_stack::{ProxyKind, TestStack};
use crate::support::wait;

/// How long nginx may keep a pass: longer than the steps before it take on a busy machine.
const KEPT: Duration = Duration::from_secs(20);

/// nginx counts in whole seconds.
const A_SECOND: Duration = Duration::from_secs(1);

/// How many verify requests the gate has passed.
fn passed(stack: &TestStack) -> f64 {
    Scrape::of(Scrape::address(&stack.gate)).value("portcullis_verify_total{result=\"pass\"}")
}

#[test]
fn a_kept_pass_is_one_visitors_own_and_outlives_the_session_for_the_time_that_is_set() {
    let settings = format!("proxy_cache = \"{}s\"\n{WITH_METRICS}", KEPT.as_secs());
    let stack = TestStack::behind(ProxyKind::Nginx, &settings);
    let [anna, ben] = ["anna", "ben"].map(|name| {
        let person = stack.gate.place.add_user(name);
        stack.gate.log_in(&person)
    });
    let load = |target: &str, token: &str| {
        stack.page_load(target).cookie("auth_token", token).send(stack.http())
    };
    let user = |target: &str, token: &str| values(&load(target, token).json(), "remote-user");
    assert_eq!(user("/a", &anna), ["anna"]);
    let asked = passed(&stack);
    assert_eq!(asked, 1.0);
    for _ in 0..3 {
        assert_eq!(user("/a", &anna), ["anna"]);
    }
    assert_eq!(passed(&stack), asked, "a kept pass is not asked for again");
    // Another cookie, method, host, query or address is another request.
    assert_eq!(user("/a", &ben), ["ben"]);
    assert_eq!(stack.page_load("/a").send(stack.http()).status, 302, "a stranger");
    assert_eq!(user("/a?x", &anna), ["anna"]);
    assert_eq!(passed(&stack), asked + 2.0);

    // Kept from now on, so the time until it is refused is at most the time that is set.
    let kept = clock::monotonic();
    assert_eq!(user("/late", &anna), ["anna"]);
    assert_eq!(stack.gate.place.run(&["session", "revoke", "--user", "anna"]).status, 0);
    assert_eq!(load("/never", &anna).status, 302, "what was not kept is refused at once");
    assert_eq!(load("/late", &anna).status, 200, "what was kept is not");
    wait::until("the end of the kept pass", KEPT * 3, || {
        (load("/late", &anna).status == 302).then_some(())
    });
    let took = clock::monotonic() - kept;
    assert!(took >= KEPT - A_SECOND, "{took:?}");
    assert_eq!(user("/a", &ben), ["ben"], "others are not concerned");
}

/// A visitor of an open place asks for it so that its key is also that of a closed one, if only the
/// parts of keys were told apart by something that he can write.
#[test]
fn what_is_kept_of_an_open_place_opens_no_other() {
    let rule = "[[rule]]\npaths = [\"/share/*\"]\naccess = \"open\"\n";
    let settings = format!("proxy_cache = \"{}s\"\n{rule}", KEPT.as_secs());
    let stack = TestStack::behind(ProxyKind::Nginx, &settings);
    for separator in ["|", "\\n", "%0A", "\t", " "] {
        let place = |target: &str| {
            ["127.0.0.1", "GET", &format!("http://app.example.test{target}")].join(separator)
        };
        let open = "/share/x?";
        let both = format!("{open}{separator}{}", place("/secret"));
        // nginx itself refuses a blank or a tab in an address.
        let kept = stack.page_load(&both).send(stack.http()).status;
        assert_eq!(kept, if separator.trim().is_empty() { 400 } else { 200 }, "{separator:?}");
        for header in ["Access-Control-Request-Method", "X-Portcullis-Pass", "Authorization"] {
            for empty_parts in 0..4 {
                let value = format!("{}{}", separator.repeat(empty_parts), place(open));
                let answer = stack.page_load("/secret").header(header, &value).send(stack.http());
                assert_ne!(answer.status, 200, "{separator:?} {header}: {answer:?}");
            }
        }
    }
}
