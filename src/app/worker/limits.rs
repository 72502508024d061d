//! The administrator's look at whose failures are counted, and the forgetting of them.

use crate::auth::event::{Action, Actor, Event};
use crate::auth::guess_budget::BudgetKey;
use crate::auth::limiter::{Network, RetryAfter};
use crate::auth::user::UserName;
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, CounterKey};

use crate::app::messages::answers::limits::{LimitLine, LimitsCleared};
use crate::app::messages::command::CommandRefused;
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::messages::effect::Effect;
use crate::app::worker::state::WorkerState;

/// `limit list`: what counts failures now.
pub(super) fn list(worker: &WorkerState, Moment { wall, steady }: Moment) -> Vec<LimitLine> {
    let line = |kind: &str, key: String, failures: u32, wait: Option<RetryAfter>| LimitLine {
        failures,
        key,
        kind: kind.to_owned(),
        until: wait.map(|wait| wall.plus(wait.0).to_string()),
    };
    let addresses = worker.limiter.entries(steady).map(|(key, window)| {
        let failures = window.failures(worker.limiter.window(), steady);
        line("address", key.to_string(), failures, worker.limiter.check(key, steady).err())
    });
    let counting = worker.budgets.entries().filter(|(_, bucket)| !bucket.is_full(steady));
    let budgets = counting.map(|(key, bucket)| {
        let wait = worker.budgets.check(key, steady).err();
        line(key.kind(), key.to_string(), bucket.spent(steady), wait)
    });
    let wider = worker.limiter.wider_entries(steady).into_iter();
    let wider =
        wider.map(|(network, failures, wait)| line("address", network.to_string(), failures, wait));
    addresses.chain(wider).chain(budgets).collect()
}

/// Whether a budget is the one of `name`.
pub(super) fn is_about(key: &BudgetKey, name: &str) -> bool {
    match key {
        BudgetKey::Account(owner) | BudgetKey::Device(owner) => owner.as_str() == name,
        BudgetKey::StrangersInternet => matches!(name, "strangers" | "internet"),
        BudgetKey::StrangersLocal => matches!(name, "strangers" | "home"),
        BudgetKey::UnknownAccounts => name == "unknown",
    }
}

/// `limit clear`: of an address (its /64), a /56 or /48, a user, `strangers`, those of the
/// `internet` or at `home` alone; or all.
pub(super) fn clear(
    worker: &mut WorkerState,
    what: &str,
    all: bool,
    by: &Actor,
    now: Moment,
) -> Done {
    if all {
        let addresses = worker.limiter.entries(now.steady).map(|(key, _)| CounterKey::Address(key));
        let budgets = worker.budgets.entries().map(|(key, _)| CounterKey::Budget(key.clone()));
        let keys = addresses.chain(budgets).collect();
        let (told, mut effects) = forget(worker, keys, "all", by, now.wall)?;
        worker.limiter.clear();
        // Those that found no counter of their own are nowhere listed.
        effects.push(Effect::AllFreed);
        return Ok((told, effects));
    }
    let what = what.to_ascii_lowercase();
    let network: Option<Network> = what.parse().ok();
    let known = network.is_some()
        || matches!(what.as_str(), "strangers" | "internet" | "home" | "unknown")
        || UserName::parse(&what).is_ok_and(|name| worker.users.contains_key(&name));
    if !known {
        return Err(CommandRefused::data(format!(
            "{what:?} is no address, no user and not `strangers`; `portcullis limit list` shows what counts"
        )));
    }
    let addresses = worker.limiter.entries(now.steady).map(|(key, _)| key);
    let addresses = addresses.filter(|key| network.is_some_and(|network| network.contains(*key)));
    let budgets = worker.budgets.entries().map(|(key, _)| key).filter(|key| is_about(key, &what));
    let keys = addresses
        .map(CounterKey::Address)
        .chain(budgets.cloned().map(CounterKey::Budget))
        .collect();
    forget(worker, keys, &what, by, now.wall)
}

fn forget(
    worker: &mut WorkerState,
    keys: Vec<CounterKey>,
    what: &str,
    by: &Actor,
    now: Timestamp,
) -> Done {
    let cleared = keys.len();
    let event = Event::new(Action::LimitsCleared, by.clone())
        .about(what)
        .because(format_args!("counters: {cleared}"));
    let told = (cleared > 0).then_some(Change::Audit(event));
    let effects =
        worker.commit(keys.into_iter().map(Change::RemoveCounter).chain(told).collect(), now)?;
    log::info!("limits cleared count={cleared}");
    Ok((CommandAnswer::LimitsCleared(LimitsCleared { cleared }), effects))
}
