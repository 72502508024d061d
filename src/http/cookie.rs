//! Cookies: values out of `Cookie`, and `Set-Cookie` lines (RFC 6265 sections 4.1, 4.2 and 5.4).
//!
//! Guarantees: a value is handed out verbatim, without unquoting or decoding, so that only what was
//! issued matches; a cookie whose parts could end the line or add an attribute is never written.
//! Never allocates.
//!
//! Another site below the same domain can set cookies of our names ("cookie tossing"), and browsers
//! may send them before ours. So of several cookies of one name the first that proves itself
//! counts, not the first; and [`MOST`] are looked at, so that one request cannot make the gate try
//! hundreds of them.

use core::time::Duration;

use super::headers::Headers;
use super::name::Name;
use super::response::{DecimalDigits, Out, is_token};

/// How many cookies of one name are looked at.
pub const MOST: usize = 8;

/// The values of the first [`MOST`] cookies called `name`, over all `Cookie` lines, in the order
/// sent. Names are case-sensitive.
pub fn values<'s, 'a>(
    headers: &'s Headers<'a>,
    name: &'s str,
) -> impl Iterator<Item = &'a [u8]> + use<'s, 'a> {
    let values = pairs(headers.values(Name::Cookie)).filter_map(move |pair| {
        let value = trim_start(pair).strip_prefix(name.as_bytes())?;
        value.strip_prefix(b"=")
    });
    values.take(MOST)
}

/// What stands between the semicolons of all lines.
fn pairs<'a>(mut lines: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = None;
    std::iter::from_fn(move || {
        let line = match rest.take() {
            Some(line) => line,
            None => lines.next()?,
        };
        let Some(end) = memchr::memchr(b';', line) else { return Some(line) };
        rest = line.get(end + 1..);
        line.get(..end)
    })
}

/// Drops the space before a pair. What stands behind its value belongs to the value.
fn trim_start(mut pair: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = pair {
        pair = rest;
    }
    pair
}

/// When a browser sends the cookie with requests that another site caused (RFC 6265bis section
/// 5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

/// One `Set-Cookie` line.
#[derive(Clone, Copy)]
pub struct SetCookie<'a> {
    /// A token.
    pub name: &'a str,
    /// Cookie octets: ASCII without controls, space, quote, comma, semicolon and backslash.
    pub value: &'a str,
    /// The domain whose hosts all get the cookie; `None` for this host alone.
    pub domain: Option<&'a str>,
    /// The path below which the cookie is sent.
    pub path: &'a str,
    /// How long the browser keeps it, in whole seconds; zero deletes it, `None` keeps it while the
    /// browser runs.
    pub max_age: Option<Duration>,
    /// Over https only.
    pub secure: bool,
    /// Out of reach for scripts.
    pub http_only: bool,
    /// See [`SameSite`].
    pub same_site: SameSite,
}

impl SetCookie<'_> {
    /// Adds the line to an answer. A name, value, domain or path that would not stay inside its
    /// place turns the answer into a bare 500, as any other bad header value does.
    pub fn render(&self, out: &mut Out) {
        let attribute =
            |text: &str| text.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b';');
        let domain = self.domain.unwrap_or_default();
        let good = is_token(self.name.as_bytes())
            && self.value.bytes().all(is_cookie_octet)
            && attribute(domain)
            && attribute(self.path);
        let seconds = DecimalDigits::of(self.max_age.map_or(0, |age| age.as_secs()));
        let when = |condition: bool, text: &'static str| if condition { text } else { "" };
        let parts = [
            self.name,
            "=",
            self.value,
            when(self.domain.is_some(), "; Domain="),
            domain,
            "; Path=",
            self.path,
            when(self.max_age.is_some(), "; Max-Age="),
        ];
        let flags = [
            when(self.http_only, "; HttpOnly"),
            when(self.secure, "; Secure"),
            match self.same_site {
                SameSite::Strict => "; SameSite=Strict",
                SameSite::Lax => "; SameSite=Lax",
                SameSite::None => "; SameSite=None",
            },
        ];
        let [name, equals, value, domain_is, domain, path_is, path, age_is] =
            parts.map(str::as_bytes);
        let [http_only, secure, same_site] = flags.map(str::as_bytes);
        let age: &[u8] = if self.max_age.is_some() { seconds.as_bytes() } else { &[] };
        let refused: &[u8] = if good { &[] } else { b"\0" };
        out.header_parts(
            "Set-Cookie",
            &[
                name, equals, value, domain_is, domain, path_is, path, age_is, age, http_only,
                secure, same_site, refused,
            ],
        );
    }
}

