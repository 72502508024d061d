//! Whose codes a client may try, and at whose expense.

use crate::app::messages::login::{LoginAttempt, LoginDenial};
use crate::app::worker::state::WorkerState;
use crate::auth::guess_budget::BudgetKey;
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;

/// Whose codes a try is held against, and the budgets that a failure is taken from.
pub(super) struct GuessScope {
    pub(super) candidates: Candidates,
    pub(super) budgets: Vec<BudgetKey>,
}

/// Whose codes are tried.
pub(super) enum Candidates {
    /// One user by name; `None` for a name that nobody enabled has.
    Named(Option<UserName>),
    /// Whoever's code it is.
    Anyone(Vec<UserName>),
}

impl WorkerState {
    /// Whose codes this client may try, and at whose expense.
    ///
    /// A device where somebody has logged in before is spared the strangers' budget for that
    /// somebody's codes, so that strangers who empty it cannot lock the owner out. For the codes of
    /// all others it is a stranger like any.
    pub(super) fn scope(
        &self,
        attempt: &LoginAttempt,
        steady: Timestamp,
    ) -> Result<GuessScope, LoginDenial> {
        let known = |user: &&User| {
            attempt.browser.sender.device.as_ref().is_some_and(|device| device.knows(user))
        };
        let strangers = BudgetKey::from(attempt.browser.sender.origin);
        let stranger_may = self.budgets.check(&strangers, steady);
        if let Some(name) = &attempt.name {
            let user = self.users.get(name).filter(|user| user.enabled);
            let candidates = Candidates::Named(user.map(|user| user.name.clone()));
            if let Some(user) = user.filter(known) {
                let budget = BudgetKey::Device(user.name.clone());
                self.budgets.check(&budget, steady).map_err(LoginDenial::Account)?;
                return Ok(GuessScope { candidates, budgets: vec![budget] });
            }
            let account = self.account(name);
            stranger_may.map_err(LoginDenial::Strangers)?;
            self.budgets.check(&account, steady).map_err(LoginDenial::Account)?;
            return Ok(GuessScope { candidates, budgets: vec![account, strangers] });
        }
        let (mut spared, mut others, mut budgets) = (Vec::new(), Vec::new(), Vec::new());
        for user in self.users.values().filter(|user| user.enabled) {
            let budget = BudgetKey::Device(user.name.clone());
            if known(&user) && self.budgets.check(&budget, steady).is_ok() {
                spared.push(user.name.clone());
                budgets.push(budget);
            } else {
                others.push(user.name.clone());
            }
        }
        if spared.is_empty() || (!others.is_empty() && stranger_may.is_ok()) {
            stranger_may.map_err(LoginDenial::Strangers)?;
            spared.append(&mut others);
            budgets.push(strangers);
        }
        Ok(GuessScope { candidates: Candidates::Anyone(spared), budgets })
    }

    /// Whose budget failures under this name are taken from, but for devices that are known.
    pub(super) fn account(&self, name: &UserName) -> BudgetKey {
        let user = self.users.get(name).filter(|user| user.enabled);
        user.map_or(BudgetKey::UnknownAccounts, |user| BudgetKey::Account(user.name.clone()))
    }
}
