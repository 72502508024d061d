//! A client that says exactly what it is told to say, and reads answers without believing them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    self, AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, setsockopt, sockopt,
};

use crate::support::wait::PATIENCE;

/// One answer.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl RawAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (sent, value) = line.split_once(':')?;
            sent.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub fn closes(&self) -> bool {
        self.header("Connection") == Some("close")
    }
}

pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, buffer: Vec::new() }
    }

    /// One with little room for answers: what it does not read stays with the server.
    pub fn narrow(address: SocketAddr) -> Self {
        let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let socket =
            socket::socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, SockProtocol::Tcp)
                .expect("a socket");
        // The server's own buffer follows from the size of the segments.
        setsockopt(&socket, sockopt::RcvBuf, &16_384).expect("a small buffer");
        setsockopt(&socket, sockopt::TcpMaxSeg, &536).expect("small segments");
        socket::connect(socket.as_raw_fd(), &SockaddrStorage::from(address)).expect("a connection");
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends. The server may have closed already: what it answered before is still there to be
    /// read.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    pub fn half_close(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// The next final answer; `None` when the connection ends instead.
    pub fn answer(&mut self) -> Option<RawAnswer> {
        self.answer_to("GET")
    }

    /// The next final answer to a request with this method.
    pub fn answer_to(&mut self, method: &str) -> Option<RawAnswer> {
        loop {
            let answer = self.any_answer(method)?;
            if answer.status >= 200 {
                return Some(answer);
            }
        }
    }

    /// The next answer, interim ones included.
    pub fn any_answer(&mut self, method: &str) -> Option<RawAnswer> {
        let end = loop {
            match self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None if self.more() => {}
                None => {
                    assert!(
                        self.buffer.is_empty(),
                        "half an answer: {}",
                        self.buffer.escape_ascii()
                    );
                    return None;
                }
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).expect("an ASCII head");
        assert!(head.starts_with("HTTP/1.1 "), "{head}");
        let status = head.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
        let mut answer = RawAnswer { status, head, body: Vec::new() };
        let length =
            answer.header("Content-Length").map(|length| length.parse().expect("a length"));
        assert!(answer.header("Transfer-Encoding").is_none());
        if status < 200 || matches!(status, 204 | 304) {
            assert_eq!(length, None, "a length on {status}");
        } else {
            let length: usize = length.expect("a length");
            if method != "HEAD" {
                while self.buffer.len() < length {
                    assert!(self.more(), "a body cut short");
                }
                answer.body = self.buffer.drain(..length).collect();
            }
        }
        Some(answer)
    }

    /// Whether the connection ends with nothing more said.
    pub fn has_ended(&mut self) -> bool {
        while self.more() {}
        self.buffer.is_empty()
    }

    /// Reads once; `false` at the end.
    fn more(&mut self) -> bool {
        let mut bytes = [0; 65_536];
        loop {
            return match self.stream.read(&mut bytes) {
                Ok(0) => false,
                Ok(length) => {
                    self.buffer.extend_from_slice(&bytes[..length]);
                    true
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
                Err(error) => panic!("no answer within {PATIENCE:?}: {error}"),
            };
        }
    }
}

/// `GET path` in HTTP/1.1.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n")
}

/// Fails unless the server answers a stranger's `/health`. No deadline frees it for that: see
/// [`super::gate::Gate`].
pub fn is_healthy(address: SocketAddr) {
    let answer = Client::to(address).say(get("/health")).answer().expect("an answer to /health");
    assert_eq!(answer.status, 200);
}
