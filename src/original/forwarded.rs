//! What one family of forwarding headers says, value by value, and where two families disagree.
//!
//! Guarantees: what is in [`Forwarded`] is well formed; everything that was not is noted with the
//! header that said it.

use super::forwarding_header::ForwardingHeader;
use super::host::{Host, parse_port};
use super::problem::ForwardingProblem;
use super::purpose::{ForwardingFamily, RequestPurpose};
use super::request::OriginalRequest;
use super::scheme::Scheme;
use crate::http::line::graphic_length;
use crate::http::response::is_token_byte;

/// Where problems go while reading: those for which a verify or page is refused, and those
/// that are only noted.
pub(super) struct Notes<'n, 'a> {
    pub purpose: RequestPurpose,
    pub request: &'n mut OriginalRequest<'a>,
}

impl<'a> Notes<'_, 'a> {
    pub(super) fn add(&mut self, problem: ForwardingProblem) {
        let blocks = match self.purpose {
            RequestPurpose::Verify(_) => problem.blocks_verify(),
            RequestPurpose::Page { public_url_known: false } => problem.blocks_page(),
            RequestPurpose::Page { public_url_known: true } => false,
        };
        if blocks { self.request.block(problem) } else { self.request.note(problem) }
    }

    /// The scheme, or that of the connection: the gate itself speaks plain http.
    pub(super) fn scheme(&mut self, text: &[u8], header: ForwardingHeader) -> Scheme {
        Scheme::parse(text).unwrap_or_else(|| {
            self.add(ForwardingProblem::UnknownScheme(header));
            Scheme::Http
        })
    }

    pub(super) fn host(&mut self, text: &'a [u8], header: ForwardingHeader) -> Option<Host<'a>> {
        let host = Host::parse(text);
        if host.is_none() {
            self.add(ForwardingProblem::Malformed(header));
        }
        host
    }

    pub(super) fn port(&mut self, text: &[u8]) -> Option<u16> {
        let port = parse_port(text);
        if port.is_none() {
            self.add(ForwardingProblem::Malformed(ForwardingHeader::ForwardedPort));
        }
        port
    }

    /// Path and query: starts with a slash, without blanks and control characters. Bytes above 0x7F
    /// are let in.
    pub(super) fn uri(
        &mut self,
        text: &'a [u8],
        header: ForwardingHeader,
    ) -> Option<(&'a [u8], ForwardingHeader)> {
        if is_target(text) {
            return Some((text, header));
        }
        self.add(ForwardingProblem::Malformed(header));
        None
    }

    /// A method is a token (RFC 9110 section 9.1), so a list of two is none.
    pub(super) fn method(
        &mut self,
        text: &'a [u8],
        header: ForwardingHeader,
    ) -> Option<(&'a str, ForwardingHeader)> {
        let method =
            std::str::from_utf8(text).ok().filter(|_| text.iter().all(|byte| is_token_byte(*byte)));
        if method.is_none() {
            self.add(if text.contains(&b',') {
                ForwardingProblem::List(header)
            } else {
                ForwardingProblem::Malformed(header)
            });
        }
        method.map(|method| (method, header))
    }

    /// `scheme://host[:port]/path?query`, as nginx puts it together from its own variables.
    pub(super) fn url(&mut self, text: &'a [u8]) -> Forwarded<'a> {
        let header = ForwardingHeader::OriginalUrl;
        let Some((scheme, host, uri)) = split_url(text) else {
            self.add(ForwardingProblem::Malformed(header));
            return Forwarded::default();
        };
        Forwarded {
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
pub(super) struct Forwarded<'a> {
    pub scheme: Option<(Scheme, ForwardingHeader)>,
    pub host: Option<(Host<'a>, ForwardingHeader)>,
    pub port: Option<u16>,
    pub uri: Option<(&'a [u8], ForwardingHeader)>,
    pub method: Option<(&'a str, ForwardingHeader)>,
}

impl<'a> Forwarded<'a> {
    /// Whether the other family says as much, so that nobody knows which one is the proxy's.
    pub(super) fn is_contested_by(&self, other: &Self) -> bool {
        self.uri.is_some() && other.uri.is_some()
    }

    pub(super) fn suffices_for(&self, purpose: RequestPurpose) -> bool {
        match purpose {
            RequestPurpose::Verify(_) => {
                self.scheme.is_some() && self.host.is_some() && self.uri.is_some()
            }
            RequestPurpose::Page { .. } => self.scheme.is_some() && self.host.is_some(),
        }
    }

    /// The header to ask for: that of `X-Original-*` where only this family is there, else the
    /// first that is not.
    pub(super) fn first_missing(&self, other: &Self, family: ForwardingFamily) -> ForwardingHeader {
        let nothing = self.scheme.is_none() && self.host.is_none() && self.uri.is_none();
        let x_original = other.uri.is_some() || other.method.is_some();
        if family == ForwardingFamily::XOriginal || (nothing && x_original) {
            ForwardingHeader::OriginalUrl
        } else if self.scheme.is_none() {
            ForwardingHeader::ForwardedProto
        } else if self.host.is_none() {
            ForwardingHeader::ForwardedHost
        } else {
            ForwardingHeader::ForwardedUri
        }
    }

    fn effective_port(&self) -> Option<u16> {
        self.port.or(self.scheme.map(|(scheme, _)| scheme.default_port()))
    }

    /// The pairs of headers that say different things about the same.
    pub(super) fn disagreements(
        &self,
        other: &Self,
    ) -> impl Iterator<Item = (ForwardingHeader, ForwardingHeader)> {
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

    pub(super) fn fill_in(&self, request: &mut OriginalRequest<'a>) {
        if let Some((scheme, _)) = self.scheme {
            request.scheme = scheme;
        }
        if let Some((host, _)) = self.host {
            request.host = Some(host);
            request.port = self.port;
        }
        if let Some((uri, _)) = self.uri {
            request.uri = uri;
        }
        if let Some((method, _)) = self.method {
            request.method = method;
            request.names_method = true;
        }
    }
}

fn differing<T: Copy>(
    one: Option<(T, ForwardingHeader)>,
    other: Option<(T, ForwardingHeader)>,
    same: impl Fn(T, T) -> bool,
) -> Option<(ForwardingHeader, ForwardingHeader)> {
    let ((one, header), (another, other_header)) = (one?, other?);
    (!same(one, another)).then_some((header, other_header))
}
