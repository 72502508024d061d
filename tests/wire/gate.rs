//! The real server, in a thread of this process, around a small application with one route of each
//! kind.

use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use portcullis::http::request::Method;
use portcullis::http::response::{Out, Status};
use portcullis::server::{
    App, ListenAddress, Listener, ListenerRole, Next, Peer, PeerAddress, Request, ServeError,
    ServeOptions, Stop, Worker, bind, serve,
};

/// Octets of the answer to `/big`: more than any pair of socket buffers holds.
pub const BIG: usize = 8 * 1024 * 1024;
/// Octets of the answer to `/page`: what a page has at most.
pub const PAGE: usize = 64 * 1024;

struct Small {
    big: Vec<u8>,
    /// Whether one peer may take every place.
    fills: bool,
    /// Requests to `/served` so far.
    served: usize,
    /// Lets the loop go on that `/stall` holds up.
    resumed: Receiver<()>,
}

/// Length of the body to echo, and whether to wait to be released first.
pub struct Job {
    body: Vec<u8>,
    hangs: bool,
}

impl Small {
    fn plain(out: &mut Out, status: Status, body: &[u8]) {
        out.start(status);
        out.header("Cache-Control", b"no-store");
        out.body("text/plain", body);
    }
}

impl App for Small {
    type Job = Job;
    type Outcome = Vec<u8>;
    /// Whether the worker is to answer.
    type Announced = bool;

    fn on_head(&mut self, request: &Request<'_>, out: &mut Out) -> Next<Job, bool> {
        let head = request.head;
        let reads = matches!(head.method, Method::Get | Method::Head);
        match (head.path, head.method) {
            (b"/verify", _) => {
                out.start(Status::NO_CONTENT);
                out.header("Remote-User", b"alice");
                out.finish_empty();
            }
            (b"/health", _) if reads => Self::plain(out, Status::OK, b"ok"),
            (b"/count", _) if reads => {
                Self::plain(out, Status::OK, head.query().unwrap_or_default())
            }
            (b"/served", _) if reads => {
                self.served += 1;
                Self::plain(out, Status::OK, self.served.to_string().as_bytes());
            }
            (b"/stall", _) if reads => {
                // A dropped sender resumes as well.
                let _ = self.resumed.recv();
                Self::plain(out, Status::OK, b"resumed");
            }
            (b"/host", _) if reads => {
                Self::plain(out, Status::OK, head.headers.host().unwrap_or_default());
            }
            (b"/peer", _) if reads => {
                let kind: &[u8] = match (request.peer.address, request.peer.credentials) {
                    (PeerAddress::Unix, Some(_)) => b"unix",
                    (PeerAddress::Ip(ip, _), None) if ip.is_ipv4() => b"v4",
                    _ => b"v6",
                };
                Self::plain(out, Status::OK, kind);
            }
            (b"/big", _) if reads => {
                out.start(Status::OK);
                out.body("application/octet-stream", &self.big);
            }
            (b"/page", _) if reads => {
                Self::plain(out, Status::OK, self.big.get(..PAGE).unwrap_or_default())
            }
            (b"/unchanged", _) if reads => {
                out.start(Status::NOT_MODIFIED);
                out.finish_empty();
            }
            (b"/work", _) if reads => {
                return Next::Work(Job { body: b"worked".to_vec(), hangs: false });
            }
            (b"/hang", _) if reads => {
                return Next::Work(Job { body: b"released".to_vec(), hangs: true });
            }
            (b"/echo" | b"/work", Method::Post) => {
                return Next::ReadBody { limit: 65_536, announced: head.path == b"/work" };
            }
            (b"/health" | b"/echo" | b"/work", _) => {
                out.start(Status::METHOD_NOT_ALLOWED);
                out.header("Allow", b"GET, HEAD, POST");
                out.finish_empty();
            }
            _ => Self::plain(out, Status::NOT_FOUND, b"nothing here"),
        }
        Next::Answered
    }

