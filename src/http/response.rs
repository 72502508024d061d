//! Response bytes. The one place where they are made, so that the rules hold for every answer (RFC
//! 9112 section 4).
//!
//! Guarantees: no value can split a response (a control character in one turns the whole answer
//! into a bare 500); a 204, 304 or 1xx carries neither body nor length; every other answer carries
//! exactly one `Content-Length`. Leaves out: chunked answers, `Date` (a Pi has no clock chip) and
//! `Server` (no version is told).

use core::fmt;

use super::octets::Octets;

/// Octets an answer's status line and header lines may take together. More becomes a bare 500.
pub const HEAD_LIMIT: usize = 16_384;

/// A body buffer larger than this is given back to the allocator after its answer, in octets.
const KEPT_BODY: usize = 65_536;

/// A status code (RFC 9110 section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

macro_rules! statuses {
    ($($name:ident = $code:literal $reason:literal),* $(,)?) => {
        #[allow(missing_docs, reason = "the names are the standard's")]
        impl Status {
            $(pub const $name: Status = Status($code);)*

            /// The reason phrase that RFC 9110 gives the code; empty for a code not used here.
            pub const fn reason(self) -> &'static str {
                match self.0 { $($code => $reason,)* _ => "" }
            }

            /// The status line (RFC 9112 section 4); empty for a code not used here.
            const fn line(self) -> &'static str {
                match self.0 { $($code => concat!("HTTP/1.1 ", $code, " ", $reason, "\r\n"),)* _ => "" }
            }
        }
    };
}

statuses! {
    OK = 200 "OK",
    CREATED = 201 "Created",
    NO_CONTENT = 204 "No Content",
    FOUND = 302 "Found",
    SEE_OTHER = 303 "See Other",
    NOT_MODIFIED = 304 "Not Modified",
    BAD_REQUEST = 400 "Bad Request",
    UNAUTHORIZED = 401 "Unauthorized",
    FORBIDDEN = 403 "Forbidden",
    NOT_FOUND = 404 "Not Found",
    METHOD_NOT_ALLOWED = 405 "Method Not Allowed",
    NOT_ACCEPTABLE = 406 "Not Acceptable",
    REQUEST_TIMEOUT = 408 "Request Timeout",
    CONFLICT = 409 "Conflict",
    GONE = 410 "Gone",
    CONTENT_TOO_LARGE = 413 "Content Too Large",
    URI_TOO_LONG = 414 "URI Too Long",
    UNSUPPORTED_MEDIA_TYPE = 415 "Unsupported Media Type",
    UNPROCESSABLE_CONTENT = 422 "Unprocessable Content",
    TOO_MANY_REQUESTS = 429 "Too Many Requests",
    REQUEST_HEADER_FIELDS_TOO_LARGE = 431 "Request Header Fields Too Large",
    INTERNAL_SERVER_ERROR = 500 "Internal Server Error",
    NOT_IMPLEMENTED = 501 "Not Implemented",
    SERVICE_UNAVAILABLE = 503 "Service Unavailable",
    VERSION_NOT_SUPPORTED = 505 "HTTP Version Not Supported",
}

impl Status {
    /// Whether an answer of this status can have no body, and so no length (RFC 9110 section 8.6).
    pub const fn is_bodiless(self) -> bool {
        matches!(self.0, 100..=199 | 204 | 304)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.reason())
    }
}

/// What the answer says about the connection it travels on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// HTTP/1.1's default: the connection stays, nothing is said.
    Keep,
    /// HTTP/1.0 asked to keep the connection and has to be told that it is kept.
    SayKeep,
    /// The connection ends after this answer.
    Close,
}

/// One answer under construction. Reused for each request, so a finished one leaves only its
/// buffers behind.
pub struct Out {
    status: Status,
    head: heapless::Vec<u8, HEAD_LIMIT>,
    body: Vec<u8>,
    broken: bool,
}

impl Default for Out {
    fn default() -> Self {
        Self::new()
    }
}

