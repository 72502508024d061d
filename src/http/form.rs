//! `application/x-www-form-urlencoded`: bodies of forms and values of queries (WHATWG URL section
//! 5.1), and the percent-encoding of a value for a query (RFC 3986 section 2).
//!
//! A body is read strictly: a broken escape, a value that is not UTF-8 or too many fields make it a
//! [`BadForm`], since browsers never send one. A query is read leniently, because visitors' own
//! addresses stand in it.

use core::fmt;

/// Fields that a form may have; more is an attack, not a login.
const FIELD_LIMIT: usize = 64;

/// A decoded form.
pub struct Form {
    fields: Vec<(String, String)>,
}

/// A body that is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadForm {
    /// A `%` without two hexadecimal digits behind it.
    Escape,
    /// A name or value that is not UTF-8.
    NotUtf8,
    /// More than 64 fields.
    TooMany,
}

impl fmt::Display for BadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Escape => "the form has a percent sign without two hexadecimal digits; send it percent-encoded",
            Self::NotUtf8 => "the form is not UTF-8",
            Self::TooMany => "the form has more than 64 fields",
        })
    }
}

/// A field that may be there once was there several times.
pub use super::headers::Repeated;

/// Decodes the body of a form.
pub fn parse(body: &[u8]) -> Result<Form, BadForm> {
    let mut fields = Vec::new();
    for (name, value) in pairs(body) {
        if fields.len() == FIELD_LIMIT {
            return Err(BadForm::TooMany);
        }
        fields.push((strict(name)?, strict(value)?));
    }
    Ok(Form { fields })
}

impl Form {
    /// The value of the one field called `name`; `None` if there is none.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// The values of all fields called `name`.
    pub fn all<'s, 'n>(&'s self, name: &'n str) -> impl Iterator<Item = &'s str> + use<'s, 'n> {
        self.fields.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }
}

/// The values called `name` in a query, decoded once: `+` is a space, a broken escape stays as it
/// is. The bytes need not be UTF-8.
pub fn query_values<'q>(query: &'q [u8], name: &'q str) -> impl Iterator<Item = Vec<u8>> + use<'q> {
    pairs(query)
        .filter(move |(sent, _)| decode(sent).0 == name.as_bytes())
        .map(|(_, value)| decode(value).0)
}

/// Hands `bytes` to `sink` with everything but the unreserved characters of RFC 3986
/// percent-encoded. Never allocates.
pub fn percent_encode_component(bytes: &[u8], sink: &mut impl FnMut(&[u8])) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = rest.iter().position(|&byte| !is_unreserved(byte)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(plain).unwrap_or_default();
        if !run.is_empty() {
            sink(run);
        }
        let Some((&byte, after)) = after.split_first() else { break };
        sink(&[b'%', hex_digit(byte >> 4), hex_digit(byte & 0x0f)]);
        rest = after;
    }
}

/// RFC 3986 section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + (nibble - 10) }
}

/// Name and value of each non-empty field, still encoded; a field without `=` has an empty value.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    bytes.split(|&byte| byte == b'&').filter(|field| !field.is_empty()).map(|field| {
        let mut halves = field.splitn(2, |&byte| byte == b'=');
        (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
    })
}

fn strict(encoded: &[u8]) -> Result<String, BadForm> {
    match decode(encoded) {
        (_, false) => Err(BadForm::Escape),
        (bytes, true) => String::from_utf8(bytes).map_err(|_| BadForm::NotUtf8),
    }
}

/// The decoded bytes, and whether every escape was whole.
fn decode(encoded: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut whole = true;
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, behind @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(nibble(*high) << 4 | nibble(*low));
                rest = behind;
            }
            (b'%', _) => {
                whole = false;
                bytes.push(b'%');
            }
            _ => bytes.push(byte),
        }
    }
    (bytes, whole)
}

fn nibble(digit: u8) -> u8 {
    char::from(digit).to_digit(16).and_then(|number| u8::try_from(number).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_form_is_read() {
        let form =
            parse(b"otp=123+456&next=https%3A%2F%2Fapp.example.com%2F%3Fa%3D1%26b%3D2&empty=&flag")
                .expect("good");
        assert_eq!(form.one("otp"), Ok(Some("123 456")));
        assert_eq!(form.one("next"), Ok(Some("https://app.example.com/?a=1&b=2")));
        assert_eq!(form.one("empty"), Ok(Some("")));
        assert_eq!(form.one("flag"), Ok(Some("")));
        assert_eq!(form.one("missing"), Ok(None));
    }

    #[test]
    fn a_field_sent_twice_is_noticed() {
        let form = parse(b"otp=123456&otp=000000").expect("good");
        assert_eq!(form.one("otp"), Err(Repeated));
        assert_eq!(form.all("otp").count(), 2);
    }

    #[test]
    fn broken_bodies_are_refused() {
        assert_eq!(parse(b"a=%").err(), Some(BadForm::Escape));
        assert_eq!(parse(b"a=%4").err(), Some(BadForm::Escape));
        assert_eq!(parse(b"a=%zz").err(), Some(BadForm::Escape));
        assert_eq!(parse(b"a=%ff").err(), Some(BadForm::NotUtf8));
        assert_eq!(parse(b"a=\xff").err(), Some(BadForm::NotUtf8));
        assert_eq!(parse("a&".repeat(65).as_bytes()).err(), Some(BadForm::TooMany));
        assert!(parse(b"").is_ok());
    }

    #[test]
    fn query_values_are_decoded_once_and_leniently() {
        let values = |query: &[u8]| query_values(query, "next").collect::<Vec<_>>();
        assert_eq!(values(b"x=1&next=%252F&ne%78t=/\xc3"), [b"%2F".to_vec(), b"/\xc3".to_vec()]);
        assert_eq!(values(b"next=100%&next=%0a"), [b"100%".to_vec(), b"\n".to_vec()]);
    }

    #[test]
    fn encoding_and_decoding_are_inverse_for_every_byte() {
        let all: Vec<u8> = (0..=255).collect();
        let mut encoded = b"next=".to_vec();
        percent_encode_component(&all, &mut |piece| encoded.extend_from_slice(piece));
        assert!(encoded.iter().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(query_values(&encoded, "next").next(), Some(all));
    }

    #[test]
    fn half_an_escape_is_none_whichever_half_is_wrong() {
        for body in [&b"a=%4z"[..], b"a=%z4", b"a=%4%", b"%4z=a"] {
            assert_eq!(parse(body).err(), Some(BadForm::Escape), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn what_needs_no_escape_gets_none() {
        let mut written = Vec::new();
        percent_encode_component(b"AZaz09-._~/?:&=+% \xff", &mut |piece| {
            written.extend_from_slice(piece)
        });
        assert_eq!(written, b"AZaz09-._~%2F%3F%3A%26%3D%2B%25%20%FF");
    }

    #[test]
    fn a_refused_form_says_why() {
        assert!(BadForm::Escape.to_string().contains("percent"));
        assert!(BadForm::NotUtf8.to_string().contains("UTF-8"));
        assert!(BadForm::TooMany.to_string().contains("64 fields"));
    }
}
