//! Carries out the administrator's commands, the same through the control socket and on a store
//! that no daemon holds.
//!
//! The answers are types, written as the JSON that scripts rely on; the command line turns them
//! into tables.

use std::collections::BTreeMap;

use crate::auth::event::{Action, Actor, Event};
use crate::auth::session::{Session, SessionId};
use crate::auth::user::User;
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Condition, GateRecord};

use crate::app::doctor;
use crate::app::doctor::facts::Facts;
use crate::app::messages::answers::clock::ClockReset;
use crate::app::messages::answers::sessions::{SessionLine, SessionsRevoked};
use crate::app::messages::command::{Command, CommandRefused};
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::messages::effect::Effect;
use crate::app::worker::audit;
use crate::app::worker::enrolment;
use crate::app::worker::limits;
use crate::app::worker::passes;
use crate::app::worker::state::WorkerState;
use crate::app::worker::transfer;
use crate::app::worker::users;

/// Carries out `command` on behalf of `by`.
///
/// # Errors
/// The command makes no sense, or the store did not take the change; then nothing has changed.
pub fn execute(worker: &mut WorkerState, command: Command, by: &Actor, moment: Moment) -> Done {
    let now = moment.wall;
    match command {
        Command::UserAdd { name, admin, groups, display_name, email, algorithm, digits } => {
            let entropy = worker.entropy.get_mut();
            let authenticator = users::new_authenticator(algorithm.as_deref(), digits, entropy)?;
            let name = users::parse_name(&name)?;
            let mut user = User::new(name, authenticator, now, entropy)
                .with_profile(display_name, email, groups)
                .map_err(|error| CommandRefused::data(error.to_string()))?;
            user.admin = admin;
            users::add(worker, user, by, now)
        }
        Command::Generate { name } => {
            let name = match name {
                Some(name) => users::parse_name(&name)?,
                None => users::first_free_name(worker)?,
            };
            let entropy = worker.entropy.get_mut();
            let authenticator = users::new_authenticator(None, None, entropy)?;
            let user = User::new(name, authenticator, now, entropy);
            users::add(worker, user, by, now)
        }
        Command::UserList => {
            let lines = worker.users.values().map(|user| users::line(worker, user, now)).collect();
            Ok((CommandAnswer::Users(lines), Vec::new()))
        }
        Command::UserShow { name } => users::show(worker, &name, now),
        Command::UserDisable { name } => users::switch(worker, &name, false, by, now),
        Command::UserEnable { name } => users::switch(worker, &name, true, by, now),
        Command::UserRemove { name } => users::remove(worker, &name, by, now),
        Command::UserRotate { name } => users::rotate(worker, &name, by, now),
        Command::UserExport { name } => users::export(worker, &name, by, now),
        Command::SessionList => {
            let living = worker.sessions.iter().filter(|session| worker.lives(session, now));
            Ok((CommandAnswer::Sessions(living.map(session_line).collect()), Vec::new()))
        }
        Command::SessionRevoke { ids, user, all } => {
            session_revoke(worker, &ids, user.as_deref(), all, by, now)
        }
        Command::PassCreate { name, user, hosts, paths, networks, lifetime } => {
            let wanted = passes::PassRequest { name, user, hosts, paths, networks, lifetime };
            passes::create(worker, &wanted, by, now)
        }
        Command::PassList => Ok((CommandAnswer::Passes(passes::list(worker, now)), Vec::new())),
        Command::PassRevoke { ids, user, all } => {
            passes::revoke(worker, &ids, user.as_deref(), all, by, now)
        }
        Command::LimitList => Ok((CommandAnswer::Limits(limits::list(worker, moment)), Vec::new())),
        Command::LimitClear { what, all } => limits::clear(worker, &what, all, by, moment),
        Command::ClockReset => clock_reset(worker, by, now),
        Command::Setup { new_code } => enrolment::state(worker, new_code, by, moment),
        Command::Backup => transfer::give(worker, by, now),
        Command::Restore { records } => transfer::take_in(worker, &records, by, moment),
        Command::AuditShow { since, user, limit, before } => {
            audit::show(worker, &audit::AuditQuery { since, user, limit, before }, by, now)
        }
        Command::AuditVerify { expect } => audit::verify(worker, expect.as_deref()),
        // The running gate has sent what it alone knows with a job of its own.
        Command::Doctor => {
            let report = doctor::report(&Facts::of_worker(worker, None, moment));
            Ok((CommandAnswer::Doctor(report), Vec::new()))
        }
    }
}

