//! Lines as Caddy 2.11.4 writes them.

use super::*;

const LINE: &str = r#"{"level":"info","ts":1796048609.692787,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"50748","client_ip":"203.0.113.7","proto":"HTTP/1.1","method":"GET","host":"a.test:21901","uri":"/share/a?x=1&y=%20","headers":{"Content-Length":["0"],"User-Agent":["q\"u\\o ä"]}},"bytes_read":0,"user_id":"","duration":0.00009027,"size":2,"status":200,"resp_headers":{"Server":["Caddy"]}}"#;

const TLS: &str = r#""tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"a.test"},"headers""#;

#[test]
fn a_line_tells_all_of_the_request() {
    let read = read_log_line(LINE.as_bytes()).expect("a request");
    assert_eq!((read.host.as_deref(), read.scheme), (Some("a.test:21901"), Some(Scheme::Http)));
    assert_eq!((&*read.method, &*read.target), ("GET", &b"/share/a?x=1&y=%20"[..]));
    assert_eq!(read.client, Some("203.0.113.7".parse().expect("an address")));
    let secure = LINE.replace("\"headers\"", TLS);
    let secure = read_log_line(secure.as_bytes()).expect("a request");
    assert_eq!(secure.scheme, Some(Scheme::Https));
    let older = LINE.replace("\"client_ip\":\"203.0.113.7\",", "");
    let older = read_log_line(older.as_bytes()).expect("a request");
    assert_eq!(older.client, Some("127.0.0.1".parse().expect("an address")));
}

#[test]
fn a_target_is_what_was_sent() {
    for (logged, sent) in [
        (r#"/sh\"are\\x"#, &b"/sh\"are\\x"[..]),
        (r"/sh\u00e4re", "/shäre".as_bytes()),
        (r"/\ufffd", "/\u{fffd}".as_bytes()),
        (r"//a//b", b"//a//b"),
        (r"/a;b=c/%C3%A4", b"/a;b=c/%C3%A4"),
        (r"*", b"*"),
    ] {
        let line = LINE.replace("/share/a?x=1&y=%20", logged);
        let read = read_log_line(line.as_bytes()).expect(logged);
        assert_eq!(&*read.target, sent, "{logged}");
    }
}

#[test]
fn only_the_access_log_holds_requests() {
    let without = LINE.replace("\"logger\":\"http.log.access.log0\",", "");
    assert!(read_log_line(without.as_bytes()).is_some());
    for line in [
        LINE.replace("http.log.access.log0", "http.log.error.log0"),
        LINE.replace("http.log.access.log0", "http.handlers.reverse_proxy"),
        LINE.replace("\"uri\"", "\"url\""),
        LINE[..LINE.len() - 1].to_owned(),
        r#"{"level":"info","ts":1796048609.1,"msg":"serving initial configuration"}"#.to_owned(),
        "[]".to_owned(),
        String::new(),
    ] {
        assert_eq!(read_log_line(line.as_bytes()), None, "{line}");
    }
}
