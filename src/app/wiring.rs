//! What the gate has noticed of the proxies in front of it, for `doctor`: who asked, and what was
//! wrong with it.
//!
//! In memory only: a restart forgets it. There is one note for each kind of problem and place; it
//! is counted on and never replaced, and there are fewer kinds than would fill a page, so a flood
//! of bad requests neither pushes out what was noted before it nor grows without end. Of untrusted
//! peers, whose addresses can be had for nothing on a home's network, the latest are kept. Nothing
//! here decides anything. Allocates when a problem shows for the first time, never afterwards.

use std::net::IpAddr;

use crate::auth::guess_budget::NetworkZone;
use crate::clock::Timestamp;
use crate::config::{self, Config};
use crate::http::name::Name;
use crate::http::request::{Head, Headers};
use crate::original::client_address::{self, Belief};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::problem::ForwardingProblem;
use crate::original::request::{OriginalRequest, Way};

use crate::proxies::all::ENDPOINT_COUNT;
use crate::proxies::reverse_proxy::VerifyEndpoint;

use crate::app::denial::Denial;
use crate::app::rounds::{Cause, is_plain_http};
use crate::app::verify::{self, Answered};

/// Untrusted peers that are told apart, from the internet and from nearby.
const MOST_PEERS: usize = 8;
/// Addresses that are watched for many visitors behind them.
const MOST_CROWDS: usize = 16;
/// How often the last proxy's name is read, in seconds.
const NAME_EVERY: u64 = 60;

/// How often something was seen, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}

impl Seen {
    const fn once(now: Timestamp) -> Self {
        Self { count: 1, first: now, last: now }
    }

    fn again(&mut self, now: Timestamp) {
        self.count = self.count.saturating_add(1);
        self.last = now;
    }
}

/// Where a problem showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A question of a proxy.
    Verify(&'static VerifyEndpoint),
    /// A page that a visitor opened through the proxy.
    Page,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Forwarding headers that are missing, doubled or contradictory.
    Headers(ForwardingProblem),
    /// The question itself brought this identity header.
    Forged(&'static str),
    /// `proxy.required`, and the question did not come through a trusted proxy.
    ProxyRequired,
    /// Session cookies of several users in one question.
    SessionsDisagree,
    /// The client's address is one of a CDN's.
    FromCdn,
    /// The proxy says http, and the session cookie is `Secure`: browsers do not send it there.
    PlainHttp,
    /// Visitors come back from the login without their cookie.
    LoginLoop(Cause),
    /// A form of ours came with `Origin: null`.
    OriginHidden,
}

impl Fault {
    /// Of a contradiction the first header alone counts, so that there are few kinds.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Headers(ForwardingProblem::Contradiction(one, _)),
                Self::Headers(ForwardingProblem::Contradiction(other, _)),
            ) => one == other,
            (one, other) => one == other,
        }
    }
}

/// A kind of problem in one place.
#[derive(Clone, Debug)]
pub struct Note {
    /// Where.
    pub asker: Asker,
    /// What.
    pub fault: Fault,
    /// How often and when.
    pub seen: Seen,
    /// Who asked last; `None` for a Unix socket.
    pub peer: Option<IpAddr>,
    /// Whether the same asker has asked rightly since.
    pub mended: bool,
}

/// An untrusted peer that sends forwarding headers.
#[derive(Clone, Copy, Debug)]
pub struct Stranger {
    /// Its address.
    pub address: IpAddr,
    /// How often and when.
    pub seen: Seen,
}

/// An address below `/verify` that was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which.
    pub endpoint: &'static VerifyEndpoint,
    /// How often and when.
    pub seen: Seen,
}

/// An address that codes were posted from with further addresses to its left in the chain.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// What counts as the client.
    pub address: IpAddr,
    /// The leftmost address of the last chain.
    pub behind: IpAddr,
    /// How often that was another one than the time before.
    pub changes: u32,
}