fn session_line(session: &Session) -> SessionLine {
    SessionLine {
        client_ip: session.client_ip,
        created: session.created.to_string(),
        expires: session.expires.to_string(),
        id: session.id.to_string(),
        last_seen: session.last_seen.to_string(),
        user: session.user.to_string(),
        user_agent: session.user_agent.clone(),
    }
}

fn session_revoke(
    worker: &mut WorkerState,
    ids: &[String],
    user: Option<&str>,
    all: bool,
    by: &Actor,
    now: Timestamp,
) -> Done {
    let (mut changes, mut rests_on) = (Vec::<Change>::new(), Vec::new());
    if all {
        changes.extend(worker.sessions.iter().map(|session| Change::EndSession(session.id)));
        rests_on.extend(worker.users.keys().filter_map(|name| worker.unchanged(name)));
    } else if let Some(name) = user {
        let name = users::find(worker, name)?.name.clone();
        changes.extend(worker.endings(&name));
        rests_on.extend(worker.unchanged(&name));
    } else if ids.is_empty() {
        return Err(CommandRefused {
            code: 64,
            message: "name session ids, --user NAME, or --all".to_owned(),
        });
    } else {
        for text in ids {
            let id = known_session(worker, text)?;
            changes.push(Change::EndSession(id));
            rests_on.push(Condition::SessionLiving(id));
        }
    }
    let revoked = changes.len();
    if all {
        changes.extend(worker.users.values().map(|user| {
            let mut user = user.clone();
            user.end_devices();
            Change::PutUser(user)
        }));
    }
    changes.extend(revocations(worker, &changes, all, by).into_iter().map(Change::Audit));
    let effects = worker.commit_if(changes, &rests_on, now)?;
    log::info!("sessions revoked count={revoked} all={all}");
    Ok((CommandAnswer::SessionsRevoked(SessionsRevoked { revoked }), effects))
}

fn known_session(worker: &WorkerState, text: &str) -> Result<SessionId, CommandRefused> {
    SessionId::parse(text).filter(|id| worker.sessions.get(id).is_some()).ok_or_else(|| {
        CommandRefused::data(format!(
            "there is no session {text:?}; `portcullis session list` shows all"
        ))
    })
}

/// That sessions are ended: one line for each user, one for all.
fn revocations(worker: &WorkerState, changes: &[Change], all: bool, by: &Actor) -> Vec<Event> {
    let ended = changes.iter().filter_map(|change| match change {
        Change::EndSession(id) => worker.sessions.get(id),
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
        Event::new(Action::SessionRevoked, by.clone())
            .about(about)
            .because(format_args!("sessions: {count}"))
    };
    counts.into_iter().map(event).collect()
}

fn clock_reset(worker: &mut WorkerState, by: &Actor, now: Timestamp) -> Done {
    let mut changes: Vec<Change> =
        worker.sessions.iter().map(|session| Change::EndSession(session.id)).collect();
    let sessions_ended = changes.len();
    let ahead = worker
        .users
        .values()
        .filter(|user| user.spent.is_some_and(|step| step.start() > now))
        .cloned();
    let ahead: Vec<User> = ahead.collect();
    let users_freed = ahead.len();
    let mut rests_on: Vec<_> =
        ahead.iter().filter_map(|user| worker.unchanged(&user.name)).collect();
    let old = worker.gate_record.clone();
    changes.extend(ahead.into_iter().map(|mut user| {
        // What was spent elsewhere, before a backup was restored, must not come back.
        user.spent = user.awaits_time().then(|| transfer::spent_by(now));
        Change::PutUser(user)
    }));
    changes.push(Change::PutGateRecord(GateRecord { clock_floor: now, ..old.clone() }));
    rests_on.push(Condition::GateRecordUnchanged(Box::new(old)));
    let event = Event::new(Action::ClockReset, by.clone());
    changes.push(Change::Audit(
        event.because(format_args!("sessions ended: {sessions_ended}, users freed: {users_freed}")),
    ));
    let mut effects = worker.commit_if(changes, &rests_on, now)?;
    worker.time.reset(now, worker.clock.monotonic());
    effects.push(Effect::FloorRaised(now));
    log::warn!("clock reset now={now} sessions_ended={sessions_ended} users_freed={users_freed}");
    let reset = ClockReset { now: now.to_string(), sessions_ended, users_freed };
    Ok((CommandAnswer::ClockReset(reset), effects))
}

#[cfg(test)]
#[path = "administer_tests.rs"]
mod tests;
