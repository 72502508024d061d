//! An HTTP/1.1 client that sends exactly the bytes it is told to, right or wrong, and reads answers
//! strictly.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub use super::ask::{Answer, Ask, percent_encode};
use super::wait::PATIENCE;

impl Ask {
    /// Sends it on a connection of its own and reads the answer.
    pub fn send(&self, to: SocketAddr) -> Answer {
        self.try_send(to)
            .unwrap_or_else(|error| panic!("no answer ({error}) to {}", self.describe()))
    }

    /// Like [`Ask::send`], for a server that may be gone.
    pub fn try_send(&self, to: SocketAddr) -> std::io::Result<Answer> {
        let mut connection = Connection::try_open(to)?;
        connection.try_send(&self.bytes())?;
        connection.try_answer(self.is_for_head())
    }

    fn describe(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).chars().take(300).collect()
    }
}

/// A connection, for more than one request or for broken ones.
pub struct Connection {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Connection {
    pub fn open(to: SocketAddr) -> Self {
        Self::try_open(to).unwrap_or_else(|error| panic!("no connection to {to}: {error}"))
    }

    pub fn try_open(to: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, held: Vec::new() })
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the other side takes the bytes");
    }

    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer; interim ones but 101 are passed over.
    pub fn answer(&mut self) -> Answer {
        self.try_answer(false).expect("an answer")
    }

    /// The next answer to a HEAD, which has no body whatever its length says.
    pub fn answer_to_head(&mut self) -> Answer {
        self.try_answer(true).expect("an answer")
    }

    /// The next answer, or why there is none.
    pub fn try_answer(&mut self, to_head: bool) -> std::io::Result<Answer> {
        loop {
            let mut answer = self.head()?;
            if (100..200).contains(&answer.status) && answer.status != 101 {
                continue;
            }
            if !to_head && !matches!(answer.status, 101 | 204 | 304) {
                answer.body = self.body(&answer)?;
            }
            return Ok(answer);
        }
    }

    /// One head, interim ones included.
    pub fn head(&mut self) -> std::io::Result<Answer> {
        let end = loop {
            if let Some(end) = find(&self.held, b"\r\n\r\n") {
                break end + 4;
            }
            self.fill()?;
        };
        let head = self.take(end);
        Ok(Answer::of_head(&head))
    }

    fn body(&mut self, answer: &Answer) -> std::io::Result<Vec<u8>> {
        if answer
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            return self.chunks();
        }
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap_or_else(|_| panic!("no length: {length:?}"));
            return self.exactly(length);
        }
        self.rest()
    }

    fn chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?;
            let size = usize::from_str_radix(size.trim(), 16)
                .unwrap_or_else(|_| panic!("no chunk size: {size:?}"));
            body.extend(self.exactly(size)?);
            let end = self.line()?;
            assert!(end.is_empty(), "after a chunk: {end:?}");
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn line(&mut self) -> std::io::Result<String> {
        loop {
            if let Some(end) = find(&self.held, b"\r\n") {
                let line = self.take(end + 2);
                return Ok(String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned());
            }
            self.fill()?;
        }
    }

    /// Exactly so many bytes, for what follows an upgrade.
    pub fn exactly(&mut self, length: usize) -> std::io::Result<Vec<u8>> {
        while self.held.len() < length {
            self.fill()?;
        }
        Ok(self.take(length))
    }

    /// All that comes until the other side ends the connection.
    pub fn rest(&mut self) -> std::io::Result<Vec<u8>> {
        loop {
            match self.fill() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(std::mem::take(&mut self.held));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the other side ends the connection within `limit`, having sent nothing more.
    pub fn is_ended_within(&mut self, limit: Duration) -> bool {
        self.stream.set_read_timeout(Some(limit)).expect("a limit above zero");
        let ended = matches!(self.fill(), Err(error) if error.kind() == ErrorKind::UnexpectedEof || error.kind() == ErrorKind::ConnectionReset);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a limit above zero");
        ended
    }

    fn fill(&mut self) -> std::io::Result<()> {
        let mut piece = [0; 16384];
        match self.stream.read(&mut piece)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            length => {
                self.held.extend_from_slice(piece.get(..length).unwrap_or_default());
                Ok(())
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.held.drain(..length).collect()
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
