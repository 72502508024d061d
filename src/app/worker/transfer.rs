//! Users and their passes on their way from one store to another: what `backup` gets from the
//! worker, and what `restore` gives to it.
//!
//! A backup is older than the gate that it is brought to: nobody knows which codes and guesses came
//! in between. So taking users in assumes nearly the worst. Every step up to now and the widest
//! skew is spent; where the time is not known, every step at all, until it is. The budgets of
//! guesses start with a quarter: strangers gain next to nothing by it, and a household that tries
//! spent codes at first is not locked out. Sessions and device cookies stay behind. Passes come
//! along, or every program of the household would have to be given a new one; those that were
//! revoked in between are good again, and whoever restores is told.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use crate::auth::access_pass::record::AccessPass;
use crate::auth::event::{Action, Actor, Event};
use crate::auth::guess_budget::{Bucket, BudgetKey, CAPACITY};
use crate::auth::totp::{MAX_SKEW, TimeStep};
use crate::auth::trusted_time::{BUILT, judge};
use crate::auth::user::{User, UserName};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{
    Change, Condition, Counter, CounterKey, GateRecord, PortableUsers, StoreError,
};

use crate::app::messages::answers::backup::{PackedUsers, UsersRestored};
use crate::app::messages::command::{CommandRefused, MOST_AT_ONCE};
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::messages::effect::Effect;
use crate::app::messages::records::Records;
use crate::app::worker::passes::MAX_PASSES;
use crate::app::worker::state::WorkerState;
use crate::app::worker::users::MAX_USERS;

/// Guesses that are left in each budget.
const LEFT: u32 = CAPACITY / 4;

/// How far after this program's date a true floor can lie: no gate runs longer on one release.
const LONGEST_RUN: Duration = Duration::from_secs(30 * 366 * 86_400);
/// How far ahead of a synchronised clock a true floor can lie.
const AHEAD: Duration = Duration::from_secs(86_400);

/// All users for another store. Only for those who could read the store's files.
///
/// # Errors
/// There are none, or more than one answer holds.
pub fn give(worker: &mut WorkerState, by: &Actor, now: Timestamp) -> Done {
    let (users, octets) =
        packed(worker.users.values(), worker.passes.values(), worker.time.floor(), now)?;
    if octets > MOST_AT_ONCE {
        let message =
            "there are too many users for one answer of the daemon: stop it first, then run this again".to_owned();
        return Err(CommandRefused { code: 69, message });
    }
    // A backup is wanted most where the disk takes nothing any more.
    worker.mention(
        Event::new(Action::Backup, by.clone()).because(told(worker.users.len(), users.passes)),
        now,
    );
    Ok((CommandAnswer::PackedUsers(users), Vec::new()))
}

/// The same for users that were read from a store's files.
///
/// # Errors
/// There are none.
pub fn given(portable: &PortableUsers, now: Timestamp) -> Result<PackedUsers, CommandRefused> {
    let PortableUsers { users, passes, clock_floor } = portable;
    packed(users.iter(), passes.iter(), *clock_floor, now).map(|(users, _)| users)
}

fn packed<'u>(
    users: impl ExactSizeIterator<Item = &'u User>,
    passes: impl Iterator<Item = &'u AccessPass>,
    clock_floor: Timestamp,
    now: Timestamp,
) -> Result<(PackedUsers, usize), CommandRefused> {
    let count = users.len();
    if count == 0 {
        return Err(CommandRefused::data("there are no users yet, so there is nothing to back up"));
    }
    // What is over by the floor is over by any clock.
    let passes: Vec<_> = passes.filter(|pass| !pass.is_expired(clock_floor)).collect();
    let records = PortableUsers::pack(users, passes.iter().copied(), clock_floor)
        .ok_or_else(|| CommandRefused::data("a user or a pass cannot be packed"))?;
    let users = PackedUsers {
        created: now.to_string(),
        passes: passes.len(),
        records: Records::of(&records),
        users: u64::try_from(count).unwrap_or(u64::MAX),
    };
    Ok((users, records.len()))
}

