//! An application that serves strangers too: the proxy asks `/resolve`, by the change to its
//! printed configuration that `docs/resolve.md` names.

use crate::support::site::values;
use crate::support::test_stack::{ALL, ProxyKind, TestStack};

use super::whoever::NAME_MARKS;

const PAGE: &str = include_str!("../../docs/resolve.md");

/// The line of the page for this proxy: what to write, and for what.
fn change(kind: ProxyKind) -> (&'static str, &'static str) {
    let asks_at = kind.asks_at();
    let line = PAGE.lines().find(|line| line.starts_with("| ") && line.contains(asks_at));
    let line = line.unwrap_or_else(|| panic!("docs/resolve.md has no line for {kind:?}"));
    let mut quoted = line.split('`').skip(1).step_by(2);
    let (new, old) = (quoted.next(), quoted.next());
    (new.expect("what to write"), old.expect("for what"))
}

const RESOLVER_HEADERS: &str = "[identity]\nresolver_headers = true\n";

/// What is printed for this proxy, with that change.
fn asking(kind: ProxyKind, printed: &str) -> String {
    let (new, old) = change(kind);
    assert_eq!(printed.matches(old).count(), 1, "{kind:?}: {old} in\n{printed}");
    printed.replace(old, new)
}

#[test]
fn strangers_reach_the_site_as_nobody_and_users_as_themselves() {
    for kind in ALL {
        let stack = TestStack::behind_changed(kind, RESOLVER_HEADERS, |text| asking(kind, &text));
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let forged = stack.page_load("/who").header("X-Portcullis-User-Id", "mallory");
        let forged = forged.header("X-Portcullis-Session-Valid", "true");
        let forged = forged.header("Remote-User", "mallory");
        for (ask, valid, user) in [
            (forged.clone(), "false", ""),
            (forged.clone().cookie("auth_token", "forged"), "false", ""),
            (forged.cookie("auth_token", &token), "true", "owner"),
        ] {
            let answer = ask.send(stack.http());
            assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
            let request = answer.json();
            let said = |name: &str| values(&request, name).concat();
            assert_eq!(said("x-portcullis-session-valid"), valid, "{kind:?}: {request}");
            assert_eq!(said("x-portcullis-user-id"), user, "{kind:?}: {request}");
            assert_eq!(said("remote-user"), user, "{kind:?}: {request}");
            assert!(!request.to_string().contains("mallory"), "{kind:?}: {request}");
        }
    }
}

/// Nobody is refused here, so the proxy alone keeps them from the site.
#[test]
fn no_alias_of_a_header_reaches_the_site_where_nobody_is_refused() {
    for kind in ALL {
        let stack = TestStack::behind_changed(kind, RESOLVER_HEADERS, |text| asking(kind, &text));
        for mark in NAME_MARKS.chars() {
            for (name, other) in [
                ("X-Portcullis-User-Id", "X-Portcullis-User-Verified"),
                ("X-Portcullis-Session-Valid", "X-Portcullis-Session-Acr"),
                ("Remote-User", "Remote-Groups"),
            ] {
                // Also where only the first part is spelled so.
                let half = other.replacen('-', &mark.to_string(), 1);
                let ask = stack
                    .page_load("/who")
                    .header(&name.replace('-', &mark.to_string()), "mallory");
                let answer = ask.header(&half, "mallory").send(stack.http());
                assert_eq!(answer.status, 200, "{kind:?} {name} {mark}: {answer:?}");
                let request = answer.json();
                assert!(!request.to_string().contains("mallory"), "{kind:?} {mark}: {request}");
            }
        }
    }
}
