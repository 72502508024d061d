//! Request lines, hosts, header lines: each case is sent alone on its connection.

use super::client::{Client, get};
use super::gate::Gate;

/// A case: what is sent, and the statuses that are right. 0 stands for an end without an answer.
type Case = (&'static str, Vec<u8>, &'static [u16]);

fn check(cases: Vec<Case>) {
    let gate = Gate::start();
    for (name, bytes, expected) in cases {
        let mut client = Client::to(gate.address);
        // A request that is smuggled in behind a refused one must not be answered.
        client.say(&bytes);
        let answer = client.answer_to(if bytes.starts_with(b"HEAD ") { "HEAD" } else { "GET" });
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        assert!(expected.contains(&status), "{name}: {answer:?}");
        if matches!(status, 400 | 408 | 413 | 414 | 431 | 501 | 505) {
            assert!(
                answer.is_some_and(|answer| answer.closes()),
                "{name}: does not say that it closes"
            );
            assert!(client.has_ended(), "{name}: something followed the refusal");
        }
    }
    assert_eq!(
        Client::to(gate.address).say(get("/health")).answer().expect("an answer").status,
        200
    );
}

fn line(text: impl AsRef<[u8]>) -> Vec<u8> {
    [text.as_ref(), b"\r\nHost: gate\r\n\r\n", get("/health").as_bytes()].concat()
}

fn header(text: impl AsRef<[u8]>) -> Vec<u8> {
    [b"GET /health HTTP/1.1\r\nHost: gate\r\n", text.as_ref(), b"\r\n\r\n"].concat()
}

fn host(text: &str) -> Vec<u8> {
    format!("GET /health HTTP/1.1\r\n{text}\r\n\r\n").into_bytes()
}

#[test]
fn request_lines_are_taken_or_refused_by_the_book() {
    check(vec![
        ("plain", line("GET /health HTTP/1.1"), &[200]),
        ("blank line before it", line("\r\nGET /health HTTP/1.1"), &[200]),
        ("no HTTP", line("HELLO"), &[400]),
        ("HTTP/0.9", line("GET /health"), &[400]),
        ("two spaces", line("GET  /health HTTP/1.1"), &[400]),
        ("space in the target", line("GET /hea lth HTTP/1.1"), &[400]),
        ("tab", line("GET\t/health\tHTTP/1.1"), &[400]),
        ("NUL in the target", line("GET /\0 HTTP/1.1"), &[400]),
        ("CR in the target", line("GET /\r HTTP/1.1"), &[400]),
        ("DEL in the target", line("GET /\x7f HTTP/1.1"), &[400]),
        ("bytes above ASCII in the target", line(b"GET /count?\xff\xc3\xb6 HTTP/1.1"), &[200]),
        ("bytes above ASCII in the path", line(b"GET /\xff HTTP/1.1"), &[404]),
        ("fragment", line("GET /count?a#b HTTP/1.1"), &[200]),
        ("bad method bytes", line("G{}T /health HTTP/1.1"), &[400]),
        ("unknown method", line("BREW /health HTTP/1.1"), &[405, 501]),
        ("method in lower case", line("get /health HTTP/1.1"), &[405, 501]),
        ("known method not allowed", line("DELETE /health HTTP/1.1"), &[405]),
        ("over-long method", line(format!("{} /health HTTP/1.1", "M".repeat(1_000))), &[501]),
        ("HTTP/2.0", line("GET /health HTTP/2.0"), &[505]),
        ("HTTP/1.2", line("GET /health HTTP/1.2"), &[200]),
        ("HTTP/1", line("GET /health HTTP/1"), &[400]),
        ("http in lower case", line("GET /health http/1.1"), &[400]),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[505]),
        ("bare line feeds", b"GET /health HTTP/1.1\nHost: gate\n\n".to_vec(), &[200]),
        ("relative target", line("GET health HTTP/1.1"), &[400]),
        ("asterisk with GET", line("GET * HTTP/1.1"), &[400]),
        ("asterisk with OPTIONS", line("OPTIONS * HTTP/1.1"), &[404]),
        ("authority with GET", line("GET gate:80 HTTP/1.1"), &[400]),
        ("CONNECT", line("CONNECT gate:80 HTTP/1.1"), &[405]),
        ("absolute form", line("GET http://gate/health HTTP/1.1"), &[200]),
        (
            "absolute form with another scheme's case",
            line("GET HTTP://gate:80/health HTTP/1.1"),
            &[200],
        ),
        ("absolute form with a user", line("GET http://u@gate/health HTTP/1.1"), &[400]),
        ("absolute form without a host", line("GET http:///health HTTP/1.1"), &[400]),
        ("target of 8,000 octets", line(format!("GET /{} HTTP/1.1", "a".repeat(7_999))), &[404]),
        ("target of 9,000 octets", line(format!("GET /{} HTTP/1.1", "a".repeat(9_000))), &[414]),
        (
            "target of 100,000 octets",
            line(format!("GET /{} HTTP/1.1", "a".repeat(100_000))),
            &[414],
        ),
    ]);
}

