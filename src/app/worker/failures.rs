//! Wrong codes: counted in memory, then on the disk, then told.
//!
//! Guarantees: memory counts first, so that a full disk does not make guessing free; of two gates
//! that count under one key at the same moment neither loses a failure.

use std::net::IpAddr;

use crate::app::messages::effect::Effect;
use crate::app::messages::limited::Limited;
use crate::app::messages::login::{Browser, LoginDenial};
use crate::app::worker::audit;
use crate::app::worker::commit::{TRIES, Uncommitted};
use crate::app::worker::state::WorkerState;
use crate::auth::guess_budget::{Bucket, BudgetKey};
use crate::auth::limiter::{AddressKey, Counted};
use crate::auth::user::UserName;
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Condition, Counter, CounterKey, StoreError};

/// A failure as memory has counted it.
struct CountedFailure {
    client: IpAddr,
    by_address: Counted,
    buckets: Vec<(BudgetKey, Bucket)>,
}

impl CountedFailure {
    fn address(&self) -> AddressKey {
        AddressKey::from(self.client)
    }

    /// What is to be written.
    fn changes(&self, steady: Timestamp) -> Vec<Change> {
        let forgotten = self.by_address.forgotten.iter().map(|key| CounterKey::Address(*key));
        let mut changes: Vec<_> = forgotten.map(Change::RemoveCounter).collect();
        changes.extend(self.by_address.counter.clone().map(|window| {
            Change::PutCounter(CounterKey::Address(self.address()), Counter::Window(window))
        }));
        for (key, bucket) in &self.buckets {
            if bucket.available(steady) == 0 {
                changes.push(Change::Audit(audit::ran_empty(key, self.client)));
            }
            let key = CounterKey::Budget(key.clone());
            changes.push(Change::PutCounter(key, Counter::Bucket(*bucket)));
        }
        changes
    }

    /// That what was counted on has not been counted on elsewhere.
    fn conditions(&self) -> Vec<Condition> {
        let address = self.by_address.counter.as_ref().map(|_| CounterKey::Address(self.address()));
        let budgets = self.buckets.iter().map(|(key, _)| CounterKey::Budget(key.clone()));
        address.into_iter().chain(budgets).map(Condition::CounterUnmoved).collect()
    }
}

impl WorkerState {
    /// Counts a wrong code of this client, and commits `told` with it.
    pub(super) fn count_failure(
        &mut self,
        client: IpAddr,
        budgets: Vec<BudgetKey>,
        told: Vec<Change>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> LoginDenial {
        // Memory counts before the disk does: a full disk must not make guessing free.
        let mut failure = self.count(client, budgets, now.steady);
        for _ in 0..TRIES {
            let changes = told.iter().cloned().chain(failure.changes(now.steady)).collect();
            match self.commit_if(changes, &failure.conditions(), now.wall) {
                Ok(done) => {
                    effects.extend(done);
                    return LoginDenial::WrongCode;
                }
                Err(Uncommitted::Store(error)) => return LoginDenial::Store(error),
                Err(Uncommitted::Conflict) => {
                    let moved = self.catch_up(now);
                    self.count_again(&mut failure, &moved, now.steady);
                }
            }
        }
        LoginDenial::Store(StoreError::Contended)
    }

    fn count(
        &mut self,
        client: IpAddr,
        budgets: Vec<BudgetKey>,
        steady: Timestamp,
    ) -> CountedFailure {
        let by_address = self.limiter.failed(AddressKey::from(client), steady);
        let count = |key: BudgetKey| (key.clone(), self.budgets.failed(key, steady));
        CountedFailure { client, by_address, buckets: budgets.into_iter().map(count).collect() }
    }

    /// Counts once more on what other gates have counted under these keys, which has taken the
    /// place of what memory had.
    fn count_again(
        &mut self,
        failure: &mut CountedFailure,
        moved: &[CounterKey],
        steady: Timestamp,
    ) {
        if moved.contains(&CounterKey::Address(failure.address())) {
            let again = self.limiter.failed(failure.address(), steady);
            failure.by_address.counter = again.counter;
            failure.by_address.forgotten.extend(again.forgotten);
        }
        for (key, bucket) in &mut failure.buckets {
            if moved.contains(&CounterKey::Budget(key.clone())) {
                *bucket = self.budgets.failed(key.clone(), steady);
            }
        }
    }

    /// What the gate learns from a refusal: whom it need not bring here for a while.
    pub(super) fn limited(
        &self,
        denial: &LoginDenial,
        browser: &Browser,
        name: Option<&UserName>,
        steady: Timestamp,
    ) -> Option<Effect> {
        let (limited, wait) = match denial {
            LoginDenial::Address(_) => {
                let (network, wait) =
                    self.limiter.limited_by(AddressKey::from(browser.sender.client), steady)?;
                (Limited::Network(network), wait)
            }
            LoginDenial::Strangers(wait) => (Limited::Budget(browser.sender.origin.into()), *wait),
            LoginDenial::Account(_) => {
                let account = self.account(name?);
                // A device's budget is its own user's; it says nothing of the account's.
                let wait = self.budgets.check(&account, steady).err()?;
                (Limited::Budget(account), wait)
            }
            LoginDenial::WrongCode | LoginDenial::Clock(_) | LoginDenial::Store(_) => return None,
        };
        Some(Effect::Limited { limited, until: self.clock.monotonic().saturating_add(wait.0) })
    }
}
