//! Escapes in a path (RFC 3986 section 2.1).

/// The octet that the escape at the start of `text` stands for; `None` where there is none.
pub(super) fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit =
        |octet: &u8| char::from(*octet).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? * 16 + digit(low)?)
}