/// What stands before the client's address in the chain that a proxy told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// It is not read here, or begins with the client.
    Unasked,
    /// There is none.
    Missing,
    /// It begins with this address.
    Behind(IpAddr),
}

impl Chain {
    /// That of a page's visit.
    pub fn of(
        visit: &OriginalRequest<'_>,
        headers: &Headers<'_>,
        proxy: &config::ProxySettings,
    ) -> Self {
        if visit.way != Way::Proxied
            || proxy.client_ip_header != config::ClientIpHeader::XForwardedFor
        {
            return Self::Unasked;
        }
        let Some(chain) = headers.all("X-Forwarded-For").next() else { return Self::Missing };
        let leftmost = chain.split(|byte| *byte == b',').find_map(client_address::address);
        leftmost.filter(|behind| *behind != visit.client).map_or(Self::Unasked, Self::Behind)
    }
}

/// All that was noticed since the start.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// When the gate started.
    pub since: Timestamp,
    /// Problems, in the order of their first showing.
    pub notes: Vec<Note>,
    /// Who asks.
    pub asked: heapless::Vec<Asked, ENDPOINT_COUNT>,
    /// Untrusted peers nearby.
    pub near: heapless::Vec<Stranger, MOST_PEERS>,
    /// Untrusted peers from the internet.
    pub far: heapless::Vec<Stranger, MOST_PEERS>,
    /// Questions and page visits of untrusted peers who gave way to later ones.
    pub further_strangers: u64,
    /// Addresses that may stand for many visitors.
    pub crowds: heapless::Vec<Crowd, MOST_CROWDS>,
    /// What the last proxy calls itself in `X-Forwarded-Server`; anybody may have written it.
    pub last_proxy: heapless::String<64>,
    name_read: Timestamp,
    /// Whether there may be a note about a question that nobody has asked rightly since.
    broken: bool,
}

