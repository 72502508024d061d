//! Carries out the administrator's commands, the same through the control socket and on a store
//! that no daemon holds.
//!
//! The answers have the JSON shapes that scripts rely on; the command line turns them into tables.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::auth::event::{Action, Event};
use crate::auth::session::SessionId;
use crate::auth::totp::{Algorithm, Authenticator, Digits};
use crate::auth::user::{User, UserName};
use crate::clock::{Moment, Timestamp};
use crate::config::limits::check_user_count;
use crate::entropy::System;
use crate::store::{Change, CounterKey, Settings, StoreError};

use super::auditing;
use super::control::{Command, CommandRefused};
use super::counters;
use super::desk::Desk;
use super::doctor;
use super::doctor::facts::Facts;
use super::enrol;
use super::job::Effect;
use super::transfer;

/// Users that one gate holds at most.
pub const MAX_USERS: usize = 10_000;
/// The issuer that authenticator apps show.
pub const ISSUER: &str = "Portcullis";

impl CommandRefused {
    /// Bad input, `EX_DATAERR`.
    pub(super) fn data(message: impl Into<String>) -> Self {
        Self { code: 65, message: message.into() }
    }

    /// Unknown user, `EX_NOUSER`.
    fn no_user(name: &str) -> Self {
        Self {
            code: 67,
            message: format!("there is no user {name:?}; `portcullis user list` shows all"),
        }
    }
}

impl From<StoreError> for CommandRefused {
    /// `EX_IOERR`.
    fn from(error: StoreError) -> Self {
        Self { code: 74, message: error.to_string() }
    }
}

/// An answer in its JSON shape, and what the gate must know.
pub type Done = Result<(Value, Vec<Effect>), CommandRefused>;

/// Carries out `command` at the desk.
///
/// # Errors
/// The command makes no sense, or the store did not take the change; then nothing has changed.
pub fn execute(desk: &mut Desk, command: Command, moment: Moment) -> Done {
    let now = moment.wall;
    match command {
        Command::UserAdd { name, admin, groups, display_name, email, algorithm, digits } => {
            let authenticator = new_authenticator(algorithm.as_deref(), digits)?;
            let name = parse_name(&name)?;
            let mut user = User::new(name, authenticator, now, &mut System)
                .with_profile(display_name, email, groups)
                .map_err(|error| CommandRefused::data(error.to_string()))?;
            user.admin = admin;
            user_add(desk, user, now)
        }
        Command::Generate { name } => {
            let name = match name {
                Some(name) => parse_name(&name)?,
                None => first_free_name(desk)?,
            };
            user_add(desk, User::new(name, new_authenticator(None, None)?, now, &mut System), now)
        }
        Command::UserList => {
            Ok((desk.users.values().map(|user| user_row(desk, user, now)).collect(), Vec::new()))
        }
        Command::UserShow { name } => user_show(desk, &name, now),
        Command::UserDisable { name } => user_switch(desk, &name, false, now),
        Command::UserEnable { name } => user_switch(desk, &name, true, now),
        Command::UserRemove { name } => user_remove(desk, &name, now),
        Command::UserRotate { name } => user_rotate(desk, &name, now),
        Command::UserExport { name } => user_export(desk, &name, now),
        Command::SessionList => Ok((
            desk.sessions
                .iter()
                .filter(|session| desk.lives(session, now))
                .map(session_row)
                .collect(),
            Vec::new(),
        )),
        Command::SessionRevoke { ids, user, all } => {
            session_revoke(desk, &ids, user.as_deref(), all, now)
        }
        Command::LimitList => Ok((counters::list(desk, moment), Vec::new())),
        Command::LimitClear { what, all } => counters::clear(desk, &what, all, moment),
        Command::ClockReset => clock_reset(desk, now),
        Command::Setup { new_code } => enrol::state(desk, new_code, moment),
        Command::Backup => transfer::give(desk, now),
        Command::Restore { records } => transfer::take_in(desk, &records, moment),
        Command::AuditShow { since, user, limit, before } => {
            auditing::show(desk, &auditing::Wanted { since, user, limit, before }, now)
        }
        Command::AuditVerify { expect } => auditing::verify(desk, expect.as_deref()),
        // The running gate has sent what it alone knows with a job of its own.
        Command::Doctor => Ok((doctor::report(&Facts::of_desk(desk, None, moment)), Vec::new())),
    }
}

fn parse_name(name: &str) -> Result<UserName, CommandRefused> {
    UserName::parse(name).map_err(|error| CommandRefused::data(error.to_string()))
}

fn find<'d>(desk: &'d Desk, name: &str) -> Result<&'d User, CommandRefused> {
    desk.users.get(&parse_name(name)?).ok_or_else(|| CommandRefused::no_user(name))
}