/// Takes the users of a backup in, all of them or none.
///
/// # Errors
/// There are users or were, the records cannot be read, or the store does not take them.
pub fn take_in(worker: &mut WorkerState, records: &Records, by: &Actor, now: Moment) -> Done {
    if worker.gate_record.ever_had_user || !worker.has_no_users() {
        return Err(CommandRefused::data(
            "this gate has or had users of its own, and a backup is restored only where no user has ever existed. `portcullis init --again` sets the old store aside (the gate has to be stopped for it); then restore",
        ));
    }
    let portable = records.octets().and_then(|octets| PortableUsers::unpack(&octets));
    let portable = portable.ok_or_else(|| {
        CommandRefused::data("the users in the backup have a form that this release does not know: use the one that made it, or a newer one")
    })?;
    check(&portable.users, &portable.passes)?;
    let (PortableUsers { users, passes, clock_floor }, known) = aged(portable, worker, now.wall);
    let accounts = users.iter().map(|user| BudgetKey::Account(user.name.clone()));
    let shared =
        [BudgetKey::UnknownAccounts, BudgetKey::StrangersInternet, BudgetKey::StrangersLocal];
    let budgets: Vec<_> = accounts.chain(shared).collect();
    let bucket = Bucket::with_left(LEFT, now.steady);
    let restored = UsersRestored { passes: passes.len(), users: users.len() };
    let clock_floor = clock_floor.max(worker.gate_record.clock_floor);
    let gate_record = GateRecord { ever_had_user: true, clock_floor, ..worker.gate_record.clone() };
    let mut changes = vec![Change::PutGateRecord(gate_record)];
    changes.extend(users.into_iter().map(Change::PutUser));
    changes.extend(passes.into_iter().map(Change::PutPass));
    let counter = |key: &BudgetKey| {
        Change::PutCounter(CounterKey::Budget(key.clone()), Counter::Bucket(bucket))
    };
    changes.extend(budgets.iter().map(counter));
    changes.push(Change::Audit(
        Event::new(Action::Restore, by.clone()).because(told(restored.users, restored.passes)),
    ));
    let rests_on = [
        Condition::NoUserYet,
        Condition::GateRecordUnchanged(Box::new(worker.gate_record.clone())),
    ];
    let mut effects = worker.commit_if(changes, &rests_on, now.wall)?;
    for key in budgets {
        worker.budgets.put(key, bucket);
    }
    worker.time.learn(clock_floor, worker.clock.monotonic());
    effects.push(Effect::FloorRaised(worker.time.floor()));
    let UsersRestored { passes, users } = restored;
    log::info!("users restored count={users} passes={passes} time_known={known}");
    Ok((CommandAnswer::UsersRestored(restored), effects))
}

/// What is left of a backup after a time of which nobody knows anything, and whether it is known
/// what time it is.
fn aged(
    PortableUsers { mut users, mut passes, clock_floor }: PortableUsers,
    worker: &WorkerState,
    now: Timestamp,
) -> (PortableUsers, bool) {
    let clock_floor = credible(clock_floor, now, worker.time.synchronised() == Some(true));
    let known = worker.time.judge_codes(now).and_then(|()| judge(now, clock_floor)).is_ok();
    for user in &mut users {
        if known { user.spend_up_to(spent_by(now)) } else { user.spend_all() }
    }
    let certain = if known { now } else { clock_floor };
    passes.retain(|pass| !pass.is_expired(certain));
    (PortableUsers { users, passes, clock_floor }, known)
}

/// How many there are, for the audit log.
fn told(users: usize, passes: usize) -> String {
    match passes {
        0 => format!("users: {users}"),
        _ => format!("users: {users}, passes: {passes}"),
    }
}

