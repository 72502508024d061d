//! The headers that bring a program's pass, against a reading that is slow and obvious. The octets
//! 1 and 2 of an input stand for a genuine pass and for one that is wrong in its check.

#![cfg_attr(fuzzing, no_main)]

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::app::presented_pass::presented;
use portcullis::auth::access_pass::pass_token::PassToken;
use portcullis::auth::access_pass::passes::PassCarrier;
use portcullis::entropy::Entropy;
use portcullis::http::request::parse_head;
use sha2::{Digest, Sha256};

fuzz_target!(|input: (u8, &[u8])| {
    let (form, bytes) = input;
    let genuine = PassToken::generate(&mut Same).expose().to_owned();
    let wrong = format!("{}{}", &genuine[..41], if genuine.ends_with('a') { 'b' } else { 'a' });
    let mut value = Vec::new();
    for octet in bytes {
        match octet {
            1 => value.extend_from_slice(genuine.as_bytes()),
            2 => value.extend_from_slice(wrong.as_bytes()),
            octet => value.push(*octet),
        }
    }
    if form & 1 != 0 {
        value = format!("basic {}", BASE64.encode(&value)).into_bytes();
    }
    let names: &[&str] = match form >> 1 & 3 {
        0 => &["X-Portcullis-Pass"],
        1 => &["Authorization"],
        2 => &["authorization", "x-portcullis-pass"],
        _ => &["Authorization", "Authorization"],
    };
    let mut request = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    for name in names {
        request.extend_from_slice(&[name.as_bytes(), b": ", &value, b"\r\n"].concat());
    }
    request.extend_from_slice(b"\r\n");
    let Ok(Some((head, ..))) = parse_head(&request) else { return };
    // A line end in the value makes lines of its own.
    if head.headers.len() != names.len() + 1 {
        return;
    }
    let value = value.trim_ascii();
    let found = presented(&head.headers);
    let own = names.iter().any(|name| name.eq_ignore_ascii_case("X-Portcullis-Pass"));
    if own && !value.is_empty() {
        let found = found.expect("the gate's own header is passed over only where it is empty");
        assert_eq!(found.is_ok(), is_token(value), "{value:?}");
        assert!(found.is_err() || found.is_ok_and(|pass| pass.carrier == PassCarrier::OwnHeader));
    } else {
        let shown = names.len() == 1 && authorized(value).is_some_and(|pass| is_token(&pass));
        assert_eq!(found.is_some(), shown, "{value:?}");
        let found = found.map(|found| found.expect("well-formed").carrier);
        assert!(found.is_none_or(|carrier| carrier == PassCarrier::Authorization));
    }
});

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

struct Same;

impl Entropy for Same {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(7..).for_each(|(byte, value)| *byte = value);
    }
}

/// What stands where a pass may stand.
fn authorized(value: &[u8]) -> Option<Vec<u8>> {
    let blank = value.iter().position(|octet| *octet == b' ')?;
    let (scheme, rest) = (value[..blank].to_ascii_lowercase(), value[blank..].trim_ascii());
    if scheme == b"bearer" {
        return Some(rest.to_vec());
    }
    let pair = BASE64.decode(rest).ok().filter(|pair| scheme == b"basic" && pair.len() <= 512)?;
    let colon = pair.iter().position(|octet| *octet == b':')?;
    Some(pair[colon + 1..].to_vec())
}

fn is_token(text: &[u8]) -> bool {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
    if text.len() != 42 || !text.starts_with(b"pcp_") {
        return false;
    }
    let digest = Sha256::digest(&text[..36]);
    let bits: String = digest.iter().map(|byte| format!("{byte:08b}")).collect();
    let check = (0..6).map(|letter| {
        let five = usize::from_str_radix(&bits[letter * 5..letter * 5 + 5], 2).expect("bits");
        ALPHABET[five]
    });
    text[4..36].iter().all(|letter| ALPHABET.contains(letter)) && check.eq(text[36..].iter().copied())
}
