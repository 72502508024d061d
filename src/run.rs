//! Start and stop of the daemon, as one list. The order is an argument: the log before all else,
//! the store's lock before the control socket is replaced, everything read before the first
//! connection is taken.

mod offline_doctor;
mod opening;
mod sockets;

use std::path::Path;
use std::sync::Arc;

use nix::unistd::getuid;

use self::opening::{stored, worker_over};
use crate::app::explain::{Explanation, explain};
use crate::app::messages::answers::backup::PackedUsers;
use crate::app::messages::answers::doctor::DoctorReport;
use crate::app::messages::command::Command;
use crate::app::messages::command_answer::CommandAnswer;
use crate::app::worker::administer;
use crate::app::worker::gauges::{LOOK, Watched};
use crate::app::worker::housekeeping::HOUSEKEEPING;
use crate::app::worker::state::WorkerState;
use crate::app::worker::transfer;
use crate::app::{Gate, Opening};
use crate::auth::event::{Action, Actor, Event};
use crate::auth::keyring::Keyring;
use crate::auth::setup_code::SetupCode;
use crate::cli::backend::{Backend, DaemonStart, ExplainRequest, Offline, SettingsSources};
use crate::cli::console::{self, Console};
use crate::cli::exit::{self, Failure};
use crate::cli::places::Places;
use crate::cli::welcome;
use crate::clock::{self, SystemClock, Timestamp};
use crate::config::{Config, Environment, secrets, setup_code};
use crate::entropy::System;
use crate::ledger::{self, PortableUsers, Store};
use crate::secret::Secret;
use crate::server::{self, ControlAccess, ListenerRole, Worker};
use crate::sys::wipe_variable;

/// The program behind the command line.
pub struct Daemon;

impl Backend for Daemon {
    fn serve(&self, start: DaemonStart) -> Result<(), Failure> {
        serve(start)
    }

    fn init(&self, settings: Offline, state_dir: &Path, again: bool) -> Result<String, Failure> {
        let mut told = String::new();
        let now = clock::now();
        let aside = if again { Store::set_aside(state_dir, now).map_err(stored)? } else { None };
        let mut worker =
            open_worker(settings.config.into(), &settings.environment, state_dir, now)?;
        if let Some(folder) = aside {
            told = format!("The old store is kept in {}.\n", folder.display());
            let name = folder.file_name().unwrap_or_default().display();
            let event =
                Event::new(Action::StoreSetAside, Actor::CommandLine(settings.user)).about(name);
            worker.tell(event, now).map_err(stored)?;
        }
        told.push_str(if worker.has_no_users() {
            "The store is ready. Start the gate: its log names the set-up page and its code. Or add the first user here, with \
             `portcullis user add NAME --admin`."
        } else {
            "The store was there already, with its users. `portcullis init --again` sets it aside and starts over."
        });
        Ok(told)
    }

    fn offline(
        &self,
        settings: Offline,
        state_dir: &Path,
        command: Command,
    ) -> Result<CommandAnswer, Failure> {
        if command == Command::Backup {
            return users_of(&settings.environment, state_dir).map(CommandAnswer::PackedUsers);
        }
        let mut worker =
            open_worker(settings.config.into(), &settings.environment, state_dir, clock::now())?;
        carry_out(&mut worker, command, &Actor::CommandLine(settings.user))
    }

    fn doctor(&self, settings: &SettingsSources, places: &Places) -> Result<DoctorReport, Failure> {
        offline_doctor::examine(settings, places)
    }

    fn explain(&self, config: &Config, request: &ExplainRequest) -> Explanation {
        let question = (request.method.as_str(), request.path.as_str());
        explain(config, request.peer, question, &request.headers)
    }
}

fn carry_out(
    worker: &mut WorkerState,
    command: Command,
    by: &Actor,
) -> Result<CommandAnswer, Failure> {
    let now = worker.read_clock();
    let done = administer::execute(worker, command, by, now);
    done.map(|(answer, _)| answer).map_err(|refused| Failure::new(refused.code, refused.message))
}

