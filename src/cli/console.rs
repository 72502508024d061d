//! Where answers go: standard output and standard error, and whether a person looks at them.
//!
//! The one way out to the terminal: whatever is written here has lost what could move its cursor or
//! turn its text, wherever it came from. Pictures of our own are the exception. Writing never
//! panics: a reader that went away (`portcullis user list | head -1`) ends the verb quietly.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::qr::Ink;
use crate::config::Environment;
use crate::telemetry::escape;

/// Both outputs of the program. Nothing else reaches them.
pub struct Console<'w> {
    out: &'w mut dyn Write,
    err: &'w mut dyn Write,
    terminal: Option<Ink>,
}

impl<'w> Console<'w> {
    /// `out` for answers, `err` for warnings and errors; `terminal` where `out` is one, on which
    /// secrets may be shown as a picture.
    pub fn new(out: &'w mut dyn Write, err: &'w mut dyn Write, terminal: Option<Ink>) -> Self {
        Self { out, err, terminal }
    }

    /// How to draw; `None` where nobody looks.
    pub fn ink(&self) -> Option<Ink> {
        self.terminal
    }

    /// A line of an answer, or several.
    pub fn say(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{}", escape::lines(&text.to_string()))
    }

    /// A text that ends its lines itself.
    pub fn say_all(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{}", escape::lines(text))
    }

    /// An answer for scripts, as one line.
    pub fn say_json(&mut self, answer: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_string(answer)?;
        self.say_line_of_json(&json)
    }

    fn say_line_of_json(&mut self, json: &str) -> io::Result<()> {
        writeln!(self.out, "{}", escape::json(json))
    }

    /// A picture of our own.
    pub fn draw(&mut self, picture: &str) -> io::Result<()> {
        self.out.write_all(picture.as_bytes())
    }

    /// What was said reaches whoever reads.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// A line beside the answer, or several.
    pub fn remark(&mut self, text: impl Display) {
        for line in text.to_string().lines() {
            // Nobody is left to tell that this cannot be told.
            let _ = writeln!(self.err, "portcullis: {}", escape::lines(line));
        }
    }

    /// Lines to copy, below a remark.
    pub fn excerpt(&mut self, lines: &str) {
        for line in lines.lines() {
            let _ = writeln!(self.err, "    {}", escape::lines(line));
        }
    }

    /// How the program is used: an answer to who asked, else a remark.
    pub fn explain_usage(&mut self, text: impl Display, asked_for: bool) {
        let to: &mut dyn Write = if asked_for { &mut *self.out } else { &mut *self.err };
        let _ = write!(to, "{}", escape::lines(&text.to_string()));
    }
}

/// How to draw on standard output; `None` where it is no terminal.
pub fn ink_of_stdout(environment: &Environment) -> Option<Ink> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let said = |name: &str| environment.value(name).is_some_and(|value| !value.is_empty());
    let dumb = environment.value("TERM").is_some_and(|term| term == "dumb");
    Some(if said("NO_COLOR") || dumb { Ink::Plain } else { Ink::Colours })
}
