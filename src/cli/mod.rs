//! The command line: reads words, environment and settings, asks the daemon or opens the store, and
//! says what came of it, to people or (`--json`) to scripts.
//!
//! `serve`, `config`, `proxy`, `healthcheck` and `version` work without a store; `user`, `session`,
//! `limit`, `clock`, `audit`, `backup`, `restore`, `doctor` and `-generate` ask the running daemon
//! through its control socket, and open the store themselves where none runs.

pub mod arguments;
mod audit;
pub mod backend;
mod backup;
mod client;
mod configuration;
pub mod console;
mod credentials;
mod doctor;
pub mod exchange;
pub mod exit;
mod healthcheck;
mod orders;
mod output;
mod passphrase;
pub mod places;
pub mod proxy_print;
pub mod qr;
mod setup;
mod wiring;

use std::ffi::OsString;
use std::path::PathBuf;

use nix::unistd::{geteuid, getuid};
use serde_json::Value;

use self::arguments::{Arguments, ConfigVerb, Global, ProxyVerb, Verb};
use self::backend::{Backend, Offline, Settings, Start};
use self::console::Console;
use self::exit::{Failure, USAGE};
use self::places::Places;
use crate::app::messages::command::Command;
use crate::config::{Config, Environment, Loaded};
use crate::telemetry;

pub use self::credentials::welcome;

/// Runs the program: `words` are its arguments without its own name. Gives back the exit code.
pub fn run(words: impl IntoIterator<Item = OsString>, backend: &impl Backend) -> u8 {
    let environment = Environment::of_process();
    let terminal = console::ink_of_stdout(&environment);
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut console = Console::new(&mut out, &mut err, terminal);
    run_with(words, environment, backend, &mut console)
}

/// As [`run`], with everything given.
pub fn run_with(
    words: impl IntoIterator<Item = OsString>,
    environment: Environment,
    backend: &impl Backend,
    console: &mut Console<'_>,
) -> u8 {
    let mut words = words.into_iter().peekable();
    let bare = words.peek().is_none();
    let arguments = match arguments::parse(words) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, bare, console),
    };
    let user = getuid().as_raw();
    let program = Program { global: arguments.global.clone(), environment, user, backend };
    let done = program.run(arguments, console).and_then(|()| Ok(console.flush()?));
    match done {
        Ok(()) => 0,
        Err(failure) => {
            console.remark(&failure.message);
            failure.code
        }
    }
}

/// Help and version that were asked for go to standard output and are no failure; nor is the bare
/// name of the program, whose only meaning is a question.
fn usage(error: &clap::Error, bare: bool, console: &mut Console<'_>) -> u8 {
    let asked_for = bare || !error.use_stderr();
    console.explain_usage(error, asked_for);
    if asked_for { 0 } else { USAGE }
}

struct Program<'b, B> {
    global: Global,
    environment: Environment,
    /// Who runs it.
    user: u32,
    backend: &'b B,
}