impl Out {
    /// An empty answer. Until [`Out::start`] is called it counts as a 500.
    pub const fn new() -> Self {
        Self {
            status: Status::INTERNAL_SERVER_ERROR,
            head: heapless::Vec::new(),
            body: Vec::new(),
            broken: true,
        }
    }

    /// Forgets everything written before and writes the status line.
    pub fn start(&mut self, status: Status) {
        self.head.clear();
        if self.body.capacity() > KEPT_BODY {
            self.body = Vec::new();
        }
        self.body.clear();
        self.status = status;
        self.broken = status.line().is_empty();
        self.push(status.line().as_bytes());
    }

    /// Adds a header line. A name that is no token, or a value with CR, LF, NUL or another control
    /// character, turns the whole answer into a bare 500. `Content-Length` and `Connection` are the
    /// server's to write.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        self.header_parts(name, &[value]);
    }

    /// [`Out::header`] with the value in pieces, for values that are put together without an
    /// allocation.
    pub fn header_parts(&mut self, name: &str, parts: &[&[u8]]) {
        if !is_header(name, parts) {
            self.broken = true;
            return;
        }
        self.push(name.as_bytes());
        self.push(b": ");
        for part in parts {
            self.push(part);
        }
        self.push(b"\r\n");
    }

    /// Adds header lines that were made before.
    pub fn lines(&mut self, lines: &Lines) {
        self.broken |= lines.broken;
        self.push(&lines.bytes);
    }

    /// The same without those whose value is empty.
    pub fn filled_lines(&mut self, lines: &Lines) {
        self.broken |= lines.broken;
        let mut rest = lines.bytes.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end + 1);
            // A name holds no colon.
            let value = memchr::memchr(b':', line).and_then(|colon| line.get(colon..));
            if value != Some(b": \r\n") {
                self.push(line);
            }
            rest = behind;
        }
    }

    /// Sets the body and its `Content-Type`. The server adds the length, or leaves the body out for
    /// HEAD.
    pub fn body(&mut self, content_type: &str, bytes: &[u8]) {
        self.header("Content-Type", content_type.as_bytes());
        self.body.clear();
        self.body.extend_from_slice(bytes);
    }

    /// Says that there is no body: `Content-Length: 0`, which the server writes, and nothing on 204
    /// and 304.
    pub fn finish_empty(&mut self) {
        self.body.clear();
    }

    /// Ends a redirect that was started: its `Location`, never to be stored, and no body.
    pub fn finish_redirect(&mut self, to: &[u8]) {
        self.header("Location", to);
        self.header("Cache-Control", b"no-store");
        self.finish_empty();
    }

    /// The status that will be sent.
    pub fn status(&self) -> u16 {
        if self.broken { Status::INTERNAL_SERVER_ERROR.0 } else { self.status.0 }
    }

    /// The header lines written so far, status line included, for tests and logs.
    pub fn head_bytes(&self) -> &[u8] {
        &self.head
    }

    /// The body as it would be sent.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// Counts as a 500 again until the next [`Out::start`], so that no earlier answer is sent a
    /// second time.
    pub fn reset(&mut self) {
        self.head.clear();
        self.body.clear();
        self.broken = true;
    }

    /// Appends the finished answer to `sink`. `head_only`: the request was HEAD.
    pub fn render(&self, sink: &mut Vec<u8>, head_only: bool, persistence: Persistence) {
        let (status, body): (Status, &[u8]) = if self.broken {
            sink.extend_from_slice(
                b"HTTP/1.1 500 Internal Server Error\r\nCache-Control: no-store\r\n",
            );
            (Status::INTERNAL_SERVER_ERROR, &[])
        } else {
            sink.extend_from_slice(&self.head);
            (self.status, &self.body)
        };
        if !status.is_bodiless() {
            sink.extend_from_slice(b"Content-Length: ");
            let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
            sink.extend_from_slice(DecimalDigits::of(length).as_bytes());
            sink.extend_from_slice(b"\r\n");
        }
        sink.extend_from_slice(match persistence {
            Persistence::Keep => b"\r\n",
            Persistence::SayKeep => b"Connection: keep-alive\r\n\r\n",
            Persistence::Close => b"Connection: close\r\n\r\n",
        });
        if !head_only && !status.is_bodiless() {
            sink.extend_from_slice(body);
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.head.extend_from_slice(bytes).is_err() {
            self.broken = true;
        }
    }
}

