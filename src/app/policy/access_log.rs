//! The lines of an access log, of any length and number.
//!
//! Guarantees: memory holds one line of at most [`LONGEST_LINE`]; a longer one is passed over.

use std::io::{self, BufRead};

/// Octets of the longest line that is read. A request's head has at most 64 kB, and no log writes
/// an octet in more than six.
pub const LONGEST_LINE: usize = 1024 * 1024;

/// Reads line by line.
pub struct AccessLog<R> {
    log: R,
    line: Vec<u8>,
    number: u64,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct LogLine<'l> {
    /// Its number, from 1.
    pub number: u64,
    /// Without its end; `None` where it is too long.
    pub text: Option<&'l [u8]>,
}

impl<R: BufRead> AccessLog<R> {
    /// From the first line.
    pub fn new(log: R) -> Self {
        Self { log, line: Vec::new(), number: 0 }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<LogLine<'_>>> {
        self.line.clear();
        let mut length = 0_usize;
        let mut ended = false;
        while !ended {
            let piece = match self.log.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', piece);
            let taken = end.map_or(piece.len(), |end| end + 1);
            if length + taken <= LONGEST_LINE {
                self.line.extend_from_slice(piece.get(..taken).unwrap_or_default());
            }
            length = length.saturating_add(taken);
            ended = end.is_some();
            self.log.consume(taken);
        }
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = (length <= LONGEST_LINE).then_some(line);
        Ok(Some(LogLine { number: self.number, text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_with_their_numbers_however_they_end() {
        let mut log = AccessLog::new(io::BufReader::with_capacity(2, &b"one\r\n\ntwo\nlast"[..]));
        for (number, text) in [(1, "one"), (2, ""), (3, "two"), (4, "last")] {
            let line = log.next_line().expect("readable");
            assert_eq!(line, Some(LogLine { number, text: Some(text.as_bytes()) }));
        }
        assert_eq!(log.next_line().expect("readable"), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = "a".repeat(5 * LONGEST_LINE);
        let text = format!("{long}\nnext\n");
        let mut log = AccessLog::new(text.as_bytes());
        assert_eq!(log.next_line().expect("readable"), Some(LogLine { number: 1, text: None }));
        assert!(log.line.capacity() <= 2 * LONGEST_LINE);
        let next = log.next_line().expect("readable").expect("a line");
        assert_eq!((next.number, next.text), (2, Some(&b"next"[..])));
        let mut longest = AccessLog::new(long.get(..LONGEST_LINE).expect("so long").as_bytes());
        assert!(longest.next_line().expect("readable").expect("a line").text.is_some());
    }
}
