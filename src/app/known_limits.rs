//! What the loop knows of the limits that the desk keeps: a post that is sure to be refused never takes a place in the
//! worker's queue, so a flood of them keeps nobody out.
//!
//! Guarantees: nothing is refused here that the desk did not refuse a moment ago, for longer than the desk said. What
//! is not known here, the desk judges; it is learnt from its refusals.

use std::collections::HashMap;
use std::time::Duration;

use crate::auth::guess_budget::{BudgetKey, Origin};
use crate::auth::limiter::{AddressKey, CAPACITY, RetryAfter};
use crate::store::CounterKey;

use super::admit::{Browser, Denial};

/// Counters that are used up, and the monotonic time until which they are.
#[derive(Default)]
pub struct KnownLimits {
    until: HashMap<CounterKey, Duration>,
}

impl KnownLimits {
    /// A counter is used up until then; `None`: no longer.
    pub fn learn(&mut self, key: CounterKey, until: Option<Duration>, now: Duration) {
        let Some(until) = until else {
            self.until.remove(&key);
            return;
        };
        if self.until.len() >= CAPACITY {
            self.until.retain(|_, until| *until > now);
        }
        // Where there is no room the desk goes on refusing by itself.
        if self.until.len() < CAPACITY {
            self.until.insert(key, until);
        }
    }

    /// Forgets everything: other limits hold from now on.
    pub fn forget(&mut self) {
        self.until.clear();
    }

    /// Why the desk would refuse a code of this browser. `known`: it has a device cookie of ours.
    pub fn refuse(&self, browser: &Browser, known: bool, now: Duration) -> Option<Denial> {
        if let Some(wait) = self.wait(CounterKey::Address(AddressKey::from(browser.client)), now) {
            return Some(Denial::Address(wait));
        }
        let strangers = CounterKey::Budget(BudgetKey::from(Origin::of(browser.client)));
        self.wait(strangers, now).filter(|_| !known).map(Denial::Strangers)
    }

    fn wait(&self, key: CounterKey, now: Duration) -> Option<RetryAfter> {
        let left = self.until.get(&key)?.saturating_sub(now);
        (!left.is_zero()).then_some(RetryAfter(left))
    }
}
