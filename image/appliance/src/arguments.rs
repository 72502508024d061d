//! The command line. Exit codes are those of sysexits: 0, 64 for words that make no sense, 74 for
//! files, 78 for settings.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use nix::unistd::geteuid;

use crate::card_status::CardStatus;
use crate::places::Places;
use crate::{accepted, console, render, settings, settled, status};

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
    /// Takes the settings from the card and writes those of the services; before the network, once
    /// a start
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
    /// Ends the waiting for the clock: certificates may be made; Caddy is to be started anew
    /// afterwards
    Settled,
    /// Prints the status text
    Status,
}

/// Runs the program; gives back its exit code.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let Arguments { verb, places } = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // There is nowhere left to report this.
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
        Verb::Check { file } => {
            // Who names a link here means what it leads to.
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            let problems = accepted::check_file(&real, &places.zoneinfo).err().unwrap_or_default();
            let lines = settings::summary(&problems);
            let code = if lines.is_empty() { 0 } else { CONFIG };
            (code, lines.iter().map(|line| format!("{}: {line}", file.display())).collect())
        }
        Verb::Render { keep_hostname } => {
            let name_host = !keep_hostname && places.are_the_systems() && geteuid().is_root();
            let failures = render::run(places, name_host);
            // The gate and Caddy wait for this: whatever else failed, they start if their own
            // settings are there.
            let served = places.gate_settings().exists() && places.caddyfile().exists();
            (if served { 0 } else { IO }, failures)
        }
        Verb::Console { allow_any } => done(console::run(places, allow_any, &mut io::stdout())),
        Verb::Settled => match settled::settle(places) {
            // The unit starts Caddy anew only after success.
            Ok(unpublished) => (
                0,
                unpublished.map(|why| format!("portcullis-appliance: {why}")).into_iter().collect(),
            ),
            Err(error) => done(Err(error)),
        },
        Verb::Status => {
            done(io::stdout().write_all(status::text(&CardStatus::gather(places)).as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::Appliance;

    #[test]
    fn a_file_with_problems_ends_with_78_and_one_line_for_each() {
        let appliance = Appliance::new();
        let file = appliance.places.boot.join("appliance.toml");
        let check = |text: &str| {
            fs::write(&file, text).unwrap();
            perform(Verb::Check { file: file.clone() }, &appliance.places)
        };
        assert_eq!(check("hostname = \"house\""), (0, Vec::new()));
        let (code, lines) = check("\nhostnam = 1\n[wifi]\nssid = 1\n");
        assert_eq!((code, lines.len()), (CONFIG, 2), "{lines:?}");
        assert!(
            lines[0].ends_with(
                "appliance.toml: line 2: unknown key `hostnam`: did you mean `hostname`?"
            ),
            "{lines:?}"
        );
        let link = appliance.places.run.join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(perform(Verb::Check { file: link }, &appliance.places).1.len(), 2);
        assert_eq!(check(&"nonsense\n".repeat(50)).1.len(), 21);
        fs::remove_file(&file).unwrap();
        assert_eq!(perform(Verb::Check { file }, &appliance.places).0, CONFIG);
    }

    #[test]
    fn the_gate_and_caddy_may_start_unless_their_own_settings_are_missing() {
        let appliance = Appliance::new();
        fs::create_dir_all(appliance.places.timesyncd()).unwrap();
        let (code, lines) = perform(Verb::Render { keep_hostname: true }, &appliance.places);
        assert_eq!((code, lines.len()), (0, 1), "{lines:?}");
        let appliance = Appliance::new();
        fs::create_dir_all(appliance.places.run.join("appliance")).unwrap();
        fs::create_dir_all(appliance.places.caddyfile().with_extension("new")).unwrap();
        assert_eq!(perform(Verb::Render { keep_hostname: true }, &appliance.places).0, IO);
    }

    #[test]
    fn a_boot_partition_that_cannot_be_written_keeps_no_certificate_back() {
        let appliance = Appliance::new();
        let places = &appliance.places;
        fs::create_dir_all(places.run_dir()).unwrap();
        // A lock that cannot be made stands for a card whose switch is at "lock".
        fs::create_dir(places.card_lock()).unwrap();
        let (code, lines) = perform(Verb::Settled, places);
        assert!(
            code == 0 && lines.len() == 1 && lines[0].contains("the status file: "),
            "{lines:?}"
        );
        assert!(places.caddyfile().exists() && places.time_set().exists());
    }

    #[test]
    fn the_words_make_sense_by_themselves() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        assert_eq!(run(["portcullis-appliance".into(), "--help".into()]), 0);
        assert_eq!(run(["portcullis-appliance".into(), "chek".into()]), USAGE);
    }

    #[test]
    fn the_version_is_the_gates() {
        let gate = include_str!("../../../Cargo.toml");
        assert!(gate.contains(&format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"))));
    }
}
