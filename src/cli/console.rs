//! Where answers go: standard output and standard error, and whether a person looks at them.
//!
//! Writing never panics: a reader that went away (`portcullis user list | head -1`) ends the verb quietly.

use std::io::{self, IsTerminal, Write};

use super::qr::Ink;
use crate::config::Environment;

/// Both outputs of the program.
pub struct Console<'w> {
    /// Answers.
    pub out: &'w mut dyn Write,
    /// Warnings and errors.
    pub err: &'w mut dyn Write,
    /// Whether `out` is a terminal, where secrets may be shown as a picture.
    pub terminal: Option<Ink>,
}

impl Console<'_> {
    /// One line of an answer.
    pub fn say(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// One line beside the answer.
    pub fn remark(&mut self, line: impl std::fmt::Display) {
        // Nobody is left to tell that this cannot be told.
        let _ = writeln!(self.err, "portcullis: {line}");
    }

    /// Lines to copy, below a remark.
    pub fn excerpt(&mut self, lines: &str) {
        for line in lines.lines() {
            let _ = writeln!(self.err, "    {line}");
        }
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