/// Header lines that are checked and written once, for answers that are sent often. The rules are
/// those of [`Out::header`].
#[derive(Default)]
pub struct Lines {
    bytes: Vec<u8>,
    broken: bool,
}

impl Lines {
    /// Adds a line.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        self.broken |= !is_header(name, &[value]);
        self.bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
}

/// The decimal digits of a number, on the stack.
pub struct DecimalDigits {
    text: [u8; 20],
    start: usize,
}

impl DecimalDigits {
    /// Writes `number` out.
    pub fn of(mut number: u64) -> Self {
        let mut digits = Self { text: [b'0'; 20], start: 20 };
        for (place, slot) in digits.text.iter_mut().enumerate().rev() {
            *slot = b'0' + u8::try_from(number % 10).unwrap_or(0);
            digits.start = place;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        digits
    }

    /// The digits, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }
}

/// Whether a name is a token, and a value free of control characters.
fn is_header(name: &str, value: &[&[u8]]) -> bool {
    is_token(name.as_bytes()) && value.iter().all(|part| !part.iter().any(|&byte| is_control(byte)))
}

/// Whether a byte must not stand in a header value that we send. Tab is allowed by RFC 9110, and
/// needed by nobody.
const fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

/// Whether `name` is a token (RFC 9110 section 5.6.2).
pub fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| is_token_byte(byte))
}