/// `cookie-octet` of RFC 6265 section 4.1.1.
const fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::parse_head;
    use crate::http::response::{Persistence, Status};

    fn read(lines: &str, name: &str) -> Vec<String> {
        let bytes = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let (head, ..) = parse_head(bytes.as_bytes()).expect("well formed").expect("complete");
        values(&head.headers, name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    #[test]
    fn all_cookies_of_a_name_are_found_in_the_order_sent() {
        let lines = "Cookie: auth_token=one; x=1;auth_token=two\r\ncookie: auth_token=three\r\n";
        assert_eq!(read(lines, "auth_token"), ["one", "two", "three"]);
    }

    #[test]
    fn of_a_name_eight_are_looked_at_over_all_lines() {
        let line = |from: usize| {
            (from..from + 5).map(|n| format!("t={n}; other={n}")).collect::<Vec<_>>().join("; ")
        };
        let found = read(&format!("Cookie: {}\r\nCookie: {}\r\n", line(0), line(5)), "t");
        assert_eq!(found, (0..MOST).map(|n| n.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn values_are_verbatim() {
        assert_eq!(
            read("Cookie: t=\"a b\"; t=a=b; t=%41; t=\r\n", "t"),
            ["\"a b\"", "a=b", "%41", ""]
        );
        assert_eq!(read("Cookie: t= a;\tt=b ; t=c\t;t=d\r\n", "t"), [" a", "b ", "c\t", "d"]);
    }

    #[test]
    fn names_match_whole_and_by_case() {
        assert_eq!(
            read("Cookie: Token=1; xtoken=2; token2=3; token =4; token\r\n", "token"),
            [""; 0]
        );
    }

    #[test]
    fn hostile_cookie_lines_yield_nothing_and_do_not_panic() {
        assert_eq!(read("Cookie: ;;;= ;=;\t;  t\r\n", "t"), [""; 0]);
        assert_eq!(read("Cookie:\r\n", "t"), [""; 0]);
    }

    fn cookie() -> SetCookie<'static> {
        SetCookie {
            name: "auth_token",
            value: "abc.def",
            domain: Some("example.com"),
            path: "/",
            max_age: Some(Duration::from_secs(86_400)),
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }

    fn rendered(cookie: &SetCookie<'_>) -> String {
        let mut out = Out::new();
        out.start(Status::NO_CONTENT);
        cookie.render(&mut out);
        let mut sink = Vec::new();
        out.render(&mut sink, false, Persistence::Keep);
        String::from_utf8(sink).expect("ASCII")
    }

    #[test]
    fn a_set_cookie_line_carries_its_attributes() {
        let line = "Set-Cookie: auth_token=abc.def; Domain=example.com; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax\r\n";
        assert!(rendered(&cookie()).contains(line), "{}", rendered(&cookie()));
        let bare = SetCookie { domain: None, max_age: None, secure: false, ..cookie() };
        assert!(
            rendered(&bare)
                .contains("Set-Cookie: auth_token=abc.def; Path=/; HttpOnly; SameSite=Lax\r\n")
        );
        let gone = SetCookie { value: "", max_age: Some(Duration::ZERO), ..cookie() };
        assert!(rendered(&gone).contains("auth_token=; Domain=example.com; Path=/; Max-Age=0;"));
    }

    #[test]
    fn a_cookie_that_would_leave_its_place_is_never_written() {
        for bad in [
            SetCookie { value: "a; Domain=evil.com", ..cookie() },
            SetCookie { value: "a b", ..cookie() },
            SetCookie { name: "a=b", ..cookie() },
            SetCookie { path: "/; Secure", ..cookie() },
            SetCookie { domain: Some("a\r\nX: y"), ..cookie() },
        ] {
            assert!(rendered(&bad).starts_with("HTTP/1.1 500"));
        }
    }
}
