//! The command line.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

/// Settings of the SD-card appliance.
#[derive(Debug, Parser)]
#[command(name = "portcullis-appliance", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Reads appliance.toml and says what is wrong with it
    Check,
}

/// Runs the program; gives back its exit code.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    match Arguments::try_parse_from(words) {
        Ok(Arguments { verb: Verb::Check }) => 78,
        Err(error) => {
            let _ = error.print();
            64
        }
    }
}
