//! An HTTP/1.1 client that sends exactly the bytes it is told to, right or wrong, and reads answers
//! strictly.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::wait::PATIENCE;

/// One answer, its body unpacked.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every header of that name, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The whole `Set-Cookie` line for that cookie.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        self.all("set-cookie")
            .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    }

    /// The value that a `Set-Cookie` gives that cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let (pair, _) = self.set_cookie(name)?.split_once(';')?;
        Some(pair.split_once('=')?.1.to_owned())
    }

    /// The `next` of the login address in `Location`, decoded.
    pub fn next(&self) -> Option<String> {
        let (_, query) = self.header("location")?.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix("next="))?;
        Some(percent_decode(value))
    }
}

/// A request being put together.
#[derive(Clone, Debug)]
pub struct Ask {
    start: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Ask {
    /// `METHOD target HTTP/1.1`, with `Host: 127.0.0.1` until another is given.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            start: format!("{method} {target} HTTP/1.1").into_bytes(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A form, sent the way a browser does.
    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = fields
            .iter()
            .map(|(k, v)| format!("{}={}", percent_encode(k), percent_encode(v)))
            .collect();
        Self::new("POST", target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(pairs.join("&").as_bytes())
    }

    /// The question that a proxy asks at `path` about `url`, with the headers of the X-Forwarded
    /// family.
    pub fn verify(path: &str, url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("an absolute URL");
        let (host, uri) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self::get(path)
            .header("X-Forwarded-For", "198.51.100.1")
            .header("X-Forwarded-Proto", scheme)
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Uri", if uri.is_empty() { "/" } else { uri })
            .header("X-Forwarded-Method", "GET")
    }

    /// The question that nginx asks about `url`.
    pub fn verify_nginx(path: &str, url: &str) -> Self {
        Self::get(path)
            .header("X-Forwarded-For", "198.51.100.1")
            .header("X-Original-URL", url)
            .header("X-Original-Method", "GET")
    }

    /// Adds a line.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Replaces all lines of that name.
    pub fn set(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self = self.without(name);
        self.header(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self
    }

    /// The headers of a page load in Chromium over https.
    pub fn by_page_load(self) -> Self {
        self.header("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Dest", "document")
    }

    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.header("Cookie", format!("{name}={value}"))
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The bytes on the wire; `Host` and `Content-Length` are added where they are needed and not
    /// given.
    pub fn bytes(&self) -> Vec<u8> {
        let has = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut bytes = self.start.clone();
        bytes.extend_from_slice(b"\r\n");
        if !has("host") {
            bytes.extend_from_slice(b"Host: 127.0.0.1\r\n");
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() && !has("content-length") && !has("transfer-encoding") {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it on a connection of its own and reads the answer.
    pub fn send(&self, to: SocketAddr) -> Answer {
        self.try_send(to)
            .unwrap_or_else(|error| panic!("no answer ({error}) to {}", self.describe()))
    }

    /// Like [`Ask::send`], for a server that may be gone.
    pub fn try_send(&self, to: SocketAddr) -> std::io::Result<Answer> {
        let mut connection = Connection::try_open(to)?;
        connection.try_send(&self.bytes())?;
        connection.try_answer(self.start.starts_with(b"HEAD "))
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
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap_or_default();
        let status = start
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5))
            .and_then(|digits| digits.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {start:?}"));
        let headers = lines
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once(':').unwrap_or_else(|| panic!("no header line: {line:?}")))
            .map(|(name, value)| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
            .collect();
        Ok(Answer { status, headers, body: Vec::new() })
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

/// Everything but RFC 3986's unreserved bytes becomes `%XX`.
pub fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `%XX` becomes its byte; a `+` stays.
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