fn new_authenticator(
    algorithm: Option<&str>,
    digits: Option<u8>,
) -> Result<Authenticator, CommandRefused> {
    let algorithm = algorithm.map_or(Some(Algorithm::default()), Algorithm::parse);
    let algorithm =
        algorithm.ok_or_else(|| CommandRefused::data("the algorithm is sha1, sha256 or sha512"))?;
    let digits = digits.map_or(Ok(Digits::default()), Digits::try_from);
    let digits = digits.map_err(|_| CommandRefused::data("a code has 6 or 8 digits"))?;
    Ok(Authenticator::generate_with(algorithm, digits, &mut System))
}

fn first_free_name(desk: &Desk) -> Result<UserName, CommandRefused> {
    let names =
        std::iter::once("user".to_owned()).chain((2..=MAX_USERS + 1).map(|n| format!("user{n}")));
    let mut free = names
        .filter_map(|name| UserName::parse(&name).ok())
        .filter(|name| !desk.users.contains_key(name));
    free.next()
        .ok_or_else(|| CommandRefused::data("every name from user to the last is taken; give one"))
}

fn user_add(desk: &mut Desk, user: User, now: Timestamp) -> Done {
    if desk.users.contains_key(&user.name) {
        return Err(CommandRefused::data(format!(
            "user {} exists; `portcullis user rotate {}` makes a new secret",
            user.name, user.name
        )));
    }
    if desk.users.len() >= MAX_USERS {
        return Err(CommandRefused::data(format!(
            "{MAX_USERS} users are the most; remove one first"
        )));
    }
    check_user_count(&desk.config.login, desk.users.len().saturating_add(1))
        .map_err(|odds| CommandRefused { code: 78, message: odds.to_string() })?;
    if desk.users.values().any(|other| other.authenticator.seed == user.authenticator.seed) {
        return Err(CommandRefused::data(
            "this secret belongs to another user already; make a new one",
        ));
    }
    let shown = credentials(&user);
    log::info!("user added name={} admin={}", user.name, user.admin);
    let event = told(desk, Action::UserAdded, &user.name);
    let event = if user.admin { event.because("administrator") } else { event };
    let mut changes = vec![Change::PutUser(user), Change::Audit(event)];
    if !desk.settings.ever_had_user {
        changes
            .push(Change::PutSettings(Settings { ever_had_user: true, ..desk.settings.clone() }));
    }
    Ok((shown, desk.commit(changes, now)?))
}

/// That the operator did this to a user.
fn told(desk: &Desk, action: Action, name: &UserName) -> Event {
    desk.told(action).about(name)
}

/// Nobody is shown a seed without a trace.
fn user_export(desk: &mut Desk, name: &str, now: Timestamp) -> Done {
    let user = find(desk, name)?;
    let (shown, event) = (credentials(user), told(desk, Action::UserExported, &user.name));
    desk.tell(event, now)?;
    Ok((shown, Vec::new()))
}

fn credentials(user: &User) -> Value {
    json!({
        "name": user.name.as_str(),
        "secret": user.authenticator.seed.base32(),
        "otpauth_url": user.authenticator.otpauth_url(&user.name, ISSUER),
        "recovery_codes": [],
    })
}

fn user_row(desk: &Desk, user: &User, now: Timestamp) -> Value {
    json!({
        "name": user.name.as_str(),
        "enabled": user.enabled,
        "admin": user.admin,
        "created": user.created.to_string(),
        "sessions": desk.sessions.of_user(&user.name).filter(|session| desk.lives(session, now)).count(),
    })
}

fn user_show(desk: &Desk, name: &str, now: Timestamp) -> Done {
    let user = find(desk, name)?;
    let mut shown = user_row(desk, user, now);
    let spent_ahead =
        user.spent.is_some_and(|step| step.start() > now.plus(std::time::Duration::from_secs(90)));
    if let Value::Object(fields) = &mut shown {
        fields.insert("display_name".to_owned(), json!(user.display_name));
        fields.insert("email".to_owned(), json!(user.email));
        fields.insert("groups".to_owned(), json!(user.groups));
        fields.insert("algorithm".to_owned(), json!(user.authenticator.algorithm.as_str()));
        fields.insert("digits".to_owned(), json!(user.authenticator.digits.count()));
        fields.insert("spent_step_in_the_future".to_owned(), json!(spent_ahead));
    }
    Ok((shown, Vec::new()))
}

fn user_switch(desk: &mut Desk, name: &str, enabled: bool, now: Timestamp) -> Done {
    let user = find(desk, name)?;
    if user.enabled == enabled {
        return Ok((user_row(desk, user, now), Vec::new()));
    }
    let mut changed = user.clone();
    changed.enabled = enabled;
    if !enabled {
        changed.end_devices();
    }
    let name = changed.name.clone();
    let action = if enabled { Action::UserEnabled } else { Action::UserDisabled };
    let mut changes = vec![Change::PutUser(changed), Change::Audit(told(desk, action, &name))];
    if !enabled {
        changes.extend(desk.endings(&name));
    }
    let effects = desk.commit(changes, now)?;
    log::info!("user changed name={name} enabled={enabled}");
    let row = desk.users.get(&name).map_or(Value::Null, |user| user_row(desk, user, now));
    Ok((row, effects))
}

