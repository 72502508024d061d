//! One connection: its descriptor, what it is in the middle of, and the bytes that wait on either
//! side.
//!
//! A connection between two requests owns no buffer: `input` is filled only while a request is
//! incomplete or waits its turn, `output` only while the client does not take an answer.

use core::time::Duration;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{self, MsgFlags, Shutdown};

use super::peer::Peer;
use super::peer_network::PeerNetwork;
use super::poll::Interest;
use crate::http::framing::ChunkedDecoder;
use crate::http::response::Persistence;

/// What it is in the middle of.
pub enum Phase<F> {
    /// Between requests, or inside a head.
    Head,
    /// The head is complete and the route takes a body.
    Body(PendingBody<F>),
    /// The worker has the request.
    Work(Reply),
    /// The last answer is on its way; close after it.
    Ending,
    /// The same, but the client may still be sending: closing at once would reset the connection,
    /// and with it the answer (RFC 9112 section 9.6).
    EndingSoftly,
    /// Our side is shut; what the client sends is read and dropped until it has read the answer and
    /// closes.
    Linger,
}

/// What is lost when the connection is closed to make room: the less it is, the sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvictionClass {
    /// Nothing: it has had its last answer.
    Lingering,
    /// Answers that the client does not take, or more asked at once than one turn answers. A client
    /// that never reads would keep its place until its deadline, and a table full of such would
    /// keep everybody out; one that reads hardly ever makes us wait.
    Unread,
    /// A rest between requests, or half a request. A body half sent is no complete request: else a
    /// table full of them would keep everybody out as well.
    Waiting,
    /// A request that was asked completely.
    Busy,
}

/// How the request in hand is to be answered.
#[derive(Clone, Copy)]
pub struct Reply {
    pub head_only: bool,
    pub persistence: Persistence,
    /// Body octets were announced that nobody will read.
    pub unread_body: bool,
}

/// A body under way.
pub struct PendingBody<F> {
    pub announced: F,
    /// Octets of the head that `announced` was made from, and which it is not longer than.
    pub head_length: usize,
    pub limit: usize,
    pub gathering: Gathering,
    pub reply: Reply,
}

pub enum Gathering {
    /// So many octets in all, which stay where they are in the input.
    Length(usize),
    /// Chunks: `fed` octets of the input have been decoded into `data`.
    Chunked { decoder: ChunkedDecoder, fed: usize, data: Vec<u8> },
}

/// What a read brought.
pub enum Received {
    Bytes(usize),
    Later,
    /// The client has shut its side, or the connection broke.
    End,
}

/// What became of bytes to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    All,
    /// The rest is kept and goes out when the client takes it.
    Part,
    Failed,
}

pub struct Connection<F> {
    stream: OwnedFd,
    pub peer: Peer,
    /// Whose share of the table it counts in; `None` for a peer that may fill it.
    pub network: Option<PeerNetwork>,
    pub phase: Phase<F>,
    /// Monotonic time at which patience ends.
    pub deadline: Duration,
    /// Monotonic time since when the client is waited for.
    pub since: Duration,
    /// Whether a request has been answered already.
    pub answered: bool,
    pub input: Vec<u8>,
    /// Whether the input holds more that was asked, whose turn comes after the others'.
    pub queues: bool,
    /// Length of the input when the head in it was last found incomplete.
    pub parsed: usize,
    output: Vec<u8>,
    written: usize,
    /// What the epoll set knows.
    pub registered: Interest,
    /// Octets counted against the budget of all connections.
    pub counted: usize,
}

impl<F> Connection<F> {
    pub fn new(
        stream: OwnedFd,
        peer: Peer,
        network: Option<PeerNetwork>,
        now: Duration,
        deadline: Duration,
    ) -> Self {
        Self {
            stream,
            peer,
            network,
            phase: Phase::Head,
            deadline,
            since: now,
            answered: false,
            input: Vec::new(),
            queues: false,
            parsed: 0,
            output: Vec::new(),
            written: 0,
            registered: Interest::Read,
            counted: 0,
        }
    }

