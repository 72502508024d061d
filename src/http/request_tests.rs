//! Request heads: what is read, what is refused and with which status.

use super::*;

fn status(bytes: &[u8]) -> u16 {
    match parse_head(bytes) {
        Ok(Some(_)) => 200,
        Ok(None) => 0,
        Err(malformed) => malformed.status.0,
    }
}

fn get(target: &[u8]) -> Vec<u8> {
    [b"GET ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat()
}

fn with_line(line: &[u8]) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n"].concat()
}

#[test]
fn a_head_is_read_into_its_parts() {
    let bytes = b"\r\nPOST /login?next=/a?b HTTP/1.1\r\nHost: a.example:8443\r\nX-A:  one \r\nx-a: two\r\nContent-Length: 3\r\n\r\nabc";
    let (head, length, framing) = parse_head(bytes).expect("well formed").expect("complete");
    assert_eq!(
        (head.method, head.method_text, head.version),
        (Method::Post, "POST", Version::Http11)
    );
    assert_eq!((head.path, head.query()), (&b"/login"[..], Some(&b"next=/a?b"[..])));
    assert_eq!(head.headers.all("X-a").collect::<Vec<_>>(), [b"one", b"two"]);
    assert_eq!(head.headers.one("x-a"), Err(Repeated));
    assert_eq!(head.headers.host(), Some(&b"a.example:8443"[..]));
    assert_eq!(head.headers.one("cookie"), Ok(None));
    assert_eq!((length, framing), (bytes.len() - 3, Framing::Length(3)));
}

#[test]
fn every_cut_of_a_good_head_is_incomplete() {
    let bytes = b"\r\n\r\nGET /a?b HTTP/1.0\r\nHost: a\r\nCookie: x=1\r\n\r\n";
    for cut in 0..bytes.len() {
        assert_eq!(status(&bytes[..cut]), 0, "cut at {cut}");
    }
    assert_eq!(status(bytes), 200);
}

#[test]
fn request_lines_that_are_no_http_are_refused() {
    for bad in [
        &b"GET\r\n\r\n"[..],
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\n",
        b"GET /  HTTP/1.1\r\n",
        b"GET / HTTP/1.1 \r\n",
        b"GET / HTTP/1.1x\r\n",
        b"GET / HTTP/1.10\r\n",
        b"GET / HTTP/1\r\n",
        b"GET / HTTP/11\r\n",
        b"GET / http/1.1\r\n",
        b"GET / HTTP1.1\r\n",
        b"GET / XTTP/1.1\r\n",
        b"GET\t/ HTTP/1.1\r\n",
        b"GET /a b HTTP/1.1\r\n",
        b"GET /\x00 HTTP/1.1\r\n",
        b"GET /\x7f HTTP/1.1\r\n",
        b"GET /\t HTTP/1.1\r\n",
        b"G@T / HTTP/1.1\r\n",
        b"G\xc3\xabT / HTTP/1.1\r\n",
        b" GET / HTTP/1.1\r\n",
        b"GET health HTTP/1.1\r\n",
        b"GET * HTTP/1.1\r\n",
        b"GET example.com:443 HTTP/1.1\r\n",
        b"GET ftp://a/ HTTP/1.1\r\n",
        b"\r\x00",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x05\x01\x00",
        b"\x04\x01\x00P\x7f\x00\x00\x01",
        b"EHLO example.com\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        b"\r\n\r\n\0\r\nQUIT\n",
        b"\0\0\0\0\0\0",
        b"{\"a\":1}",
    ] {
        assert_eq!(status(bad), 400, "{}", bad.escape_ascii());
    }
}