    fn on_body(&mut self, works: bool, body: &[u8], out: &mut Out) -> Next<Job> {
        if works {
            return Next::Work(Job { body: body.to_vec(), hangs: false });
        }
        Self::plain(out, Status::OK, body);
        Next::Answered
    }

    fn on_outcome(&mut self, body: Vec<u8>, out: &mut Out) {
        Self::plain(out, Status::OK, &body);
    }

    fn on_busy(&mut self, out: &mut Out) {
        out.start(Status::SERVICE_UNAVAILABLE);
        out.header("Retry-After", b"1");
        out.finish_empty();
    }

    fn may_fill(&self, _peer: &Peer) -> bool {
        self.fills
    }

    fn on_reload(&mut self) -> Option<Job> {
        None
    }
}

/// Longer than any test waits.
pub const HOUR: Duration = Duration::from_secs(3_600);

/// A running server. Ends with the value. It has no deadline that a test would live to see, but
/// those that a test sets: what it answers, it answers whatever others do, and not since a deadline
/// has ended them.
pub struct Gate {
    pub address: SocketAddr,
    /// Lets one hanging job go on.
    pub release: Sender<()>,
    /// Lets the loop go on that stands still in `/stall`.
    pub resume: Sender<()>,
    stop: Stop,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Gate {
    /// With nothing changed.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// With settings changed by `change`.
    pub fn with(change: impl FnOnce(&mut ServeOptions)) -> Self {
        Self::on(Self::somewhere(), change)
    }

    /// Where one peer may have a share of the places alone.
    pub fn with_shares(change: impl FnOnce(&mut ServeOptions)) -> Self {
        Self::serving(Self::somewhere(), false, change)
    }

    /// On a given listener.
    pub fn on(listener: Listener, change: impl FnOnce(&mut ServeOptions)) -> Self {
        Self::serving(listener, true, change)
    }

    fn somewhere() -> Listener {
        let listen = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        bind(&listen, ListenerRole::Public, 0o660).expect("a free port")
    }

    fn serving(listener: Listener, fills: bool, change: impl FnOnce(&mut ServeOptions)) -> Self {
        let address = match listener.address() {
            ListenAddress::Tcp(address) => *address,
            ListenAddress::Unix(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        let stop = Stop::new().expect("an eventfd");
        let mut settings = ServeOptions {
            stop: Some(stop.clone()),
            take_signals: false,
            head_timeout: HOUR,
            body_timeout: HOUR,
            idle_timeout: HOUR,
            write_timeout: HOUR,
            work_timeout: HOUR,
            linger_timeout: HOUR,
            ..ServeOptions::default()
        };
        change(&mut settings);
        let (release, gate) = mpsc::channel();
        let work = |gate: &mut Receiver<()>, job: Job| {
            if job.hangs {
                // A dropped sender releases as well.
                let _ = gate.recv();
            }
            job.body
        };
        let worker = Worker::spawn(gate, HOUR, work, |_| None).expect("a thread");
        let (resume, resumed) = mpsc::channel();
        let app = Small { big: vec![b'b'; BIG], fills, served: 0, resumed };
        let thread = thread::spawn(move || serve(app, vec![listener], worker, settings));
        Self { address, release, resume, stop, thread: Some(thread) }
    }

    /// Asks the server to end, without waiting.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// A handle that asks the server to end.
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// Asks the server to end and waits for it.
    pub fn end(self) -> Result<(), ServeError> {
        self.stop.stop();
        self.wait()
    }

    /// Waits until the server ends.
    pub fn wait(mut self) -> Result<(), ServeError> {
        self.thread.take().expect("running").join().expect("no panic")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stop.stop();
        // Whatever still hangs may go on, so that the worker ends.
        for _ in 0..100 {
            let _ = (self.release.send(()), self.resume.send(()));
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !thread::panicking() {
                ended.expect("no panic").expect("a good end");
            }
        }
    }
}
