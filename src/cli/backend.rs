//! What the command line needs of the rest of the program: the daemon itself, and the store while
//! no daemon holds it. Tests bring their own.

use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::places::{self, Places};
use crate::app::explain::Explanation;
use crate::app::messages::answers::doctor::DoctorReport;
use crate::app::messages::command::Command;
use crate::app::messages::command_answer::CommandAnswer;
use crate::config::{Config, Environment, Loaded, Sources};

/// Where the settings of this process come from.
#[derive(Clone)]
pub struct SettingsSources {
    /// `--listen`, as often as it was given.
    pub listen: Vec<String>,
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// As it was when the process started.
    pub environment: Environment,
}

impl SettingsSources {
    /// Reads and checks them; the file may have changed since the last time.
    ///
    /// # Errors
    /// The file cannot be read, or a setting cannot be used.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let file = places::config_file(self.file.as_deref(), &self.environment)?;
        let (listen, environment) = (self.listen.clone(), self.environment.clone());
        Ok(Config::load(&Sources { listen, environment, file })?)
    }
}

/// Everything a daemon needs to start.
pub struct DaemonStart {
    /// The checked settings.
    pub loaded: Loaded,
    /// Reads them again from the same sources.
    pub settings: SettingsSources,
    /// Where its state is; the directory exists.
    pub places: Places,
    /// For the session secret, systemd's sockets and its notification socket.
    pub environment: Environment,
}

/// What a verb needs that works on the store itself.
#[derive(Clone, Default)]
pub struct Offline {
    /// The checked settings.
    pub config: Config,
    /// For the store's key, where systemd gives it as a credential.
    pub environment: Environment,
    /// Who runs the verb, for the audit log; the process may go on as the owner of the store.
    pub user: u32,
}

/// A request that somebody wants explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainRequest {
    /// The peer's address; `None`: a Unix socket.
    pub peer: Option<std::net::IpAddr>,
    /// The method of the request itself.
    pub method: String,
    /// The path asked for, with its query, such as `/verify/caddy`.
    pub path: String,
    /// Names and values in their order, as they were given.
    pub headers: Vec<(String, String)>,
}

/// The program behind the command line.
pub trait Backend {
    /// Runs the gate until it is told to stop.
    ///
    /// # Errors
    /// It does not start, or cannot go on.
    fn serve(&self, start: DaemonStart) -> Result<(), Failure>;

    /// Makes the store and its key where there is none; `again` sets an existing one aside first.
    /// Gives back what to tell the operator.
    ///
    /// # Errors
    /// There is a store already, another process holds it, or the disk refuses.
    fn init(&self, settings: Offline, state_dir: &Path, again: bool) -> Result<String, Failure>;

    /// Carries out a command on the store itself, which no daemon holds, and gives back its
    /// answer.
    ///
    /// # Errors
    /// The command is refused, or the store cannot be opened.
    fn offline(
        &self,
        settings: Offline,
        state_dir: &Path,
        command: Command,
    ) -> Result<CommandAnswer, Failure>;

    /// Says what is wrong with the gate that has its state in `places`, and that does not run.
    /// Changes nothing.
    ///
    /// # Errors
    /// Another process holds the store, or this one may not read it.
    fn doctor(&self, settings: &SettingsSources, places: &Places) -> Result<DoctorReport, Failure>;

    /// What the gate would believe of a request.
    fn explain(&self, config: &Config, request: &ExplainRequest) -> Explanation;
}
