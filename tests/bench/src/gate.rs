//! The gate under test: a store filled as a case wants it, its settings, its start, and the ways
//! in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portcullis::auth::access_pass::record::AccessPass;
use portcullis::auth::keyring::Keyring;
use portcullis::auth::policy::host_pattern::HostPattern;
use portcullis::auth::policy::scope::PlaceScope;
use portcullis::auth::session::Session;
use portcullis::auth::totp::{Authenticator, TimeStep};
use portcullis::auth::user::{User, UserName};
use portcullis::clock::{self, Timestamp};
use portcullis::entropy::System;
use portcullis::ledger::{Change, Store, load_or_create_key};
use portcullis::secret::Secret;

use crate::Fallible;
use crate::http::{Answer, Connection};
use crate::machine::{Machine, stay_on};
use crate::many_passes;
use crate::page_load::{self, DOMAIN};
use crate::process::{PATIENCE, Server, free_address, launch, pause};
use crate::scratch::Scratch;

/// The key that sessions are signed with, so that the benchmark can sign some itself.
pub const SECRET: &str = "a secret for the benchmark, known to everybody who reads this";

/// How the store is filled and what is configured.
pub struct Plan<'p> {
    pub users: usize,
    pub sessions: usize,
    /// Passes of the first user for the site.
    pub passes: usize,
    /// Further settings, top-level keys first.
    pub settings: String,
    /// The state directory; one of its own if there is none.
    pub state: Option<&'p Path>,
    /// For the command that starts it.
    pub environment: Vec<(String, String)>,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        let settings = format!("[session]\ncookie_domain = \"{DOMAIN}\"\nsecure = false\n");
        Self { users: 1, sessions: 1, passes: 0, settings, state: None, environment: Vec::new() }
    }
}

/// A gate that is ready to start.
pub struct Place {
    dir: Scratch,
    state: PathBuf,
    pub address: SocketAddr,
    environment: Vec<(String, String)>,
    pub users: Vec<User>,
    /// Session cookies' values.
    pub tokens: Vec<String>,
}

/// A gate that runs.
pub struct Gate {
    pub place: Place,
    pub server: Server,
}

impl Place {
    pub fn prepare(plan: Plan<'_>) -> Fallible<Self> {
        let dir = Scratch::new("gate")?;
        let state = plan.state.map_or_else(|| dir.path().join("state"), Path::to_path_buf);
        let address = free_address()?;
        dir.write("portcullis.toml", &format!("listen = [\"{address}\"]\n{}", plan.settings))?;
        let now = clock::now();
        let users: Vec<User> = (0..plan.users)
            .map(|number| UserName::parse(&format!("user{number}")).map_err(|_| "no name".into()))
            .map(|name: Fallible<UserName>| {
                Ok(User::new(name?, Authenticator::generate(&mut System), now, &mut System))
            })
            .collect::<Fallible<_>>()?;
        let keyring =
            Keyring::new(&Secret::new(SECRET.into()), None).map_err(|error| error.to_string())?;
        let begin = |user: &User| {
            let (day, ip) = (Duration::from_secs(86_400), IpAddr::V4(Ipv4Addr::LOCALHOST));
            Session::begin(
                user.name.clone(),
                now,
                day,
                ip,
                b"bench",
                keyring.current_id(),
                &mut System,
            )
        };
        let sessions: Vec<Session> = users.iter().cycle().take(plan.sessions).map(begin).collect();
        let tokens = sessions
            .iter()
            .map(|session| keyring.sign(session).map_err(|error| error.to_string().into()));
        let tokens = tokens.collect::<Fallible<_>>()?;
        fill(&state, &users, &sessions, &passes(plan.passes)?, now)?;
        Ok(Self { dir, state, address, environment: plan.environment, users, tokens })
    }

    /// One that was never started: no store, no keys.
    pub fn empty() -> Fallible<Self> {
        let dir = Scratch::new("gate")?;
        let (state, address) = (dir.path().join("state"), free_address()?);
        dir.write("portcullis.toml", &format!("listen = [\"{address}\"]\n"))?;
        Ok(Self {
            dir,
            state,
            address,
            environment: Vec::new(),
            users: Vec::new(),
            tokens: Vec::new(),
        })
    }