impl<B: Backend> Program<'_, B> {
    fn run(&self, arguments: Arguments, console: &mut Console<'_>) -> Result<(), Failure> {
        let Some(verb) = arguments.verb else {
            let Some(name) = arguments.generate else {
                return Err(Failure::new(USAGE, "see `portcullis --help`"));
            };
            return self.order(orders::generate(name), console);
        };
        if arguments.generate.is_some() {
            return Err(Failure::new(USAGE, "--generate stands alone, without another verb"));
        }
        match verb {
            Verb::Serve { listen } => self.serve(listen),
            Verb::Init { again, new_code } => self.init(again, new_code, console),
            Verb::Config(ConfigVerb::Show) => {
                configuration::show(&self.load(Vec::new())?, self.global.json, console)
            }
            Verb::Config(ConfigVerb::Check) => self.check(console),
            Verb::Proxy(ProxyVerb::Print { proxy }) => {
                wiring::print(proxy, &self.load(Vec::new())?.config, console)
            }
            Verb::Proxy(ProxyVerb::Explain { peer, header, path }) => {
                let config = self.load(Vec::new())?.config;
                let answer =
                    self.backend.explain(&config, &wiring::request(&peer, &header, path)?)?;
                Ok(orders::Shape::Members.show(console, &answer, self.global.json)?)
            }
            Verb::User(verb) => self.order(orders::user(verb), console),
            Verb::Session(verb) => self.order(orders::session(verb), console),
            Verb::Limit(verb) => self.order(orders::limit(verb), console),
            Verb::Clock(verb) => self.order(orders::clock(&verb), console),
            Verb::Backup(to) => self.back_up(&to, console),
            Verb::Restore(from) => self.restore(&from, console),
            Verb::Doctor => self.doctor(console),
            Verb::Healthcheck { listen } => {
                let config = self.load(Vec::new())?.config;
                let address = listen
                    .map(|text| text.parse().map_err(|error| Failure::new(USAGE, error)))
                    .transpose()?;
                healthcheck::check(&config, address)
            }
            Verb::Version => self.version(console),
            Verb::Audit(verb) => self.audit(verb, console),
        }
    }

    fn settings(&self, listen: Vec<String>) -> Settings {
        Settings { listen, file: self.global.config.clone(), environment: self.environment.clone() }
    }

    /// The settings of all sources, checked.
    fn load(&self, listen: Vec<String>) -> Result<Loaded, Failure> {
        self.settings(listen).load()
    }

    fn places(&self) -> Result<Places, Failure> {
        let Global { state_dir, control, .. } = &self.global;
        Places::find(state_dir.as_deref(), control.as_deref(), &self.environment, geteuid())
    }

    fn serve(&self, listen: Vec<String>) -> Result<(), Failure> {
        let settings = self.settings(listen);
        let loaded = settings.load()?;
        // A second start in one process has the log already.
        let _ = telemetry::log::start(&loaded.config.log);
        for warning in crate::config::limits::warnings(&loaded.config) {
            log::warn!("{}", warning.in_words(&loaded));
        }
        let places = self.places()?;
        places.make_state_dir()?;
        self.backend.serve(Start {
            loaded,
            settings,
            places,
            environment: self.environment.clone(),
        })
    }

    /// Makes the store; of a running daemon, which has one, it asks how the first enrolment stands.
    fn init(&self, again: bool, new_code: bool, console: &mut Console<'_>) -> Result<(), Failure> {
        let config = self.load(Vec::new())?.config;
        let places = self.places()?;
        let question = if again { Command::UserList } else { Command::Setup { new_code } };
        match client::ask(&places.control, &question)? {
            client::Asked::Answered(_) if again => {
                let way = "stop it first, then run this again";
                return Err(Failure::new(
                    exit::UNAVAILABLE,
                    format!("a daemon holds {}: {way}", places.state_dir.display()),
                ));
            }
            client::Asked::Answered(state) if self.global.json => {
                return Ok(console.say_json(&state)?);
            }
            client::Asked::Answered(state) => return Ok(setup::show(console, &state)?),
            client::Asked::NotRunning if new_code => {
                let message = "the gate does not run: it makes a set-up code when it starts";
                return Err(Failure::new(exit::UNAVAILABLE, message));
            }
            client::Asked::NotRunning => {}
        }
        self.quiet_log();
        places.make_state_dir()?;
        let state_dir = places.become_owner()?;
        let told = self.backend.init(self.store_settings(config), &state_dir, again);
        let told =
            told.map_err(|failure| failure.reworded(|text| places.as_known(&state_dir, text)))?;
        let told = places.as_known(&state_dir, &told);
        if self.global.json {
            return Ok(console
                .say_json(&serde_json::json!({"state_dir": places.state_dir, "told": told}))?);
        }
        Ok(console.say(told)?)
    }

    fn check(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        let loaded = self.load(Vec::new())?;
        configuration::check_secret(&self.environment)?;
        let users = self.count_users(&loaded.config, console);
        configuration::check(&loaded, users, console)
    }

    /// How many users there are; `None` where neither a daemon nor a store of this user's says so.
    fn count_users(&self, config: &Config, console: &mut Console<'_>) -> Option<usize> {
        let places = self.places().ok()?;
        let command = Command::UserList;
        let answer = match client::ask(&places.control, &command) {
            Ok(client::Asked::Answered(answer)) => Ok(answer),
            Ok(client::Asked::NotRunning) if !places.holds_a_store() => return None,
            Ok(client::Asked::NotRunning) => self.offline(config.clone(), &places, command),
            Err(failure) => Err(failure),
        };
        match answer {
            Ok(answer) => answer.as_array().map(Vec::len),
            Err(failure) => {
                console.remark(format_args!("the users were not counted: {failure}"));
                None
            }
        }
    }

    /// Asks the daemon what is wrong, or looks at files and store where none runs.
    fn doctor(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        let places = self.places()?;
        let answer = match client::ask(&places.control, &Command::Doctor)? {
            client::Asked::Answered(answer) => answer,
            client::Asked::NotRunning => {
                self.quiet_log();
                self.backend.doctor(&self.settings(Vec::new()), &places)?
            }
        };
        doctor::show(console, &answer, self.global.json)
    }

    /// Asks the daemon, or does it on the store where none runs, and shows the answer.
    fn order(
        &self,
        (command, shape): (Command, orders::Shape),
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        Ok(shape.show(console, &self.answer(command)?, self.global.json)?)
    }

    /// The answer of the daemon, or of the store where none runs.
    fn answer(&self, command: Command) -> Result<Value, Failure> {
        let places = self.places()?;
        match client::ask(&places.control, &command)? {
            client::Asked::Answered(answer) => Ok(answer),
            client::Asked::NotRunning => {
                let config = self.load(Vec::new())?.config;
                places.make_state_dir()?;
                self.offline(config, &places, command)
            }
        }
    }

    /// Does it on the store itself. Afterwards this process may be another user.
    fn offline(&self, config: Config, places: &Places, command: Command) -> Result<Value, Failure> {
        self.offline_in(config, places, command).map(|(answer, _)| answer)
    }

    /// The same, with the path by which the state directory can still be reached.
    fn offline_in(
        &self,
        config: Config,
        places: &Places,
        command: Command,
    ) -> Result<(Value, PathBuf), Failure> {
        self.quiet_log();
        let state_dir = places.become_owner()?;
        let answer = self.backend.offline(self.store_settings(config), &state_dir, command);
        let answer =
            answer.map_err(|failure| failure.reworded(|text| places.as_known(&state_dir, text)))?;
        Ok((answer, state_dir))
    }

    fn store_settings(&self, config: Config) -> Offline {
        Offline { config, environment: self.environment.clone(), user: self.user }
    }

    /// A verb has an answer of its own: the log only complains.
    fn quiet_log(&self) {
        let settings = crate::config::Log {
            format: crate::config::LogFormat::Text,
            level: log::LevelFilter::Warn,
            time: false,
        };
        // A second verb in one process has the log already.
        let _ = telemetry::log::start(&settings);
    }

    fn version(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        let version = env!("CARGO_PKG_VERSION");
        if self.global.json {
            return Ok(console.say_json(&serde_json::json!({ "version": version }))?);
        }
        Ok(console.say(format_args!("portcullis {version}"))?)
    }
}

#[cfg(test)]
#[path = "cli_tests.rs"]
mod tests;
