//! A client on one kept connection, small enough that its own cost is known.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::Fallible;
use crate::process::PATIENCE;

/// One connection.
pub struct Connection {
    pub stream: TcpStream,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Fallible<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    pub fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Fallible<Answer> {
        self.ask(&request("GET", target, headers, ""))
    }

    pub fn post(&mut self, target: &str, headers: &[(&str, &str)], form: &str) -> Fallible<Answer> {
        self.ask(&request("POST", target, headers, form))
    }

    /// Sends a whole request and reads the whole answer.
    pub fn ask(&mut self, request: &[u8]) -> Fallible<Answer> {
        self.stream.write_all(request)?;
        let mut answer = Vec::new();
        let mut piece = [0; 16_384];
        loop {
            let length = self.stream.read(&mut piece)?;
            if length == 0 {
                return Err("the connection ended".into());
            }
            answer.extend_from_slice(&piece[..length]);
            if let Some(end) = whole(&answer) {
                let head = String::from_utf8_lossy(&answer[..end]).into_owned();
                let status = head.split(' ').nth(1).unwrap_or_default().parse()?;
                return Ok(Answer { status, head });
            }
        }
    }
}

/// The bytes of a request; `Host` is added where it is not among the headers.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], form: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        text.push_str("Host: localhost\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !form.is_empty() {
        let length = form.len();
        text.push_str(&format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n"
        ));
    }
    (text + "\r\n" + form).into_bytes()
}

/// The end of the head, once the body that it announces is there too.
pub fn whole(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or_default();
    (answer.len() >= end + length).then_some(end)
}
