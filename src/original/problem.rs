//! What can be wrong with the headers in which a proxy forwards a request.
//!
//! A problem is found while reading them. For some the request is refused (`/verify` never passes
//! it), the others are only noted for the diagnostics. The texts name headers and settings, never
//! what a client sent.

use std::fmt;
use std::net::IpAddr;

use super::forwarding_header::ForwardingHeader;

/// Something about a request that its proxy should have done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardingProblem {
    /// The peer sends forwarding headers, but `proxy.trust` does not name it.
    UntrustedPeer(IpAddr),
    /// A header without which nobody knows what the visitor asked for.
    Missing(ForwardingHeader),
    /// More than one line of a header that says one thing.
    Repeated(ForwardingHeader),
    /// A list where one value belongs.
    List(ForwardingHeader),
    /// A value that is none.
    Malformed(ForwardingHeader),
    /// Two headers that say different things about the same.
    Contradiction(ForwardingHeader, ForwardingHeader),
    /// A scheme other than http, https, ws, wss; that of the connection counts.
    UnknownScheme(ForwardingHeader),
    /// An entry that is no address ended the walk to the client's address.
    NotAnAddress(ForwardingHeader),
    /// The question is a copy of the original request, and its `Host` is missing or none that is
    /// read here.
    NoHost,
    /// The gate is asked about its own login page.
    LoginHost,
}

impl ForwardingProblem {
    /// Does nobody know for sure what the visitor asked the proxy for? Then `/verify` must not
    /// pass.
    pub(super) const fn blocks_verify(&self) -> bool {
        match self {
            Self::Missing(header)
            | Self::Repeated(header)
            | Self::List(header)
            | Self::Malformed(header) => header.names_the_request(),
            Self::Contradiction(..) | Self::NoHost | Self::LoginHost => true,
            Self::UntrustedPeer(_) | Self::UnknownScheme(_) | Self::NotAnAddress(_) => false,
        }
    }

    /// Does nobody know for sure on which site a page is shown? Of a list the first entry counts
    /// there.
    pub(super) const fn blocks_page(&self) -> bool {
        match self {
            Self::Missing(header) | Self::Repeated(header) | Self::Malformed(header) => {
                header.names_the_site()
            }
            Self::Contradiction(one, other) => one.names_the_site() && other.names_the_site(),
            _ => false,
        }
    }

    /// One word for logs and metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::UntrustedPeer(_) => "untrusted_peer",
            Self::Missing(_) => "missing",
            Self::Repeated(_) => "repeated",
            Self::List(_) => "list",
            Self::Malformed(_) => "malformed",
            Self::Contradiction(..) => "contradiction",
            Self::UnknownScheme(_) => "unknown_scheme",
            Self::NotAnAddress(_) => "no_address",
            Self::NoHost => "no_host",
            Self::LoginHost => "login_host",
        }
    }

    /// What is wrong, in a sentence without its full stop.
    pub fn what(&self) -> impl fmt::Display {
        ProblemText(*self)
    }
}

/// Its text.
struct ProblemText(ForwardingProblem);

