//! What every verb has at hand: the options, the settings, the places, and an answer of the daemon
//! or of the store.
//!
//! Guarantees: an order reaches the store only where no daemon answers, and as its owner; what then
//! is said names the state directory as the operator knows it.

use std::path::PathBuf;

use nix::unistd::geteuid;
use serde::Serialize;
use serde_json::Value;

use super::backend::{Backend, Offline, SettingsSources};
use super::client;
use super::console::Console;
use super::exit::Failure;
use super::global_options::GlobalOptions;
use super::output::{self, Table};
use super::places::Places;
use crate::app::messages::command::Command;
use crate::app::messages::command_answer::{Answer, CommandAnswer};
use crate::config::{Config, Environment, Loaded};
use crate::telemetry;

/// Who answered, and what.
enum AnyReply {
    OfDaemon(client::DaemonAnswer),
    OfStore(CommandAnswer),
}

/// One run of the program.
pub(super) struct Program<'b, B> {
    /// The options of every verb.
    pub global: GlobalOptions,
    /// As it was when the process started.
    pub environment: Environment,
    /// Who runs it.
    pub user: u32,
    /// What the verbs need of the rest of the program.
    pub backend: &'b B,
}

impl<B: Backend> Program<'_, B> {
    /// Where the settings come from.
    pub fn settings(&self, listen: Vec<String>) -> SettingsSources {
        SettingsSources {
            listen,
            file: self.global.config.clone(),
            environment: self.environment.clone(),
        }
    }

    /// The settings of all sources, checked.
    pub fn load(&self, listen: Vec<String>) -> Result<Loaded, Failure> {
        self.settings(listen).load()
    }

    /// Where state and control socket are.
    pub fn places(&self) -> Result<Places, Failure> {
        let GlobalOptions { state_dir, control, .. } = &self.global;
        Places::find(state_dir.as_deref(), control.as_deref(), &self.environment, geteuid())
    }

    /// The answer of the daemon, or of the store where none runs.
    pub fn answer<A: Answer>(&self, command: Command) -> Result<A, Failure> {
        match self.reply(command)? {
            AnyReply::OfDaemon(answer) => answer.read(),
            AnyReply::OfStore(answer) => Ok(A::of(answer)?),
        }
    }

    fn reply(&self, command: Command) -> Result<AnyReply, Failure> {
        let places = self.places()?;
        match client::ask(&places.control, &command)? {
            client::DaemonReply::Answered(answer) => Ok(AnyReply::OfDaemon(answer)),
            client::DaemonReply::NotRunning => {
                let config = self.load(Vec::new())?.config;
                places.make_state_dir()?;
                self.offline(config, &places, command).map(AnyReply::OfStore)
            }
        }
    }

    /// Carries out the command and shows its answer, one member a line.
    pub fn order<A: Answer>(
        &self,
        command: Command,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let answer: A = self.answer(command)?;
        self.say_members(&output::sorted(&answer), console)
    }

    /// An answer that is one object: as JSON, or one member a line.
    pub fn say_members(&self, answer: &Value, console: &mut Console<'_>) -> Result<(), Failure> {
        self.say(answer, || output::members(answer), console)
    }

    /// Carries out the command and shows its answer as a table.
    pub fn list<T>(
        &self,
        command: Command,
        table: &Table<T>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure>
    where
        Vec<T>: Answer,
    {
        let lines: Vec<T> = self.answer(command)?;
        self.say(&lines, || table.text(&lines), console)
    }

    /// The answer as one line of JSON for scripts, or this text for people.
    pub fn say(
        &self,
        answer: &impl Serialize,
        text: impl FnOnce() -> String,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        if self.global.json {
            return Ok(console.say_json(answer)?);
        }
        Ok(console.say_all(&text())?)
    }

    /// Does it on the store itself. Afterwards this process may be another user.
    pub fn offline(
        &self,
        config: Config,
        places: &Places,
        command: Command,
    ) -> Result<CommandAnswer, Failure> {
        self.offline_in(config, places, command).map(|(answer, _)| answer)
    }

    /// The same, with the path by which the state directory can still be reached.
    pub fn offline_in(
        &self,
        config: Config,
        places: &Places,
        command: Command,
    ) -> Result<(CommandAnswer, PathBuf), Failure> {
        self.quiet_log();
        let state_dir = places.become_owner()?;
        let answer = self.backend.offline(self.store_settings(config), &state_dir, command);
        let answer =
            answer.map_err(|failure| failure.reworded(|text| places.as_known(&state_dir, text)))?;
        Ok((answer, state_dir))
    }

    /// What the backend needs to work on the store.
    pub fn store_settings(&self, config: Config) -> Offline {
        Offline { config, environment: self.environment.clone(), user: self.user }
    }

    /// A verb has an answer of its own: the log only complains.
    pub fn quiet_log(&self) {
        let settings = crate::config::LogSettings {
            format: crate::config::LogFormat::Text,
            level: log::LevelFilter::Warn,
            time: false,
        };
        // A second verb in one process has the log already.
        let _ = telemetry::log::start(&settings);
    }
}
