//! The administrator's orders about users.

use crate::app::messages::answers::users::{UserCredentials, UserDetails, UserLine, UserRemoved};
use crate::app::messages::command::CommandRefused;
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::worker::limits;
use crate::app::worker::state::WorkerState;
use crate::auth::event::{Action, Actor, Event};
use crate::auth::totp::{Algorithm, Authenticator, CodeLength};
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;
use crate::config::limits::check_user_count;
use crate::entropy::Entropy;
use crate::ledger::{Change, Condition, CounterKey, GateRecord};

/// Users that one gate holds at most.
pub const MAX_USERS: usize = 10_000;
/// The issuer that authenticator apps show.
pub const ISSUER: &str = "Portcullis";

pub(super) fn new_authenticator(
    algorithm: Option<&str>,
    digits: Option<u8>,
    entropy: &mut impl Entropy,
) -> Result<Authenticator, CommandRefused> {
    let algorithm = algorithm.map_or(Some(Algorithm::default()), Algorithm::parse);
    let algorithm =
        algorithm.ok_or_else(|| CommandRefused::data("the algorithm is sha1, sha256 or sha512"))?;
    let digits = digits.map_or(Ok(CodeLength::default()), CodeLength::try_from);
    let digits = digits.map_err(|_| CommandRefused::data("a code has 6 or 8 digits"))?;
    Ok(Authenticator::generate_with(algorithm, digits, entropy))
}

pub(super) fn first_free_name(worker: &WorkerState) -> Result<UserName, CommandRefused> {
    let names =
        std::iter::once("user".to_owned()).chain((2..=MAX_USERS + 1).map(|n| format!("user{n}")));
    let mut free = names
        .filter_map(|name| UserName::parse(&name).ok())
        .filter(|name| !worker.users.contains_key(name));
    free.next()
        .ok_or_else(|| CommandRefused::data("every name from user to the last is taken; give one"))
}

pub(super) fn add(worker: &mut WorkerState, user: User, by: &Actor, now: Timestamp) -> Done {
    if worker.users.contains_key(&user.name) {
        return Err(CommandRefused::data(format!(
            "user {} exists; `portcullis user rotate {}` makes a new secret",
            user.name, user.name
        )));
    }
    if worker.users.len() >= MAX_USERS {
        return Err(CommandRefused::data(format!(
            "{MAX_USERS} users are the most; remove one first"
        )));
    }
    check_user_count(&worker.config.login, worker.users.len().saturating_add(1))
        .map_err(|odds| CommandRefused { code: 78, message: odds.to_string() })?;
    if worker.users.values().any(|other| other.authenticator.seed == user.authenticator.seed) {
        return Err(CommandRefused::data(
            "this secret belongs to another user already; make a new one",
        ));
    }
    let shown = credentials(&user);
    log::info!("user added name={} admin={}", user.name, user.admin);
    let event = told(by, Action::UserAdded, &user.name);
    let event = if user.admin { event.because("administrator") } else { event };
    let mut rests_on = vec![Condition::UserAbsent(user.name.clone())];
    let mut changes = vec![Change::PutUser(user), Change::Audit(event)];
    if !worker.gate_record.ever_had_user {
        let old = worker.gate_record.clone();
        changes.push(Change::PutGateRecord(GateRecord { ever_had_user: true, ..old.clone() }));
        rests_on.push(Condition::GateRecordUnchanged(Box::new(old)));
    }
    Ok((shown, worker.commit_if(changes, &rests_on, now)?))
}

/// That this was done to a user.
fn told(by: &Actor, action: Action, name: &UserName) -> Event {
    Event::new(action, by.clone()).about(name)
}

/// Nobody is shown a seed without a trace.
pub(super) fn export(worker: &mut WorkerState, name: &str, by: &Actor, now: Timestamp) -> Done {
    let user = find(worker, name)?;
    let (shown, event) = (credentials(user), told(by, Action::UserExported, &user.name));
    worker.tell(event, now)?;
    Ok((shown, Vec::new()))
}

fn credentials(user: &User) -> CommandAnswer {
    CommandAnswer::UserCredentials(UserCredentials {
        name: user.name.to_string(),
        otpauth_url: user.authenticator.otpauth_url(&user.name, ISSUER).into(),
        recovery_codes: Vec::new(),
        secret: user.authenticator.seed.base32().into(),
    })
}

