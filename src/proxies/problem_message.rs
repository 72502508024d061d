//! What is wrong with a forwarded request, for who looks after the proxy: with the lines that fix
//! it.

use std::fmt;

use super::fix::Fix;
use super::fixes::Fixes;
use super::reverse_proxy::ReverseProxy;
use crate::original::problem::ForwardingProblem;

/// A problem and the lines that fix it.
#[derive(Clone, Copy, Debug)]
pub struct ProblemMessage {
    /// What is wrong.
    pub problem: ForwardingProblem,
    /// Whose lines are shown; all where it is not known who asks.
    pub proxy: Option<&'static ReverseProxy>,
}

impl fmt::Display for ProblemMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.problem.what();
        let fixes = Fixes::of(Fix::of(&self.problem)).for_proxy(self.proxy);
        match self.problem {
            ForwardingProblem::UntrustedPeer(peer) => {
                write!(
                    f,
                    "{what}; if it is your proxy, add {peer} to proxy.trust: `portcullis doctor` prints the line"
                )
            }
            ForwardingProblem::LoginHost => write!(
                f,
                "{what}. {fixes}. Where site and login share one host: leave `session.cookie_domain` empty or set \
                 `path_prefix`",
            ),
            ForwardingProblem::NoHost => write!(f, "{what}"),
            _ => write!(f, "{what}. {fixes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::original::forwarding_header::ForwardingHeader;

    fn text(problem: ForwardingProblem) -> String {
        ProblemMessage { problem, proxy: None }.to_string()
    }

    #[test]
    fn every_problem_comes_with_a_line_and_shows_nothing_of_the_client() {
        let headers = ForwardingHeader::ALL.into_iter();
        for header in headers.filter(|header| *header != ForwardingHeader::CfConnectingIp) {
            let text = text(ForwardingProblem::Missing(header));
            assert!(text.starts_with(header.name()) && text.contains('`'), "{text}");
            assert!(text.is_ascii());
        }
    }

    #[test]
    fn a_missing_header_comes_with_the_line_that_sends_it() {
        for header in [
            ForwardingHeader::ForwardedProto,
            ForwardingHeader::ForwardedHost,
            ForwardingHeader::ForwardedUri,
        ] {
            let text = text(ForwardingProblem::Missing(header));
            assert!(text.contains(header.name()) && text.contains("header_up"), "{text}");
        }
        let text = text(ForwardingProblem::Missing(ForwardingHeader::OriginalUrl));
        assert!(text.contains("proxy_set_header X-Original-URL $scheme://$host"), "{text}");
    }

    #[test]
    fn an_untrusted_peer_is_named_with_the_setting_to_add_it_to() {
        let peer = ForwardingProblem::UntrustedPeer(std::net::Ipv4Addr::LOCALHOST.into());
        assert!(text(peer).contains("add 127.0.0.1 to proxy.trust"));
    }

    #[test]
    fn asked_about_its_own_pages_the_gate_names_both_ways_out() {
        let text = text(ForwardingProblem::LoginHost);
        for way in [
            "Take the question out of that site",
            "`reverse_proxy 127.0.0.1:3000`",
            "`auth_request off;`",
            "`session.cookie_domain` empty",
            "`path_prefix`",
        ] {
            assert!(text.contains(way), "{way}: {text}");
        }
    }
}