fn user_remove(desk: &mut Desk, name: &str, now: Timestamp) -> Done {
    let name = find(desk, name)?.name.clone();
    let mut changes = desk.endings(&name);
    changes.push(Change::RemoveUser(name.clone()));
    changes.push(Change::Audit(told(desk, Action::UserRemoved, &name)));
    let budgets = desk
        .budgets
        .entries()
        .map(|(key, _)| key)
        .filter(|key| counters::is_about(key, name.as_str()));
    changes.extend(budgets.cloned().map(CounterKey::Budget).map(Change::RemoveCounter));
    let effects = desk.commit(changes, now)?;
    log::info!("user removed name={name}");
    Ok((json!({ "name": name.as_str(), "removed": true }), effects))
}

fn user_rotate(desk: &mut Desk, name: &str, now: Timestamp) -> Done {
    let mut user = find(desk, name)?.clone();
    let old = &user.authenticator;
    user.authenticator = new_authenticator(Some(old.algorithm.as_str()), Some(old.digits.count()))?;
    user.spent = None;
    user.end_devices();
    let shown = credentials(&user);
    let mut changes = desk.endings(&user.name);
    log::info!("user rotated name={}", user.name);
    changes.push(Change::Audit(told(desk, Action::UserRotated, &user.name)));
    changes.push(Change::PutUser(user));
    Ok((shown, desk.commit(changes, now)?))
}

fn session_row(session: &crate::auth::session::Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "user": session.user.as_str(),
        "created": session.created.to_string(),
        "expires": session.expires.to_string(),
        "last_seen": session.last_seen.to_string(),
        "client_ip": session.client_ip.to_string(),
        "user_agent": session.user_agent,
    })
}

fn session_revoke(
    desk: &mut Desk,
    ids: &[String],
    user: Option<&str>,
    all: bool,
    now: Timestamp,
) -> Done {
    let mut changes: Vec<Change> = Vec::new();
    if all {
        changes.extend(desk.sessions.iter().map(|session| Change::EndSession(session.id)));
    } else if let Some(name) = user {
        changes.extend(desk.endings(&find(desk, name)?.name.clone()));
    } else if ids.is_empty() {
        return Err(CommandRefused {
            code: 64,
            message: "name session ids, --user NAME, or --all".to_owned(),
        });
    } else {
        for text in ids {
            let id = SessionId::parse(text)
                .filter(|id| desk.sessions.get(id).is_some())
                .ok_or_else(|| {
                    CommandRefused::data(format!(
                        "there is no session {text:?}; `portcullis session list` shows all"
                    ))
                })?;
            changes.push(Change::EndSession(id));
        }
    }
    let revoked = changes.len();
    if all {
        changes.extend(desk.users.values().map(|user| {
            let mut user = user.clone();
            user.end_devices();
            Change::PutUser(user)
        }));
    }
    changes.extend(revocations(desk, &changes, all).into_iter().map(Change::Audit));
    let effects = desk.commit(changes, now)?;
    log::info!("sessions revoked count={revoked} all={all}");
    Ok((json!({ "revoked": revoked }), effects))
}

/// That sessions are ended: one line for each user, one for all.
fn revocations(desk: &Desk, changes: &[Change], all: bool) -> Vec<Event> {
    let ended = changes.iter().filter_map(|change| match change {
        Change::EndSession(id) => desk.sessions.get(id),
        _ => None,
    });
    let mut counts = BTreeMap::<&str, u32>::new();
    if all {
        counts.insert("all", 0);
    }
    for session in ended {
        *counts.entry(if all { "all" } else { session.user.as_str() }).or_default() += 1;
    }
    let event = |(about, count): (&str, u32)| {
        desk.told(Action::SessionRevoked).about(about).because(format_args!("sessions: {count}"))
    };
    counts.into_iter().map(event).collect()
}

fn clock_reset(desk: &mut Desk, now: Timestamp) -> Done {
    let mut changes: Vec<Change> =
        desk.sessions.iter().map(|session| Change::EndSession(session.id)).collect();
    let ended = changes.len();
    let ahead = desk
        .users
        .values()
        .filter(|user| user.spent.is_some_and(|step| step.start() > now))
        .cloned();
    let ahead: Vec<User> = ahead.collect();
    let users = ahead.len();
    changes.extend(ahead.into_iter().map(|mut user| {
        // What was spent elsewhere, before a backup was restored, must not come back.
        user.spent = user.awaits_time().then(|| transfer::spent_by(now));
        Change::PutUser(user)
    }));
    changes.push(Change::PutSettings(Settings { clock_floor: now, ..desk.settings.clone() }));
    let event = desk.told(Action::ClockReset);
    changes.push(Change::Audit(
        event.because(format_args!("sessions ended: {ended}, users freed: {users}")),
    ));
    let mut effects = desk.commit(changes, now)?;
    desk.time.reset(now, crate::clock::monotonic());
    effects.push(Effect::FloorRaised(now));
    log::warn!("clock reset now={now} sessions_ended={ended} users_freed={users}");
    Ok((json!({ "now": now.to_string(), "sessions_ended": ended, "users_freed": users }), effects))
}