/// The floor of a backup, none where it cannot be true. A gate whose clock was once far ahead took
/// that floor along, and here it would keep everybody out until `clock reset`.
fn credible(floor: Timestamp, now: Timestamp, synchronised: bool) -> Timestamp {
    let beyond_age = BUILT.unix() != 0 && floor > BUILT.plus(LONGEST_RUN);
    if beyond_age || (synchronised && floor > now.plus(AHEAD)) {
        log::warn!("the backup's clock was wrong, its floor is left out floor={}", floor.unix());
        return Timestamp::from_unix(0);
    }
    floor
}

/// What a store that is whole can hold: the file was sealed by whoever had the passphrase, which
/// need not be a gate.
fn check(users: &[User], passes: &[AccessPass]) -> Result<(), CommandRefused> {
    let mut names: Vec<_> = users.iter().map(|user| &user.name).collect();
    names.sort_unstable();
    let mut seeds: Vec<_> = users
        .iter()
        .map(|user| zeroize::Zeroizing::new(user.authenticator.seed.base32()))
        .collect();
    seeds.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    let twice = |same: bool| {
        if same {
            Err(CommandRefused::data("the backup holds a user or a secret twice"))
        } else {
            Ok(())
        }
    };
    twice(names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)))?;
    twice(seeds.windows(2).any(|pair| matches!(pair, [one, other] if one == other)))?;
    check_passes(passes, &names)?;
    match users.len() {
        0 => Err(CommandRefused::data("there are no users in the backup")),
        1..=MAX_USERS => Ok(()),
        _ => Err(CommandRefused::data(format!("{MAX_USERS} users are the most"))),
    }
}

/// The same of passes; `names` are those of all users, sorted.
fn check_passes(passes: &[AccessPass], names: &[&UserName]) -> Result<(), CommandRefused> {
    let (mut ids, mut digests) = (BTreeSet::new(), HashSet::new());
    for pass in passes {
        if names.binary_search(&&pass.user).is_err() {
            let what = "the backup is damaged: it holds a pass of a user who is not in it";
            return Err(CommandRefused::data(what));
        }
        if !ids.insert(pass.id) || !digests.insert(pass.digest) {
            return Err(CommandRefused::data("the backup is damaged: it holds a pass twice"));
        }
    }
    match passes.len() {
        0..=MAX_PASSES => Ok(()),
        _ => Err(CommandRefused::data(format!("{MAX_PASSES} passes are the most"))),
    }
}

/// The last step whose code may have been used anywhere by `now`.
pub(super) fn spent_by(now: Timestamp) -> TimeStep {
    TimeStep::at(now).plus(u64::from(MAX_SKEW))
}

impl WorkerState {
    /// Takes all codes for used until the time is known, if it is not known: after the snapshot had
    /// to stand in, which spent the steps up to a time that was a guess.
    ///
    /// # Errors
    /// The store did not take it.
    pub fn doubt_steps(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.time.judge_codes(now).is_ok() {
            return Ok(());
        }
        let names = self.users.keys().cloned();
        let doubted = names.map(|name| Change::SpendStep(name, TimeStep::LAST));
        self.commit(doubted.collect(), now).map(drop)
    }

    /// Once the time is known: what was spent as a whole is spent up to now. The gate need not hear
    /// of it, it knows nothing of steps.
    pub(super) fn settle_steps(&mut self, now: Timestamp) {
        if !self.users.values().any(User::awaits_time) || self.time.judge_codes(now).is_err() {
            return;
        }
        let waiting = self.users.values().filter(|user| user.awaits_time()).cloned();
        let (rests_on, changes): (Vec<_>, Vec<_>) = waiting
            .map(|user| {
                let mut settled = user.clone();
                settled.spend_up_to(spent_by(now));
                (Condition::UserUnchanged(Box::new(user)), Change::PutUser(settled))
            })
            .unzip();
        let users = changes.len();
        match self.commit_if(changes, &rests_on, now) {
            Ok(_) => log::info!("time known, codes count again users={users}"),
            // They stay spent; the next job tries again.
            Err(why) => log::error!("codes stay spent error=\"{}\"", StoreError::from(why)),
        }
    }
}

#[cfg(test)]
#[path = "transfer_tests.rs"]
mod tests;
