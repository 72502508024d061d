//! The headers in which a proxy forwards what the visitor asked it for, and from where.
//!
//! Guarantees: which of them say the site, and which the request, is decided here alone.

use crate::http::name::Name;

/// A forwarding header that the gate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`: the chain of addresses.
    ForwardedFor,
    /// `X-Forwarded-Proto`: http or https.
    ForwardedProto,
    /// `X-Forwarded-Host`: the host, perhaps with its port.
    ForwardedHost,
    /// `X-Forwarded-Port`: counts where the host has none.
    ForwardedPort,
    /// `X-Forwarded-Uri`: path and query.
    ForwardedUri,
    /// `X-Forwarded-Method`.
    ForwardedMethod,
    /// `X-Original-URL`: the whole address.
    OriginalUrl,
    /// `X-Original-URI`: path and query once more.
    OriginalUri,
    /// `X-Original-Method`.
    OriginalMethod,
    /// `X-Real-IP`: one address.
    RealIp,
    /// `CF-Connecting-IP`: one address.
    CfConnectingIp,
}

impl ForwardingHeader {
    /// All of them, for tests.
    #[cfg(test)]
    pub const ALL: [Self; 11] = [
        Self::ForwardedFor,
        Self::ForwardedProto,
        Self::ForwardedHost,
        Self::ForwardedPort,
        Self::ForwardedUri,
        Self::ForwardedMethod,
        Self::OriginalUrl,
        Self::OriginalUri,
        Self::OriginalMethod,
        Self::RealIp,
        Self::CfConnectingIp,
    ];

    /// Its line in a request.
    pub const fn line(self) -> Name {
        match self {
            Self::ForwardedFor => Name::ForwardedFor,
            Self::ForwardedProto => Name::ForwardedProto,
            Self::ForwardedHost => Name::ForwardedHost,
            Self::ForwardedPort => Name::ForwardedPort,
            Self::ForwardedUri => Name::ForwardedUri,
            Self::ForwardedMethod => Name::ForwardedMethod,
            Self::OriginalUrl => Name::OriginalUrl,
            Self::OriginalUri => Name::OriginalUri,
            Self::OriginalMethod => Name::OriginalMethod,
            Self::RealIp => Name::RealIp,
            Self::CfConnectingIp => Name::CfConnectingIp,
        }
    }

    /// As it is written in a message.
    pub const fn name(self) -> &'static str {
        self.line().as_str()
    }

    /// Is it one of `X-Original-*`?
    pub const fn is_x_original(self) -> bool {
        matches!(self, Self::OriginalUrl | Self::OriginalUri | Self::OriginalMethod)
    }

    /// Does this header say which scheme or which host the visitor used?
    pub(super) const fn names_the_site(self) -> bool {
        matches!(self, Self::ForwardedProto | Self::ForwardedHost | Self::OriginalUrl)
    }

    /// Does this header say what the visitor asked the proxy for?
    pub(super) const fn names_the_request(self) -> bool {
        self.names_the_site()
            || matches!(
                self,
                Self::ForwardedUri
                    | Self::ForwardedMethod
                    | Self::OriginalUri
                    | Self::OriginalMethod
            )
    }
}
