//! What concerns Traefik alone: another proxy before it, as docs/traefik.md has it.

use crate::support::curl::{Curl, Page};
use crate::support::test_stack::{ProxyKind, TestStack};

/// Where the other proxy speaks from. All of 127.0.0.0/8 is this machine.
const OUTER: &str = "127.0.0.2";

/// What docs/traefik.md has the reader write into a file of that kind.
fn recipe(kind: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/traefik.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("## Behind another proxy\n").expect("the recipe");
    assert!(section.contains("`trustForwardHeader: true`"), "{section}");
    let lines =
        section.split_once(&format!("```{kind}\n")).and_then(|(_, rest)| rest.split_once("```"));
    let (lines, _) = lines.unwrap_or_else(|| panic!("nothing for {kind} in:\n{section}"));
    // Here both proxies are on loopback, which as a whole would hold the outer one as well.
    lines.replace("192.0.2.10", OUTER).replace("\"loopback\"", "\"127.0.0.1\"")
}

/// A Traefik that is told of the other proxy, and a gate that is.
fn behind_another() -> TestStack {
    TestStack::behind_changed(ProxyKind::Traefik, &recipe("toml"), |text| {
        let trusted = format!("\"\n#       {}\n#       http:\n", recipe("yaml").trim());
        let edited = text
            .replace("\"\n#       http:\n", &trusted)
            .replace("trustForwardHeader: false", "trustForwardHeader: true");
        assert!(
            edited.matches("trustedIPs").count() == 2
                && edited.contains("trustForwardHeader: true"),
            "{text}"
        );
        edited
    })
}

#[test]
fn behind_another_proxy_every_visitor_has_a_counter_of_his_own() {
    let stack = behind_another();
    let owner = stack.gate.place.add_user("owner");
    let login = stack.url("auth", "/login");
    let wrong = format!("otp={}", owner.wrong_code());
    let outer = Curl::from(stack.ports, OUTER);
    for last in 1..=6 {
        let claimed = format!("X-Forwarded-For: 6.6.6.6, 198.51.100.{last}");
        let words =
            ["--data", &wrong, "--header", &claimed, "--header", "X-Forwarded-Proto: https"];
        assert_eq!(outer.load(&login, &words).status, 401, "{last}");
    }
    // And who is not that proxy is not believed.
    let words = ["--data", &wrong, "--header", "X-Forwarded-For: 198.51.100.77"];
    assert_eq!(Curl::from(stack.ports, "127.0.0.3").load(&login, &words).status, 401);
    let mut wanted: Vec<_> = (1..=6).map(|last| format!("198.51.100.{last}")).collect();
    wanted.insert(0, "127.0.0.3".to_owned());
    assert_eq!(stack.counted_addresses(), wanted);
}

/// The other proxy hands on what it does not know, and Traefik would take the visitor's word before
/// its own.
#[test]
fn behind_another_proxy_a_visitor_does_not_choose_what_the_gate_is_asked_about() {
    let stack = behind_another();
    let host = format!("app.example.test:{}", stack.ports.https);
    let url = stack.url("app", "/real?x=1");
    let told = format!("X-Forwarded-Host: {host}");
    let mut words = vec!["--data", "n=1"];
    for header in [
        told.as_str(),
        "X-Forwarded-For: 198.51.100.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Uri: /share/open",
        "X-Forwarded-Method: OPTIONS",
        "X-Original-URL: https://app.example.test/share/open",
        "Access-Control-Request-Method: GET",
    ] {
        words.extend(["--header", header]);
    }
    let Page { status, location, .. } = Curl::from(stack.ports, OUTER).load(&url, &words);
    let next =
        format!("next=https%3A%2F%2Fapp.example.test%3A{}%2Freal%3Fx%3D1", stack.ports.https);
    assert_eq!(status, 303, "{location}");
    assert!(location.ends_with(&next), "{location}");
    assert_eq!(stack.app.seen().len(), 0);
}

#[test]
fn a_router_that_names_a_middleware_which_is_not_there_serves_nobody() {
    let stack = TestStack::behind_changed(ProxyKind::Traefik, "", |text| {
        text.replace("        - portcullis\n", "        - portcullis-gone\n")
    });
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let answer = stack.page_load("/").cookie("auth_token", &token).send(stack.http());
    assert_eq!((answer.status, stack.app.seen().len()), (404, 0), "{answer:?}");
}
