//! How the program ends: codes as in `sysexits.h`, each with one message.

use std::fmt;

use crate::app::messages::command::CommandRefused;
use crate::config::ConfigError;
use crate::config::secrets::SecretError;
use crate::config::setup_code::SetupCodeError;

/// The command line makes no sense (`EX_USAGE`).
pub const USAGE: u8 = 64;
/// What was given cannot be used (`EX_DATAERR`).
pub const DATA: u8 = 65;
/// A file that was named is not there or cannot be read (`EX_NOINPUT`).
pub const NO_INPUT: u8 = 66;
/// The daemon does not answer (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// The operating system refuses something (`EX_OSERR`).
pub const SYSTEM: u8 = 71;
/// A file cannot be made where it was wanted (`EX_CANTCREAT`).
pub const CANNOT_CREATE: u8 = 73;
/// Reading or writing failed (`EX_IOERR`).
pub const IO: u8 = 74;
/// Not allowed to do that (`EX_NOPERM`).
pub const NO_PERMISSION: u8 = 77;
/// A setting cannot be used (`EX_CONFIG`).
pub const CONFIG: u8 = 78;

/// Why the program ends without having done what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What is wrong and the way out; may be several lines, may be empty where all was said
    /// already.
    pub message: String,
}

impl Failure {
    /// Puts code and message together.
    pub fn new(code: u8, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// The same failure in other words.
    pub fn reworded(self, words: impl FnOnce(&str) -> String) -> Self {
        Self { message: words(&self.message), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<CommandRefused> for Failure {
    fn from(refused: CommandRefused) -> Self {
        Self { code: refused.code, message: refused.message }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(CONFIG, error)
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new(CONFIG, error)
    }
}

impl From<SetupCodeError> for Failure {
    fn from(error: SetupCodeError) -> Self {
        Self::new(CONFIG, error)
    }
}

impl From<std::io::Error> for Failure {
    /// Of writing to standard output: whoever closed it has seen enough.
    fn from(error: std::io::Error) -> Self {
        let message = if error.kind() == std::io::ErrorKind::BrokenPipe {
            String::new()
        } else {
            error.to_string()
        };
        Self { code: IO, message }
    }
}
