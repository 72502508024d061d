//! Whether a form was sent by our own page: the defence against cross-site POSTs (OWASP ASVS 5.0, 3.5.1).

use crate::http::request::Head;

/// What a POST says about where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// `Sec-Fetch-Site` or `Origin` names this very origin.
    Own,
    /// Neither header is there: curl, old browsers.
    Unsaid,
    /// Another origin, or one that hides.
    Foreign,
}

/// Reads `Sec-Fetch-Site` (Fetch Metadata), else `Origin` (RFC 6454), which must be an `own` one.
pub fn provenance(head: &Head<'_>, own: impl Fn(&[u8]) -> bool) -> Provenance {
    let mut sites = head.headers.all("Sec-Fetch-Site").peekable();
    if sites.peek().is_some() {
        return if sites.all(|site| site == b"same-origin" || site == b"none") {
            Provenance::Own
        } else {
            Provenance::Foreign
        };
    }
    let mut origins = head.headers.all("Origin").peekable();
    if origins.peek().is_none() {
        return Provenance::Unsaid;
    }
    if origins.all(own) { Provenance::Own } else { Provenance::Foreign }
}