/// The users for a backup, without a worker's state: nothing is opened, so that whoever can read
/// the files need not own them.
fn users_of(environment: &Environment, state_dir: &Path) -> Result<PackedUsers, Failure> {
    let credential = secrets::store_key(environment)?;
    let found =
        PortableUsers::of_store_in(state_dir, credential.as_ref().map(Secret::expose), System)
            .map_err(stored)?;
    let Some(portable) = found else {
        let way = "is --state-dir right?";
        return Err(Failure::new(
            exit::NO_INPUT,
            format!("there is no store in {}; {way}", state_dir.display()),
        ));
    };
    Ok(transfer::given(&portable, clock::now())?)
}

/// Opens the store below `state_dir`, with the key that systemd gives if it gives one, and sits
/// down in the worker.
///
/// # Errors
/// The store is in use, damaged without a snapshot, or cannot be read; or its key cannot.
fn open_worker(
    config: Arc<Config>,
    environment: &Environment,
    state_dir: &Path,
    now: Timestamp,
) -> Result<WorkerState, Failure> {
    let credential = secrets::store_key(environment)?;
    let credential = credential.as_ref().map(Secret::expose);
    let key = ledger::load_or_create_key(state_dir, credential, &mut System).map_err(stored)?;
    let (worker, recovered) = worker_over(config, &key, state_dir, now).map_err(stored)?;
    if let Some(told) = recovered {
        log::error!("store recovered {told}");
    }
    Ok(worker)
}

/// Runs the daemon until it is told to stop.
fn serve(start: DaemonStart) -> Result<(), Failure> {
    // `start` has a copy. This one could be read in /proc for as long as the gate runs.
    wipe_variable("JWT_SECRET");
    server::signals::hold()
        .map_err(|error| Failure::new(exit::SYSTEM, format!("signals cannot be held: {error}")))?;
    let DaemonStart { loaded, settings, places, environment } = start;
    let config = Arc::new(loaded.config);
    let mut worker =
        open_worker(Arc::clone(&config), &environment, &places.state_dir, clock::now())?;
    let (secret, source) = secrets::session_secret(&environment, &places.state_dir, &mut System)
        .map_err(|error| Failure::new(exit::CONFIG, error))?;
    let keyring = Keyring::new(&secret, None).map_err(|error| Failure::new(exit::CONFIG, error))?;
    worker.know(offline_doctor::surroundings(Some(Ok((secret, source))), &settings, &places));
    worker.end_sessions_of_other_keys(&[keyring.current_id()]).map_err(stored)?;
    if worker.has_no_users() {
        first_user(&mut worker, &config, &environment)?;
    }
    worker.warn_of_odds();
    if !config.rules.is_empty() {
        log::info!("rules in force count={}", config.rules.as_slice().len());
    }
    let listeners = sockets::listeners(&config, &places.control)?;
    for listener in &listeners {
        let purpose = if listener.role() == ListenerRole::Metrics { " for=metrics" } else { "" };
        log::info!("listening address={}{purpose}", listener.address());
    }
    let gate = Gate::new(Opening {
        clock: Arc::new(SystemClock),
        entropy: Box::new(System),
        config: Arc::clone(&config),
        settings: Arc::new(move || {
            settings.load().map(|loaded| loaded.config).map_err(|failure| failure.message)
        }),
        keyring,
        form_key: worker.form_key(),
        control_access: ControlAccess::of_this_process(),
        device_key: worker.device_key(),
        known: worker.everything(),
    });
    let (gate, worker) = if config.metrics.listen.is_some() {
        let worker = Watched::new(worker);
        (
            gate.with_metrics(worker.gauges()),
            Worker::spawn(worker, LOOK, Watched::handle, Watched::tick),
        )
    } else {
        (gate, Worker::spawn(worker, HOUSEKEEPING, WorkerState::handle, WorkerState::housekeeping))
    };
    let worker = worker.map_err(|error| {
        Failure::new(exit::SYSTEM, format!("the worker thread does not start: {error}"))
    })?;
    let settings = server::ServeOptions {
        max_connections: config.server.max_connections,
        ..server::ServeOptions::default()
    };
    server::serve(gate, listeners, worker, settings)
        .map_err(|error| Failure::new(exit::SYSTEM, error))
}

