//! Passes: made for a user, listed, ended.
//!
//! Guarantees: the token leaves with the answer and stays nowhere, neither in the store nor in the
//! log; a pass is taken as it was asked for, or refused with the way out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::messages::answers::passes::{PassCreated, PassLine, PassesRevoked};
use crate::app::messages::command::CommandRefused;
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::worker::state::WorkerState;
use crate::app::worker::users;
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::pass_token::PassToken;
use crate::auth::access_pass::record::{AccessPass, PassName};
use crate::auth::event::{Action, Actor, Event};
use crate::auth::policy::host_pattern::HostPattern;
use crate::auth::policy::scope::PlaceScope;
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;
use crate::config::{Config, typed_host, typed_network, typed_path};
use crate::ledger::{Change, Condition};

/// Passes that one gate holds at most.
pub const MAX_PASSES: usize = 10_000;
/// Octets of the hosts, paths and networks of one pass at most: a list of all passes is one answer.
const MOST_OCTETS: usize = 1_024;
/// How long a pass is good where nothing is said.
const USUAL_LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// How long a pass is good at most.
const LONGEST_LIFETIME: Duration = Duration::from_secs(3_650 * 86_400);

/// The pass that is wanted, in the words of whoever wants it.
pub(super) struct PassRequest {
    /// What it is for.
    pub name: String,
    /// Whose it is to be.
    pub user: String,
    /// Where it is to be good.
    pub hosts: Vec<String>,
    /// Patterns of paths; none: all.
    pub paths: Vec<String>,
    /// Names of networks; none: from anywhere.
    pub networks: Vec<String>,
    /// Seconds; `None`: as long as is usual.
    pub lifetime: Option<u64>,
}

impl WorkerState {
    /// The living passes of a user.
    pub(super) fn living_passes_of(
        &self,
        name: &UserName,
        now: Timestamp,
    ) -> impl Iterator<Item = &AccessPass> {
        self.passes.values().filter(move |pass| pass.user == *name && !pass.is_expired(now))
    }

    /// The changes that remove passes whose time was over at `certain`.
    pub(super) fn passes_that_are_over(&self, certain: Timestamp) -> Vec<Change> {
        let over = self.passes.values().filter(|pass| pass.is_expired(certain));
        over.map(|pass| Change::RemovePass(pass.id)).collect()
    }
}

/// `pass create`
pub(super) fn create(
    worker: &mut WorkerState,
    wanted: &PassRequest,
    by: &Actor,
    now: Timestamp,
) -> Done {
    worker.time.judge_sessions(now).map_err(|fault| CommandRefused {
        code: 75,
        message: format!(
            "{fault}, and a pass has to know when it ends: set the clock, or if it is right now, run `portcullis clock reset`"
        ),
    })?;
    let owner = enabled_owner(worker, &wanted.user)?;
    let name = free_name(worker, &wanted.name, &owner.name, now)?;
    let scope = scope(wanted, &worker.config)?;
    let lifetime = lifetime(wanted.lifetime)?;
    if worker.passes.len() >= MAX_PASSES {
        return Err(CommandRefused::data(format!(
            "{MAX_PASSES} passes are the most; end one first: `portcullis pass list` shows all"
        )));
    }
    let rests_on =
        Condition::UserEnabled { name: owner.name.clone(), generation: owner.generation };
    let (user, warnings) = (owner.name.clone(), warnings(&scope, &worker.config));
    let token = PassToken::generate(worker.entropy.get_mut());
    let pass = AccessPass {
        id: free_id(worker),
        digest: token.digest(),
        name,
        user,
        scope,
        created: now,
        expires: now.plus(lifetime),
        last_used: None,
    };
    let event = Event::new(Action::PassMade, by.clone())
        .about(&pass.user)
        .because(format_args!("{}: {}", pass.id, pass.name));
    let answer = created(&pass, &token, warnings);
    let (id, owner) = (pass.id, pass.user.clone());
    let effects =
        worker.commit_if(vec![Change::PutPass(pass), Change::Audit(event)], &[rests_on], now)?;
    log::info!("pass made id={id} user={owner}");
    Ok((CommandAnswer::PassCreated(answer), effects))
}

fn enabled_owner<'w>(worker: &'w WorkerState, name: &str) -> Result<&'w User, CommandRefused> {
    let user = users::find(worker, name)?;
    if user.enabled {
        return Ok(user);
    }
    Err(CommandRefused::data(format!(
        "user {0} is disabled, so a pass would open nothing: `portcullis user enable {0}` first",
        user.name
    )))
}

/// The name, where no living pass of the user has it.
fn free_name(
    worker: &WorkerState,
    name: &str,
    user: &UserName,
    now: Timestamp,
) -> Result<PassName, CommandRefused> {
    let name = PassName::parse(name).map_err(|error| CommandRefused::data(error.to_string()))?;
    match worker.living_passes_of(user, now).find(|pass| pass.name == name) {
        None => Ok(name),
        Some(pass) => Err(CommandRefused::data(format!(
            "{user} has a pass of that name, {0}: choose another name, or end that one first: `portcullis pass revoke {0}`",
            pass.id
        ))),
    }
}

fn scope(wanted: &PassRequest, config: &Config) -> Result<PlaceScope, CommandRefused> {
    if wanted.hosts.is_empty() {
        let way = "name one with --host, such as photos.example.com";
        return Err(CommandRefused::data(format!("a pass needs a host: {way}")));
    }
    let all = wanted.hosts.iter().chain(&wanted.paths).chain(&wanted.networks);
    let octets = all.map(String::len).sum::<usize>();
    if octets > MOST_OCTETS {
        return Err(CommandRefused::data(format!(
            "hosts, paths and networks of a pass have {MOST_OCTETS} octets together at most, not {octets}: make several passes"
        )));
    }
    let network = |entry: &str| typed_network(entry, &config.networks).map(|_| entry.to_owned());
    Ok(PlaceScope {
        hosts: each(&wanted.hosts, typed_host)?,
        paths: each(&wanted.paths, typed_path)?,
        networks: each(&wanted.networks, network)?,
    })
}

