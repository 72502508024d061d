//! What one family of forwarding headers says, value by value, and where two families disagree.
//!
//! Guarantees: what is [`Told`] is well formed; everything that was not is noted with the header
//! that said it.

use super::forwarding_header::Header;
use super::problem::Problem;
use super::question::{Family, Question};
use super::visit::{Host, Scheme, Visit, parse_port};
use crate::http::line::graphic_length;
use crate::http::response::is_token_byte;

/// Where problems go while reading: those that end this question, and those that are only noted.
pub(super) struct Notes<'n, 'a> {
    pub question: Question,
    pub visit: &'n mut Visit<'a>,
}

impl<'a> Notes<'_, 'a> {
    pub(super) fn add(&mut self, problem: Problem) {
        let ends = match self.question {
            Question::Verify(_) => problem.blocks_verify(),
            Question::Page { public_url_known: false } => problem.blocks_page(),
            Question::Page { public_url_known: true } => false,
        };
        if ends { self.visit.end(problem) } else { self.visit.note(problem) }
    }

    /// The scheme, or that of the connection: the gate itself speaks plain http.
    pub(super) fn scheme(&mut self, text: &[u8], header: Header) -> Scheme {
        Scheme::parse(text).unwrap_or_else(|| {
            self.add(Problem::UnknownScheme(header));
            Scheme::Http
        })
    }

    pub(super) fn host(&mut self, text: &'a [u8], header: Header) -> Option<Host<'a>> {
        let host = Host::parse(text);
        if host.is_none() {
            self.add(Problem::Malformed(header));
        }
        host
    }

    pub(super) fn port(&mut self, text: &[u8]) -> Option<u16> {
        let port = parse_port(text);
        if port.is_none() {
            self.add(Problem::Malformed(Header::ForwardedPort));
        }
        port
    }

    /// Path and query: starts with a slash, without blanks and control characters. Bytes above 0x7F
    /// are let in.
    pub(super) fn uri(&mut self, text: &'a [u8], header: Header) -> Option<(&'a [u8], Header)> {
        if is_target(text) {
            return Some((text, header));
        }
        self.add(Problem::Malformed(header));
        None
    }

    /// A method is a token (RFC 9110 section 9.1), so a list of two is none.
    pub(super) fn method(&mut self, text: &'a [u8], header: Header) -> Option<(&'a str, Header)> {
        let method =
            std::str::from_utf8(text).ok().filter(|_| text.iter().all(|byte| is_token_byte(*byte)));
        if method.is_none() {
            self.add(if text.contains(&b',') {
                Problem::List(header)
            } else {
                Problem::Malformed(header)
            });
        }
        method.map(|method| (method, header))
    }

    /// `scheme://host[:port]/path?query`, as nginx puts it together from its own variables.
    pub(super) fn url(&mut self, text: &'a [u8]) -> Told<'a> {
        let header = Header::OriginalUrl;
        let Some((scheme, host, uri)) = split_url(text) else {
            self.add(Problem::Malformed(header));
            return Told::default();
        };
        Told {
            scheme: Some((self.scheme(scheme, header), header)),
            host: Some((host, header)),
            port: host.port(),
            uri: Some((uri, header)),
            method: None,
        }
    }
}

/// Splits an absolute URL; an empty path is `/` (RFC 9110 section 4.2.3).
fn split_url(text: &[u8]) -> Option<(&[u8], Host<'_>, &[u8])> {
    let colon = text.windows(3).position(|three| three == b"://")?;
    let (scheme, rest) = (text.get(..colon)?, text.get(colon + 3..)?);
    let (authority, uri) =
        rest.split_at(rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len()));
    let uri = if uri.is_empty() { b"/" } else { uri };
    if scheme.is_empty() || !scheme.iter().all(u8::is_ascii_alphanumeric) || !is_target(uri) {
        return None;
    }
    Some((scheme, Host::parse(authority)?, uri))
}

fn is_target(text: &[u8]) -> bool {
    text.starts_with(b"/") && graphic_length(text) == text.len()
}

/// What one family of headers says, each part with the header that said it.
#[derive(Clone, Copy, Default)]
pub(super) struct Told<'a> {
    pub scheme: Option<(Scheme, Header)>,
    pub host: Option<(Host<'a>, Header)>,
    pub port: Option<u16>,
    pub uri: Option<(&'a [u8], Header)>,
    pub method: Option<(&'a str, Header)>,
}

impl<'a> Told<'a> {
    pub(super) fn answers(&self, question: Question) -> bool {
        match question {
            Question::Verify(_) => {
                self.scheme.is_some() && self.host.is_some() && self.uri.is_some()
            }
            Question::Page { .. } => self.scheme.is_some() && self.host.is_some(),
        }
    }

    /// The header to ask for: that of nginx where only its family is there, else the first that is
    /// not.
    pub(super) fn first_missing(&self, other: &Self, family: Family) -> Header {
        let nothing = self.scheme.is_none() && self.host.is_none() && self.uri.is_none();
        let nginx = other.uri.is_some() || other.method.is_some();
        if family == Family::Original || (nothing && nginx) {
            Header::OriginalUrl
        } else if self.scheme.is_none() {
            Header::ForwardedProto
        } else if self.host.is_none() {
            Header::ForwardedHost
        } else {
            Header::ForwardedUri
        }
    }

    fn effective_port(&self) -> Option<u16> {
        self.port.or(self.scheme.map(|(scheme, _)| scheme.default_port()))
    }

    /// The pairs of headers that say different things about the same.
    pub(super) fn disagreements(&self, other: &Self) -> impl Iterator<Item = (Header, Header)> {
        let scheme = differing(self.scheme, other.scheme, |one, another| one == another);
        let same_port = self.scheme.is_none()
            || other.scheme.is_none()
            || self.effective_port() == other.effective_port();
        let host =
            differing(self.host, other.host, |one, another| one.is_alike(&another) && same_port);
        let uri = differing(self.uri, other.uri, |one, another| one == another);
        // Where the family that counts does not name the method, it is GET.
        let anchor = self.uri.or(self.host.map(|(_, header)| (&b"/"[..], header)));
        let method = self.method.or(anchor.map(|(_, header)| ("GET", header)));
        let method = differing(method, other.method, |one, another| one == another);
        [scheme, host, uri, method].into_iter().flatten()
    }

    pub(super) fn show(&self, visit: &mut Visit<'a>) {
        if let Some((scheme, _)) = self.scheme {
            visit.scheme = scheme;
        }
        if let Some((host, _)) = self.host {
            visit.host = Some(host);
            visit.port = self.port;
        }
        if let Some((uri, _)) = self.uri {
            visit.uri = uri;
        }
        if let Some((method, _)) = self.method {
            visit.method = method;
        }
    }
}

fn differing<T: Copy>(
    one: Option<(T, Header)>,
    other: Option<(T, Header)>,
    same: impl Fn(T, T) -> bool,
) -> Option<(Header, Header)> {
    let ((one, header), (another, other_header)) = (one?, other?);
    (!same(one, another)).then_some((header, other_header))
}
