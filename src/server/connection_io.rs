//! Input and output of a connection: it can be read, it can be written, the worker is done, its
//! time is up.
//!
//! Guarantees: a client that does not read its answers is not read from either; requests that
//! arrive together are answered together, with one write, a few at a time; whatever happens, a new
//! deadline follows. Requests and answers are in [`super::http1`].

use core::mem;
use core::time::Duration;

use super::app::App;
use super::connection::{Connection, Phase, Received, Reply, SendOutcome};
use super::http1::Http1;
use super::serve_options::ServeOptions;
use super::slots::Ticket;
use super::worker::Worker;
use crate::http::request::{HEAD_LIMIT, Malformed};
use crate::http::response::{Persistence, Status};

/// Octets read at once, for all connections in the same place.
const READ_BUFFER: usize = 16_384;

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Stays,
    Ends,
}

/// Reads from connections and writes to them, one at a time.
pub struct ConnectionIo<A: App> {
    pub http: Http1<A>,
    buffer: Box<[u8]>,
}

impl<A: App> ConnectionIo<A> {
    pub fn new(app: A, worker: Worker<A::Job, A::Outcome>, options: ServeOptions) -> Self {
        Self {
            http: Http1::new(app, worker, options),
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
        }
    }

    /// The client has sent something, or has shut its side.
    pub fn readable(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        now: Duration,
    ) -> Fate {
        let mut buffer = mem::take(&mut self.buffer);
        let fate = match connection.receive(&mut buffer) {
            Received::Later => Fate::Stays,
            Received::End => Fate::Ends,
            Received::Bytes(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                match connection.phase {
                    Phase::Linger => Fate::Stays,
                    _ if connection.input.is_empty() => {
                        if connection.answered {
                            connection.arm(now, self.http.options.head_timeout);
                        }
                        let used = self.http.answer_requests(ticket, connection, bytes, now);
                        connection.input.extend_from_slice(bytes.get(used..).unwrap_or_default());
                        self.conclude(connection, now)
                    }
                    _ => self.read_on(ticket, connection, bytes, now),
                }
            }
        };
        self.buffer = buffer;
        fate
    }

    /// More bytes for an incomplete request.
    fn read_on(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        bytes: &[u8],
        now: Duration,
    ) -> Fate {
        connection.input.extend_from_slice(bytes);
        // A head that comes byte by byte is not parsed anew at each byte: only a line end can
        // complete it, and only growth can make it too long.
        let length = connection.input.len();
        let promising = !matches!(connection.phase, Phase::Head)
            || bytes.contains(&b'\n')
            || length >= connection.parsed.saturating_mul(2)
            || length > HEAD_LIMIT;
        if promising { self.proceed(ticket, connection, now) } else { Fate::Stays }
    }

    /// The client takes bytes again.
    pub fn writable(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        now: Duration,
    ) -> Fate {
        match connection.flush() {
            SendOutcome::Failed => Fate::Ends,
            SendOutcome::Part => Fate::Stays,
            SendOutcome::All => {
                self.arm_for_phase(connection, now);
                self.proceed(ticket, connection, now)
            }
        }
    }

    /// The worker has done what was asked on this connection, or nobody waits for it any more.
    pub fn outcome(
        &mut self,
        outcome: A::Outcome,
        reply_to: Option<(Ticket, &mut Connection<A::Announced>)>,
        now: Duration,
    ) -> Fate {
        self.http.take_outcome(outcome);
        let Some((ticket, connection)) = reply_to else { return Fate::Stays };
        let Phase::Work(reply) = connection.phase else { return Fate::Stays };
        self.http.answer(connection, reply, now);
        self.proceed(ticket, connection, now)
    }

    /// The connection's deadline has passed.
    pub fn expired(&mut self, connection: &mut Connection<A::Announced>, now: Duration) -> Fate {
        const LATE: Malformed = Malformed {
            status: Status::REQUEST_TIMEOUT,
            reason: "the request took too long to arrive",
        };
        match connection.phase {
            _ if connection.owes() => return Fate::Ends,
            Phase::Head if connection.input.is_empty() => return Fate::Ends,
            Phase::Head | Phase::Body(_) => {
                let head_only = connection.input.starts_with(b"HEAD ");
                self.http.refuse(connection, LATE, head_only);
            }
            Phase::Work(reply) => {
                let last = Reply { persistence: Persistence::Close, ..reply };
                self.http.busy(connection, last, now);
            }
            Phase::Ending | Phase::EndingSoftly | Phase::Linger => return Fate::Ends,
        }
        self.conclude(connection, now)
    }

    /// Goes on with the bytes that the connection has kept.
    fn proceed(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        now: Duration,
    ) -> Fate {
        let mut input = mem::take(&mut connection.input);
        let used = self.http.answer_requests(ticket, connection, &input, now);
        if used < input.len() {
            input.drain(..used);
            connection.input = input;
        }
        self.conclude(connection, now)
    }

    /// Writes what has gathered, and takes the step that follows from it.
    fn conclude(&mut self, connection: &mut Connection<A::Announced>, now: Duration) -> Fate {
        match self.http.write_gathered(connection) {
            SendOutcome::Failed => return Fate::Ends,
            SendOutcome::Part => {
                connection.arm(now, self.http.options.write_timeout);
                return Fate::Stays;
            }
            SendOutcome::All => {}
        }
        match connection.phase {
            Phase::Ending => return Fate::Ends,
            Phase::EndingSoftly => {
                connection.shut_write();
                connection.phase = Phase::Linger;
                connection.input = Vec::new();
                connection.arm(now, self.http.options.linger_timeout);
            }
            Phase::Head if connection.is_idle() => {
                if self.http.draining {
                    return Fate::Ends;
                }
                connection.arm(now, self.http.options.idle_timeout);
            }
            _ => {}
        }
        Fate::Stays
    }

    /// After a write that had to wait: the patience that the phase deserves, from now on.
    fn arm_for_phase(&self, connection: &mut Connection<A::Announced>, now: Duration) {
        let options = &self.http.options;
        let patience = match connection.phase {
            Phase::Head => options.head_timeout,
            Phase::Body(_) => options.body_timeout,
            Phase::Work(_) => options.work_timeout,
            Phase::Ending | Phase::EndingSoftly | Phase::Linger => options.linger_timeout,
        };
        connection.arm(now, patience);
    }
}
