//! Bodies: where they end, what smuggles, what is too long.

use super::client::{Client, get};
use super::gate::Gate;

fn post(lines: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("POST /echo HTTP/1.1\r\nHost: gate\r\n{lines}\r\n\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}

fn chunked(body: impl AsRef<[u8]>) -> Vec<u8> {
    post("Transfer-Encoding: chunked", body)
}

#[test]
fn well_formed_bodies_are_read_whatever_their_framing() {
    let gate = Gate::start();
    let mut client = Client::to(gate.address);
    for (name, bytes) in [
        ("length", post("Content-Length: 5", "hello")),
        ("length with zeros and spaces", post("Content-Length:  0005 ", "hello")),
        ("chunked", chunked("5\r\nhello\r\n0\r\n\r\n")),
        ("chunked in pieces", chunked("1\r\nh\r\n4\r\nello\r\n0\r\n\r\n")),
        ("chunked, any case", post("transfer-encoding: CHUNKED", "5\r\nhello\r\n0\r\n\r\n")),
        ("extension", chunked("5;a=b;c=\"d e\"\r\nhello\r\n0\r\n\r\n")),
        ("trailers", chunked("5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n")),
        ("leading zeros", chunked("00005\r\nhello\r\n0000\r\n\r\n")),
    ] {
        // All on one connection: a body read too far or too short would show at the next request.
        let answer = client.say(&bytes).answer().expect(name);
        assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]), "{name}");
        let answer = client
            .say(&bytes[..bytes.len() / 2])
            .say(&bytes[bytes.len() / 2..])
            .answer()
            .expect(name);
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"hello"[..]),
            "{name}, in two halves"
        );
    }
    let answer = client.say(post("X: y", "")).answer().expect("no framing");
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[test]
fn ambiguous_bodies_end_the_connection_and_what_follows_is_never_answered() {
    let gate = Gate::start();
    let chunks = "0\r\n\r\n";
    let cases = [
        ("two lengths", post("Content-Length: 5\r\nContent-Length: 6", "hello")),
        ("one length twice", post("Content-Length: 5\r\nContent-Length: 5", "hello")),
        ("list of lengths", post("Content-Length: 5, 6", "hello")),
        ("plus", post("Content-Length: +5", "hello")),
        ("minus", post("Content-Length: -5", "hello")),
        ("hexadecimal", post("Content-Length: 0x5", "hello")),
        ("space inside", post("Content-Length: 5 5", "hello")),
        ("underscore", post("Content-Length: 5_5", "hello")),
        ("empty length", post("Content-Length:", "hello")),
        ("overflow", post("Content-Length: 18446744073709551617", "hello")),
        ("length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked", chunks)),
        ("chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", chunks)),
        ("unknown coding", post("Transfer-Encoding: gzip", chunks)),
        ("identity", post("Transfer-Encoding: identity", chunks)),
        ("coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", chunks)),
        ("chunked twice", post("Transfer-Encoding: chunked, chunked", chunks)),
        ("chunked not last", post("Transfer-Encoding: chunked, gzip", chunks)),
        ("chunked behind another", post("Transfer-Encoding: gzip, chunked", chunks)),
        ("obfuscated: quoted", post("Transfer-Encoding: \"chunked\"", chunks)),
        ("obfuscated: vertical tab", post("Transfer-Encoding: \x0bchunked", chunks)),
        ("obfuscated: name", post("Transfer-Encoding : chunked", chunks)),
        ("obfuscated: folded", post("Transfer-Encoding:\r\n chunked", chunks)),
        ("obfuscated: parameter", post("Transfer-Encoding: chunked;q=1", chunks)),
        (
            "chunked in HTTP/1.0",
            b"POST /echo HTTP/1.0\r\nHost: gate\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        ),
        ("chunk size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n")),
        ("chunk size 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
        ("chunk size with an underscore", chunked("0_5\r\nhello\r\n0\r\n\r\n")),
        ("chunk size with a NUL", chunked(b"5\0\r\nhello\r\n0\r\n\r\n")),
        ("no chunk size", chunked("\r\nhello\r\n0\r\n\r\n")),
        ("chunk size over 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")),
        ("chunk size of 100 digits", chunked("1".repeat(100) + "\r\nhello\r\n0\r\n\r\n")),
        ("chunk size ended by LF alone", chunked("5\nhello\r\n0\r\n\r\n")),
        ("extension ended by LF alone", chunked("5;a\nhello\r\n0\r\n\r\n")),
        ("chunk longer than said", chunked("5\r\nhello, hello\r\n0\r\n\r\n")),
        ("chunk ended by LF alone", chunked("5\r\nhello\n0\r\n\r\n")),
        ("trailer without a colon", chunked("0\r\nGET / HTTP/1.1\r\n\r\n")),
        ("extension of a megabyte", chunked(format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(1 << 20)))),
        ("trailers of a megabyte", chunked("0\r\n".to_owned() + &"X-A: b\r\n".repeat(1 << 17))),
    ];
    for (name, bytes) in cases {
        let mut client = Client::to(gate.address);
        client.say(&bytes).say(get("/health"));
        let answer = client.answer().expect(name);
        assert!(matches!(answer.status, 400 | 501) && answer.closes(), "{name}: {answer:?}");
        assert!(client.has_ended(), "{name}: what followed was answered");
    }
}