#[test]
fn other_versions_and_over_long_methods_have_their_own_status() {
    assert_eq!(status(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    assert_eq!(status(b"GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505);
    assert_eq!(status(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    assert_eq!(status(b"GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 200);
    assert_eq!(status(&[&[b'A'; 40][..], b" / HTTP/1.1\r\n"].concat()), 501);
    assert_eq!(status(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
    assert_eq!(status(b"FROB / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

#[test]
fn targets_may_hold_fragments_and_bytes_above_ascii() {
    let raw = get(b"/v\xf6\xff/%2e%2e//a#b?q=\xc3\xb6#x?y");
    let (head, ..) = parse_head(&raw).expect("well formed").expect("complete");
    assert_eq!(head.path, b"/v\xf6\xff/%2e%2e//a#b");
    assert_eq!(head.query(), Some(&b"q=\xc3\xb6#x?y"[..]));
}

#[test]
fn targets_of_8000_octets_pass_and_longer_ones_than_the_limit_are_414() {
    for (length, expected) in
        [(8_000, 200), (TARGET_LIMIT, 200), (TARGET_LIMIT + 1, 414), (60_000, 414), (200_000, 414)]
    {
        let target = [b"/", &vec![b'a'; length - 1][..]].concat();
        assert_eq!(status(&get(&target)), expected, "{length}");
    }
    assert_eq!(status(&[b"GET /", &vec![b'a'; 9_000][..]].concat()), 414, "without a line end");
}

#[test]
fn absolute_form_is_read_as_origin_form_and_its_host_counts() {
    for (target, path, query, host) in [
        ("http://b.example/health?x", "/health", Some("x"), "b.example"),
        ("HTTPS://b.example:8443", "/", None, "b.example:8443"),
        ("http://b.example?x", "/", Some("x"), "b.example"),
    ] {
        let raw = get(target.as_bytes());
        let (head, ..) = parse_head(&raw).expect("well formed").expect("complete");
        assert_eq!((head.path, head.query()), (path.as_bytes(), query.map(str::as_bytes)));
        assert_eq!(head.headers.host(), Some(host.as_bytes()));
    }
    let old = b"GET http://b.example/ HTTP/1.0\r\n\r\n";
    let (head, ..) = parse_head(old).expect("well formed").expect("complete");
    assert_eq!((head.headers.host(), head.headers.is_empty()), (Some(&b"b.example"[..]), true));
    for bad in ["http://", "http:///x", "http://u@b/", "http://a,b/", "http:/health"] {
        assert_eq!(status(&get(bad.as_bytes())), 400, "{bad}");
    }
}

#[test]
fn options_asterisk_is_a_target_of_its_own() {
    let (head, ..) = parse_head(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("well formed")
        .expect("complete");
    assert_eq!(head.path, b"*");
}

#[test]
fn hosts_follow_the_rules() {
    for good in [
        "a",
        "a.example.com:8443",
        "127.0.0.1:1",
        "[::1]:3000",
        "[::ffff:1.2.3.4]",
        "my_host",
        "a.",
        "a:",
    ] {
        let raw = format!("GET / HTTP/1.1\r\nHost: {good}\r\n\r\n");
        assert_eq!(status(raw.as_bytes()), 200, "{good}");
    }
    for bad in [
        "",
        "a b",
        "a/b",
        "a,b",
        "u@a",
        "a:b",
        "a:65536",
        "a:-1",
        "a:+1",
        "a:80:80",
        "[::1",
        "[]",
        "[::1]x",
        "[g::]",
        "a\\b",
        "a?b",
        "a#b",
        "http://a",
        "a%20b",
        ":80",
        "\u{e4}.example",
    ] {
        let raw = format!("GET / HTTP/1.1\r\nHost: {bad}\r\n\r\n");
        assert_eq!(status(raw.as_bytes()), 400, "{bad}");
    }
    assert_eq!(status(b"GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(b"GET / HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status(b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status(b"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"), 400);
}

#[test]
fn header_lines_follow_the_grammar() {
    for good in [
        &b"X-A: \xc3\xa4\xff"[..],
        b"X-A:",
        b"X-A: a\tb",
        b"X-A:\t a \t",
        b"!#$%&'*+-.^_`|~: x",
        b"X_A: y",
    ] {
        assert_eq!(status(&with_line(good)), 200, "{}", good.escape_ascii());
    }
    for bad in [
        &b"X-A : b"[..],
        b"X-A\t: b",
        b": b",
        b"X-A",
        b"X A: b",
        b"X-A\x00: b",
        b"X\xc3\xa4: b",
        b"X-A: a\x00b",
        b"X-A: a\rb",
        b"X-A: a\r\rb",
        b"X-A: a\x7fb",
        b"X-A: a\x01b",
        b"X-A: a\r\n folded",
        b"X-A: a\r\n\tfolded",
        b" X-A: a",
        b"X(A): b",
        b"X-A: b\r",
    ] {
        assert_eq!(status(&with_line(bad)), 400, "{}", bad.escape_ascii());
    }
    assert_eq!(status(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
}

#[test]
fn a_hundred_header_lines_pass_and_one_more_is_431() {
    for (lines, expected) in [(60, 200), (100, 200), (101, 431), (5_000, 431)] {
        let raw = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: b\r\n".repeat(lines - 1));
        assert_eq!(status(raw.as_bytes()), expected, "{lines}");
    }
}

#[test]
fn heads_of_64_kib_pass_and_longer_ones_are_431() {
    let value = |length: usize| with_line(&[b"Cookie: ", &vec![b'a'; length][..]].concat());
    assert_eq!(status(&value(65_000)), 200);
    assert_eq!(status(&value(HEAD_LIMIT)), 431);
    assert_eq!(status(&value(131_072)), 431);
    assert_eq!(status(&value(131_072)[..HEAD_LIMIT + 1]), 431, "an unfinished one");
}

#[test]
fn connection_options_are_found_in_lists_and_over_lines() {
    for (version, lines, keeps) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.1", "Connection: closed, X-Forwarded-Host\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let raw = format!("GET / HTTP/{version}\r\nHost: a\r\n{lines}\r\n");
        let (head, ..) = parse_head(raw.as_bytes()).expect("well formed").expect("complete");
        assert_eq!(head.keeps_alive(), keeps, "{version} {lines}");
    }
}

#[test]
fn expectations_count_only_in_http_1_1() {
    for (version, value, expects) in
        [("1.1", "100-Continue", true), ("1.0", "100-continue", false), ("1.1", "x", false)]
    {
        let raw = format!("POST / HTTP/{version}\r\nHost: a\r\nExpect: {value}\r\n\r\n");
        let (head, ..) = parse_head(raw.as_bytes()).expect("well formed").expect("complete");
        assert_eq!(head.expects_continue(), expects, "{version} {value}");
    }
}

#[test]
fn blank_lines_before_a_request_are_skipped_but_not_for_ever() {
    assert_eq!(status(b"\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    assert_eq!(status("\r\n".repeat(100).as_bytes()), 400);
    assert_eq!(status(b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn mutated_heads_never_panic() {
    let seed = b"POST http://a:80/x?y#z HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nhello";
    for place in 0..seed.len() {
        for byte in 0..=255 {
            let mut bytes = seed.to_vec();
            bytes[place] = byte;
            let _ = parse_head(&bytes);
            let _ = parse_head(&bytes[..place]);
        }
    }
}

#[test]
fn a_head_may_be_exactly_as_long_as_its_limit_whether_it_is_whole_or_not() {
    let head = |length: usize| {
        let empty = with_line(b"Cookie: ").len();
        with_line(&[b"Cookie: ", &vec![b'a'; length - empty][..]].concat())
    };
    assert_eq!(head(HEAD_LIMIT).len(), HEAD_LIMIT);
    assert_eq!(status(&head(HEAD_LIMIT)), 200);
    assert_eq!(status(&head(HEAD_LIMIT + 1)), 431);
    let unfinished = &head(HEAD_LIMIT + 8)[..HEAD_LIMIT];
    assert!(matches!(parse_head(unfinished), Ok(None)), "one that may still end");
}

#[test]
fn a_refused_head_says_what_is_wrong_with_it() {
    let refusal = |line: &[u8]| parse_head(&with_line(line)).err().expect("refused").to_string();
    assert!(refusal(b"no colon").contains("bad name or no colon"));
    assert!(refusal(b"X: a\x01b").contains("control character"));
    assert!(refusal(b"Host: b").starts_with("400 Bad Request: "));
    assert!(Repeated.to_string().contains("more than once"));
}

#[test]
fn a_method_has_at_least_one_letter_and_at_most_its_limit() {
    assert_eq!(status(b" / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    let named =
        |length: usize| [&vec![b'M'; length][..], b" / HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    assert_eq!((status(&named(32)), status(&named(33))), (200, 501));
}
