//! `/resolve` says who somebody is, and never refuses.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Answer, Ask};

const HEADERS: [&str; 10] = [
    "x-portcullis-session-valid",
    "x-portcullis-user-id",
    "x-portcullis-user-anonymous",
    "x-portcullis-user-verified",
    "x-portcullis-session-acr",
    "x-portcullis-session-amr",
    "remote-user",
    "remote-groups",
    "remote-name",
    "remote-email",
];

const ANONYMOUS: [&str; 10] = ["false", "", "", "", "", "", "", "", "", ""];

fn headers(answer: &Answer) -> [Vec<&str>; 10] {
    HEADERS.map(|name| answer.all(name).collect())
}

#[test]
fn it_says_who_is_there_and_of_strangers_that_they_are_anonymous() {
    for settings in ["", "\n[identity]\nresolver_headers = true\n"] {
        let gate = Daemon::with(&format!("{ONE_DOMAIN}{settings}"));
        let owner = gate.place.add_user("owner");
        let token = gate.log_in(&owner);
        let resolved = |ask: Ask| {
            let answer = ask.send(gate.address);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("content-length"), Some("0"), "{answer:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
            answer
        };
        for method in ["GET", "HEAD", "POST", "PROPFIND"] {
            let ask = Ask::new(method, "/resolve?user=mallory").header("Host", "app.example.test");
            let answer = resolved(ask.clone().cookie("auth_token", &token));
            let known = ["true", "owner", "false", "true", "aal1", "otp", "owner", "", "", ""];
            assert_eq!(headers(&answer), known.map(|value| vec![value]), "{method}");
            for stranger in [ask.clone(), ask.cookie("auth_token", "forged")] {
                let answer = resolved(stranger);
                assert_eq!(headers(&answer), ANONYMOUS.map(|value| vec![value]), "{method}");
            }
        }
        // Neither what the visitor claims nor what the proxy leaves out is a reason to refuse.
        let forged = Ask::get("/resolve").header("Remote-User", "mallory");
        let forged = forged.header("X-Portcullis-User-Id", "mallory");
        let answer = resolved(forged.header("X-Forwarded-Host", "a, b"));
        assert_eq!(headers(&answer), ANONYMOUS.map(|value| vec![value]));
        assert_eq!(gate.place.run(&["session", "revoke", "--user", "owner"]).status, 0);
        let answer = resolved(Ask::get("/resolve").cookie("auth_token", &token));
        assert_eq!(headers(&answer), ANONYMOUS.map(|value| vec![value]), "ended");
    }
}

#[test]
fn an_announced_body_is_not_waited_for() {
    let gate = Daemon::with(ONE_DOMAIN);
    let ask = Ask::new("POST", "/resolve").header("Content-Length", "3").header("Expect", "x");
    let answer = ask.send(gate.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
}
