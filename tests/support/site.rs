//! The site behind the gate: an application that shows each request it was sent, and speaks
//! WebSocket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

/// A site that runs until the test process ends.
pub struct Site {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Site {
    /// `GET /page…` is a page with the title `NAME: TARGET`; an upgrade becomes a WebSocket that
    /// says back what it hears; all else is a JSON object of what arrived: `method`, `target`,
    /// `version`, `headers` (names as they were sent), `body_length`. The status is 200, for
    /// `/status/NNN` NNN.
    pub fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || while serve_one(name, &stream, &log).is_some() {});
            }
        });
        Self { address, seen }
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests whose target starts so.
    pub fn seen_at(&self, target: &str) -> Vec<Value> {
        let fits = |request: &Value| {
            request["target"].as_str().is_some_and(|seen| seen.starts_with(target))
        };
        self.seen().into_iter().filter(fits).collect()
    }
}

/// Values of the header `name` (any case, `_` as `-`) in a request that a [`Site`] saw.
pub fn values(request: &Value, name: &str) -> Vec<String> {
    let lines = request["headers"].as_array().into_iter().flatten();
    let fits = |line: &&Value| {
        line[0].as_str().is_some_and(|n| n.replace('_', "-").eq_ignore_ascii_case(name))
    };
    lines.filter(fits).map(|line| line[1].as_str().unwrap_or_default().to_owned()).collect()
}

/// Serves one request; `None` ends the connection.
fn serve_one(name: &str, stream: &TcpStream, log: &Mutex<Vec<Value>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let start = line(&mut reader)?;
    let mut words = start.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let line = line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let header = |name: &str| {
        headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    };
    let body_length = match header("content-length") {
        Some(length) => {
            let mut body = vec![0; length.parse().ok()?];
            reader.read_exact(&mut body).ok()?;
            body.len()
        }
        None if header("transfer-encoding").is_some() => chunks(&mut reader)?,
        None => 0,
    };
    let request = json!({ "site": name, "method": method, "target": target, "version": version,
        "headers": headers, "body_length": body_length });
    log.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());

    if let Some(key) = header("sec-websocket-key") {
        let accept =
            STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
        writer.write_all(format!("{head}{accept}\r\n\r\n").as_bytes()).ok()?;
        return say_back(&mut reader, writer);
    }
    let (content_type, body) = if target.starts_with("/page") {
        let shown = target.replace('&', "&amp;").replace('<', "&lt;");
        let text = format!(
            "<!doctype html><title>{name}: {shown}</title><h1>{name}</h1><p id=target>{shown}</p>"
        );
        ("text/html; charset=utf-8", text)
    } else {
        ("application/json", request.to_string())
    };
    let closing = version == "HTTP/1.0"
        || header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let connection = if closing { "Connection: close\r\n" } else { "" };
    let length = body.len();
    let status = target.strip_prefix("/status/").unwrap_or("200");
    let head = format!(
        "HTTP/1.1 {status} As-asked\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{connection}\r\n"
    );
    writer.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        writer.write_all(body.as_bytes()).ok()?;
    }
    (!closing).then_some(())
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
}

fn chunks(reader: &mut impl BufRead) -> Option<usize> {
    let mut total = 0;
    loop {
        let size = usize::from_str_radix(line(reader)?.split(';').next()?.trim(), 16).ok()?;
        let mut chunk = vec![0; size];
        reader.read_exact(&mut chunk).ok()?;
        line(reader)?;
        if size == 0 {
            return Some(total);
        }
        total += size;
    }
}

/// RFC 6455 frames of at most 125 bytes, unmasked and sent back; ends at a closing frame.
fn say_back(reader: &mut impl Read, mut writer: impl Write) -> Option<()> {
    loop {
        let mut head = [0; 6];
        reader.read_exact(&mut head).ok()?;
        let [kind, length, mask @ ..] = head;
        let length = usize::from(length & 0x7F);
        let mut text = vec![0; length];
        reader.read_exact(&mut text).ok()?;
        text.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        writer.write_all(&[kind, u8::try_from(length).ok()?]).ok()?;
        writer.write_all(&text).ok()?;
        if kind & 0x0F == 8 {
            return None;
        }
    }
}
