//! What an original request is read for, and the family of forwarding headers that says it.

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

impl RequestPurpose {
    /// The headers that count.
    pub(super) fn family(self) -> ForwardingFamily {
        match self {
            Self::Verify(family) => family,
            Self::Page { .. } => ForwardingFamily::Any,
        }
    }
}
