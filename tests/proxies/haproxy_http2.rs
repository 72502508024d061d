//! HTTP/2 before HAProxy, in the clear as HAProxy takes it by its preface (RFC 9113 section 3.3):
//! pages, and a WebSocket (RFC 8441), of which the gate is told by `Upgrade` alone.

use crate::support::http::Connection;
use crate::support::site::values;
use crate::support::test_stack::{ProxyKind, TestStack};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `SETTINGS_ENABLE_CONNECT_PROTOCOL` = 1.
const TAKES_WEBSOCKETS: [u8; 6] = [0, 8, 0, 0, 0, 1];

/// A client with one connection, whose streams have odd numbers.
struct Http2 {
    connection: Connection,
    settings: Vec<u8>,
}

impl Http2 {
    fn open(stack: &TestStack) -> Self {
        let mut connection = Connection::open(stack.http());
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        connection.send(&frame(SETTINGS, 0, 0, &[]));
        let mut client = Self { connection, settings: Vec::new() };
        client.settings = client.next(SETTINGS, 0);
        client
    }

    /// Begins a stream with these headers.
    fn ask(&mut self, stream: u8, flags: u8, headers: &[(&str, &str)]) {
        let block: Vec<u8> =
            headers.iter().flat_map(|(name, value)| literal(name, value)).collect();
        self.connection.send(&frame(HEADERS, flags | END_HEADERS, stream, &block));
    }

    /// The status that a stream is answered with.
    fn status(&mut self, stream: u8) -> u16 {
        match self.next(HEADERS, stream).as_slice() {
            // RFC 7541, appendix A: the common ones have a number each.
            [0x88, ..] => 200,
            [0x8C, ..] => 400,
            [0x8D, ..] => 404,
            [0x8E, ..] => 500,
            // Any other stands there with the name's number.
            [0x08 | 0x48, 3, digits @ ..] => {
                let digits = digits.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
                digits.and_then(|digits| digits.parse().ok()).expect("a status")
            }
            other => panic!("no status: {other:?}"),
        }
    }

    /// What the next frame of that kind on that stream holds; others are passed over.
    fn next(&mut self, kind: u8, stream: u8) -> Vec<u8> {
        loop {
            let head = self.connection.exactly(9).expect("a frame");
            let [a, b, c, of_kind, flags, .., on_stream] = head.as_slice() else {
                panic!("no frame: {head:?}")
            };
            let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            let payload = self.connection.exactly(length).expect("the whole frame");
            let is_answer = *of_kind == SETTINGS && *flags == 1;
            if (*of_kind, *on_stream) == (kind, stream) && !is_answer {
                return payload;
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// A header that is written out, name and value, and not remembered (RFC 7541 section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    [vec![0], string(name), string(value)].concat()
}

/// RFC 7541 sections 5.1 and 5.2, without Huffman's code.
fn string(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.len();
    if rest < 127 {
        octets.push(rest as u8);
    } else {
        octets.push(127);
        rest -= 127;
        while rest >= 128 {
            octets.push((rest % 128) as u8 | 128);
            rest /= 128;
        }
        octets.push(rest as u8);
    }
    octets.extend_from_slice(text.as_bytes());
    octets
}

#[test]
fn a_websocket_over_http2_is_refused_with_401_and_opens_after_the_login() {
    let stack = TestStack::behind(ProxyKind::Haproxy, "");
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let mut client = Http2::open(&stack);
    let offered = client.settings.chunks(6).any(|setting| setting == TAKES_WEBSOCKETS);
    assert!(offered, "{:?}", client.settings);
    let (host, cookie) = (stack.host("app"), format!("auth_token={token}"));
    let upgrade = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/ws"),
        (":authority", host.as_str()),
        ("sec-websocket-version", "13"),
        ("remote-user", "mallory"),
    ];
    client.ask(1, 0, &upgrade);
    assert_eq!((client.status(1), stack.app.seen().len()), (401, 0));

    client.ask(3, 0, &[&upgrade[..], &[("cookie", &cookie)]].concat());
    assert_eq!(client.status(3), 200);
    client.connection.send(&frame(DATA, 0, 3, &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']));
    let mut said = client.next(DATA, 3);
    while said.len() < 4 {
        said.extend(client.next(DATA, 3));
    }
    assert_eq!(said, [0x81, 2, b'h', b'i']);
    let seen = stack.app.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(values(&seen[0], "remote-user"), ["owner"], "{seen:?}");
    assert_eq!(values(&seen[0], "upgrade"), ["websocket"], "{seen:?}");
}

#[test]
fn a_page_over_http2_is_asked_about_on_each_stream() {
    let stack = TestStack::behind(ProxyKind::Haproxy, "");
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let mut client = Http2::open(&stack);
    let (host, token) = (stack.host("app"), format!("auth_token={token}"));
    let page = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/x?a=1"),
        (":authority", host.as_str()),
        ("accept", "text/html"),
        ("remote-user", "mallory"),
        ("remote_user", "mallory"),
    ];
    // A cookie may come in pieces (RFC 9113 section 8.2.3).
    let signed_in = [&page[..], &[("cookie", "a=b"), ("cookie", &token)]].concat();
    for (stream, headers, status) in
        [(1, &page[..], 302), (3, &signed_in, 200), (5, &page[..], 302), (7, &signed_in, 200)]
    {
        client.ask(stream, END_STREAM, headers);
        assert_eq!(client.status(stream), status, "{stream}");
    }
    let seen = stack.app.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    for request in seen {
        assert_eq!(request["target"], "/x?a=1", "{request}");
        assert_eq!(values(&request, "remote-user"), ["owner"], "{request}");
        assert!(!request.to_string().contains("mallory"), "{request}");
    }
}

/// `Host` beside `:authority` names no other site.
#[test]
fn a_host_beside_the_authority_names_no_other_site() {
    let rules = "[[rule]]\nhosts = [\"other.example.test\"]\naccess = \"open\"\n";
    let stack = TestStack::behind(ProxyKind::Haproxy, rules);
    let (app, other) = (stack.host("app"), stack.host("other"));
    for (stream, authority, host) in [(1, &app, &other), (3, &other, &app)] {
        let mut client = Http2::open(&stack);
        client.ask(
            stream,
            END_STREAM,
            &[
                (":method", "GET"),
                (":scheme", "http"),
                (":path", "/"),
                (":authority", authority),
                ("host", host),
                ("accept", "text/html"),
            ],
        );
        let status = client.status(stream);
        assert!(status != 200 || authority == &other, "{authority} {host}: {status}");
    }
    assert_eq!(stack.app.seen().len(), 0);
}