impl Wiring {
    /// Nothing was seen yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            notes: Vec::new(),
            asked: heapless::Vec::new(),
            near: heapless::Vec::new(),
            far: heapless::Vec::new(),
            further_strangers: 0,
            crowds: heapless::Vec::new(),
            last_proxy: heapless::String::new(),
            name_read: Timestamp::default(),
            broken: false,
        }
    }

    /// A question was answered.
    pub fn answered(
        &mut self,
        endpoint: &'static VerifyEndpoint,
        answered: &Answered,
        head: &Head<'_>,
        config: &Config,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        let fault = match answered {
            Answered::Refused(Denial::Wiring(problem) | Denial::UntrustedPeer(problem)) => {
                Fault::Headers(*problem)
            }
            Answered::Refused(Denial::ForgedIdentity(header)) => Fault::Forged(header),
            Answered::Refused(Denial::ProxyRequired) => Fault::ProxyRequired,
            Answered::Refused(Denial::LoginLoop(cause)) => Fault::LoginLoop(*cause),
            Answered::Refused(Denial::SessionsDisagree) => Fault::SessionsDisagree,
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
                // All was told, and what was told is the trouble.
                Fault::PlainHttp
            }
        };
        self.note(Asker::Verify(endpoint), fault, peer, now);
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
            let _ = self.asked.push(Asked { endpoint, seen: Seen::once(now) });
            name_is_due = true;
        }
        if self.broken {
            for note in self.notes.iter_mut().filter(|note| note.asker == Asker::Verify(endpoint)) {
                note.mended = true;
            }
            self.broken = self.notes.iter().any(|note| !note.mended && note.asker != Asker::Page);
        }
        if name_is_due {
            self.name_read = now;
            self.read_name(&head.headers);
        }
    }

    /// A page was visited.
    pub fn visited(
        &mut self,
        visit: &OriginalRequest<'_>,
        config: &Config,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        for problem in visit.problems() {
            self.note(Asker::Page, Fault::Headers(*problem), peer, now);
        }
        if visit.way == Way::Proxied
            && config.proxy.cloudflare_ranges.iter().any(|range| range.contains(&visit.client))
        {
            self.note(Asker::Page, Fault::FromCdn, Some(visit.client), now);
        }
        if is_plain_http(config, visit) {
            self.note(Asker::Page, Fault::PlainHttp, peer, now);
        }
    }

    /// A form came that hides where it was sent from.
    pub fn hidden(&mut self, peer: Option<IpAddr>, now: Timestamp) {
        self.note(Asker::Page, Fault::OriginHidden, peer, now);
    }

    /// A code was posted: whose failures will count together?
    pub fn posted(&mut self, chain: Chain, client: IpAddr, peer: Option<IpAddr>, now: Timestamp) {
        match chain {
            Chain::Unasked => {}
            Chain::Missing => {
                let fault =
                    Fault::Headers(ForwardingProblem::Missing(ForwardingHeader::ForwardedFor));
                self.note(Asker::Page, fault, peer, now);
            }
            Chain::Behind(behind) => self.watch(client, behind),
        }
    }

    fn watch(&mut self, address: IpAddr, behind: IpAddr) {
        match self.crowds.iter_mut().find(|crowd| crowd.address == address) {
            Some(crowd) if crowd.behind != behind => {
                crowd.behind = behind;
                crowd.changes = crowd.changes.saturating_add(1);
            }
            Some(_) => {}
            None => {
                let new = Crowd { address, behind, changes: 0 };
                if let Err(new) = self.crowds.push(new)
                    // One that never was a crowd gives way to the newcomer.
                    && let Some(lone) = self.crowds.iter_mut().find(|crowd| crowd.changes == 0)
                {
                    *lone = new;
                }
            }
        }
    }

    fn note(&mut self, asker: Asker, fault: Fault, peer: Option<IpAddr>, now: Timestamp) {
        if let Fault::Headers(ForwardingProblem::UntrustedPeer(address)) = fault {
            return self.note_stranger(address, now);
        }
        self.broken = true;
        match self.notes.iter_mut().find(|note| note.asker == asker && note.fault.is_like(&fault)) {
            Some(note) => {
                note.seen.again(now);
                (note.peer, note.mended) = (peer, false);
            }
            None => {
                self.notes.push(Note { asker, fault, seen: Seen::once(now), peer, mended: false })
            }
        }
    }

    fn note_stranger(&mut self, address: IpAddr, now: Timestamp) {
        let strangers = match NetworkZone::of(address) {
            NetworkZone::Local => &mut self.near,
            NetworkZone::Internet => &mut self.far,
        };
        if let Some(stranger) = strangers.iter_mut().find(|stranger| stranger.address == address) {
            return stranger.seen.again(now);
        }
        let new = Stranger { address, seen: Seen::once(now) };
        if let Err(new) = strangers.push(new)
            // A proxy asks again, so it comes back whoever took its place.
            && let Some(oldest) = strangers.iter_mut().min_by_key(|stranger| (stranger.seen.last, stranger.seen.count))
        {
            let gone = std::mem::replace(oldest, new);
            self.further_strangers = self.further_strangers.saturating_add(gone.seen.count);
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

/// Whether a question without a cookie is about a place that browsers send none to.
fn loses_cookie(
    config: &Config,
    endpoint: &'static VerifyEndpoint,
    head: &Head<'_>,
    peer: Option<IpAddr>,
) -> bool {
    // Seldom does anybody say http, so that the question is read once more.
    let begins = |name: Name| head.headers.values(name).any(|value| value.starts_with(b"http:"));
    let says_http = begins(Name::OriginalUrl)
        || head
            .headers
            .values(Name::ForwardedProto)
            .any(|value| value.eq_ignore_ascii_case(b"http"));
    says_http && is_plain_http(config, &verify::visit(config, &head.headers, peer, endpoint.family))
}

#[cfg(test)]
#[path = "wiring_tests.rs"]
mod tests;
