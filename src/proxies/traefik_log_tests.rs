//! Lines as Traefik 3.7.15 writes them.

use super::*;

const LINE: &str = r#"{"ClientAddr":"127.0.0.1:47598","ClientHost":"127.0.0.1","ClientPort":"47598","ClientUsername":"-","DownstreamContentSize":2,"DownstreamStatus":200,"Duration":126208,"OriginContentSize":2,"OriginDuration":98748,"OriginStatus":200,"Overhead":27460,"RequestAddr":"a.test:21903","RequestContentSize":0,"RequestCount":2,"RequestHost":"a.test","RequestMethod":"GET","RequestPath":"/share/a?x=1\u0026y=%20","RequestPort":"21903","RequestProtocol":"HTTP/1.1","RequestScheme":"http","RetryAttempts":0,"RouterName":"r@file","ServiceAddr":"127.0.0.1:21902","ServiceName":"s@file","ServiceURL":"http://127.0.0.1:21902","StartLocal":"2026-11-30T14:23:29.701783606Z","StartUTC":"2026-11-30T14:23:29.701783606Z","entryPointName":"web","level":"info","msg":"","time":"2026-11-30T14:23:29Z"}"#;

fn read(line: &str) -> LoggedRequest<'_> {
    read_log_line(line.as_bytes()).expect("a request")
}

#[test]
fn a_line_tells_all_of_the_request() {
    let found = read(LINE);
    assert_eq!((found.host.as_deref(), found.scheme), (Some("a.test:21903"), Some(Scheme::Http)));
    assert_eq!((&*found.method, &*found.target), ("GET", &b"/share/a?x=1&y=%20"[..]));
    assert_eq!(found.client, Some("127.0.0.1".parse().expect("an address")));
}

#[test]
fn host_and_port_stand_together_or_apart() {
    let apart = LINE.replace("\"RequestAddr\":\"a.test:21903\",", "");
    assert_eq!(read(&apart).host.as_deref(), Some("a.test:21903"));
    let bare = apart.replace("\"RequestPort\":\"21903\"", "\"RequestPort\":\"-\"");
    assert_eq!(read(&bare).host.as_deref(), Some("a.test"));
    let numbers = bare.replace("\"RequestHost\":\"a.test\"", "\"RequestHost\":\"2001:db8::1\"");
    assert_eq!(read(&numbers).host.as_deref(), Some("[2001:db8::1]"));
    let neither = apart.replace("\"RequestHost\":\"a.test\",", "");
    assert_eq!(read(&neither).host, None);
}

#[test]
fn behind_another_proxy_the_last_address_counts() {
    for (logged, client) in [
        ("::1", Some("::1")),
        ("203.0.113.7", Some("203.0.113.7")),
        ("6.6.6.6, 203.0.113.7", Some("203.0.113.7")),
        ("unknown", None),
    ] {
        let line =
            LINE.replace("\"ClientHost\":\"127.0.0.1\"", &format!("\"ClientHost\":\"{logged}\""));
        assert_eq!(read(&line).client, client.map(|text| text.parse().expect(text)), "{logged}");
    }
}

#[test]
fn what_holds_no_request_is_none() {
    for line in [
        LINE.replace("RequestPath", "Path"),
        LINE.replace("RequestMethod", "Method"),
        LINE[..LINE.len() - 1].to_owned(),
        r#"{"level":"info","msg":"","time":"2026-11-30T14:23:29Z"}"#.to_owned(),
        String::new(),
    ] {
        assert_eq!(read_log_line(line.as_bytes()), None, "{line}");
    }
}
