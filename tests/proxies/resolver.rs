//! An application that serves strangers too: the proxy asks `/resolve`, by the change to its
//! printed configuration that `docs/resolve.md` names.

use crate::support::site::values;
use crate::support::test_stack::{ALL, ProxyKind, TestStack};

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

#[test]
fn strangers_reach_the_site_as_nobody_and_users_as_themselves() {
    for kind in ALL {
        let (new, old) = change(kind);
        let edit = |text: String| {
            assert_eq!(text.matches(old).count(), 1, "{kind:?}: {old} in\n{text}");
            text.replace(old, new)
        };
        let stack = TestStack::behind_changed(kind, "[identity]\nresolver_headers = true\n", edit);
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