/// Where nobody can log in: a user is made on the terminal, else the set-up page is opened, and the
/// log names the way.
fn first_user(
    worker: &mut WorkerState,
    config: &Config,
    environment: &Environment,
) -> Result<(), Failure> {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let terminal = console::ink_of_stdout(environment);
    let mut console = Console::new(&mut out, &mut err, terminal);
    let by = Actor::CommandLine(getuid().as_raw());
    welcome(&mut console, |command| carry_out(worker, command, &by))?;
    if !worker.has_no_users() {
        return Ok(());
    }
    let by_hand = "portcullis user add NAME --admin";
    if !worker.is_new() {
        log::warn!("no users any more: nobody can log in; run: {by_hand}");
        return Ok(());
    }
    let (code, told) = match setup_code::given(environment)? {
        // Who gave it knows it, and shows it where it belongs.
        Some(code) => (code, "that was given".to_owned()),
        None => {
            let code = SetupCode::generate(&mut System);
            let told = code.to_string();
            (code, told)
        }
    };
    let page = config.setup_address();
    let page = page
        .unwrap_or_else(|| format!("{}/setup, on any host that leads here,", config.path_prefix));
    log::warn!(
        "no users yet: nobody can log in; open {page} within 30 minutes and enter the set-up code {told}, or run: {by_hand}"
    );
    let now = worker.read_clock().steady;
    worker.open_setup(&code, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::scratch;

    fn ordered(state: &Path, command: Command) -> Result<Value, Failure> {
        let answer = Daemon.offline(Offline::default(), state, command)?;
        Ok(serde_json::to_value(answer).expect("JSON"))
    }

    fn named(name: &str) -> Command {
        Command::Generate { name: Some(name.to_owned()) }
    }

    #[test]
    fn what_one_command_did_the_next_one_finds() {
        let state = scratch::directory();
        let added = ordered(&state, named("alice")).expect("added");
        assert_eq!(added["name"], "alice");
        assert_eq!(added["recovery_codes"], json!([]));
        let listed = ordered(&state, Command::UserList).expect("listed");
        assert_eq!(listed[0]["name"], "alice");
        assert_eq!(listed[0]["sessions"], 0);
        let exported =
            ordered(&state, Command::UserExport { name: "alice".to_owned() }).expect("exported");
        assert_eq!(exported, added);
    }

    #[test]
    fn a_refused_command_names_the_user_and_its_code() {
        let state = scratch::directory();
        let failure = ordered(&state, Command::UserShow { name: "nobody".to_owned() })
            .expect_err("no such user");
        assert_eq!(failure.code, 67);
        assert!(failure.message.contains("nobody"));
    }

    #[test]
    fn the_key_that_systemd_gives_opens_the_store_and_no_other_does() {
        let (state, credentials) = (scratch::directory(), scratch::directory());
        let given = Environment::of([("CREDENTIALS_DIRECTORY", &credentials)]);
        let ordered = |command| {
            let settings = Offline { environment: given.clone(), ..Offline::default() };
            let answer = Daemon.offline(settings, &state, command)?;
            Ok::<_, Failure>(serde_json::to_value(answer).expect("JSON"))
        };
        std::fs::write(credentials.join("store_key"), [7; 32]).expect("written");
        ordered(named("alice")).expect("added");
        assert!(!state.join("store.key").exists());
        assert!(
            Daemon.offline(Offline::default(), &state, Command::UserList).is_err(),
            "without the key"
        );
        std::fs::write(credentials.join("store_key"), [8; 32]).expect("written");
        assert!(ordered(Command::UserList).is_err(), "with another key");
        std::fs::write(credentials.join("store_key"), [7; 32]).expect("written");
        assert_eq!(ordered(Command::UserList).expect("listed")[0]["name"], "alice");
    }

    #[test]
    fn init_again_keeps_the_old_store_aside() {
        let state = scratch::directory();
        assert!(Daemon.init(Offline::default(), &state, false).expect("made").contains("is ready"));
        ordered(&state, named("alice")).expect("added");
        assert!(
            Daemon
                .init(Offline::default(), &state, false)
                .expect("there")
                .contains("there already")
        );
        let told = Daemon.init(Offline::default(), &state, true).expect("made anew");
        assert!(told.contains("set-aside-") && told.contains("is ready"), "{told}");
        assert_eq!(ordered(&state, Command::UserList).expect("listed"), json!([]));
    }
}