/// Whether a byte may stand in a token (RFC 9110 section 5.6.2).
pub const fn is_token_byte(byte: u8) -> bool {
    static TOKEN: Octets = Octets::letters_digits_and(b"!#$%&'*+-.^_`|~");
    TOKEN.has(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(out: &Out, head_only: bool, persistence: Persistence) -> String {
        let mut sink = Vec::new();
        out.render(&mut sink, head_only, persistence);
        String::from_utf8(sink).expect("ASCII in these tests")
    }

    #[test]
    fn an_answer_has_status_line_headers_length_and_body() {
        let mut out = Out::new();
        out.start(Status::OK);
        out.header("Cache-Control", b"no-store");
        out.body("text/plain", b"hello");
        assert_eq!(
            rendered(&out, false, Persistence::Keep),
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
        );
        let head = rendered(&out, true, Persistence::Close);
        assert!(head.ends_with("Content-Length: 5\r\nConnection: close\r\n\r\n"), "{head}");
    }

    #[test]
    fn a_204_and_a_304_have_neither_length_nor_body() {
        for status in [Status::NO_CONTENT, Status::NOT_MODIFIED] {
            let mut out = Out::new();
            out.start(status);
            out.body("text/plain", b"dropped");
            let text = rendered(&out, false, Persistence::Keep);
            assert!(!text.contains("Content-Length") && text.ends_with("\r\n\r\n"), "{text}");
        }
    }

    #[test]
    fn an_empty_answer_says_length_zero() {
        let mut out = Out::new();
        out.start(Status::UNAUTHORIZED);
        out.finish_empty();
        assert_eq!(
            rendered(&out, false, Persistence::SayKeep),
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
        );
    }

    #[test]
    fn a_control_character_in_a_value_turns_the_answer_into_a_bare_500() {
        for bad in [&b"a\r\nSet-Cookie: x=1"[..], b"a\nb", b"a\0", b"\x1b[2J", b"\x7f", b"a\rb"] {
            let mut out = Out::new();
            out.start(Status::FOUND);
            out.header("Location", b"/good");
            out.header_parts("Location", &[b"/x", bad]);
            out.body("text/html", b"<p>secret");
            let text = rendered(&out, false, Persistence::Keep);
            assert_eq!(
                text,
                "HTTP/1.1 500 Internal Server Error\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n"
            );
            assert_eq!(out.status(), 500);
        }
    }

    #[test]
    fn lines_made_before_are_held_to_the_same_rules() {
        let mut lines = Lines::default();
        lines.header("Remote-User", b"anna");
        lines.header("Remote-Email", b"");
        let mut out = Out::new();
        out.start(Status::NO_CONTENT);
        out.lines(&lines);
        let text = rendered(&out, false, Persistence::Keep);
        assert_eq!(text, "HTTP/1.1 204 No Content\r\nRemote-User: anna\r\nRemote-Email: \r\n\r\n");
        lines.header("Remote-Name", b"Anna: ");
        out.start(Status::NO_CONTENT);
        out.filled_lines(&lines);
        let text = rendered(&out, false, Persistence::Keep);
        assert_eq!(
            text,
            "HTTP/1.1 204 No Content\r\nRemote-User: anna\r\nRemote-Name: Anna: \r\n\r\n"
        );
        for (name, value) in
            [("Remote-User", "anna\r\nRemote-Groups: admins"), ("Remote User", "anna")]
        {
            let mut lines = Lines::default();
            lines.header(name, value.as_bytes());
            out.start(Status::NO_CONTENT);
            out.lines(&lines);
            assert_eq!(out.status(), 500, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_no_token_and_a_head_too_long_are_a_500_too() {
        let mut out = Out::new();
        out.start(Status::OK);
        out.header("Bad Name", b"x");
        assert_eq!(out.status(), 500);
        out.start(Status::OK);
        out.header("Long", &[b'x'; HEAD_LIMIT]);
        assert_eq!(out.status(), 500);
    }

    #[test]
    fn an_answer_that_was_never_started_is_a_500() {
        let mut out = Out::new();
        assert_eq!(out.status(), 500);
        out.start(Status::OK);
        out.reset();
        assert!(rendered(&out, false, Persistence::Keep).starts_with("HTTP/1.1 500"));
    }

    #[test]
    fn header_values_may_hold_bytes_above_ascii() {
        let mut out = Out::new();
        out.start(Status::NO_CONTENT);
        out.header("Remote-Name", "Jürgen".as_bytes());
        assert_eq!(out.status(), 204);
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 7, 10, 204, 65_536, u64::MAX] {
            assert_eq!(DecimalDigits::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }

    #[test]
    fn what_was_written_can_be_looked_at_and_a_redirect_has_no_body() {
        let mut out = Out::new();
        out.start(Status::FOUND);
        out.body("text/plain", b"left over");
        assert_eq!(out.body_bytes(), b"left over");
        out.start(Status::FOUND);
        out.body("text/plain", b"left over");
        out.finish_redirect(b"/login");
        assert_eq!((out.status(), out.body_bytes()), (302, &b""[..]));
        let head = core::str::from_utf8(out.head_bytes()).expect("ASCII");
        assert!(head.starts_with("HTTP/1.1 302 Found\r\n"), "{head}");
        assert!(
            head.contains("\r\nLocation: /login\r\n")
                && head.contains("\r\nCache-Control: no-store\r\n"),
            "{head}"
        );
    }

    #[test]
    fn room_for_an_ordinary_page_is_kept_and_that_of_a_huge_one_is_given_back() {
        let mut out = Out::new();
        for (length, kept) in [(KEPT_BODY, true), (KEPT_BODY * 4, false)] {
            out.start(Status::OK);
            out.body("text/plain", &vec![b'a'; length]);
            let before = out.body.capacity();
            out.start(Status::OK);
            assert_eq!((before >= length, out.body.capacity() > 0), (true, kept), "{length}");
        }
    }

    #[test]
    fn a_status_is_shown_with_its_reason() {
        assert_eq!(Status::NOT_FOUND.to_string(), "404 Not Found");
    }
}
