//! A program's pass behind real proxies: it opens the site in each of the three ways, and what is
//! the gate's own header never arrives at the site.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::daemon::Daemon;
use crate::support::http::Ask;
use crate::support::site::values;
use crate::support::test_stack::{ALL, TestStack};

/// The token of a pass of `owner` for `app`.
fn pass(gate: &Daemon) -> String {
    let words = ["pass", "create", "backup", "--user", "owner", "--host", "app.example.test"];
    let made = gate.place.json(&words);
    made["token"].as_str().expect("a token").to_owned()
}

#[test]
fn a_pass_opens_the_site_and_the_gates_own_header_never_reaches_it() {
    for kind in ALL {
        for settings in ["", "[identity]\nresolver_headers = true\n"] {
            let stack = TestStack::behind(kind, settings);
            stack.gate.place.add_user("owner");
            let token = pass(&stack.gate);
            let basic = format!("Basic {}", STANDARD.encode(format!("backup:{token}")));
            let bearer = format!("Bearer {token}");
            for (header, value) in [
                ("X-Portcullis-Pass", token.as_str()),
                ("Authorization", bearer.as_str()),
                ("Authorization", basic.as_str()),
            ] {
                let answer = stack.page_load("/who").header(header, value).send(stack.http());
                assert_eq!(answer.status, 200, "{kind:?} {header}: {answer:?}");
                let request = answer.json();
                assert_eq!(values(&request, "remote-user"), ["owner"], "{kind:?}: {request}");
                assert!(values(&request, "x-portcullis-pass").is_empty(), "{kind:?}: {request}");
                // What the site owns arrives as it was sent.
                let owned = values(&request, "authorization");
                assert_eq!(owned.is_empty(), header != "Authorization", "{kind:?}: {request}");
            }
            let elsewhere = Ask::get("/who").header("Host", stack.host("other")).by_page_load();
            let answer = elsewhere.header("X-Portcullis-Pass", &token).send(stack.http());
            assert_eq!(answer.status, 401, "{kind:?}: {answer:?}");
            assert_eq!(stack.other.seen().len(), 0, "{kind:?}");
        }
    }
}

/// An upload of a program, whose body only the site gets.
#[test]
fn a_program_uploads_by_its_pass() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "");
        stack.gate.place.add_user("owner");
        let token = pass(&stack.gate);
        let photo = vec![b'x'; 100_000];
        let ask = Ask::new("PUT", "/photo").header("Host", stack.host("app")).body(&photo);
        let answer = ask.header("X-Portcullis-Pass", &token).send(stack.http());
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        assert_eq!(answer.json()["body_length"], photo.len(), "{kind:?}");
    }
}