    /// The program with this place's state and settings.
    pub fn command(&self, machine: &Machine, words: &[&str]) -> Command {
        let mut command = Command::new(&machine.gate);
        command.args(words).arg("--state-dir").arg(&self.state);
        command
            .arg("--config")
            .arg(self.dir.path().join("portcullis.toml"))
            .env("JWT_SECRET", SECRET);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Starts it and waits for its first answer.
    pub fn start(self, machine: &Machine) -> Fallible<(Gate, Duration)> {
        let command = self.command(machine, &["serve"]);
        let begun = clock::monotonic();
        let child = launch(&command, &machine.server_core, &self.log())?;
        self.first_answer(child, begun)
    }

    /// Starts it with nothing between, and says how long it took from before the start of the
    /// process to the whole first answer. It takes its core over from this process, which then asks
    /// from another one.
    pub fn start_timed(self, machine: &Machine) -> Fallible<(Gate, Duration)> {
        let mut command = self.command(machine, &["serve"]);
        let log = std::fs::File::create(self.log())?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let there = stay_on(&machine.server_core)?;
        let begun = clock::monotonic();
        let child = command.spawn()?;
        let asking = stay_on(&machine.client_cores)?;
        let started = self.first_answer(child, begun);
        drop(asking);
        drop(there);
        started
    }

    fn first_answer(self, child: Child, begun: Duration) -> Fallible<(Gate, Duration)> {
        let server = Server::from_child("the gate", child, self.address);
        let end = begun + PATIENCE;
        loop {
            if Connection::open(self.address)
                .and_then(|mut connection| connection.get("/health", &[]))
                .is_ok()
            {
                return Ok((Gate { place: self, server }, clock::monotonic() - begun));
            }
            if clock::monotonic() > end {
                return Err(format!(
                    "the gate does not start:\n{}",
                    std::fs::read_to_string(self.log())?
                )
                .into());
            }
            pause(Duration::from_micros(100));
        }
    }
}

impl Gate {
    /// A gate with one user and one session.
    pub fn simple(machine: &Machine) -> Fallible<Self> {
        Ok(Place::prepare(Plan::default())?.start(machine)?.0)
    }

    /// The cookies of a visitor with the first session.
    pub fn cookie(&self) -> String {
        self.place.tokens.first().map(|token| page_load::cookies(token)).unwrap_or_default()
    }

    /// Posts a code as a visitor from `client`.
    pub fn log_in(
        &self,
        user: &User,
        step: TimeStep,
        client: &str,
        with_name: bool,
    ) -> Fallible<Answer> {
        let code = user.authenticator.code(step);
        let name = if with_name { format!("&username={}", user.name) } else { String::new() };
        let body = format!("otp={code}&next=%2F{name}");
        let host = format!("auth.{DOMAIN}");
        Connection::open(self.server.address)?.post(
            "/login",
            &[
                ("Host", &host),
                ("X-Forwarded-For", client),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", &host),
            ],
            &body,
        )
    }
}

/// Writes users and sessions into the store, in changes of a thousand.
/// So many passes of the first user for the site.
fn passes(count: usize) -> Fallible<Vec<AccessPass>> {
    let host = HostPattern::parse(&format!("app.{DOMAIN}")).map_err(|_| "no host")?;
    let scope = PlaceScope { hosts: vec![host], paths: Vec::new(), networks: Vec::new() };
    Ok(many_passes::many(count, "user0", &scope).0)
}

fn fill(
    state: &Path,
    users: &[User],
    sessions: &[Session],
    passes: &[AccessPass],
    now: Timestamp,
) -> Fallible<()> {
    let failed = |error: portcullis::ledger::StoreError| error.to_string();
    let key = load_or_create_key(state, None, &mut System).map_err(failed)?;
    let (mut store, opened) = Store::open(state, &key, now, System).map_err(failed)?;
    let mut gate_record = opened.contents.gate_record;
    gate_record.ever_had_user = true;
    gate_record.clock_floor = now;
    let mut changes = vec![Change::PutGateRecord(gate_record)];
    changes.extend(users.iter().cloned().map(Change::PutUser));
    changes.extend(sessions.iter().cloned().map(Change::PutSession));
    changes.extend(passes.iter().cloned().map(Change::PutPass));
    for some in changes.chunks(1_000) {
        store.commit(some, now).map_err(failed)?;
    }
    Ok(())
}
