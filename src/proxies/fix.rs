//! What is to be fixed in the configuration of a proxy, whichever it is.

use std::fmt;

use crate::original::forwarding_header::ForwardingHeader;
use crate::original::problem::ForwardingProblem;

/// Something that lines of a proxy's configuration fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Send this header once and rightly, or not at all.
    Header(ForwardingHeader),
    /// Ask at the proxy's own address, which reads the headers of that proxy alone.
    OwnEndpoint,
    /// Lead to the gate's own pages without asking about them.
    OpenPages,
    /// Take this identity header, and whatever applications read as the same, from a visitor.
    RemoveIdentity(&'static str),
    /// Leave browsers the origin that they send with a form.
    ReferrerPolicy,
    /// Hand on the visitor's address that the proxy itself has found behind a CDN.
    ClientBehindCdn,
}

impl Fix {
    /// What fixes the problem; nothing for an untrusted peer, whose fix is a setting of the gate,
    /// and for a site without a name, since no line can name it.
    pub const fn of(problem: &ForwardingProblem) -> Option<Self> {
        match problem {
            ForwardingProblem::UntrustedPeer(_) | ForwardingProblem::NoHost => None,
            ForwardingProblem::Missing(header)
            | ForwardingProblem::Repeated(header)
            | ForwardingProblem::List(header)
            | ForwardingProblem::Malformed(header)
            | ForwardingProblem::UnknownScheme(header)
            | ForwardingProblem::NotAnAddress(header)
            // One proxy said both.
            | ForwardingProblem::Contradiction(
                ForwardingHeader::OriginalUrl,
                header @ ForwardingHeader::OriginalUri,
            ) => Some(Self::Header(*header)),
            ForwardingProblem::Contradiction(..) => Some(Self::OwnEndpoint),
            ForwardingProblem::LoginHost => Some(Self::OpenPages),
        }
    }

    /// What stands for `<header>` in its lines.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::Header(header) => header.name(),
            Self::RemoveIdentity(header) => header,
            Self::OwnEndpoint | Self::OpenPages | Self::ReferrerPolicy | Self::ClientBehindCdn => {
                ""
            }
        }
    }
}

/// One line of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixLine {
    /// With `<header>` where the header belongs.
    pub(super) text: &'static str,
    pub(super) header: &'static str,
}

impl fmt::Display for FixLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.split_once("<header>") {
            Some((before, after)) => write!(f, "{before}{}{after}", self.header),
            None => f.write_str(self.text),
        }
    }
}