/// All entries, each once.
fn each<T: PartialEq>(
    entries: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, CommandRefused> {
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = read(entry).map_err(CommandRefused::data)?;
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    Ok(all)
}

fn lifetime(seconds: Option<u64>) -> Result<Duration, CommandRefused> {
    match seconds.map_or(USUAL_LIFETIME, Duration::from_secs) {
        Duration::ZERO => Err(CommandRefused::data("a pass must be good for more than nothing")),
        lifetime if lifetime > LONGEST_LIFETIME => {
            Err(CommandRefused::data("a pass is good for 3650 days at most"))
        }
        lifetime => Ok(lifetime),
    }
}

/// What the settings say of places that no pass opens.
fn warnings(scope: &PlaceScope, config: &Config) -> Vec<String> {
    let login = config.public_url.as_ref().and_then(|url| HostPattern::parse(&url.host).ok());
    let named = login.filter(|login| scope.hosts.contains(login));
    let warning = |host| {
        format!("{host} is the gate's own host (public_url): a pass opens none of the gate's pages")
    };
    named.map(warning).into_iter().collect()
}

fn free_id(worker: &mut WorkerState) -> PassId {
    loop {
        let id = PassId::generate(worker.entropy.get_mut());
        if !worker.passes.contains_key(&id) {
            return id;
        }
    }
}

fn texts<T: ToString>(entries: &[T]) -> Vec<String> {
    entries.iter().map(ToString::to_string).collect()
}

fn created(pass: &AccessPass, token: &PassToken, warnings: Vec<String>) -> PassCreated {
    PassCreated {
        created: pass.created.to_string(),
        expires: pass.expires.to_string(),
        hosts: texts(&pass.scope.hosts),
        id: pass.id.to_string(),
        name: pass.name.to_string(),
        networks: pass.scope.networks.clone(),
        paths: texts(&pass.scope.paths),
        taken_in_authorization: pass.scope.names_one_host(),
        token: token.expose().to_owned().into(),
        user: pass.user.to_string(),
        warnings,
    }
}

/// `pass list`: by user and name.
pub(super) fn list(worker: &WorkerState, now: Timestamp) -> Vec<PassLine> {
    let mut living: Vec<_> = worker.passes.values().filter(|pass| !pass.is_expired(now)).collect();
    living.sort_by_key(|pass| (&pass.user, &pass.name));
    living.into_iter().map(line).collect()
}

fn line(pass: &AccessPass) -> PassLine {
    PassLine {
        created: pass.created.to_string(),
        expires: pass.expires.to_string(),
        hosts: texts(&pass.scope.hosts),
        id: pass.id.to_string(),
        last_used: pass.last_used.map(|at| at.to_string()),
        name: pass.name.to_string(),
        networks: pass.scope.networks.clone(),
        paths: texts(&pass.scope.paths),
        user: pass.user.to_string(),
    }
}

/// `pass revoke`
pub(super) fn revoke(
    worker: &mut WorkerState,
    ids: &[String],
    user: Option<&str>,
    all: bool,
    by: &Actor,
    now: Timestamp,
) -> Done {
    let ended: BTreeSet<PassId> = if all {
        worker.passes.keys().copied().collect()
    } else if let Some(name) = user {
        let name = &users::find(worker, name)?.name;
        let of_user = worker.passes.values().filter(|pass| pass.user == *name);
        of_user.map(|pass| pass.id).collect()
    } else if ids.is_empty() {
        let message = "name pass ids, --user NAME, or --all".to_owned();
        return Err(CommandRefused { code: 64, message });
    } else {
        ids.iter().map(|text| known_pass(worker, text)).collect::<Result<_, _>>()?
    };
    let events = revocations(worker, &ended, all, by);
    let mut changes: Vec<_> = ended.iter().copied().map(Change::RemovePass).collect();
    changes.extend(events.into_iter().map(Change::Audit));
    let effects = worker.commit_if(changes, &[], now)?;
    let revoked = ended.len();
    log::info!("passes revoked count={revoked} all={all}");
    Ok((CommandAnswer::PassesRevoked(PassesRevoked { revoked }), effects))
}

fn known_pass(worker: &WorkerState, text: &str) -> Result<PassId, CommandRefused> {
    PassId::parse(text).filter(|id| worker.passes.contains_key(id)).ok_or_else(|| {
        CommandRefused::data(format!("there is no pass {text:?}; `portcullis pass list` shows all"))
    })
}

/// That passes are ended: one line for each user with the passes' ids, one for all.
fn revocations(
    worker: &WorkerState,
    ended: &BTreeSet<PassId>,
    all: bool,
    by: &Actor,
) -> Vec<Event> {
    let event = |about: &str, why: String| {
        Event::new(Action::PassRevoked, by.clone()).about(about).because(why)
    };
    if all {
        return vec![event("all", format!("passes: {}", ended.len()))];
    }
    let mut by_user = BTreeMap::<&str, Vec<&str>>::new();
    for pass in ended.iter().filter_map(|id| worker.passes.get(id)) {
        by_user.entry(pass.user.as_str()).or_default().push(pass.id.as_str());
    }
    let each = by_user.into_iter();
    each.map(|(user, ids)| event(user, format!("passes: {} ({})", ids.len(), ids.join(", "))))
        .collect()
}

#[cfg(test)]
#[path = "passes_tests.rs"]
mod tests;
