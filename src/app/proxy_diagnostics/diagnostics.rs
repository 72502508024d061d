//! All that was noticed of proxies since the start.
//!
//! Guarantees: a verify that passes costs a search among the addresses that asked; nothing is
//! allocated but for a problem that shows for the first time.

use std::net::IpAddr;

use super::noted_problem::{NotedProblems, ProblemPlace, ProxyProblem};
use super::occurrences::Occurrences;
use super::shared_address::{ChainStart, SharedAddresses};
use super::untrusted_peer::UntrustedPeers;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::http::name::Name;
use crate::http::request::{Head, Headers};
use crate::original::client_address::Belief;
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::problem::ForwardingProblem;
use crate::original::request::{Arrival, OriginalRequest};
use crate::proxies::all::ENDPOINT_COUNT;
use crate::proxies::reverse_proxy::VerifyEndpoint;

use crate::app::denial::VerifyDenial;
use crate::app::rounds::is_plain_http;
use crate::app::verify::{self, Answered};

/// How often the last proxy's name is read, in seconds.
const NAME_EVERY: u64 = 60;

/// An address below `/verify` that was asked.
#[derive(Clone, Copy, Debug)]
pub struct AskedEndpoint {
    /// Which.
    pub endpoint: &'static VerifyEndpoint,
    /// How often and when.
    pub seen: Occurrences,
}

/// All that was noticed since the start.
#[derive(Clone, Debug)]
pub struct ProxyDiagnostics {
    /// When the gate started.
    pub since: Timestamp,
    /// What was wrong.
    pub problems: NotedProblems,
    /// Who asks.
    pub asked: heapless::Vec<AskedEndpoint, ENDPOINT_COUNT>,
    /// Who is not trusted.
    pub untrusted: UntrustedPeers,
    /// Addresses that may stand for many visitors.
    pub shared: SharedAddresses,
    /// What the last proxy calls itself in `X-Forwarded-Server`; anybody may have written it.
    pub last_proxy: heapless::String<64>,
    name_read: Timestamp,
}

impl ProxyDiagnostics {
    /// Nothing was seen yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            problems: NotedProblems::default(),
            asked: heapless::Vec::new(),
            untrusted: UntrustedPeers::default(),
            shared: SharedAddresses::default(),
            last_proxy: heapless::String::new(),
            name_read: Timestamp::default(),
        }
    }

    /// A verify request was answered.
    pub fn verify_answered(
        &mut self,
        endpoint: &'static VerifyEndpoint,
        answered: &Answered,
        head: &Head<'_>,
        config: &Config,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        use ProxyProblem as Problem;
        use VerifyDenial as Denial;
        let problem = match answered {
            Answered::Refused(Denial::Forwarding(problem) | Denial::UntrustedPeer(problem)) => {
                Problem::Headers(*problem)
            }
            Answered::Refused(Denial::ForgedIdentity(header)) => Problem::Forged(header),
            Answered::Refused(Denial::ProxyRequired) => Problem::ProxyRequired,
            Answered::Refused(Denial::LoginLoop(cause)) => Problem::LoginLoop(*cause),
            Answered::Refused(Denial::SessionsDisagree) => Problem::SessionsDisagree,
            // Sent straight to the port, which says nothing of how the proxy asks. Of who passes,
            // and has a session, the address is not looked at: that would cost each verify more
            // than all else here.
            _ if !head.headers.are_forwarded() => return,
            Answered::Refused(_) if !Belief::of(&config.proxy).trusts_peer(peer) => return,
            _ => {
                self.asked_rightly(endpoint, head, now);
                if !matches!(answered, Answered::Refused(Denial::NoCookie))
                    || !loses_cookie(config, endpoint, head, peer)
                {
                    return;
                }
                // All was forwarded, and what was forwarded is the trouble.
                Problem::PlainHttp
            }
        };
        self.note(ProblemPlace::Verify(endpoint), problem, peer, now);
    }

    fn asked_rightly(
        &mut self,
        endpoint: &'static VerifyEndpoint,
        head: &Head<'_>,
        now: Timestamp,
    ) {
        let mut name_is_due = now.since(self.name_read).as_secs() >= NAME_EVERY;
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.endpoint == endpoint) {
            asked.seen.again(now);
        } else {
            // There is a place for each address.
            let _ = self.asked.push(AskedEndpoint { endpoint, seen: Occurrences::once(now) });
            name_is_due = true;
        }
        self.problems.fixed_at(endpoint);
        if name_is_due {
            self.name_read = now;
            self.read_name(&head.headers);
        }
    }

    /// A page was asked for.
    pub fn page_requested(
        &mut self,
        original: &OriginalRequest<'_>,
        config: &Config,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        for problem in original.problems() {
            self.note(ProblemPlace::Page, ProxyProblem::Headers(*problem), peer, now);
        }
        if original.arrival == Arrival::Proxied
            && config.proxy.cloudflare_ranges.iter().any(|range| range.contains(&original.client))
        {
            self.note(ProblemPlace::Page, ProxyProblem::FromCdn, Some(original.client), now);
        }
        if is_plain_http(config, original) {
            self.note(ProblemPlace::Page, ProxyProblem::PlainHttp, peer, now);
        }
    }

    /// A form came that hides where it was sent from.
    pub fn origin_hidden(&mut self, peer: Option<IpAddr>, now: Timestamp) {
        self.note(ProblemPlace::Page, ProxyProblem::OriginHidden, peer, now);
    }

    /// A code was posted: whose failures will count together?
    pub fn code_posted(
        &mut self,
        chain: ChainStart,
        client: IpAddr,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        match chain {
            ChainStart::Client => {}
            ChainStart::Missing => {
                let missing = ForwardingProblem::Missing(ForwardingHeader::ForwardedFor);
                self.note(ProblemPlace::Page, ProxyProblem::Headers(missing), peer, now);
            }
            ChainStart::Behind(behind) => self.shared.watch(client, behind),
        }
    }

    fn note(
        &mut self,
        place: ProblemPlace,
        problem: ProxyProblem,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        match problem {
            ProxyProblem::Headers(ForwardingProblem::UntrustedPeer(address)) => {
                self.untrusted.note(address, now);
            }
            problem => self.problems.note(place, problem, peer, now),
        }
    }

    fn read_name(&mut self, headers: &Headers<'_>) {
        let Some(name) = headers.all("X-Forwarded-Server").next() else { return };
        self.last_proxy.clear();
        for byte in name.iter().copied().filter(u8::is_ascii_graphic) {
            if self.last_proxy.push(char::from(byte)).is_err() {
                break;
            }
        }
    }
}

/// Whether a verify request without a cookie is about a place that browsers send none to.
fn loses_cookie(
    config: &Config,
    endpoint: &'static VerifyEndpoint,
    head: &Head<'_>,
    peer: Option<IpAddr>,
) -> bool {
    // Seldom does anybody say http, so that the request is read once more.
    let begins = |name: Name| head.headers.values(name).any(|value| value.starts_with(b"http:"));
    let says_http = begins(Name::OriginalUrl)
        || head
            .headers
            .values(Name::ForwardedProto)
            .any(|value| value.eq_ignore_ascii_case(b"http"));
    says_http && is_plain_http(config, &verify::original_request(config, head, peer, endpoint))
}

#[cfg(test)]
#[path = "diagnostics_tests.rs"]
mod tests;
