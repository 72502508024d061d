//! `backup FILE` and `restore FILE`: users, passes and configuration, sealed by a passphrase, on
//! the way to another machine.
//!
//! The sealing happens here, where a second and 64 MiB are nobody else's; the daemon only gives and
//! takes the users. Guarantees that a backup file is whole or not there, that none is overwritten,
//! and that users are restored all together or not at all. The configuration comes after them, and
//! never over one that is there.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use zeroize::Zeroizing;

use super::backend::Backend;
use super::client::{self, DaemonReply};
use super::console::Console;
use super::exit::{CANNOT_CREATE, DATA, Failure, NO_INPUT, UNAVAILABLE};
use super::passphrase::{self, Purpose};
use super::places::{self, Places};
use super::program::Program;
use crate::app::messages::answers::backup::{PackedUsers, UsersRestored};
use crate::app::messages::command::{Command, MOST_AT_ONCE};
use crate::app::messages::command_answer::Answer;
use crate::app::messages::records::Records;
use crate::backup::{Backup, FileError, LONGEST, Sealed};
use crate::config::{Config, Sources, limits};
use crate::entropy::System;
use crate::telemetry::escape;

/// A backup and what opens it.
#[derive(Debug, Args)]
pub struct BackupFile {
    /// The backup file
    pub file: PathBuf,
    /// Read the passphrase (one line) from this file instead of asking for it
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Where the configuration of a backup is left when it cannot go to its place; in the state
/// directory.
const LEFT: &str = "portcullis.toml.restored";

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::new(DATA, error)
    }
}

impl<B: Backend> Program<'_, B> {
    /// `backup FILE`
    pub(super) fn back_up(
        &self,
        to: &BackupFile,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        // Before anybody is asked for a passphrase.
        refuse_existing(&to.file)?;
        let places = self.places()?;
        let users = match client::ask(&places.control, &Command::Backup)? {
            DaemonReply::Answered(answer) => answer.read()?,
            // The settings do not matter for it, so faults in them do not either.
            DaemonReply::NotRunning => {
                let settings = self.store_settings(Config::default());
                PackedUsers::of(self.backend.offline(
                    settings,
                    &places.state_dir,
                    Command::Backup,
                )?)?
            }
        };
        let configuration = places::config_file(self.global.config.as_deref(), &self.environment)?;
        let passes = users.passes;
        let backup = packed(users, configuration.map(|file| file.text))?;
        let passphrase = passphrase::ask(to.passphrase_file.as_deref(), Purpose::Seal)?;
        let file = backup.seal(&passphrase, &mut System)?;
        write_new(&to.file, &file, 0o600).map_err(|error| {
            Failure::new(
                CANNOT_CREATE,
                format!("{}: cannot be written: {error}", to.file.display()),
            )
        })?;
        if self.global.json {
            let (users, created) = (backup.users, &backup.created);
            let answer =
                json!({ "file": to.file, "users": users, "passes": passes, "created": created });
            return Ok(console.say_json(&answer)?);
        }
        let with = if backup.configuration.is_some() {
            "with the configuration"
        } else {
            "without a configuration"
        };
        console.say(format_args!(
            "{}{} saved in {}, {with}.",
            counted(backup.users, "user", "users"),
            match passes {
                0 => String::new(),
                some => format!(" and {}", counted(some, "pass", "passes")),
            },
            to.file.display()
        ))?;
        Ok(console
            .say("Keep the passphrase somewhere else: without it nobody can open the file.")?)
    }

    /// `restore FILE`
    pub(super) fn restore(
        &self,
        from: &BackupFile,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let named =
            |failure: Failure| failure.reworded(|text| format!("{}: {text}", from.file.display()));
        let file = read(&from.file)?;
        let sealed = Sealed::parse(&file).map_err(|error| named(error.into()))?;
        let passphrase = passphrase::ask(from.passphrase_file.as_deref(), Purpose::Open)?;
        let backup = sealed.open(&passphrase).map_err(|error| named(error.into()))?;
        let places = self.places()?;
        let (restored, state_dir) = self.hand_over(&backup, &places)?;
        let (configuration, lies) = match &backup.configuration {
            None => ("none", None),
            Some(text) => self.place_configuration(text, &state_dir, console),
        };
        let lies = lies.map(|path| places.as_known(&state_dir, &path.display().to_string()));
        if self.global.json {
            let UsersRestored { users, passes } = restored;
            let answer = json!({ "users": users, "passes": passes, "configuration": configuration, "configuration_file": lies });
            return Ok(console.say_json(&answer)?);
        }
        console.say(format_args!(
            "{} restored from the backup of {}.",
            counted(backup.users, "user", "users"),
            escape::line(&backup.created)
        ))?;
        if restored.passes > 0 {
            console.say(format_args!(
                "{} came with them. A pass that was revoked after the backup was made is good again: look through `portcullis pass list`, and end it with `portcullis pass revoke`.",
                counted(restored.passes, "pass", "passes")
            ))?;
        }
        console.say(
            "Everybody has to sign in again; codes of the next 90 seconds count as used already.",
        )?;
        console.say(match (configuration, lies) {
            ("written", Some(path)) => {
                format!("The configuration was written to {path}; restart the gate to use it.")
            }
            (_, Some(path)) => format!("The configuration from the backup is in {path}."),
            ("none", None) => "The backup contains no configuration.".to_owned(),
            _ => "The configuration from the backup was not written.".to_owned(),
        })?;
        self.warn_of_odds(backup.users, console);
        Ok(())
    }

    /// Gives the users to the daemon, or to the store where none runs. Says by which path the state
    /// directory can be reached from then on.
    fn hand_over(
        &self,
        backup: &Backup,
        places: &Places,
    ) -> Result<(UsersRestored, PathBuf), Failure> {
        let command = Command::Restore { records: Records::of(&backup.records) };
        let asked = client::ask(&places.control, &command).map_err(|failure| match failure.code {
            UNAVAILABLE if backup.records.len() > MOST_AT_ONCE => failure.reworded(|_| {
                "there are too many users for one command to the daemon: stop it first, then run this again".to_owned()
            }),
            _ => failure,
        })?;
        match asked {
            DaemonReply::Answered(answer) => Ok((answer.read()?, places.state_dir.clone())),
            DaemonReply::NotRunning => {
                let config = self.config_or_none()?;
                places.make_state_dir()?;
                let (answer, state_dir) = self.offline_in(config, places, command)?;
                Ok((UsersRestored::of(answer)?, state_dir))
            }
        }
    }

    /// The settings; where the named file is what this is about to write, those without it.
    fn config_or_none(&self) -> Result<Config, Failure> {
        if self.config_path().exists() {
            return Ok(self.load(Vec::new())?.config);
        }
        let sources =
            Sources { listen: Vec::new(), environment: self.environment.clone(), file: None };
        Ok(Config::load(&sources)?.config)
    }

    fn config_path(&self) -> PathBuf {
        let named =
            self.global.config.as_deref().or_else(|| self.environment.path("PORTCULLIS_CONFIG"));
        named.unwrap_or(Path::new(places::SYSTEM_CONFIG)).to_owned()
    }

    /// Writes the configuration to its place if there is none, else beside the store for the
    /// operator to look at. Says which of the two, and where it lies.
    fn place_configuration(
        &self,
        text: &str,
        state_dir: &Path,
        console: &mut Console<'_>,
    ) -> (&'static str, Option<PathBuf>) {
        let path = self.config_path();
        match fs::read(&path) {
            Ok(there) if there == text.as_bytes() => return ("kept", Some(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match write_configuration(&path, text) {
                    Ok(()) => return ("written", Some(path)),
                    Err(error) => {
                        console.remark(format_args!(
                            "the configuration cannot be written to {}: {error}",
                            path.display()
                        ));
                    }
                }
            }
            _ => console
                .remark(format_args!("{} exists already and is kept as it is", path.display())),
        }
        let left = state_dir.join(LEFT);
        // One of an earlier attempt is as good as this one: both are from backups.
        let _ = fs::remove_file(&left);
        match write_new(&left, text.as_bytes(), 0o600) {
            Ok(()) => ("kept", Some(left)),
            Err(error) => {
                console.remark(format_args!(
                    "the configuration from the backup was not written: {error}"
                ));
                ("kept", None)
            }
        }
    }

    /// The users are in whatever the settings say; that the settings do not fit them is told.
    fn warn_of_odds(&self, users: u64, console: &mut Console<'_>) {
        let Ok(loaded) = self.load(Vec::new()) else { return };
        let users = usize::try_from(users).unwrap_or(usize::MAX);
        if let Err(odds) = limits::check_user_count(&loaded.config.login, users) {
            console.remark(format_args!("warning: {odds}"));
        }
    }
}

