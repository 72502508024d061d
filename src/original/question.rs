//! What the gate is asked about a request, and the family of forwarding headers that answers it.

/// Which headers tell what the visitor asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `/verify`: both; where they disagree the request does not pass.
    Both,
    /// `/verify/caddy`: `X-Forwarded-*` without `X-Forwarded-Port`, which Caddy never sends and a
    /// client can.
    Caddy,
    /// `/verify/traefik`, `/verify/haproxy`: `X-Forwarded-*`.
    Forwarded,
    /// `/verify/nginx`: `X-Original-*`.
    Original,
}

/// What the answer depends on, and thus which headers have to be there when a proxy stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// May this request pass? Needs scheme, host and URI, from one family.
    Verify(Family),
    /// A page of the gate.
    Page {
        /// With `public_url` set a page knows where it is; else it needs scheme and host.
        public_url_known: bool,
    },
}

impl Question {
    /// Whose headers answer it.
    pub(super) fn family(self) -> Family {
        match self {
            Self::Verify(family) => family,
            Self::Page { .. } => Family::Both,
        }
    }
}
