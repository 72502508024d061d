//! HTTP/1 on a connection: passes requests to the [`App`], and gathers the answers in the order
//! asked.
//!
//! Guarantees: after a refusal, and after an answer that ends the connection, nothing that follows
//! is read as a request; a body is read only where the route asks for one.

use core::mem;
use core::time::Duration;

use super::app::{App, Next, Request};
use super::connection::{Connection, Gathering, PendingBody, Phase, Reply, SendOutcome};
use super::serve_options::ServeOptions;
use super::slots::Ticket;
use super::worker::Worker;
use crate::http::framing::{ChunkedDecoder, Framing};
use crate::http::request::{Head, Malformed, Method, Version};
use crate::http::response::{Out, Persistence, Status};
use log::warn;

/// Heads and bodies of one connection that are dealt with before others have their turn: what one
/// client sends in one go must not keep all others waiting.
const REQUESTS_AT_ONCE: u32 = 16;
/// A connection's turn ends once so many octets of answers have gathered.
const GATHERED: usize = 16_384;

/// What became of the bytes at the front.
enum Progress {
    /// More is needed.
    Incomplete,
    /// So many octets were dealt with.
    Consumed(usize),
}

/// Requests and answers, of one connection at a time.
pub struct Http1<A: App> {
    pub app: A,
    pub worker: Worker<A::Job, A::Outcome>,
    pub options: ServeOptions,
    /// The server drains: every answer is its connection's last.
    pub draining: bool,
    out: Out,
    /// Finished answers of the connection in hand, not written yet.
    gathered: Vec<u8>,
}

impl<A: App> Http1<A> {
    pub fn new(app: A, worker: Worker<A::Job, A::Outcome>, options: ServeOptions) -> Self {
        Self {
            app,
            worker,
            options,
            draining: false,
            out: Out::new(),
            gathered: Vec::with_capacity(GATHERED),
        }
    }

    /// Deals with the requests at the front of `bytes`; returns how many octets they took.
    pub fn answer_requests(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        bytes: &[u8],
        now: Duration,
    ) -> usize {
        let mut used: usize = 0;
        let mut left = REQUESTS_AT_ONCE;
        connection.queues = false;
        while let Some(rest @ [_, ..]) = bytes.get(used..) {
            if left == 0 || self.gathered.len() >= GATHERED {
                connection.queues = matches!(connection.phase, Phase::Head | Phase::Body(_));
                break;
            }
            let progress = match connection.phase {
                Phase::Head => self.take_head(ticket, connection, rest, now),
                Phase::Body(_) => self.take_body(ticket, connection, rest, now),
                _ => break,
            };
            let Progress::Consumed(length) = progress else { break };
            used = used.saturating_add(length);
            left = left.saturating_sub(1);
        }
        if matches!(connection.phase, Phase::Ending) && used < bytes.len() {
            connection.phase = Phase::EndingSoftly;
        }
        used
    }

