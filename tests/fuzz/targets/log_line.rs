//! Lines of access logs: what a visitor sends stays in its place, and is read as it was sent,
//! however the proxy had to write it.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::proxies::all::logged_request;

/// As nginx writes it.
fn escaped(octets: &[u8]) -> String {
    let plain = |octet: u8| (b' '..=b'~').contains(&octet) && octet != b'"' && octet != b'\\';
    let written = |octet: &u8| match *octet {
        octet if plain(octet) => char::from(octet).to_string(),
        octet => format!("\\x{octet:02X}"),
    };
    octets.iter().map(written).collect()
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(request) = logged_request(bytes) {
        assert!(!request.method.is_empty() || bytes.trim_ascii_start().starts_with(b"{"));
    }
    if bytes.is_empty() {
        return;
    }
    let sent = escaped(bytes);
    for (front, host) in [("", None), ("a.example:80 ", Some("a.example:80"))] {
        let line = format!("{front}192.0.2.1 - {sent} [t] \"GET {sent} HTTP/1.1\" 200 2 \"{sent}\"");
        let request = logged_request(line.as_bytes()).expect("a request");
        assert_eq!((request.host.as_deref(), &*request.method), (host, "GET"));
        assert_eq!(request.client, Some([192, 0, 2, 1].into()));
        assert_eq!(&*request.target, bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    let headers = serde_json::json!({ &*text: [text] });
    let inner = serde_json::json!({
        "method": "GET", "host": text, "uri": text, "client_ip": "192.0.2.1", "headers": headers,
    });
    let caddy = serde_json::json!({ "logger": "http.log.access", "request": inner });
    let traefik = serde_json::json!({
        "RequestMethod": "GET", "RequestAddr": text, "RequestPath": text,
        "ClientHost": "192.0.2.1", "RequestScheme": "https",
    });
    for line in [caddy, traefik] {
        let line = line.to_string();
        let request = logged_request(line.as_bytes()).expect("a request");
        assert_eq!((request.host.as_deref(), &*request.method), (Some(&*text), "GET"));
        assert_eq!(request.client, Some([192, 0, 2, 1].into()));
        assert_eq!(&*request.target, text.as_bytes());
    }
});
