//! `/resolve`: who is this? For applications that serve anonymous visitors too.
//!
//! Guarantees: always 200; whoever has neither a living session nor a pass that is good for the
//! place is anonymous, whatever came; all headers are there each time, empty where nothing is
//! known, so that a proxy which takes them over replaces what a visitor may have sent; nothing is
//! allocated.

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::http::request::Head;
use crate::http::response::{Out, Status};
use crate::proxies::all::ANY;
use crate::server::Request;

use crate::app::gate::state::{Gate, address};
use crate::app::identity::{KnownUser, Proof};
use crate::app::living_session::genuine_session;
use crate::app::token_pass::{self, TokenPass};
use crate::app::verify::{PassHolder, original_request};
use crate::app::view::View;

impl Gate {
    /// Says in headers who this is.
    pub(super) fn resolve(&mut self, request: &Request<'_>, now: Timestamp, out: &mut Out) {
        let (user, holder) = resolved(&self.view(), request.head, address(request), now);
        out.start(Status::OK);
        self.people.write_resolved(user, out);
        out.finish_empty();
        self.touch(holder, now);
    }
}

/// Who this is, and by what.
fn resolved<'g>(
    view: &View<'g>,
    head: &Head<'_>,
    peer: Option<IpAddr>,
    now: Timestamp,
) -> (Option<(&'g KnownUser, Proof)>, PassHolder) {
    let session = genuine_session(view, head, now);
    if let Ok(living) = session {
        return (Some((living.user, Proof::Session)), PassHolder::Session(living.session.id));
    }
    let original = original_request(view.config, head, peer, &ANY);
    let token = token_pass::of_request(view, head, &original, ANY.family, &session, now);
    match token {
        TokenPass::Good { pass, user } if original.blocking_problem.is_none() => {
            (Some((user, Proof::Pass)), PassHolder::Token(pass.id))
        }
        _ => (None, PassHolder::Anonymous),
    }
}
