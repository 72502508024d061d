//! What was wrong with requests of proxies, a note for each kind and place.
//!
//! Guarantees: a note is counted on and never replaced, and there are fewer kinds than would fill a
//! page, so a flood of bad requests neither pushes out what was noted before it nor grows without
//! end. Allocates when a problem shows for the first time, never afterwards.

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::original::problem::ForwardingProblem;
use crate::proxies::reverse_proxy::VerifyEndpoint;

use super::occurrences::Occurrences;
use crate::app::rounds::Cause;

/// Where a problem showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemPlace {
    /// A verify request of a proxy.
    Verify(&'static VerifyEndpoint),
    /// A page that a visitor opened through the proxy.
    Page,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProblem {
    /// Forwarding headers that are missing, doubled or contradictory.
    Headers(ForwardingProblem),
    /// The verify request itself brought this identity header.
    Forged(&'static str),
    /// `proxy.required`, and the request did not come through a trusted proxy.
    ProxyRequired,
    /// Session cookies of several users in one request.
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

impl ProxyProblem {
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
pub struct NotedProblem {
    /// Where.
    pub place: ProblemPlace,
    /// What.
    pub problem: ProxyProblem,
    /// How often and when.
    pub seen: Occurrences,
    /// Who asked last; `None` for a Unix socket.
    pub peer: Option<IpAddr>,
    /// Whether a request in the same place was right since.
    pub fixed: bool,
}

/// All problems that were noted.
#[derive(Clone, Debug, Default)]
pub struct NotedProblems {
    /// In the order of their first showing.
    pub notes: Vec<NotedProblem>,
    /// Whether there may be a note about verify requests that none has been right since.
    unfixed: bool,
}

impl NotedProblems {
    /// Notes a problem, or counts it on.
    pub(super) fn note(
        &mut self,
        place: ProblemPlace,
        problem: ProxyProblem,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) {
        self.unfixed = true;
        let is_same =
            |note: &&mut NotedProblem| note.place == place && note.problem.is_like(&problem);
        match self.notes.iter_mut().find(is_same) {
            Some(note) => {
                note.seen.again(now);
                (note.peer, note.fixed) = (peer, false);
            }
            None => {
                let seen = Occurrences::once(now);
                self.notes.push(NotedProblem { place, problem, seen, peer, fixed: false });
            }
        }
    }

    /// A verify request at this address was right.
    pub(super) fn fixed_at(&mut self, endpoint: &'static VerifyEndpoint) {
        if !self.unfixed {
            return;
        }
        let place = ProblemPlace::Verify(endpoint);
        for note in self.notes.iter_mut().filter(|note| note.place == place) {
            note.fixed = true;
        }
        self.unfixed =
            self.notes.iter().any(|note| !note.fixed && note.place != ProblemPlace::Page);
    }
}
