//! Lines as nginx 1.22.1 and Apache write them.

use super::*;

fn at(request: &str) -> String {
    format!(
        "127.0.0.1 - - [30/Nov/2026:14:23:29 +0000] \"{request}\" 200 2 \"-\" \"q\\x22u\\x5Co\""
    )
}

fn target(request: &str) -> Option<Vec<u8>> {
    read(at(request).as_bytes()).map(|request| request.target.into_owned())
}

#[test]
fn a_line_tells_method_target_and_address() {
    let line = at("POST /hook?x=1&y=%20 HTTP/1.1");
    let read = read(line.as_bytes()).expect("a request");
    assert_eq!((read.host, read.scheme), (None, None));
    assert_eq!((&*read.method, &*read.target), ("POST", &b"/hook?x=1&y=%20"[..]));
    assert_eq!(read.client, Some("127.0.0.1".parse().expect("an address")));
    assert!(matches!(read.target, Cow::Borrowed(_)));
}

#[test]
fn a_target_is_what_was_sent() {
    for (request, sent) in [
        ("GET /sh\\x22are\\x5Cx HTTP/1.1", &b"/sh\"are\\x"[..]),
        ("GET /sh\\xC3\\xA4re/\\xFF HTTP/1.1", b"/sh\xC3\xA4re/\xFF"),
        ("GET /a\\x5Cx22 HTTP/1.1", b"/a\\x22"),
        ("GET /share/..%2fadmin HTTP/2.0", b"/share/..%2fadmin"),
        ("GET http://b.test/abs?x HTTP/1.1", b"http://b.test/abs?x"),
        ("GET /sp ace HTTP/1.1", b"/sp ace"),
        ("GET /[x]|y^z{}`<> HTTP/1.1", b"/[x]|y^z{}`<>"),
        ("OPTIONS * HTTP/1.1", b"*"),
        ("GET /old", b"/old"),
        // Apache's.
        ("GET /a\\\"b\\\\c\\t HTTP/1.1", b"/a\"b\\c\t"),
        ("GET /a\\q HTTP/1.1", b"/a\\q"),
    ] {
        assert_eq!(target(request).as_deref(), Some(sent), "{request}");
    }
}

#[test]
fn a_host_may_stand_in_front() {
    let front = "photos.example.com:443 2001:db8::1 - ben [30/Nov/2026:14:23:29 +0000] ";
    let line = format!("{front}\"GET / HTTP/1.1\" 200 2");
    let read = read(line.as_bytes()).expect("a request");
    assert_eq!(read.host.as_deref(), Some("photos.example.com:443"));
    assert_eq!(read.client, Some("2001:db8::1".parse().expect("an address")));
}

#[test]
fn a_user_may_be_called_anything() {
    for user in ["-", "ben", "b e n", "- [x] - ", "1.2.3.4 - x", "[x] \\x22GET /open HTTP/1.1\\x22"]
    {
        let line =
            format!("192.0.2.1 - {user} [30/Nov/2026:14:23:29 +0000] \"GET /a HTTP/1.1\" 401 0");
        let read = read(line.as_bytes()).expect(user);
        assert_eq!((read.host.as_deref(), &*read.target), (None, &b"/a"[..]), "{user}");
        assert_eq!(read.client, Some("192.0.2.1".parse().expect("an address")), "{user}");
    }
}

#[test]
fn a_client_of_a_unix_socket_has_no_address() {
    let line = "unix: - - [30/Nov/2026:14:23:29 +0000] \"GET / HTTP/1.1\" 200 2";
    assert_eq!(read(line.as_bytes()).expect("a request").client, None);
}

#[test]
fn what_holds_no_request_is_none() {
    for line in [
        String::new(),
        "127.0.0.1".to_owned(),
        at("\\x16\\x03\\x01\\x02"),
        at("-"),
        at(""),
        at("GET "),
        at("GET / FTP/1.1"),
        at(" / HTTP/1.1"),
        at("G\\x00T / HTTP/1.1"),
        at("GET / HTTP/1.1").replace("200", "20"),
        at("GET / HTTP/1.1").replace("200", "x"),
        at("GET / HTTP/1.1").replace("] ", ""),
        at("GET / HTTP/1.1").replace("127.0.0.1 - ", "127.0.0.1 "),
        "127.0.0.1 - - [30/Nov/2026:14:23:29 +0000] \"GET / HTTP/1.1".to_owned(),
        r#"{"request":"GET / HTTP/1.1"}"#.to_owned(),
    ] {
        assert_eq!(read(line.as_bytes()), None, "{line}");
    }
    assert_eq!(read(b"\xFF - - [x] \"GET / HTTP/1.1\" 200"), None);
}
