//! What an original request is read for, and the family of forwarding headers that says it.

use super::forwarding_header::ForwardingHeader;

/// Which headers say what the visitor asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardingFamily {
    /// Whichever is there; where both are and disagree the request does not pass.
    Any,
    /// `X-Forwarded-*` without `X-Forwarded-Port`, for a proxy that never sends that one, while a
    /// client can.
    XForwardedWithoutPort,
    /// `X-Forwarded-*`.
    XForwarded,
    /// `X-Original-*`.
    XOriginal,
    /// `X-Forwarded-Proto` alone: the question is a [`RequestCopy`], which says the rest itself.
    RequestCopy,
}

/// What the answer depends on, and thus which headers have to be there when a proxy stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestPurpose {
    /// May this request pass? Needs scheme, host and URI, from one family; of a [`RequestCopy`] the
    /// scheme and a host.
    Verify(ForwardingFamily),
    /// A page of the gate.
    Page {
        /// With `public_url` set a page knows where it is; else it needs scheme and host.
        public_url_known: bool,
    },
}

/// A question that is a copy of the original request: its method, its `Host`, and its target behind
/// the address of the gate. Its headers are those that the proxy was told to send, so that none of
/// them may be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCopy<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a [u8],
    pub(super) bare_query: Option<&'a [u8]>,
}

impl<'a> RequestCopy<'a> {
    /// Of the question's method, a token, and of what stands behind the address: nothing, or a path
    /// and query. An empty path is `/` (RFC 9110 section 4.2.3). `None` for anything else.
    pub fn new(method: &'a str, behind: &'a [u8]) -> Option<Self> {
        let (path, bare_query) = match behind {
            [] => (&b"/"[..], None),
            [b'/', ..] => (behind, None),
            [b'?', query @ ..] => (&b"/"[..], Some(query)),
            _ => return None,
        };
        Some(Self { method, path, bare_query })
    }
}

impl ForwardingFamily {
    /// The header that is asked for where nothing was forwarded at all: it names the site, or says
    /// that the proxy sends what it was told to.
    pub const fn site_header(self) -> ForwardingHeader {
        match self {
            Self::XOriginal => ForwardingHeader::OriginalUrl,
            Self::RequestCopy => ForwardingHeader::ForwardedProto,
            _ => ForwardingHeader::ForwardedHost,
        }
    }

    /// Whether the original target stands behind the address that is asked.
    pub const fn extends_the_address(self) -> bool {
        matches!(self, Self::RequestCopy)
    }

    /// Whether a question without any forwarding header may be a first try on the gate's own port.
    /// A copy of a request never is: without them it lacks the cookie as well.
    pub const fn may_be_direct(self) -> bool {
        !matches!(self, Self::RequestCopy)
    }

    /// Whether the proxy sets `X-Original-*`, so that none of them is the visitor's.
    pub const fn owns_x_original(self) -> bool {
        matches!(self, Self::XOriginal | Self::Any)
    }
}

impl RequestPurpose {
    /// The headers that count.
    pub(super) fn family(self) -> ForwardingFamily {
        match self {
            Self::Verify(family) => family,
            Self::Page { .. } => ForwardingFamily::Any,
        }
    }
}