#[test]
fn bodies_over_the_limit_are_413_even_while_the_client_still_sends() {
    let gate = Gate::start();
    for (name, head, piece) in [
        ("declared", post("Content-Length: 10000000", ""), vec![b'a'; 10_000]),
        (
            "declared as 2^64-1",
            post("Content-Length: 18446744073709551615", ""),
            vec![b'a'; 10_000],
        ),
        ("chunked", chunked(""), [b"2710\r\n", &[b'a'; 10_000][..], b"\r\n"].concat()),
    ] {
        let mut client = Client::to(gate.address);
        client.say(&head);
        for _ in 0..1_000 {
            client.say(&piece);
        }
        let answer = client.answer().expect(name);
        assert_eq!(answer.status, 413, "{name}");
        assert!(answer.closes() && client.half_close().has_ended(), "{name}");
    }
    let answer =
        Client::to(gate.address).say(post("Content-Length: 65536", [b'a'; 65_536])).answer();
    assert_eq!(answer.expect("an answer").body.len(), 65_536);
}

#[test]
fn expect_100_continue_is_honoured_where_a_body_is_read() {
    let gate = Gate::start();
    let head =
        "POST /echo HTTP/1.1\r\nHost: gate\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let mut client = Client::to(gate.address);
    assert_eq!(client.say(head).any_answer("POST").expect("an interim answer").status, 100);
    assert_eq!(client.say("hello").any_answer("POST").expect("an answer").body, b"hello");
    // Who does not wait is not told to go on.
    assert_eq!(
        client.say(head.to_owned() + "hello").any_answer("POST").expect("an answer").status,
        200
    );

    let too_long = head.replace("Length: 5", "Length: 99999999");
    assert_eq!(
        Client::to(gate.address).say(too_long).any_answer("POST").expect("an answer").status,
        413
    );

    let mut client = Client::to(gate.address);
    client.say(head.replace("HTTP/1.1", "HTTP/1.0") + "hello");
    assert_eq!(client.any_answer("POST").expect("an answer").status, 200);

    let unknown = head.replace("100-continue", "200-ok") + "hello";
    assert_eq!(
        Client::to(gate.address).say(unknown).any_answer("POST").expect("an answer").status,
        200
    );

    let at_head = "GET /verify HTTP/1.1\r\nHost: gate\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(
        Client::to(gate.address).say(at_head).any_answer("GET").expect("an answer").status,
        204
    );
}

#[test]
fn a_body_announced_to_a_route_that_answers_at_the_head_ends_the_connection() {
    let gate = Gate::start();
    for announced in ["Content-Length: 3", "Transfer-Encoding: chunked"] {
        let mut client = Client::to(gate.address);
        client.say(format!("GET /verify HTTP/1.1\r\nHost: gate\r\n{announced}\r\n\r\n"));
        let answer = client.answer().expect("an answer without the body");
        assert!(answer.status == 204 && answer.closes(), "{answer:?}");
        client.say(get("/health"));
        assert!(client.half_close().has_ended());
    }
    let mut client = Client::to(gate.address);
    client
        .say("GET /verify HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\n\r\n")
        .say(get("/health"));
    assert_eq!(
        [client.answer(), client.answer()].map(|answer| answer.expect("an answer").status),
        [204, 200]
    );
}