impl fmt::Display for ProblemText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ForwardingProblem::UntrustedPeer(peer) => {
                write!(f, "{peer} sends forwarding headers but is not trusted, so they were ignored")
            }
            ForwardingProblem::Missing(header) => write!(f, "{} is missing", header.name()),
            ForwardingProblem::Repeated(header) => {
                write!(f, "{} came more than once; the proxy must set it, not add to it", header.name())
            }
            ForwardingProblem::List(header) => {
                write!(f, "{} is a list; the proxy must replace what it receives", header.name())
            }
            ForwardingProblem::Malformed(header) => write!(f, "{} cannot be read", header.name()),
            ForwardingProblem::Contradiction(one @ ForwardingHeader::OriginalUrl, other @ ForwardingHeader::OriginalUri) => {
                write!(f, "{} and {} disagree", one.name(), other.name())
            }
            ForwardingProblem::Contradiction(one, other) => write!(
                f,
                "{} and {} disagree; ask the address that reads the headers of your proxy alone",
                one.name(),
                other.name()
            ),
            ForwardingProblem::UnknownScheme(header) => {
                write!(f, "{} is neither http nor https; http is assumed", header.name())
            }
            ForwardingProblem::NotAnAddress(header) => write!(f, "{} holds something that is no address", header.name()),
            ForwardingProblem::NoHost => f.write_str(
                "Host is missing or names no site; the proxy must answer for the names of the sites alone",
            ),
            ForwardingProblem::LoginHost => f.write_str(
                "X-Forwarded-Host or Host is the login host: the proxy asks the gate about the gate's own pages. \
                 Take the question out of that site",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_refused_where_the_site_is_in_doubt_and_not_for_what_was_asked() {
        assert!(
            ForwardingProblem::Contradiction(
                ForwardingHeader::ForwardedHost,
                ForwardingHeader::OriginalUrl
            )
            .blocks_page()
        );
        assert!(
            !ForwardingProblem::Contradiction(
                ForwardingHeader::ForwardedUri,
                ForwardingHeader::OriginalUrl
            )
            .blocks_page()
        );
        assert!(
            !ForwardingProblem::Contradiction(
                ForwardingHeader::OriginalUrl,
                ForwardingHeader::OriginalUri
            )
            .blocks_page()
        );
        for header in [
            ForwardingHeader::ForwardedProto,
            ForwardingHeader::ForwardedHost,
            ForwardingHeader::OriginalUrl,
        ] {
            assert!(
                ForwardingProblem::Missing(header).blocks_page()
                    && ForwardingProblem::Repeated(header).blocks_page()
            );
            assert!(
                ForwardingProblem::Malformed(header).blocks_page()
                    && !ForwardingProblem::List(header).blocks_page()
            );
        }
        assert!(!ForwardingProblem::Missing(ForwardingHeader::ForwardedMethod).blocks_page());
    }

    #[test]
    fn a_request_is_refused_where_the_request_is_in_doubt_and_not_for_its_client() {
        for header in [
            ForwardingHeader::ForwardedUri,
            ForwardingHeader::ForwardedMethod,
            ForwardingHeader::OriginalUri,
            ForwardingHeader::OriginalMethod,
        ] {
            assert!(
                ForwardingProblem::List(header).blocks_verify()
                    && ForwardingProblem::Malformed(header).blocks_verify()
            );
        }
        for header in [
            ForwardingHeader::ForwardedFor,
            ForwardingHeader::RealIp,
            ForwardingHeader::CfConnectingIp,
            ForwardingHeader::ForwardedPort,
        ] {
            assert!(!ForwardingProblem::Repeated(header).blocks_verify(), "{}", header.name());
        }
        assert!(!ForwardingProblem::NotAnAddress(ForwardingHeader::ForwardedFor).blocks_verify());
        assert!(
            ForwardingProblem::LoginHost.blocks_verify()
                && !ForwardingProblem::LoginHost.blocks_page()
        );
    }

    #[test]
    fn every_problem_has_a_word_of_its_own_and_a_text_that_names_the_header() {
        let header = ForwardingHeader::ForwardedHost;
        let all = [
            ForwardingProblem::UntrustedPeer(std::net::Ipv4Addr::LOCALHOST.into()),
            ForwardingProblem::Missing(header),
            ForwardingProblem::Repeated(header),
            ForwardingProblem::List(header),
            ForwardingProblem::Malformed(header),
            ForwardingProblem::Contradiction(header, ForwardingHeader::OriginalUrl),
            ForwardingProblem::UnknownScheme(header),
            ForwardingProblem::NotAnAddress(header),
            ForwardingProblem::LoginHost,
            ForwardingProblem::NoHost,
        ];
        let words: std::collections::BTreeSet<_> =
            all.iter().map(ForwardingProblem::word).collect();
        assert_eq!(words.len(), all.len());
        assert!(
            words.iter().all(|word| !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
        for problem in all.iter().skip(1) {
            let of_header = *problem != ForwardingProblem::NoHost;
            let name = if of_header { "X-Forwarded-Host" } else { "Host is missing" };
            assert!(problem.what().to_string().contains(name), "{problem:?}");
        }
        assert!(all[0].what().to_string().contains("127.0.0.1 sends forwarding headers"));
    }
}