#[test]
fn other_protocols_are_shown_the_door() {
    check(vec![
        ("TLS hello", b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03".to_vec(), &[400]),
        ("SOCKS4", b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00".to_vec(), &[400]),
        ("SOCKS5", b"\x05\x01\x00".to_vec(), &[400]),
        ("SMTP", b"EHLO gate\r\n".to_vec(), &[400]),
        ("PROXY v1", line("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /health HTTP/1.1"), &[400]),
        ("PROXY v2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec(), &[400]),
        ("NULs", vec![0; 1_000], &[400]),
        ("noise", (0..=255).rev().collect(), &[400]),
    ]);
}

#[test]
fn hosts_are_taken_or_refused_by_the_book() {
    check(vec![
        ("missing", host("X: y"), &[400]),
        ("twice", host("Host: gate\r\nHost: gate"), &[400]),
        ("twice, another case", host("Host: gate\r\nhOST: other"), &[400]),
        ("space", host("Host: ga te"), &[400]),
        ("slash", host("Host: gate/x"), &[400]),
        ("comma", host("Host: gate,other"), &[400]),
        ("at", host("Host: u@gate"), &[400]),
        ("port no number", host("Host: gate:http"), &[400]),
        ("port too big", host("Host: gate:65536"), &[400]),
        ("port with a sign", host("Host: gate:+80"), &[400]),
        ("empty", host("Host:"), &[400]),
        ("port", host("Host: gate:8443"), &[200]),
        ("IPv6", host("Host: [::1]:3000"), &[200]),
        ("missing in HTTP/1.0", b"GET /health HTTP/1.0\r\n\r\n".to_vec(), &[200]),
        (
            "twice in HTTP/1.0",
            b"GET /health HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n".to_vec(),
            &[400],
        ),
    ]);
}

#[test]
fn the_host_of_an_absolute_target_counts() {
    let gate = Gate::start();
    let raw = "GET http://real:81/host HTTP/1.1\r\nHost: claimed\r\n\r\n";
    assert_eq!(Client::to(gate.address).say(raw).answer().expect("an answer").body, b"real:81");
}

#[test]
fn header_lines_are_taken_or_refused_by_the_book() {
    check(vec![
        ("UTF-8 in a value", header("X: J\u{fc}rgen"), &[200]),
        ("bytes above ASCII in a value", header(b"X: \x80\xff"), &[200]),
        ("tab in a value", header("X: a\tb"), &[200]),
        ("empty value", header("X:"), &[200]),
        ("space before the colon", header("X : y"), &[400]),
        ("no colon", header("X"), &[400]),
        ("empty name", header(": y"), &[400]),
        ("space in the name", header("X Y: z"), &[400]),
        ("name no token", header("X[]: y"), &[400]),
        ("name above ASCII", header("\u{dc}: y"), &[400]),
        ("NUL in a value", header(b"X: a\0b"), &[400]),
        ("bare CR in a value", header("X: a\rb"), &[400]),
        ("escape in a value", header("X: \x1b[2J"), &[400]),
        ("folded with a space", header("X: a\r\n b"), &[400]),
        ("folded with a tab", header("X: a\r\n\tb"), &[400]),
        (
            "space before the first line",
            b"GET /health HTTP/1.1\r\n Host: gate\r\n\r\n".to_vec(),
            &[400],
        ),
        ("25 lines", header("X: y\r\n".repeat(23) + "Y: z"), &[200]),
        ("60 lines", header("X: y\r\n".repeat(58) + "Y: z"), &[200]),
        ("100 lines", header("X: y\r\n".repeat(98) + "Y: z"), &[200]),
        ("101 lines", header("X: y\r\n".repeat(99) + "Y: z"), &[431]),
        ("5,000 lines", header("X: y\r\n".repeat(5_000) + "Y: z"), &[431]),
        ("cookie of 7 KiB", header(format!("Cookie: a={}", "c".repeat(7_168))), &[200]),
        ("head of nearly 64 KiB", header(format!("Cookie: a={}", "c".repeat(65_000))), &[200]),
        ("128 KiB in one line", header(format!("Cookie: a={}", "c".repeat(131_072))), &[431]),
    ]);
}

#[test]
fn head_and_bodiless_statuses_come_without_a_body() {
    let gate = Gate::start();
    let mut client = Client::to(gate.address);
    client
        .say("HEAD /health HTTP/1.1\r\nHost: gate\r\n\r\n")
        .say(get("/verify"))
        .say(get("/unchanged"));
    client.say("HEAD /nowhere HTTP/1.1\r\nHost: gate\r\n\r\n").say(get("/health"));
    let head = client.answer_to("HEAD").expect("an answer");
    assert_eq!((head.status, head.header("Content-Length")), (200, Some("2")));
    assert_eq!(client.answer().expect("an answer").status, 204);
    assert_eq!(client.answer().expect("an answer").status, 304);
    assert_eq!(client.answer_to("HEAD").expect("an answer").status, 404);
    assert_eq!(client.answer().expect("an answer").body, b"ok");
}

#[test]
fn no_answer_tells_product_version_or_date() {
    let gate = Gate::start();
    for bytes in [get("/health"), get("/nowhere"), "NONSENSE\r\n\r\n".to_owned()] {
        let answer = Client::to(gate.address).say(bytes).answer().expect("an answer");
        assert_eq!(answer.header("Server").or(answer.header("Date")), None);
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
}
