//! The part that waits: sockets, deadlines, signals and the worker thread, all on one
//! level-triggered epoll loop.
//!
//! Guarantees: a request answered at its head costs one read, one write and no allocation; a
//! connection owns a buffer only while a request is incomplete; every wait has an absolute
//! deadline; who does not read or does not ask gives way to what is new when the table is full; the
//! loop never waits for the [`App`]'s slow work, which has a bounded queue and its own thread.
//! Leaves out: TLS and HTTP/2, which the proxy in front speaks.
//!
//! Read on in [`event_loop`], then [`exchange`] (what happens on one connection) and [`dialogue`]
//! (what is said on it).

mod connection;
mod crowd;
mod descriptors;
mod dialogue;
mod event_loop;
mod exchange;
mod inherit;
mod listen;
mod listen_address;
mod listeners;
mod notify;
mod operators;
mod poll;
pub mod signals;
mod slots;
mod worker;

use core::fmt;
use core::time::Duration;
use std::net::IpAddr;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::http::request::Head;
use crate::http::response::Out;

pub use inherit::inherited;
pub use listen::{BindError, Listener, bind, bind_beside};
pub use listen_address::{BadListenAddress, LONGEST_SOCKET_PATH, ListenAddress};
pub use operators::Operators;
pub use worker::Worker;

/// Which kind of listener a connection came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Visitors, by way of the proxy.
    Public,
    /// The operator's command line.
    Control,
    /// The operator's Prometheus.
    Metrics,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The peer's own address: the proxy's, not the visitor's.
    pub address: PeerAddress,
    /// The listener's role.
    pub role: Role,
    /// The peer's process, for Unix sockets.
    pub credentials: Option<Credentials>,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// Address and port; `::ffff:a.b.c.d` is already `a.b.c.d`.
    Ip(IpAddr, u16),
    /// A Unix socket.
    Unix,
}

/// What the kernel says about the process that connected to a Unix socket (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Effective user at connect time.
    pub uid: u32,
    /// Effective group at connect time.
    pub gid: u32,
    /// Process, seen from our own namespace.
    pub pid: i32,
    /// Whether it is a member of the group that owns the control socket; always `false` on other
    /// sockets.
    pub operator: bool,
}

/// A request whose head is complete.
pub struct Request<'a> {
    /// The head.
    pub head: &'a Head<'a>,
    /// Who sent it.
    pub peer: &'a Peer,
}

/// What becomes of a request.
pub enum Next<J> {
    /// The answer is written. If a body was announced, the connection ends after it.
    Answered,
    /// The route takes a body of at most `limit` octets; over it the server answers 413. Only from
    /// [`App::on_head`].
    ReadBody {
        /// Octets.
        limit: usize,
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

    /// A head is complete. Routes that need no body answer here, even if one was announced.
    fn on_head(&mut self, request: &Request<'_>, out: &mut Out) -> Next<Self::Job>;
    /// The body asked for by [`Next::ReadBody`] is complete.
    fn on_body(&mut self, request: &Request<'_>, body: &[u8], out: &mut Out) -> Next<Self::Job>;
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
    fn errand(&mut self, _ending: bool) -> Option<Self::Job> {
        None
    }
}

/// Limits and deadlines of the server. Deadlines are absolute: they count from the start of what
/// they name, not from the last byte.
#[derive(Clone)]
pub struct Settings {
    /// Connections at once; lowered to what the descriptor limit allows.
    pub max_connections: usize,
    /// From accept, on a kept connection from the first byte, to the end of the head.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// From an answer to the next request; longer than Caddy's 120 s, so that the proxy is the one
    /// to close.
    pub idle_timeout: Duration,
    /// From the first write that the client did not take to the end of the answer.
    pub write_timeout: Duration,
    /// From the end of a request to the worker's outcome.
    pub work_timeout: Duration,
    /// How long the rest of a refused request is read and dropped, so that the client can read the
    /// answer.
    pub linger_timeout: Duration,
    /// From SIGTERM to the end.
    pub drain_timeout: Duration,
    /// Octets that incomplete requests and unread answers may take, all connections together.
    pub buffer_budget: usize,
    /// Ends [`serve`] from another thread.
    pub stop: Option<Stop>,
    /// Whether SIGTERM, SIGINT and SIGHUP are taken; not so in tests, which share a process.
    pub take_signals: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: 1_024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(150),
            write_timeout: Duration::from_secs(15),
            work_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(4),
            buffer_budget: 16 * 1024 * 1024,
            stop: None,
            take_signals: true,
        }
    }
}

/// Asks a running [`serve`] to drain and return, as SIGTERM does.
#[derive(Clone)]
pub struct Stop(Arc<EventFd>);

impl Stop {
    /// A handle to put into [`Settings::stop`].
    pub fn new() -> Result<Self, Errno> {
        let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
        Ok(Self(Arc::new(EventFd::from_flags(flags)?)))
    }

    /// Asks. Returns at once; `serve` returns after the drain.
    pub fn stop(&self) {
        // A counter that is full has been asked already.
        let _ = self.0.write(1);
    }
}

/// Why the server cannot start or go on.
#[derive(Debug)]
pub enum ServeError {
    /// The kernel refuses what the loop is built on.
    System {
        /// Which call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
    /// The worker thread ended by itself.
    WorkerGone,
    /// The descriptor limit leaves no room for connections.
    TooFewDescriptors {
        /// `RLIMIT_NOFILE`.
        limit: u64,
    },
}

impl ServeError {
    fn system(call: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::System { call, errno }
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { call, errno } => {
                write!(f, "the kernel refused {call}: {}", errno.desc())
            }
            Self::WorkerGone => {
                f.write_str("the worker thread ended; see the lines before this one for the cause")
            }
            Self::TooFewDescriptors { limit } => {
                write!(
                    f,
                    "the descriptor limit of {limit} is too low; raise it (LimitNOFILE=, ulimit -n) to at least 128"
                )
            }
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves `listeners` until SIGTERM, SIGINT or [`Settings::stop`], then finishes what is in flight
/// and returns.
///
/// Call [`signals::hold`] before the first thread of the process is started, else a signal may
/// reach a thread that dies of it.
pub fn serve<A: App>(
    app: A,
    listeners: Vec<Listener>,
    worker: Worker<A::Job, A::Outcome>,
    settings: Settings,
) -> Result<(), ServeError> {
    event_loop::EventLoop::new(app, listeners, worker, settings)?.run()
}
