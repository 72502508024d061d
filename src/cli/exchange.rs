//! One HTTP/1.1 request and its answer over a stream that is closed afterwards (RFC 9112): for the
//! control socket and the health check.

use std::io::{self, ErrorKind, Read, Write};

/// An answer may be this long: ten thousand users and their sessions.
const LONGEST: u64 = 64 << 20;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The body, as many bytes as were announced.
    pub body: Vec<u8>,
}

/// Sends the request and reads the whole answer. The stream has its timeouts already.
///
/// # Errors
/// The stream fails, ends too early, or what comes back is no HTTP.
pub fn exchange(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    host: &str,
    json: Option<&[u8]>,
) -> io::Result<HttpAnswer> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n").into_bytes();
    if let Some(json) = json {
        let length = json.len();
        write!(request, "Content-Type: application/json\r\nContent-Length: {length}\r\n")?;
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(json.unwrap_or_default());
    stream.write_all(&request)?;
    stream.flush()?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes)?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> io::Result<HttpAnswer> {
    let broken =
        |why: &str| io::Error::new(ErrorKind::InvalidData, format!("the answer is no HTTP: {why}"));
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the answer ends too early"));
        }
        Err(error) => return Err(broken(&error.to_string())),
    };
    let status = head.code.ok_or_else(|| broken("no status"))?;
    let rest = bytes.get(length..).unwrap_or_default();
    let announced =
        head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body = match announced {
        None => rest,
        Some(header) => {
            let text = std::str::from_utf8(header.value)
                .ok()
                .filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            let length: usize =
                text.and_then(|text| text.parse().ok()).ok_or_else(|| broken("bad length"))?;
            let short = || io::Error::new(ErrorKind::UnexpectedEof, "the answer ends too early");
            rest.get(..length).ok_or_else(short)?
        }
    };
    Ok(HttpAnswer { status, body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PlayedStream {
        sent: Vec<u8>,
        answer: io::Cursor<Vec<u8>>,
    }

    impl Read for PlayedStream {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.answer.read(into)
        }
    }

    impl Write for PlayedStream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.sent.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn asked(answer: &str, json: Option<&[u8]>) -> (io::Result<HttpAnswer>, String) {
        let mut stream =
            PlayedStream { sent: Vec::new(), answer: io::Cursor::new(answer.as_bytes().to_vec()) };
        let answer = exchange(&mut stream, "POST", "/command", "portcullis", json);
        (answer, String::from_utf8(stream.sent).expect("text"))
    }

    #[test]
    fn a_request_is_whole_and_asks_for_the_end() {
        let (answer, sent) = asked("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", Some(b"{}"));
        assert_eq!(answer.expect("an answer"), HttpAnswer { status: 200, body: b"[]".to_vec() });
        assert_eq!(
            sent,
            "POST /command HTTP/1.1\r\nHost: portcullis\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: 2\r\n\r\n{}"
        );
    }

    #[test]
    fn an_answer_that_is_cut_or_foreign_is_an_error() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n[]",
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        ] {
            assert!(asked(answer, None).0.is_err(), "{answer:?}");
        }
    }
}
