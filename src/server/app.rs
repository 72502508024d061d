//! What is served, and the questions put to it: the server knows nothing else of what it serves.
//!
//! Guarantees: every question is put on the loop's thread, one at a time; what may take long is
//! given back as a job, and its outcome comes in a later question.

use std::convert::Infallible;

use super::peer::Peer;
use crate::http::request::Head;
use crate::http::response::Out;

/// A request whose head is complete.
pub struct Request<'a> {
    /// The head.
    pub head: &'a Head<'a>,
    /// Who sent it.
    pub peer: &'a Peer,
}

/// What becomes of a request. `F` is what was kept of its head, where a body is still to come.
pub enum Next<J, F = Infallible> {
    /// The answer is written. If a body was announced, the connection ends after it.
    Answered,
    /// The route takes a body of at most `limit` octets; over it the server answers 413.
    ReadBody {
        /// Octets.
        limit: usize,
        /// Comes back with the body.
        announced: F,
    },
    /// The worker has to do something first; [`App::on_outcome`] writes the answer.
    Work(J),
}

/// What is served. All methods run on the loop's thread and must return at once.
pub trait App {
    /// What the worker is asked to do.
    type Job: Send + 'static;
    /// What comes of it.
    type Outcome: Send + 'static;
    /// What is kept of a head until its body is there. Each connection has room for one: a pointer
    /// at most.
    type Announced: 'static;

    /// A head is complete. Routes that need no body answer here, even if one was announced.
    fn on_head(&mut self, request: &Request<'_>, out: &mut Out)
    -> Next<Self::Job, Self::Announced>;
    /// The body asked for by [`Next::ReadBody`] is complete. Its head is not looked at again.
    fn on_body(
        &mut self,
        announced: Self::Announced,
        body: &[u8],
        out: &mut Out,
    ) -> Next<Self::Job>;
    /// The worker is done: apply the effects, write the answer. Without a connection behind it
    /// (housekeeping, or a client that left) the answer is dropped.
    fn on_outcome(&mut self, outcome: Self::Outcome, out: &mut Out);
    /// The worker's queue is full, or its answer is overdue: a 503.
    fn on_busy(&mut self, out: &mut Out);
    /// Whether this peer may take every place: one that speaks for many. Any other holds a share of
    /// them, and newcomers of its own push out what it has.
    fn may_fill(&self, _peer: &Peer) -> bool {
        true
    }
    /// Whether this job finds a place in the worker's queue when those for everybody are taken.
    fn has_kept_place(&self, _job: &Self::Job) -> bool {
        false
    }
    /// So many connections are held now, of so many that there is room for.
    fn on_census(&mut self, _held: usize, _most: usize) {}
    /// SIGHUP: what the worker reads the settings anew with. `None`: there is nothing to reload.
    fn on_reload(&mut self) -> Option<Self::Job>;
    /// Whether this outcome ends the job that [`App::on_reload`] gave. The service manager waits
    /// for it.
    fn ends_reload(_outcome: &Self::Outcome) -> bool {
        false
    }
    /// A job that nobody waits for. Asked after each outcome, and once when the server is about to
    /// end.
    fn background_job(&mut self, _ending: bool) -> Option<Self::Job> {
        None
    }
}
