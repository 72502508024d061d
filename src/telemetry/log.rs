//! Log lines on standard error for the journal, which adds the time:
//! `LEVEL [target] event key=value`, or one JSON object a line, which holds the time itself.
//! `log.time` puts it before lines of text too, for files.
//!
//! Guarantees one line an event whatever its message holds, and that a standard error which nobody
//! reads ends neither the daemon nor the command, and holds neither up: a line that there is no
//! room for is left out and counted, because who writes it may be the loop that all visitors wait
//! for. Seeds, codes, tokens and cookies never come here: no caller passes them.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Map, Value};
use simple_logger::SimpleLogger;

use super::escape;
use crate::clock::{self, Timestamp};
use crate::config;

/// Bytes of one line at most, its end included. A pipe that can be written to at all takes so many
/// at once (`PIPE_BUF` in pipe(7)), and the journal's socket more.
const LONGEST_LINE: usize = 4_096;
/// Bytes of a message at most; what follows is cut. Level and target need the rest of the line.
const LONGEST_MESSAGE: usize = 3_840;

/// Lines that were left out since the process started. Here and not in the logger, which nobody can
/// ask anything.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// How many lines were left out because nobody read standard error.
pub fn left_out() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

/// Starts the log. To be called once, before anything else speaks.
///
/// # Errors
/// It was started already.
pub fn start(settings: &config::LogSettings) -> Result<(), SetLoggerError> {
    let logger = Logger::new(settings);
    log::set_max_level(settings.level);
    log::set_boxed_logger(Box::new(logger))
}

struct Logger {
    levels: SimpleLogger,
    json: bool,
    /// Whether lines of text begin with the time.
    time: bool,
    /// How many lines left out were reported.
    reported: AtomicU64,
}

impl Logger {
    fn new(settings: &config::LogSettings) -> Self {
        // Of the packages below us only what they think is wrong.
        let others = settings.level.min(LevelFilter::Warn);
        let levels =
            SimpleLogger::new().with_level(others).with_module_level("portcullis", settings.level);
        let json = settings.format == config::LogFormat::Json;
        Self { levels, json, time: settings.time, reported: AtomicU64::new(0) }
    }

    /// The whole line of an event.
    fn line(&self, now: Timestamp, level: Level, target: &str, message: &str) -> String {
        let mut message = one_line(message);
        loop {
            let line = match (self.json, self.time) {
                (true, _) => json(now, level, target, &message),
                (false, true) => format!("{now} {level:<5} [{target}] {message}\n"),
                (false, false) => format!("{level:<5} [{target}] {message}\n"),
            };
            // JSON writes quotes twice as long.
            if line.len() <= LONGEST_LINE || message.is_empty() {
                return line;
            }
            let half = message.len() / 2;
            cut(&mut message, half);
        }
    }

    /// Writes a line where there is room for it, and before it how many there was none for.
    fn offer(&self, stream: &mut (impl Write + AsFd), line: &str, left_out: &AtomicU64) {
        let so_far = left_out.load(Ordering::Relaxed);
        let unreported = so_far.saturating_sub(self.reported.load(Ordering::Relaxed));
        if unreported > 0 && takes_a_line(stream) {
            let message = format!(
                "log lines left out count={unreported} reason=\"standard error was not read\""
            );
            if stream
                .write_all(
                    self.line(clock::now(), Level::Warn, module_path!(), &message).as_bytes(),
                )
                .is_ok()
            {
                self.reported.store(so_far, Ordering::Relaxed);
            }
        }
        if !takes_a_line(stream) || stream.write_all(line.as_bytes()).is_err() {
            left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = self.line(
                clock::now(),
                record.level(),
                record.target(),
                &record.args().to_string(),
            );
            // Held for all of it: another thread's line must not take the room in between.
            self.offer(&mut std::io::stderr().lock(), &line, &LEFT_OUT);
        }
    }

    fn flush(&self) {}
}

/// Whether a line can be written without waiting. Not where the reader of a pipe or socket is gone:
/// that would end the process.
fn takes_a_line(stream: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
    let takes = |events: PollFlags| events.contains(PollFlags::POLLOUT) && !events.intersects(gone);
    poll(&mut asked, PollTimeout::ZERO).is_ok()
        && asked.iter().all(|fd| fd.revents().is_some_and(takes))
}

/// The message with everything escaped that could end or garble a line, cut to [`LONGEST_MESSAGE`].
fn one_line(message: &str) -> String {
    let mut line = escape::line(message).to_string();
    if line.len() > LONGEST_MESSAGE {
        cut(&mut line, LONGEST_MESSAGE);
    }
    line
}

/// Keeps at most `longest` bytes of a text, and shows that there were more.
fn cut(text: &mut String, longest: usize) {
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    if end > 0 {
        text.push('…');
    }
}

