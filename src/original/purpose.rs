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
}

/// What the answer depends on, and thus which headers have to be there when a proxy stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestPurpose {
    /// May this request pass? Needs scheme, host and URI, from one family.
    Verify(ForwardingFamily),
    /// A page of the gate.
    Page {
        /// With `public_url` set a page knows where it is; else it needs scheme and host.
        public_url_known: bool,
    },
}

impl ForwardingFamily {
    /// The header that names the site, where nothing was forwarded at all.
    pub const fn site_header(self) -> ForwardingHeader {
        match self {
            Self::XOriginal => ForwardingHeader::OriginalUrl,
            _ => ForwardingHeader::ForwardedHost,
        }
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
