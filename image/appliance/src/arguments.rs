//! The command line. Exit codes are those of sysexits: 0, 64 for words that make no sense, 74 for files, 78 for
//! settings.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use nix::unistd::geteuid;

use crate::places::Places;
use crate::situation::Situation;
use crate::{accepted, console, render, settled, status};

const USAGE: u8 = 64;
const IO: u8 = 74;
const CONFIG: u8 = 78;

/// The SD-card appliance: its settings, its console, its status
#[derive(Debug, Parser)]
#[command(name = "portcullis-appliance", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    places: Places,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Reads an appliance.toml and says what is wrong with it
    Check {
        /// The file
        file: PathBuf,
    },
    /// Takes the settings from the card and writes those of the services; before the network, once a start
    Render {
        /// Leaves the machine's own name as it is
        #[arg(long)]
        keep_hostname: bool,
    },
    /// Shows on a virtual terminal how things stand, and notices the first enrolment
    Console {
        /// Draws on whatever standard output is
        #[arg(long, hide = true)]
        allow_any: bool,
    },
    /// Ends the waiting for the clock: certificates may be made; Caddy is to be started anew afterwards
    Settled,
    /// Prints the status text
    Status,
}

/// Runs the program; gives back its exit code.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let Arguments { verb, places } = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is left to tell that this cannot be told.
            let _ = error.print();
            return if error.use_stderr() { USAGE } else { 0 };
        }
    };
    let (code, lines) = perform(verb, &places);
    let mut err = io::stderr();
    for line in lines {
        let _ = writeln!(err, "{line}");
    }
    code
}

/// The exit code, and what is to be said on standard error.
fn perform(verb: Verb, places: &Places) -> (u8, Vec<String>) {
    let done = |result: io::Result<()>| match result {
        Ok(()) => (0, Vec::new()),
        Err(error) => (IO, vec![format!("portcullis-appliance: {error}")]),
    };
    match verb {
        Verb::Check { file } => match accepted::check_file(&file, &places.zoneinfo) {
            Ok(_) => (0, Vec::new()),
            Err(problems) => {
                (CONFIG, problems.iter().map(|problem| format!("{}: {problem}", file.display())).collect())
            }
        },
        Verb::Render { keep_hostname } => {
            let name_host = !keep_hostname && places.are_the_systems() && geteuid().is_root();
            let failures = render::run(places, name_host);
            (if failures.is_empty() { 0 } else { IO }, failures)
        }
        Verb::Console { allow_any } => done(console::run(places, allow_any, &mut io::stdout())),
        Verb::Settled => done(settled::settle(places)),
        Verb::Status => done(io::stdout().write_all(status::text(&Situation::look(places)).as_bytes())),
    }
}
