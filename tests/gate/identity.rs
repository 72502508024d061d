//! The four identity headers, and a visitor who brings his own.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::Ask;

const PATHS: [&str; 4] = ["/verify", "/verify/caddy", "/verify/traefik", "/verify/haproxy"];

#[test]
fn every_pass_carries_all_four_headers_the_empty_ones_too() {
    let gate = Daemon::with(ONE_DOMAIN);
    let place = &gate.place;
    let bare = gate.log_in(&place.add_user("bare"));
    let words = [
        "user",
        "add",
        "whole",
        "--admin",
        "--group",
        "family",
        "--group",
        "music",
        "--name",
        "Wh\u{f6} Le",
        "--email",
        "w@example.test",
    ];
    let whole = gate.log_in(&crate::support::codes::Person::from_answer(&place.json(&words)));
    for path in PATHS {
        let ask = Ask::verify(path, "https://app.example.test/").by_page_load();
        let answer = ask.clone().cookie("auth_token", &bare).send(gate.address);
        assert_eq!(answer.status, 204, "{path}: {answer:?}");
        let told = ["remote-user", "remote-groups", "remote-name", "remote-email"]
            .map(|name| answer.all(name).collect::<Vec<_>>());
        // Traefik takes away what a visitor sent, and would hand an empty header to the site.
        let empty = if path == "/verify/traefik" { vec![] } else { vec![""] };
        assert_eq!(told, [vec!["bare"], empty.clone(), empty.clone(), empty], "{path}");
        assert_eq!(
            (answer.header("content-length"), answer.header("transfer-encoding")),
            (None, None),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.all("set-cookie").count(), 0, "{path}");

        let answer = ask.cookie("auth_token", &whole).send(gate.address);
        assert_eq!(answer.header("remote-user"), Some("whole"), "{path}");
        assert_eq!(answer.header("remote-groups"), Some("family,music"), "{path}");
        assert_eq!(answer.header("remote-name"), Some("Wh\u{f6} Le"), "{path}");
        assert_eq!(answer.header("remote-email"), Some("w@example.test"), "{path}");
    }
    let answer = Ask::verify_nginx("/verify/nginx", "https://app.example.test/")
        .cookie("auth_token", &bare)
        .send(gate.address);
    assert_eq!((answer.status, answer.header("remote-user")), (204, Some("bare")), "{answer:?}");
    assert_eq!(answer.all("remote-email").collect::<Vec<_>>(), [""]);
}

#[test]
fn a_question_that_brings_an_identity_of_its_own_is_refused_where_ours_is_empty() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("bare"));
    for name in ["Remote-Groups", "remote-groups", "REMOTE-EMAIL", "Remote-Name"] {
        for path in PATHS {
            let ask = Ask::verify(path, "https://app.example.test/")
                .header(name, "admin")
                .cookie("auth_token", &token);
            assert_eq!(ask.send(gate.address).status, 400, "{path} {name}");
        }
        let ask =
            Ask::verify_nginx("/verify/nginx", "https://app.example.test/").header(name, "admin");
        assert_eq!(ask.cookie("auth_token", &token).send(gate.address).status, 403, "{name}");
    }
}

#[test]
fn a_question_that_brings_another_spelling_of_an_identity_header_is_refused_always() {
    let gate = Daemon::with(ONE_DOMAIN);
    let words = [
        "user",
        "add",
        "whole",
        "--group",
        "family",
        "--name",
        "Whole",
        "--email",
        "w@example.test",
    ];
    let token = gate.log_in(&crate::support::codes::Person::from_answer(&gate.place.json(&words)));
    for name in [
        "Remote_User",
        "Remote.User",
        "REMOTE~USER",
        "Remote_Groups",
        "remote.email",
        "Remote+Name",
    ] {
        for path in PATHS {
            let ask = Ask::verify(path, "https://app.example.test/")
                .header(name, "admin")
                .cookie("auth_token", &token);
            let answer = ask.send(gate.address);
            assert_eq!(answer.status, 400, "{path} {name}");
            let line = match path {
                "/verify/traefik" => "aliasHeadersStrategy",
                "/verify/haproxy" => "http-request del-header [^a-z0-9-] -m reg",
                _ => "request_header -Remote*",
            };
            assert!(answer.text().contains(line), "{path} {name}: {answer:?}");
        }
        let ask =
            Ask::verify_nginx("/verify/nginx", "https://app.example.test/").header(name, "admin");
        assert_eq!(ask.cookie("auth_token", &token).send(gate.address).status, 403, "{name}");
    }
    let report = crate::support::doctor::Report::of(&gate.place);
    for header in ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"] {
        report.saying(&format!("{header} itself, or an alias of it"));
    }
}

#[test]
fn other_proofs_of_identity_are_no_way_in() {
    let gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    let ask = |target: &str| Ask::verify(target, "https://app.example.test/").by_page_load();
    for (name, value) in [
        ("Authorization", format!("Bearer {token}")),
        ("Authorization", "Basic b3duZXI6b3duZXI=".to_owned()),
        ("X-Auth-Request-User", "owner".to_owned()),
        ("X-Forwarded-User", "owner".to_owned()),
        ("User-Agent", "ELB-HealthChecker/2.0".to_owned()),
        ("User-Agent", "GoogleHC/1.0".to_owned()),
        ("User-Agent", "kube-probe/1.30".to_owned()),
    ] {
        assert_eq!(
            ask("/verify/caddy").header(name, &value).send(gate.address).status,
            302,
            "{name}: {value}"
        );
    }
    assert_eq!(ask(&format!("/verify/caddy?auth_token={token}")).send(gate.address).status, 302);
    for uri in [
        "/health",
        "/public",
        "/login",
        "/health/../private",
        "/private?/health",
        "/public%23/../secret",
        "/private/..;/health",
    ] {
        let answer = ask("/verify/caddy").set("X-Forwarded-Uri", uri).send(gate.address);
        assert_eq!(answer.status, 302, "{uri}: {answer:?}");
    }
    for host in
        ["APP.example.test", "app.example.test.", "app.example.test:443", "localhost", "127.0.0.1"]
    {
        let answer = ask("/verify/caddy").set("X-Forwarded-Host", host).send(gate.address);
        assert_ne!(answer.status, 204, "{host}: {answer:?}");
    }
}
