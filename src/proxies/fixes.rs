//! The lines that fix something, each with the proxy in whose configuration it belongs.
//!
//! Guarantees: where it is known which proxy asks, its lines alone are shown; each is one of those
//! that `portcullis proxy print` gives, where it gives one. Allocates nothing.

use std::fmt;

use super::all::ALL;
use super::fix::{Fix, FixLine};
use super::reverse_proxy::ReverseProxy;
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::purpose::ForwardingFamily;

/// Lines, each with its proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixes {
    fix: Option<Fix>,
    /// Whose lines alone count.
    proxy: Option<&'static ReverseProxy>,
}

/// The header that a CDN sends, whatever proxy stands behind it: a remark and a setting of the
/// gate.
const WITHOUT_CLOUDFLARE: (&str, &str) =
    ("Cloudflare sends it; without Cloudflare", "proxy.client_ip_header = \"X-Forwarded-For\"");

impl Fixes {
    /// The lines of all proxies; none for `None`.
    pub fn of(fix: impl Into<Option<Fix>>) -> Self {
        Self { fix: fix.into(), proxy: None }
    }

    /// The lines of that proxy alone; all where it is not known, or where there is none of its own.
    #[must_use]
    pub fn for_proxy(self, proxy: Option<&'static ReverseProxy>) -> Self {
        let has_lines =
            |proxy: &&ReverseProxy| self.fix.is_some_and(|fix| !(proxy.fix)(fix).is_empty());
        Self { proxy: proxy.filter(has_lines), ..self }
    }

    /// Whether they are those of one proxy.
    pub fn are_of_one_proxy(self) -> bool {
        self.proxy.is_some()
    }

    /// Program and line: first of the proxies that send the header by themselves, then of those
    /// whose configuration can be printed, then of the others.
    pub fn lines(self) -> impl Iterator<Item = (&'static str, FixLine)> + Clone {
        let others = ALL.iter().copied().filter(move |_| self.proxy.is_none());
        let ranked = (0..3)
            .flat_map(move |rank| others.clone().filter(move |proxy| self.rank(proxy) == rank));
        let proxies = self.proxy.into_iter().chain(ranked);
        let cloudflare = self.fix == Some(Fix::Header(ForwardingHeader::CfConnectingIp));
        let setting = cloudflare.then_some(WITHOUT_CLOUDFLARE).into_iter();
        setting
            .chain(proxies.flat_map(move |proxy| {
                let lines = self.fix.map(proxy.fix).unwrap_or_default();
                lines.iter().map(|line| (proxy.program, *line))
            }))
            .map(move |(program, text)| {
                let header = self.fix.map(Fix::header).unwrap_or_default();
                (program, FixLine { text, header })
            })
    }

    fn rank(self, proxy: &ReverseProxy) -> u8 {
        let sends = matches!(self.fix, Some(Fix::Header(header)) if header.is_x_original())
            && proxy.forwards_in(ForwardingFamily::XOriginal);
        match (sends, &proxy.configuration) {
            (true, _) => 0,
            (false, Some(_)) => 1,
            (false, None) => 2,
        }
    }
}

impl fmt::Display for Fixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (program, line)) in self.lines().enumerate() {
            write!(f, "{}{program}: `{line}`", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Fixes> {
        let headers = ForwardingHeader::ALL.into_iter();
        let headers = headers.filter(|header| *header != ForwardingHeader::CfConnectingIp);
        let forged =
            ["Remote-User", "X-Forwarded-User", "X-Portcullis-User-Id"].map(Fix::RemoveIdentity);
        let others = [Fix::OwnEndpoint, Fix::OpenPages, Fix::ReferrerPolicy];
        headers.map(Fix::Header).chain(forged).chain(others).map(Fixes::of).collect()
    }

    #[test]
    fn a_proxy_that_is_known_is_shown_its_own_lines_alone() {
        for fixes in all() {
            for proxy in ALL {
                let own = fixes.for_proxy(Some(proxy));
                assert!(
                    own.lines().next().is_some()
                        && own.lines().all(|(program, _)| program == proxy.program),
                    "{own}"
                );
                assert!(!own.to_string().contains('<'), "{own}");
                for other in ALL.iter().filter(|other| *other != proxy) {
                    assert!(!own.to_string().contains(other.program), "{proxy:?}: {own}");
                }
            }
            let programs: std::collections::BTreeSet<_> =
                fixes.lines().map(|(program, _)| program).collect();
            assert_eq!(programs.len(), ALL.len(), "{fixes}");
        }
    }

    #[test]
    fn who_sends_a_header_comes_first_and_who_is_not_printed_last() {
        for header in [ForwardingHeader::ForwardedUri, ForwardingHeader::OriginalUrl] {
            let fixes = Fixes::of(Fix::Header(header));
            let programs: Vec<_> = fixes.lines().map(|(program, _)| program).collect();
            let place = |proxy: &ReverseProxy| {
                programs.iter().position(|program| *program == proxy.program).expect("a line")
            };
            let sends = |proxy: &ReverseProxy| {
                header.is_x_original() && proxy.forwards_in(ForwardingFamily::XOriginal)
            };
            for (one, other) in ALL.iter().flat_map(|one| ALL.iter().map(move |other| (one, other)))
            {
                let first = sends(one) && !sends(other);
                let printed = one.configuration.is_some() && other.configuration.is_none();
                if first || (printed && !sends(other)) {
                    assert!(place(one) < place(other), "{one:?} {other:?}: {programs:?}");
                }
            }
        }
    }

    #[test]
    fn a_line_that_belongs_to_no_proxy_is_shown_to_all() {
        let cloudflare = Fixes::of(Fix::Header(ForwardingHeader::CfConnectingIp));
        for proxy in ALL {
            assert_eq!(cloudflare.for_proxy(Some(proxy)).to_string(), cloudflare.to_string());
        }
        assert!(cloudflare.to_string().starts_with("Cloudflare sends it"));
    }
}
