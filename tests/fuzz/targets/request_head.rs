//! Request heads: what is accepted is read the same way again from its own parts, and only when it is complete.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::http::framing::Framing;
use portcullis::http::request::{Head, Version, parse_head};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some((head, length, framing))) = parse_head(bytes) else { return };
    assert!(length <= bytes.len());
    assert!(bytes[..length].ends_with(b"\n"));
    // What follows the head, or is missing from it, changes nothing in what it says.
    assert_same((&head, framing), &bytes[..length]);
    assert!(!matches!(parse_head(&bytes[..length - 1]), Ok(Some(_))), "complete one octet before its end");
    assert_same((&head, framing), &written(&head));

    for (name, value) in head.headers.iter() {
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    }
    assert!(
        !head.path.iter().chain(head.query.unwrap_or_default()).any(|byte| byte.is_ascii_control() || *byte == b' ')
    );
});

fn assert_same((head, framing): (&Head<'_>, Framing), bytes: &[u8]) {
    let Ok(Some((again, length, framing_again))) = parse_head(bytes) else {
        panic!("refused the second time: {}", bytes.escape_ascii());
    };
    assert_eq!(length, bytes.len());
    assert_eq!(framing, framing_again);
    assert_eq!(head.method_text, again.method_text);
    assert_eq!(head.method, again.method);
    assert_eq!(head.version, again.version);
    assert_eq!(head.path, again.path);
    assert_eq!(head.query, again.query);
    assert!(head.headers.iter().eq(again.headers.iter()));
}

/// The head as a proxy would send it on.
fn written(head: &Head<'_>) -> Vec<u8> {
    let mut bytes = head.method_text.as_bytes().to_vec();
    bytes.push(b' ');
    bytes.extend(head.path);
    if let Some(query) = head.query {
        bytes.push(b'?');
        bytes.extend(query);
    }
    bytes.extend(match head.version {
        Version::Http10 => b" HTTP/1.0\r\n",
        Version::Http11 => b" HTTP/1.1\r\n",
    });
    for (name, value) in head.headers.iter() {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}
