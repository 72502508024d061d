//! What concerns nginx alone: what else stands in a guarded server, and refusals that are nginx's
//! own.

use std::io::Write as _;

use crate::support::http::{Answer, Ask};
use crate::support::nginx::with_locations;
use crate::support::site::values;
use crate::support::test_stack::{ProxyKind, TestStack};

/// Locations as people add them. nginx refuses to list a folder without an index.
const FURTHER: &str = "
    location /api/ { proxy_pass http://127.0.0.1:8080; }
    location ~ \\.php$ { proxy_pass http://127.0.0.1:8080; }
    location = /exact { proxy_pass http://127.0.0.1:8080; }
    location /ws/ {
        proxy_pass http://127.0.0.1:8080;
        proxy_read_timeout 1h;
        location /ws/inner { proxy_pass http://127.0.0.1:8080; }
    }
    location /moved/ {
        rewrite ^/moved/(.*)$ /$1 break;
        proxy_pass http://127.0.0.1:8080;
    }
    location /open/ {
        auth_request off;
        proxy_pass http://127.0.0.1:8080;
    }
    location /folder/ { alias /proc/self/; }
    location /closed/ { deny all; }
    location /basic/ {
        auth_basic \"its own\";
        auth_basic_user_file /dev/null;
    }
    location /status/ {
        proxy_pass http://127.0.0.1:8080;
        proxy_intercept_errors on;
    }";

fn session(stack: &TestStack) -> String {
    stack.gate.log_in(&stack.gate.place.add_user("owner"))
}

fn inside(stack: &TestStack, token: &str, target: &str) -> Answer {
    stack.page_load(target).cookie("auth_token", token).send(stack.http())
}

#[test]
fn a_further_location_is_guarded_as_the_first_one() {
    let stack =
        TestStack::behind_changed(ProxyKind::Nginx, "", |text| with_locations(&text, FURTHER));
    let token = session(&stack);
    for target in ["/api/x?a=1", "/x.php", "/exact", "/ws/x", "/ws/inner", "/moved/x"] {
        let stranger = stack.page_load(target).send(stack.http());
        assert_eq!(stranger.status, 302, "{target}: {stranger:?}");
        assert_eq!(
            stranger.next(),
            Some(format!("http://{}{target}", stack.host("app"))),
            "{target}"
        );
        assert_eq!(stack.app.seen().len(), 0, "{target}");
    }
    for target in ["/api/x?a=1", "/x.php", "/exact", "/ws/x", "/ws/inner", "/moved/x"] {
        let ask =
            stack.page_load(target).cookie("auth_token", &token).header("Remote-User", "mallory");
        let answer = ask.header("Remote-Groups", "admin").send(stack.http());
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert_eq!(values(&answer.json(), "remote-user"), ["owner"], "{target}");
        assert_eq!(values(&answer.json(), "remote-groups"), [""; 0], "{target}");
    }
}

#[test]
fn a_location_that_is_opened_gets_no_identity_nor_a_forged_one() {
    let stack =
        TestStack::behind_changed(ProxyKind::Nginx, "", |text| with_locations(&text, FURTHER));
    for name in ["Remote-User", "Remote_User", "Remote.User", "Remote~User"] {
        let answer = stack.page_load("/open/x").header(name, "mallory").send(stack.http());
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert!(!answer.text().contains("mallory"), "{name}: {}", answer.text());
    }
}

/// Each was led to itself for ever: the gate, asked for the refusal, says that the visitor may come
/// back.
#[test]
fn what_nginx_or_the_site_refuses_to_who_may_pass_stays_its_own() {
    let stack =
        TestStack::behind_changed(ProxyKind::Nginx, "", |text| with_locations(&text, FURTHER));
    let token = session(&stack);
    for (target, status) in [
        ("/closed/x", 403),
        ("/folder/", 403),
        ("/basic/x", 401),
        ("/status/403", 403),
        ("/status/401", 401),
    ] {
        let answer = inside(&stack, &token, target);
        assert_eq!(
            (answer.status, answer.header("location")),
            (status, None),
            "{target}: {answer:?}"
        );
        assert!(answer.text().contains("<center>nginx"), "{target}: {}", answer.text());
        let basic = answer.all("www-authenticate").any(|value| value.starts_with("Basic"));
        assert_eq!(basic, target == "/basic/x", "{target}: {answer:?}");
    }
    // A stranger is asked to log in wherever nginx asks the gate at all.
    for (target, status) in
        [("/closed/x", 403), ("/folder/", 302), ("/basic/x", 401), ("/status/403", 302)]
    {
        assert_eq!(stack.page_load(target).send(stack.http()).status, status, "{target}");
    }
}

#[test]
fn a_site_that_refuses_by_itself_is_heard_word_for_word() {
    let stack = TestStack::behind(ProxyKind::Nginx, "");
    let token = session(&stack);
    for status in [401, 403] {
        let answer = inside(&stack, &token, &format!("/status/{status}"));
        assert_eq!(
            (answer.status, answer.json()["site"].as_str()),
            (status, Some("app")),
            "{answer:?}"
        );
    }
}

/// `proxy_intercept_errors` for the whole server must not take the gate's own pages and answers
/// away.
#[test]
fn a_server_that_intercepts_errors_still_shows_the_gates_answers() {
    let stack = TestStack::behind_changed(ProxyKind::Nginx, "", |text| {
        with_locations(&text, "proxy_intercept_errors on;")
    });
    let script = Ask::get("/api")
        .header("Host", stack.host("app"))
        .header("Sec-Fetch-Mode", "cors")
        .send(stack.http());
    assert_eq!(
        (script.status, script.json()["error"].as_str()),
        (401, Some("login_required")),
        "{script:?}"
    );
    assert_eq!(stack.page_load("/").send(stack.http()).status, 302);
}

/// nginx measures a body against the limit of every location that it goes through, the question's
/// too.
#[test]
fn a_large_upload_reaches_the_site_and_a_stranger_with_one_is_led_to_the_login() {
    let lifted = "location /upload { client_max_body_size 0; proxy_pass http://127.0.0.1:8080; }";
    let printed = TestStack::behind_changed(ProxyKind::Nginx, "", |text| text);
    let in_one_location = TestStack::behind_changed(ProxyKind::Nginx, "", |text| {
        assert!(text.contains("client_max_body_size 100m;"), "{text}");
        with_locations(
            &text.replace("client_max_body_size 100m;", "client_max_body_size 1m;"),
            lifted,
        )
    });
    for (stack, lines) in [(printed, "as printed"), (in_one_location, lifted)] {
        let token = session(&stack);
        let body = vec![b'x'; 3 << 20];
        let post = Ask::new("POST", "/upload").header("Host", stack.host("app")).by_page_load();
        let answer = post.clone().cookie("auth_token", &token).body(&body).send(stack.http());
        assert_eq!(
            (answer.status, answer.json()["body_length"].as_u64()),
            (200, Some(3 << 20)),
            "{lines}"
        );
        assert_eq!(post.clone().body(&body).send(stack.http()).status, 303, "{lines}");

        let mut chunks = b"300000\r\n".to_vec();
        chunks.extend_from_slice(&body);
        chunks.write_all(b"\r\n0\r\n\r\n").expect("memory");
        let chunked =
            post.cookie("auth_token", &token).header("Transfer-Encoding", "chunked").body(&chunks);
        let answer = chunked.send(stack.http());
        assert_eq!(
            (answer.status, answer.json()["body_length"].as_u64()),
            (200, Some(3 << 20)),
            "{lines}"
        );
    }
}
