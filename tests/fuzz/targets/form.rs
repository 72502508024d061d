//! Forms: what is encoded comes back as it was; what is accepted is UTF-8; a query gives up nothing
//! of a value.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::http::form::{parse, percent_encode_component, query_values};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(form) = parse(bytes) {
        for name in ["otp", "next", "username", ""] {
            let all: Vec<_> = form.all(name).collect();
            match form.one(name) {
                Ok(found) => assert_eq!(found, all.first().copied()),
                Err(_) => assert!(all.len() > 1),
            }
        }
    }
    let _ = query_values(bytes, "next").count();

    let mut query = b"next=".to_vec();
    percent_encode_component(bytes, &mut |piece| query.extend_from_slice(piece));
    assert!(query[5..].iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(byte)));
    query.extend(b"&x=1");
    assert!(query_values(&query, "next").eq([bytes.to_vec()]));
    match core::str::from_utf8(bytes) {
        Ok(text) => {
            assert_eq!(parse(&query).expect("a good form").one("next").expect("once"), Some(text))
        }
        Err(_) => assert!(parse(&query).is_err()),
    }
});
