//! Cookies: what is set comes back as it was, and no value leaves its line.

#![cfg_attr(fuzzing, no_main)]

use core::time::Duration;

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::http::cookie::{MOST, SameSite, SetCookie, values};
use portcullis::http::request::parse_head;
use portcullis::http::response::{Out, Status};

fuzz_target!(|input: (&[u8], &str, &str, &str)| {
    let (line, name, value, domain) = input;
    read(line);
    write(name, value, domain);
});

/// Every value handed out stands in the line as it is, and no more of them than are worth a look.
fn read(line: &[u8]) {
    if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return;
    }
    let bytes =
        [b"GET / HTTP/1.1\r\nHost: a\r\nCookie: ", line, b"\r\nCookie: auth_token=last\r\n\r\n"]
            .concat();
    let Ok(Some((head, _, _))) = parse_head(&bytes) else { return };
    let (mut last, mut count) = (None, 0);
    for value in values(&head.headers, "auth_token") {
        assert!(!value.contains(&b';'));
        last = Some(value);
        count += 1;
    }
    assert!(count <= MOST);
    assert!(count == MOST || last == Some(b"last".as_slice()), "one line hides another");
}

/// An answer holds exactly the cookie, or is no answer but a 500.
fn write(name: &str, value: &str, domain: &str) {
    let mut out = Out::new();
    out.start(Status::FOUND);
    let cookie = SetCookie {
        name,
        value,
        domain: (!domain.is_empty()).then_some(domain),
        path: "/",
        max_age: Some(Duration::from_secs(60)),
        secure: true,
        http_only: true,
        same_site: SameSite::Lax,
    };
    cookie.render(&mut out);
    if out.status() != 302 {
        assert_eq!(out.status(), 500);
        return;
    }
    let head = String::from_utf8(out.head_bytes().to_vec()).expect("the cookie's octets are ASCII");
    let lines: Vec<_> = head.split("\r\n").filter(|line| !line.is_empty()).collect();
    let [_status, line] = lines[..] else { panic!("one line more or less: {head:?}") };
    let pair = line.strip_prefix("Set-Cookie: ").and_then(|line| line.split(';').next());
    assert_eq!(pair, Some(format!("{name}={value}").as_str()));
    assert_eq!(line.matches(';').count(), if domain.is_empty() { 5 } else { 6 }, "{line}");
}
