//! Log lines on standard error for the journal, which adds the time: `LEVEL [target] event key=value`, or one JSON
//! object a line.
//!
//! Guarantees one line an event whatever its message holds, and that a standard error which nobody reads any more ends
//! neither the daemon nor the command. Seeds, codes, tokens and cookies never come here: no caller passes them.

use std::io::Write;
use std::os::fd::AsFd;

use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Map, Value};
use simple_logger::SimpleLogger;

use super::escape;
use crate::config;

/// Bytes of one line at most; what follows is cut.
const LONGEST_LINE: usize = 4_096;

/// Starts the log. To be called once, before anything else speaks.
///
/// # Errors
/// It was started already.
pub fn start(settings: &config::Log) -> Result<(), SetLoggerError> {
    let logger = Logger::new(settings);
    log::set_max_level(settings.level);
    log::set_boxed_logger(Box::new(logger))
}

struct Logger {
    levels: SimpleLogger,
    json: bool,
}

impl Logger {
    fn new(settings: &config::Log) -> Self {
        // Of the packages below us only what they think is wrong.
        let others = settings.level.min(LevelFilter::Warn);
        let levels = SimpleLogger::new().with_level(others).with_module_level("portcullis", settings.level);
        Self { levels, json: settings.format == config::LogFormat::Json }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || !is_read(&std::io::stderr()) {
            return;
        }
        let message = one_line(&record.args().to_string());
        if self.json {
            let line = json(record.level(), record.target(), &message);
            // Nobody is left to tell that the log cannot be written.
            let _ = std::io::stderr().write_all(line.as_bytes());
        } else {
            self.levels.log(
                &Record::builder()
                    .level(record.level())
                    .target(record.target())
                    .args(format_args!("{message}"))
                    .build(),
            );
        }
    }

    fn flush(&self) {}
}

/// False once the reader of a pipe or socket is gone: writing there would end the process.
fn is_read(stream: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
    match poll(&mut asked, PollTimeout::ZERO) {
        Ok(_) => asked.iter().all(|fd| fd.revents().is_none_or(|events| !events.intersects(gone))),
        Err(_) => false,
    }
}

/// The message with everything escaped that could end or garble a line, cut to [`LONGEST_LINE`].
fn one_line(message: &str) -> String {
    let mut line = escape::line(message).to_string();
    if line.len() > LONGEST_LINE {
        let end = (0..=LONGEST_LINE).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

/// The line as an object: level, target, the event in words, and each `key=value` of it as a member.
fn json(level: Level, target: &str, message: &str) -> String {
    let (event, fields) = fields(message);
    let mut object: Map<String, Value> = fields.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    // Ours last, so that no field takes their place.
    object.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
    object.insert("target".to_owned(), target.into());
    object.insert("event".to_owned(), event.into());
    format!("{}\n", Value::Object(object))
}

/// Splits a message into its words and its `key=value` pairs, as [`escape::field`] writes them.
fn fields(message: &str) -> (String, Vec<(String, String)>) {
    let mut words: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let is_key = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        match after.strip_prefix('=').filter(|_| is_key) {
            Some(value) => {
                let (value, after) = value_of(value);
                found.push((word.to_owned(), value));
                rest = after;
            }
            None => {
                let end = rest.find(' ').unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                words.push(word);
                rest = after.strip_prefix(' ').unwrap_or(after);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    (words.join(" "), found)
}

/// A value, in quotes or up to the next space, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), after.strip_prefix(' ').unwrap_or(after));
    };
    let mut value = String::new();
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some(escaped @ ('"' | '\\')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            letter => value.push(letter),
        }
    }
    let after = letters.as_str();
    (value, after.strip_prefix(' ').unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::escape::field;

    #[test]
    fn a_message_is_one_line_whatever_it_holds() {
        let line = one_line("a\r\nb\u{1b}[2J\u{2028}c");
        assert_eq!(line, "a\\r\\nb\\u{1b}[2J\\u{2028}c");
        let long = one_line(&"ä".repeat(10_240));
        assert!(long.len() <= LONGEST_LINE + '…'.len_utf8() && long.ends_with('…'));
    }

    #[test]
    fn json_holds_the_same_fields_as_the_text() {
        let message = format!("login refused {} {} {}", field("user", "a \"b\"\\"), field("ip", "::1"), field("n", ""));
        let line = json(Level::Warn, "portcullis::app", &one_line(&message));
        let object: Value = serde_json::from_str(&line).expect("JSON");
        let expected = serde_json::json!({
            "level": "warn", "target": "portcullis::app", "event": "login refused", "user": "a \"b\"\\", "ip": "::1", "n": ""
        });
        assert_eq!(object, expected);
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn no_field_takes_the_place_of_level_or_event() {
        let line = json(Level::Info, "t", "hello level=error event=forged");
        let object: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(object, serde_json::json!({"level": "info", "target": "t", "event": "hello"}));
    }

    #[test]
    fn any_text_can_be_split_into_fields() {
        for text in ["", "=", "a=", "a=\"", "a=\"\\", "  ", "a==b", "A=b", "url=http://x/?a=b c", "\"=\"", "é=ü x=é"]
        {
            let _ = fields(text);
        }
        assert_eq!(fields("x a=b c").0, "x c");
        assert_eq!(fields("A=b").0, "A=b");
    }

    #[test]
    fn other_packages_are_heard_only_when_they_complain() {
        let logger = Logger::new(&config::Log { format: config::LogFormat::Text, level: LevelFilter::Debug });
        let enabled = |target, level| logger.enabled(&Metadata::builder().target(target).level(level).build());
        assert!(enabled("portcullis::app", Level::Debug));
        assert!(!enabled("portcullis::app", Level::Trace));
        assert!(enabled("sled::pagecache", Level::Warn));
        assert!(!enabled("sled::pagecache", Level::Info));
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_noticed() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        assert!(is_read(&writer));
        drop(reader);
        assert!(!is_read(&writer));
    }
}