pub(super) fn line(worker: &WorkerState, user: &User, now: Timestamp) -> UserLine {
    let sessions = worker.sessions.of_user(&user.name);
    UserLine {
        admin: user.admin,
        created: user.created.to_string(),
        enabled: user.enabled,
        name: user.name.to_string(),
        sessions: sessions.filter(|session| worker.lives(session, now)).count(),
    }
}

pub(super) fn show(worker: &WorkerState, name: &str, now: Timestamp) -> Done {
    let user = find(worker, name)?;
    let UserLine { admin, created, enabled, name, sessions } = line(worker, user, now);
    let spent_step_in_the_future =
        user.spent.is_some_and(|step| step.start() > now.plus(std::time::Duration::from_secs(90)));
    let details = UserDetails {
        admin,
        algorithm: user.authenticator.algorithm.as_str().to_owned(),
        created,
        digits: user.authenticator.digits.count(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        enabled,
        groups: user.groups.clone(),
        passes: worker.living_passes_of(&user.name, now).count(),
        name,
        sessions,
        spent_step_in_the_future,
    };
    Ok((CommandAnswer::UserDetails(details), Vec::new()))
}

pub(super) fn switch(
    worker: &mut WorkerState,
    name: &str,
    enabled: bool,
    by: &Actor,
    now: Timestamp,
) -> Done {
    let user = find(worker, name)?;
    if user.enabled == enabled {
        return Ok((CommandAnswer::User(line(worker, user, now)), Vec::new()));
    }
    let mut changed = user.clone();
    changed.enabled = enabled;
    if !enabled {
        changed.end_devices();
    }
    let name = changed.name.clone();
    let action = if enabled { Action::UserEnabled } else { Action::UserDisabled };
    let mut changes = vec![Change::PutUser(changed), Change::Audit(told(by, action, &name))];
    if !enabled {
        changes.extend(worker.endings(&name));
    }
    let rests_on: Vec<_> = worker.unchanged(&name).into_iter().collect();
    let effects = worker.commit_if(changes, &rests_on, now)?;
    log::info!("user changed name={name} enabled={enabled}");
    let user = find(worker, name.as_str())?;
    Ok((CommandAnswer::User(line(worker, user, now)), effects))
}

pub(super) fn remove(worker: &mut WorkerState, name: &str, by: &Actor, now: Timestamp) -> Done {
    let name = find(worker, name)?.name.clone();
    // These end with the user, whichever gate has made them.
    let passes = worker.living_passes_of(&name, now).count();
    let event = told(by, Action::UserRemoved, &name);
    let event = if passes > 0 { event.because(format_args!("passes: {passes}")) } else { event };
    let mut changes = worker.endings(&name);
    changes.push(Change::RemoveUser(name.clone()));
    changes.push(Change::Audit(event));
    let budgets = worker
        .budgets
        .entries()
        .map(|(key, _)| key)
        .filter(|key| limits::is_about(key, name.as_str()));
    changes.extend(budgets.cloned().map(CounterKey::Budget).map(Change::RemoveCounter));
    let rests_on: Vec<_> = worker.unchanged(&name).into_iter().collect();
    let effects = worker.commit_if(changes, &rests_on, now)?;
    log::info!("user removed name={name}");
    let gone = UserRemoved { name: name.to_string(), removed: true };
    Ok((CommandAnswer::UserRemoved(gone), effects))
}

pub(super) fn rotate(worker: &mut WorkerState, name: &str, by: &Actor, now: Timestamp) -> Done {
    let mut user = find(worker, name)?.clone();
    let old = &user.authenticator;
    user.authenticator = new_authenticator(
        Some(old.algorithm.as_str()),
        Some(old.digits.count()),
        worker.entropy.get_mut(),
    )?;
    user.spent = None;
    user.end_devices();
    let shown = credentials(&user);
    let mut changes = worker.endings(&user.name);
    let rests_on: Vec<_> = worker.unchanged(&user.name).into_iter().collect();
    log::info!("user rotated name={}", user.name);
    changes.push(Change::Audit(told(by, Action::UserRotated, &user.name)));
    changes.push(Change::PutUser(user));
    Ok((shown, worker.commit_if(changes, &rests_on, now)?))
}

pub(super) fn parse_name(name: &str) -> Result<UserName, CommandRefused> {
    UserName::parse(name).map_err(|error| CommandRefused::data(error.to_string()))
}

pub(super) fn find<'d>(worker: &'d WorkerState, name: &str) -> Result<&'d User, CommandRefused> {
    worker.users.get(&parse_name(name)?).ok_or_else(|| CommandRefused::no_user(name))
}