/// The line as an object: time, level, target, the event in words, and each `key=value` of it as a
/// member.
fn json(now: Timestamp, level: Level, target: &str, message: &str) -> String {
    let (event, fields) = fields(message);
    let mut object: Map<String, Value> =
        fields.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    // Ours last, so that no field takes their place.
    object.insert("time".to_owned(), now.to_string().into());
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
        let is_key =
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
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

    const T0: Timestamp = Timestamp::from_unix(2_000_000_000);

    #[test]
    fn a_line_of_text_begins_with_the_time_where_it_is_wanted() {
        for (time, start) in
            [(true, "2033-05-18T03:33:20Z WARN  [t] a\\nb"), (false, "WARN  [t] a\\nb")]
        {
            let settings = config::LogSettings {
                format: config::LogFormat::Text,
                level: LevelFilter::Info,
                time,
            };
            assert_eq!(
                Logger::new(&settings).line(T0, Level::Warn, "t", "a\nb"),
                format!("{start}\n")
            );
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_it_holds() {
        let line = one_line("a\r\nb\u{1b}[2J\u{2028}c");
        assert_eq!(line, "a\\r\\nb\\u{1b}[2J\\u{2028}c");
        let long = one_line(&"ä".repeat(10_240));
        assert!(long.len() <= LONGEST_MESSAGE + '…'.len_utf8() && long.ends_with('…'));
    }

    #[test]
    fn a_whole_line_fits_a_pipe_in_either_form() {
        for format in [config::LogFormat::Text, config::LogFormat::Json] {
            let logger =
                Logger::new(&config::LogSettings { format, level: LevelFilter::Info, time: true });
            for letter in ["a", "\"", "\\", "ä", "\u{1b}"] {
                let line = logger.line(
                    T0,
                    Level::Error,
                    "portcullis::app::worker::login",
                    &letter.repeat(10_240),
                );
                assert!(
                    line.len() <= LONGEST_LINE && line.ends_with('\n'),
                    "{format:?} {letter:?} {}",
                    line.len()
                );
            }
        }
    }

    #[test]
    fn json_holds_the_same_fields_as_the_text() {
        let message = format!(
            "login refused {} {} {}",
            field("user", "a \"b\"\\"),
            field("ip", "::1"),
            field("n", "")
        );
        let line = json(T0, Level::Warn, "portcullis::app", &one_line(&message));
        let object: Value = serde_json::from_str(&line).expect("JSON");
        let expected = serde_json::json!({
            "time": "2033-05-18T03:33:20Z", "level": "warn", "target": "portcullis::app", "event": "login refused", "user": "a \"b\"\\", "ip": "::1", "n": ""
        });
        assert_eq!(object, expected);
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn no_field_takes_the_place_of_level_or_event() {
        let line =
            json(T0, Level::Info, "t", "hello level=error event=forged time=1970-01-01T00:00:00Z");
        let object: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            object,
            serde_json::json!({"time": "2033-05-18T03:33:20Z", "level": "info", "target": "t", "event": "hello"})
        );
    }

    #[test]
    fn a_socket_that_nobody_reads_holds_up_no_line_either() {
        let logger = Logger::new(&config::LogSettings {
            format: config::LogFormat::Json,
            level: LevelFilter::Info,
            time: false,
        });
        // The journal's end of standard error is such a socket.
        let (reader, mut writer) =
            std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
        let left_out = AtomicU64::new(0);
        let line = format!("{}\n", "x".repeat(LONGEST_LINE - 1));
        for _ in 0..10_000 {
            logger.offer(&mut writer, &line, &left_out);
        }
        let lost = left_out.load(Ordering::Relaxed);
        assert!((1..10_000).contains(&lost), "{lost}");
        drop(reader);
        logger.offer(&mut writer, &line, &left_out);
        assert_eq!(left_out.load(Ordering::Relaxed), lost + 1);
    }

    #[test]
    fn any_text_can_be_split_into_fields() {
        for text in [
            "",
            "=",
            "a=",
            "a=\"",
            "a=\"\\",
            "  ",
            "a==b",
            "A=b",
            "url=http://x/?a=b c",
            "\"=\"",
            "é=ü x=é",
        ] {
            let _ = fields(text);
        }
        assert_eq!(fields("x a=b c").0, "x c");
        assert_eq!(fields("A=b").0, "A=b");
    }

    #[test]
    fn other_packages_are_heard_only_when_they_complain() {
        let logger = Logger::new(&config::LogSettings {
            format: config::LogFormat::Text,
            level: LevelFilter::Debug,
            time: false,
        });
        let enabled = |target, level| {
            logger.enabled(&Metadata::builder().target(target).level(level).build())
        };
        assert!(enabled("portcullis::app", Level::Debug));
        assert!(!enabled("portcullis::app", Level::Trace));
        assert!(enabled("sled::pagecache", Level::Warn));
        assert!(!enabled("sled::pagecache", Level::Info));
    }

    #[test]
    fn a_pipe_whose_reader_is_gone_is_noticed() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        assert!(takes_a_line(&writer));
        drop(reader);
        assert!(!takes_a_line(&writer));
    }

    #[test]
    fn lines_that_a_full_pipe_has_no_room_for_are_left_out_and_told_of_later() {
        use std::io::Read as _;
        let logger = Logger::new(&config::LogSettings {
            format: config::LogFormat::Text,
            level: LevelFilter::Info,
            time: false,
        });
        let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
        let left_out = AtomicU64::new(0);
        let line = format!("{}\n", "x".repeat(LONGEST_LINE - 1));
        // It would wait for ever here if it waited.
        for _ in 0..1_000 {
            logger.offer(&mut writer, &line, &left_out);
        }
        let lost = left_out.load(Ordering::Relaxed);
        assert!((1..1_000).contains(&lost), "{lost}");
        let written = 1_000 - usize::try_from(lost).expect("a small number");
        reader.read_exact(&mut vec![0; written * LONGEST_LINE]).expect("whole lines");
        logger.offer(&mut writer, "after\n", &left_out);
        logger.offer(&mut writer, "again\n", &left_out);
        drop(writer);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).expect("text");
        let reported =
            format!("WARN  [portcullis::telemetry::log] log lines left out count={lost} ");
        assert!(rest.starts_with(&reported) && rest.ends_with("\nafter\nagain\n"), "{rest}");
        assert_eq!(rest.lines().count(), 3);
    }
}
