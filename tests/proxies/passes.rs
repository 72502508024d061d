//! A program's pass behind real proxies: it opens the site in each of the three ways, and what is
//! the gate's own header never arrives at the site.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::curl::Curl;
use crate::support::daemon::Daemon;
use crate::support::http::Ask;
use crate::support::site::values;
use crate::support::test_stack::{ALL, TestStack};

/// The token of a pass of `owner` for `app`.
fn pass(gate: &Daemon) -> String {
    narrow_pass(gate, "backup", &[])
}

/// The same with that name, for less.
fn narrow_pass(gate: &Daemon, name: &str, narrower: &[&str]) -> String {
    let words = ["pass", "create", name, "--user", "owner", "--host", "app.example.test"];
    let made = gate.place.json(&[&words[..], narrower].concat());
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

/// What visitors may make up about where they are and what they ask for.
const MADE_UP: [&str; 9] = [
    "X-Forwarded-For: 127.0.0.2",
    "X-Real-IP: 127.0.0.2",
    "CF-Connecting-IP: 127.0.0.2",
    "True-Client-IP: 127.0.0.2",
    "Forwarded: for=127.0.0.2;proto=https;host=app.example.test",
    "X-Forwarded-Uri: /api/x",
    "X-Original-URI: /api/x",
    "X-Original-URL: https://app.example.test/api/x",
    "X-Rewrite-URL: /api/x",
];

#[test]
fn a_pass_is_good_for_its_network_and_paths_alone_whatever_a_visitor_makes_up() {
    for kind in ALL {
        let stack = TestStack::behind(kind, "[networks]\nhome = [\"127.0.0.2/32\"]\n");
        stack.gate.place.add_user("owner");
        let at_home = narrow_pass(&stack.gate, "at home", &["--network", "home"]);
        let api = narrow_pass(&stack.gate, "api", &["--path", "/api/*"]);
        let status = |from: &str, target: &str, token: &str, made_up: &[&str]| {
            let token = format!("X-Portcullis-Pass: {token}");
            let headers = made_up.iter().copied().chain([token.as_str()]);
            let words: Vec<_> = headers.flat_map(|header| ["--header", header]).collect();
            let url = format!("http://{}{target}", stack.host("app"));
            Curl::from(stack.ports, from)
                .load(&url, &[&words[..], &["--path-as-is"]].concat())
                .status
        };
        assert_eq!(status("127.0.0.2", "/x", &at_home, &[]), 200, "{kind:?}");
        assert_eq!(status("127.0.0.3", "/api/x", &api, &[]), 200, "{kind:?}");
        for made_up in [&MADE_UP[..], &[]].into_iter().chain(MADE_UP.chunks(1)) {
            let told = format!("{kind:?} {made_up:?}");
            assert_eq!(status("127.0.0.3", "/x", &at_home, made_up), 401, "{told}");
            assert_eq!(status("127.0.0.3", "/x", &api, made_up), 401, "{told}");
        }
        for target in ["/api/..%2fx", "/api/../x", "/api/%2e%2e/x", "/api/..;/x", "/api/x;y", "//x"]
        {
            assert_eq!(status("127.0.0.3", target, &api, &[]), 401, "{kind:?} {target}");
        }
        assert_eq!(stack.app.seen().len(), 2, "{kind:?}");
    }
}