    /// Waits for the client so long, from now on.
    pub fn arm(&mut self, now: Duration, patience: Duration) {
        self.since = now;
        self.deadline = now.saturating_add(patience);
    }

    /// What to be woken for.
    pub fn interest(&self) -> Interest {
        match self.phase {
            // Who can be written to at once is seen at the next wait, behind all who were seen
            // before.
            _ if self.owes() => Interest::Write,
            Phase::Head | Phase::Body(_) | Phase::Linger => Interest::Read,
            Phase::Work(_) | Phase::Ending | Phase::EndingSoftly => Interest::Nothing,
        }
    }

    /// Whether the client has not taken an answer yet.
    pub fn is_blocked(&self) -> bool {
        !self.output.is_empty()
    }

    /// Whether something is on its way to the client, or will be as soon as it can be written to.
    pub fn owes(&self) -> bool {
        self.is_blocked() || self.queues
    }

    /// Whether it waits for the first byte of a request.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Head) && self.input.is_empty() && !self.is_blocked()
    }

    /// What would be lost if it were closed now.
    pub fn eviction_class(&self) -> EvictionClass {
        match self.phase {
            Phase::Linger => EvictionClass::Lingering,
            _ if self.owes() => EvictionClass::Unread,
            Phase::Head | Phase::Body(_) => EvictionClass::Waiting,
            Phase::Work(_) | Phase::Ending | Phase::EndingSoftly => EvictionClass::Busy,
        }
    }

    /// Octets of memory in its buffers, and in what is kept of a head.
    pub fn held(&self) -> usize {
        let body = match &self.phase {
            Phase::Body(PendingBody {
                head_length,
                gathering: Gathering::Chunked { data, .. },
                ..
            }) => head_length.saturating_add(data.capacity()),
            Phase::Body(PendingBody { head_length, .. }) => *head_length,
            _ => 0,
        };
        self.input.capacity().saturating_add(self.output.capacity()).saturating_add(body)
    }

    /// One read, without waiting.
    pub fn receive(&self, buffer: &mut [u8]) -> Received {
        loop {
            return match socket::recv(self.stream.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) => Received::End,
                Ok(length) => Received::Bytes(length),
                Err(Errno::EAGAIN) => Received::Later,
                Err(Errno::EINTR) => continue,
                Err(_) => Received::End,
            };
        }
    }

    /// Sends behind what still waits; keeps what the client does not take.
    pub fn send(&mut self, bytes: &[u8]) -> SendOutcome {
        if self.is_blocked() {
            self.output.extend_from_slice(bytes);
            return self.flush();
        }
        match self.push(bytes) {
            Ok(length) if length == bytes.len() => SendOutcome::All,
            Ok(length) => {
                self.output.extend_from_slice(bytes.get(length..).unwrap_or_default());
                SendOutcome::Part
            }
            Err(_) => SendOutcome::Failed,
        }
    }

    /// Sends what still waits.
    pub fn flush(&mut self) -> SendOutcome {
        let rest = self.output.get(self.written..).unwrap_or_default();
        match self.push(rest) {
            Ok(length) => {
                self.written = self.written.saturating_add(length);
                if self.written < self.output.len() {
                    return SendOutcome::Part;
                }
                self.output = Vec::new();
                self.written = 0;
                SendOutcome::All
            }
            Err(_) => SendOutcome::Failed,
        }
    }

    /// Says that nothing more comes from here.
    pub fn shut_write(&self) {
        // A client that is gone already does not need to know.
        let _ = socket::shutdown(self.stream.as_raw_fd(), Shutdown::Write);
    }

    /// Sends as much as goes without waiting.
    fn push(&self, bytes: &[u8]) -> Result<usize, Errno> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            return match socket::send(self.stream.as_raw_fd(), bytes, flags) {
                Err(Errno::EAGAIN) => Ok(0),
                Err(Errno::EINTR) => continue,
                result => result,
            };
        }
    }
}

impl<F> AsFd for Connection<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