    fn take_head(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        bytes: &[u8],
        now: Duration,
    ) -> Progress {
        let mut head = Head::none();
        let (length, framing) = match head.read(bytes) {
            Ok(Some(read)) => read,
            Ok(None) => {
                connection.parsed = bytes.len();
                return Progress::Incomplete;
            }
            Err(malformed) => {
                self.refuse(connection, malformed, bytes.starts_with(b"HEAD "));
                return Progress::Consumed(bytes.len());
            }
        };
        let head = &head;
        let announced = framing.announces_body();
        let reply = Reply {
            head_only: head.method == Method::Head,
            persistence: persistence(head, !announced),
            unread_body: announced,
        };
        self.out.reset();
        match self.app.on_head(&Request { head, peer: &connection.peer }, &mut self.out) {
            Next::Answered => self.answer(connection, reply, now),
            Next::Work(job) => self.submit(ticket, connection, job, reply, now),
            Next::ReadBody { limit, announced } => {
                let alone = bytes.len() == length;
                connection.arm(now, self.options.body_timeout);
                let gathering = match gathering(framing, limit) {
                    Ok(gathering) => gathering,
                    Err(malformed) => {
                        self.refuse(connection, malformed, reply.head_only);
                        return Progress::Consumed(bytes.len());
                    }
                };
                if alone && framing.announces_body() && head.expects_continue() {
                    self.gathered.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                let reply =
                    Reply { persistence: persistence(head, true), unread_body: false, ..reply };
                let is_empty = matches!(gathering, Gathering::Length(0));
                connection.phase = Phase::Body(PendingBody {
                    announced,
                    head_length: length,
                    limit,
                    gathering,
                    reply,
                });
                if is_empty {
                    self.take_body(ticket, connection, &[], now);
                }
            }
        }
        Progress::Consumed(length)
    }

    fn take_body(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        bytes: &[u8],
        now: Duration,
    ) -> Progress {
        let Phase::Body(mut body) = mem::replace(&mut connection.phase, Phase::Head) else {
            return Progress::Incomplete;
        };
        let reply = body.reply;
        let gathered = match &mut body.gathering {
            Gathering::Length(length) => Ok(bytes.get(..*length).map(|data| (data, *length))),
            Gathering::Chunked { decoder, fed, data } => {
                let more = bytes.get(*fed..).unwrap_or_default();
                decoder.decode(more, data, body.limit).map(|more| {
                    *fed = fed.saturating_add(more);
                    decoder.is_done().then_some((data.as_slice(), *fed))
                })
            }
        };
        let (data, length) = match gathered {
            Ok(Some(whole)) => whole,
            Ok(None) => {
                connection.phase = Phase::Body(body);
                return Progress::Incomplete;
            }
            Err(malformed) => {
                self.refuse(connection, malformed, reply.head_only);
                return Progress::Consumed(bytes.len());
            }
        };
        self.out.reset();
        match self.app.on_body(body.announced, data, &mut self.out) {
            Next::Work(job) => self.submit(ticket, connection, job, reply, now),
            Next::Answered => self.answer(connection, reply, now),
            Next::ReadBody { announced, .. } => match announced {},
        }
        Progress::Consumed(length)
    }

    /// Hands the app's job that nobody waits for to the worker, if there is one.
    pub fn submit_background_job(&mut self, ending: bool) {
        if let Some(job) = self.app.background_job(ending)
            && self.worker.submit(None, job, true).is_err()
        {
            warn!("the worker is too busy for a job that nobody waits for");
        }
    }

    /// Has the worker read the settings anew. `false`: it does not, because there are none or it is
    /// too busy.
    pub fn submit_reload(&mut self) -> bool {
        let Some(job) = self.app.on_reload() else { return false };
        let submitted = self.worker.submit(None, job, true).is_ok();
        if !submitted {
            warn!("the worker is too busy to reload, the old settings stay; send SIGHUP again");
        }
        submitted
    }

    /// Hands a job to the worker, or answers that there is no room.
    fn submit(
        &mut self,
        ticket: Ticket,
        connection: &mut Connection<A::Announced>,
        job: A::Job,
        reply: Reply,
        now: Duration,
    ) {
        let kept = self.app.has_kept_place(&job);
        match self.worker.submit(Some(ticket), job, kept) {
            Ok(()) => {
                connection.phase = Phase::Work(reply);
                connection.arm(now, self.options.work_timeout);
            }
            Err(_) => self.busy(connection, reply, now),
        }
    }

    /// Has the app take what the worker has done; [`Http1::answer`] sends what it says to it.
    pub fn take_outcome(&mut self, outcome: A::Outcome) {
        self.out.reset();
        self.app.on_outcome(outcome, &mut self.out);
    }

    /// Answers that the worker is too busy.
    pub fn busy(&mut self, connection: &mut Connection<A::Announced>, reply: Reply, now: Duration) {
        self.out.reset();
        self.app.on_busy(&mut self.out);
        self.answer(connection, reply, now);
    }

    /// Adds the finished answer to those to be written.
    pub fn answer(
        &mut self,
        connection: &mut Connection<A::Announced>,
        reply: Reply,
        now: Duration,
    ) {
        let persistence = if self.draining { Persistence::Close } else { reply.persistence };
        self.out.render(&mut self.gathered, reply.head_only, persistence);
        connection.answered = true;
        connection.parsed = 0;
        connection.phase = match persistence {
            Persistence::Close if reply.unread_body => Phase::EndingSoftly,
            Persistence::Close => Phase::Ending,
            Persistence::Keep | Persistence::SayKeep => Phase::Head,
        };
        connection.arm(now, self.options.head_timeout);
    }

    /// Answers a request that is none, or is not taken, and ends the connection.
    pub fn refuse(
        &mut self,
        connection: &mut Connection<A::Announced>,
        malformed: Malformed,
        head_only: bool,
    ) {
        self.out.start(malformed.status);
        self.out.header("Cache-Control", b"no-store");
        if malformed.status == Status::METHOD_NOT_ALLOWED {
            self.out.header("Allow", b"GET, HEAD, POST");
        }
        self.out.body("text/plain; charset=utf-8", malformed.reason.as_bytes());
        self.out.render(&mut self.gathered, head_only, Persistence::Close);
        connection.phase = Phase::EndingSoftly;
        connection.input = Vec::new();
    }

    /// Writes what has gathered, behind what the connection has not taken yet.
    pub fn write_gathered(&mut self, connection: &mut Connection<A::Announced>) -> SendOutcome {
        if self.gathered.is_empty() {
            return if connection.is_blocked() { SendOutcome::Part } else { SendOutcome::All };
        }
        let sent = connection.send(&self.gathered);
        self.gathered.clear();
        self.gathered.shrink_to(8 * GATHERED);
        sent
    }
}

const BODY_TOO_LONG: Malformed =
    Malformed { status: Status::CONTENT_TOO_LARGE, reason: "the body is too long" };

/// How a body of at most `limit` octets is taken, or that it is longer.
fn gathering(framing: Framing, limit: usize) -> Result<Gathering, Malformed> {
    Ok(match framing {
        Framing::None => Gathering::Length(0),
        Framing::Length(length) => {
            let length = usize::try_from(length).ok().filter(|&length| length <= limit);
            Gathering::Length(length.ok_or(BODY_TOO_LONG)?)
        }
        Framing::Chunked => {
            Gathering::Chunked { decoder: ChunkedDecoder::new(), fed: 0, data: Vec::new() }
        }
    })
}

/// What an answer to `head` says about the connection; `possible`: nothing but the client speaks
/// against keeping it.
fn persistence(head: &Head<'_>, possible: bool) -> Persistence {
    match head.version {
        _ if !possible || !head.keeps_alive() => Persistence::Close,
        Version::Http10 => Persistence::SayKeep,
        Version::Http11 => Persistence::Keep,
    }
}
