//! Request heads: what is accepted is read the same way again from its own parts, only when it is
//! complete, and by another reader too.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::http::framing::Framing;
use portcullis::http::name::Name;
use portcullis::http::request::{Head, Version, parse_head};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some((head, length, framing))) = parse_head(bytes) else { return };
    assert!(length <= bytes.len());
    assert!(bytes[..length].ends_with(b"\n"));
    // What follows the head, or is missing from it, changes nothing in what it says.
    assert_same((&head, framing), &bytes[..length]);
    assert!(
        !matches!(parse_head(&bytes[..length - 1]), Ok(Some(_))),
        "complete one octet before its end"
    );
    assert_same((&head, framing), &written(&head));

    let mut room = [httparse::EMPTY_HEADER; 100];
    let lines = length - lines_start(&bytes[..length]);
    let theirs = httparse::parse_headers(&bytes[length - lines..length], &mut room);
    let Ok(httparse::Status::Complete((whole, theirs))) = theirs else {
        panic!("{}", bytes.escape_ascii())
    };
    assert_eq!(whole, lines);
    assert!(head.headers.iter().eq(theirs.iter().map(|line| (line.name.as_bytes(), line.value))));

    for (name, value) in head.headers.iter() {
        assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic));
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    }
    assert!(
        !head
            .path
            .iter()
            .chain(head.query().unwrap_or_default())
            .any(|byte| byte.is_ascii_control() || *byte == b' ')
    );
});

/// Where the line behind the request line starts.
fn lines_start(head: &[u8]) -> usize {
    let blank =
        head.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).expect("a request line");
    blank + 1 + head[blank..].iter().position(|byte| *byte == b'\n').expect("its end")
}

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
    assert_eq!(head.query(), again.query());
    assert_eq!(head.headers.host(), again.headers.host());
}

/// The head as a proxy would send it on.
fn written(head: &Head<'_>) -> Vec<u8> {
    let mut bytes = head.method_text.as_bytes().to_vec();
    bytes.push(b' ');
    bytes.extend(head.path);
    if let Some(query) = head.query() {
        bytes.push(b'?');
        bytes.extend(query);
    }
    bytes.extend(match head.version {
        Version::Http10 => b" HTTP/1.0\r\n",
        Version::Http11 => b" HTTP/1.1\r\n",
    });
    if let (Some(host), false) = (head.headers.host(), head.headers.has(Name::Host)) {
        bytes.extend([b"Host: ", host, b"\r\n"].concat());
    }
    for (name, value) in head.headers.iter() {
        let value = if name.eq_ignore_ascii_case(b"host") {
            head.headers.host().unwrap_or(value)
        } else {
            value
        };
        bytes.extend([name, b": ", value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}