fn counted<N: PartialEq + From<u8> + Display>(count: N, one: &str, several: &str) -> String {
    let word = if count == N::from(1) { one } else { several };
    format!("{count} {word}")
}

/// The users and the configuration as a backup.
fn packed(packed: PackedUsers, configuration: Option<String>) -> Result<Backup, Failure> {
    let PackedUsers { created, records, users, .. } = packed;
    let broken =
        || Failure::new(UNAVAILABLE, "the users arrived in a form that this program cannot read");
    let records = records.octets().ok_or_else(broken)?;
    Ok(Backup { created, users, records, configuration })
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let way = "nothing is overwritten; name another file, or remove this one first";
    Err(Failure::new(CANNOT_CREATE, format!("{} exists already: {way}", path.display())))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let unreadable =
        |error| Failure::new(NO_INPUT, format!("{}: cannot be read: {error}", path.display()));
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn write_configuration(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) =
        path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
    {
        DirBuilder::new().mode(0o755).create(folder)?;
    }
    // The daemon, which is another user, has to read it; secrets do not stand in it.
    write_new(path, text.as_bytes(), 0o644)
}

/// Writes a file that was not there: after a pulled plug there is none, or a whole one. The mode is
/// wished for, not set: a FAT has none.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut unfinished = std::ffi::OsString::from(".");
    unfinished.push(name);
    unfinished.push(".unfinished");
    let unfinished = folder.join(unfinished);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written =
        write_through(&unfinished, bytes, mode).and_then(|()| match fs::symlink_metadata(path) {
            // Somebody was quicker.
            Ok(_) => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&unfinished, path),
        });
    if written.is_err() {
        // Half a file is of no use, and its room may be what is missing.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot sync a directory; the file is there all the same.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

fn write_through(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
