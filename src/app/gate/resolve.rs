//! `/resolve`: who is this? For applications that serve anonymous visitors too.
//!
//! Guarantees: always 200; whoever has no living session is anonymous, whatever cookies came; all
//! headers are there each time, empty where nothing is known, so that a proxy which takes them over
//! replaces what a visitor may have sent; nothing is allocated.

use crate::clock::Timestamp;
use crate::http::response::{Out, Status};
use crate::server::Request;

use crate::app::gate::state::Gate;
use crate::app::verify;

impl Gate {
    /// Says in headers whose session this is.
    pub(super) fn resolve(&mut self, request: &Request<'_>, now: Timestamp, out: &mut Out) {
        let living = verify::living_session(&self.view(), request.head, now);
        out.start(Status::OK);
        self.people.write_resolved(living.map(|living| living.user), out);
        out.finish_empty();
        if let Some(session) = living.map(|living| living.session.id) {
            self.sessions.touch(&session, now);
        }
    }
}
