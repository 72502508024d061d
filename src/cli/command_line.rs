//! From the words to the exit code: reads them, and lets the verb that they name do its work.
//!
//! Guarantees: what was asked for goes to standard output, everything else to standard error; a
//! failure ends with its code and its words.

use std::ffi::OsString;

use nix::unistd::getuid;

use super::arguments::{self, Arguments};
use super::backend::{Backend, DaemonStart};
use super::configuration::{self, ConfigVerb};
use super::console::{self, Console};
use super::exit::{self, Failure, USAGE};
use super::program::Program;
use super::verbs::{ProxyVerb, Verb};
use super::{client, doctor, healthcheck, output, proxy_explain, proxy_print, setup};
use crate::app::messages::answers::setup::SetupStatus;
use crate::app::messages::answers::users::UserLine;
use crate::app::messages::command::Command;
use crate::app::messages::command_answer::Answer;
use crate::config::{Config, Environment};
use crate::telemetry;

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

impl<B: Backend> Program<'_, B> {
    fn run(&self, arguments: Arguments, console: &mut Console<'_>) -> Result<(), Failure> {
        let Some(verb) = arguments.verb else {
            let Some(name) = arguments.generate else {
                return Err(Failure::new(USAGE, "see `portcullis --help`"));
            };
            return self.generate(name, console);
        };
        if arguments.generate.is_some() {
            return Err(Failure::new(USAGE, "--generate cannot be combined with a verb"));
        }
        match verb {
            Verb::Serve { listen } => self.serve(listen),
            Verb::Init { again, new_code } => self.init(again, new_code, console),
            Verb::Config(ConfigVerb::Show) => {
                configuration::show(&self.load(Vec::new())?, self.global.json, console)
            }
            Verb::Config(ConfigVerb::Check) => self.check(console),
            Verb::Proxy(ProxyVerb::Print { proxy, lua }) => {
                proxy_print::print(proxy, lua, &self.load(Vec::new())?.config, console)
            }
            Verb::Proxy(ProxyVerb::Explain { peer, header, method, path }) => {
                let config = self.load(Vec::new())?.config;
                let request = proxy_explain::request(&peer, &header, method, path)?;
                let explained = output::sorted(&self.backend.explain(&config, &request));
                self.say_members(&explained, console)
            }
            Verb::Policy(verb) => self.policy(verb, console),
            Verb::User(verb) => self.user(verb, console),
            Verb::Session(verb) => self.session(verb, console),
            Verb::Pass(verb) => self.pass(verb, console),
            Verb::Limit(verb) => self.limit(verb, console),
            Verb::Clock(verb) => self.clock(&verb, console),
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

    fn serve(&self, listen: Vec<String>) -> Result<(), Failure> {
        let settings = self.settings(listen);
        let loaded = settings.load()?;
        // A second start in one process has the log already.
        let _ = telemetry::log::start(&loaded.config.log);
        for warning in crate::config::warnings(&loaded.config) {
            // The log names the part that speaks.
            log::warn!(target: "portcullis::cli", "{}", warning.in_words(&loaded));
        }
        let places = self.places()?;
        places.make_state_dir()?;
        self.backend.serve(DaemonStart {
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
            client::DaemonReply::Answered(_) if again => {
                let way = "stop it first, then run this again";
                return Err(Failure::new(
                    exit::UNAVAILABLE,
                    format!("a running daemon uses {}: {way}", places.state_dir.display()),
                ));
            }
            client::DaemonReply::Answered(answer) => {
                let status: SetupStatus = answer.read()?;
                if self.global.json {
                    return Ok(console.say_json(&status)?);
                }
                return Ok(setup::show(console, &status)?);
            }
            client::DaemonReply::NotRunning if new_code => {
                let message = "the gate is not running; it makes a set-up code when it starts";
                return Err(Failure::new(exit::UNAVAILABLE, message));
            }
            client::DaemonReply::NotRunning => {}
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
        let users = match client::ask(&places.control, &command) {
            Ok(client::DaemonReply::Answered(answer)) => answer.read(),
            Ok(client::DaemonReply::NotRunning) if !places.holds_a_store() => return None,
            Ok(client::DaemonReply::NotRunning) => self
                .offline(config.clone(), &places, command)
                .and_then(|answer| Ok(Vec::<UserLine>::of(answer)?)),
            Err(failure) => Err(failure),
        };
        match users {
            Ok(users) => Some(users.len()),
            Err(failure) => {
                console.remark(format_args!("the users could not be counted: {failure}"));
                None
            }
        }
    }

    /// Asks the daemon what is wrong, or looks at files and store where none runs.
    fn doctor(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        let places = self.places()?;
        let report = match client::ask(&places.control, &Command::Doctor)? {
            client::DaemonReply::Answered(answer) => answer.read()?,
            client::DaemonReply::NotRunning => {
                self.quiet_log();
                self.backend.doctor(&self.settings(Vec::new()), &places)?
            }
        };
        doctor::show(console, &report, self.global.json)
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
#[path = "command_line_tests.rs"]
mod tests;
