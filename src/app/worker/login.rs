//! Whether a posted code lets its visitor in: the one place where codes are judged.
//!
//! The order is the security argument. Clock, address and buckets are asked before any seed is
//! touched, so a refusal by limit costs no HMAC and no write. A failure is counted, and on the
//! disk, before the visitor hears of it. A success is one commit: the spent time step and the
//! session stand or fall together.

use std::net::IpAddr;
use std::time::Duration;

use crate::auth::event::{Action, Actor, Event};
use crate::auth::guess_budget::BudgetKey;
use crate::auth::limiter::AddressKey;
use crate::auth::repetition::Success;
use crate::auth::session::Session;
use crate::auth::sessions::MAX_PER_USER;
use crate::auth::totp::{CodeOwner, Match, TimeStep, whether, who};
use crate::auth::user::{User, UserName};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Counter, CounterKey};

use crate::app::messages::effect::Effect;
use crate::app::messages::limited::Limited;
use crate::app::messages::login::{Admission, Browser, LoginAttempt, LoginDenial};
use crate::app::worker::audit;
use crate::app::worker::state::Desk;

/// Whose codes a try is held against, and the budgets that a failure is taken from.
struct Scope {
    candidates: Candidates,
    budgets: Vec<BudgetKey>,
}

enum Candidates {
    /// One user by name; `None` for a name that nobody enabled has.
    Named(Option<UserName>),
    /// Whoever's code it is.
    Anyone(Vec<UserName>),
}

impl Desk {
    /// Judges `attempt`. What the gate must know of it is added to `effects`, for a refusal too.
    pub fn admit(
        &mut self,
        attempt: &LoginAttempt,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Admission {
        let client = attempt.browser.sender.client;
        match self.judge(attempt, now, effects) {
            Ok(admission) => {
                match &admission {
                    Admission::Admitted { session, .. } => {
                        log::info!("login result=ok user={} client={client}", session.user);
                    }
                    _ => log::info!("login result=repeated client={client}"),
                }
                admission
            }
            Err(denial) => {
                effects.extend(self.limited(
                    &denial,
                    &attempt.browser,
                    attempt.name.as_ref(),
                    now.steady,
                ));
                let synchronised = self
                    .time
                    .synchronised()
                    .map_or("unknown", |yes| if yes { "yes" } else { "no" });
                // Wrong codes are bounded by the budgets; refusals without a look at the code are
                // not.
                let admitted = match denial.is_costless() {
                    true => self.complaints.admit("login", now.wall),
                    false => Some(0),
                };
                if let Some(left_out) = admitted {
                    log::warn!(
                        "login result={denial} client={client} clock_synchronised={synchronised} left_out={left_out}"
                    );
                }
                Admission::Refused(denial)
            }
        }
    }

    fn judge(
        &mut self,
        attempt: &LoginAttempt,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<Admission, LoginDenial> {
        let Moment { wall, steady } = now;
        self.time.judge_codes(wall).map_err(LoginDenial::Clock)?;
        if let Some(Success { session, device, .. }) = self.repeated(attempt, steady) {
            return Ok(Admission::Repeated { session: session.clone(), device: device.clone() });
        }
        let client = attempt.browser.sender.client;
        self.limiter.check(AddressKey::from(client), steady).map_err(LoginDenial::Address)?;
        let scope = self.scope(attempt, steady)?;
        let skew = self.config.login.skew;
        let verdict = match &scope.candidates {
            Candidates::Named(name) => whether(
                name.as_ref().and_then(|name| self.users.get(name)),
                &attempt.code,
                wall,
                skew,
            ),
            Candidates::Anyone(names) => {
                who(names.iter().filter_map(|name| self.users.get(name)), &attempt.code, wall, skew)
            }
        };
        match verdict {
            CodeOwner::One(Match { user, step, spent: false }) => {
                let (session, cookie, mut changes) =
                    self.welcome(&attempt.browser, user, step, now);
                changes.push(Change::Audit(came_in(Action::Login, &session)));
                effects.extend(self.commit(changes, wall).map_err(LoginDenial::Store)?);
                if let Some(browser) = attempt.browser.sender.id {
                    self.repetitions.remember(Success {
                        browser,
                        name: attempt.name.clone(),
                        code: attempt.code,
                        session: session.clone(),
                        device: cookie.clone(),
                        at: steady,
                    });
                }
                Ok(Admission::Admitted { session, device: cookie })
            }
            CodeOwner::One(Match { user, .. }) => {
                if let Some(left) = self.left_of_session(attempt, user, wall) {
                    return Ok(Admission::In(left));
                }
                let told = vec![Change::Audit(kept_out(attempt, "spent-code").about(&user.name))];
                Err(self.count_failure(client, scope.budgets, told, now, effects))
            }
            CodeOwner::Nobody => {
                // A name that nobody has may be a code in the wrong field.
                let event = match &scope.candidates {
                    Candidates::Named(Some(name)) => kept_out(attempt, "wrong-code").about(name),
                    Candidates::Named(None) => kept_out(attempt, "unknown-name"),
                    Candidates::Anyone(_) => kept_out(attempt, "wrong-code"),
                };
                Err(self.count_failure(
                    client,
                    scope.budgets,
                    vec![Change::Audit(event)],
                    now,
                    effects,
                ))
            }
            CodeOwner::Several(matches) => {
                let names: Vec<_> = matches.iter().map(|found| found.user.name.as_str()).collect();
                let event = kept_out(attempt, "ambiguous-code").about(names.join(" "));
                let spent =
                    matches.iter().map(|found| Change::PutUser(spend(found.user, found.step)));
                let changes = spent.chain([Change::Audit(event)]).collect();
                Err(self.count_failure(client, scope.budgets, changes, now, effects))
            }
        }
    }

    /// The login that this one repeats, while its session lives.
    fn repeated(&self, attempt: &LoginAttempt, steady: Timestamp) -> Option<&Success> {
        let success = self.repetitions.find(
            attempt.browser.sender.id?,
            attempt.name.as_ref(),
            &attempt.code,
            steady,
        )?;
        self.sessions.get(&success.session.id).is_some().then_some(success)
    }

    /// For how long the session that came with an attempt goes on, if it is this user's.
    fn left_of_session(
        &self,
        attempt: &LoginAttempt,
        user: &User,
        now: Timestamp,
    ) -> Option<Duration> {
        let session = self.sessions.get(&attempt.browser.sender.previous.as_ref()?.id)?;
        (session.user == user.name).then(|| session.expires.since(now))
    }

    /// Whose codes this client may try, and at whose expense.
    ///
    /// A device where somebody has logged in before is spared the strangers' budget for that
    /// somebody's codes, so that strangers who empty it cannot lock the owner out. For the codes of
    /// all others it is a stranger like any.
    fn scope(&self, attempt: &LoginAttempt, steady: Timestamp) -> Result<Scope, LoginDenial> {
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
                return Ok(Scope { candidates, budgets: vec![budget] });
            }
            let account = self.account(name);
            stranger_may.map_err(LoginDenial::Strangers)?;
            self.budgets.check(&account, steady).map_err(LoginDenial::Account)?;
            return Ok(Scope { candidates, budgets: vec![account, strangers] });
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
        Ok(Scope { candidates: Candidates::Anyone(spared), budgets })
    }

    /// Whose budget failures under this name are taken from, but for devices that are known.
    fn account(&self, name: &UserName) -> BudgetKey {
        let user = self.users.get(name).filter(|user| user.enabled);
        user.map_or(BudgetKey::UnknownAccounts, |user| BudgetKey::Account(user.name.clone()))
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

    /// Counts a wrong code of this client, and commits `changes` with it.
    pub(super) fn count_failure(
        &mut self,
        client: IpAddr,
        budgets: Vec<BudgetKey>,
        mut changes: Vec<Change>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> LoginDenial {
        let Moment { wall, steady } = now;
        let address = AddressKey::from(client);
        // Memory counts before the disk does: a full disk must not make guessing free.
        let counted = self.limiter.failed(address, steady);
        changes.extend(
            counted
                .forgotten
                .into_iter()
                .map(|key| Change::RemoveCounter(CounterKey::Address(key))),
        );
        changes.extend(counted.counter.map(|window| {
            Change::PutCounter(CounterKey::Address(address), Counter::Window(window))
        }));
        for key in budgets {
            let bucket = self.budgets.failed(key.clone(), steady);
            if bucket.available(steady) == 0 {
                changes.push(Change::Audit(audit::ran_empty(&key, client)));
            }
            changes.push(Change::PutCounter(CounterKey::Budget(key), Counter::Bucket(bucket)));
        }
        match self.commit(changes, wall) {
            Ok(done) => {
                effects.extend(done);
                LoginDenial::WrongCode
            }
            Err(error) => LoginDenial::Store(error),
        }
    }

    /// The session, the device cookie and the changes of a success.
    pub(super) fn welcome(
        &self,
        browser: &Browser,
        user: &User,
        step: TimeStep,
        Moment { wall: now, steady }: Moment,
    ) -> (Session, String, Vec<Change>) {
        let session = Session::begin(
            user.name.clone(),
            now,
            self.config.session.lifetime,
            browser.sender.client,
            &browser.sender.user_agent,
            browser.key,
            &mut *self.entropy.borrow_mut(),
        );
        let mut device = browser.sender.device.clone().unwrap_or_default();
        device.bind(user);
        let cookie = device.mint(&self.device_key, now);
        let mut changes = vec![Change::PutUser(spend(user, step))];
        let previous = browser.sender.previous.as_ref().map(|presented| presented.id);
        changes.extend(previous.map(Change::EndSession));
        let others =
            || self.sessions.of_user(&user.name).filter(|other| Some(other.id) != previous);
        if others().count() >= MAX_PER_USER {
            changes.extend(
                others()
                    .min_by_key(|other| other.created)
                    .map(|oldest| Change::EndSession(oldest.id)),
            );
            let event = Event::new(Action::SessionEnded, Actor::Gate).about(&user.name);
            changes.push(Change::Audit(
                event.because(format_args!("more than {MAX_PER_USER} of this user")),
            ));
        }
        changes.push(Change::PutSession(session.clone()));
        let address = AddressKey::from(browser.sender.client);
        if self.limiter.entries(steady).any(|(key, _)| key == address) {
            changes.push(Change::RemoveCounter(CounterKey::Address(address)));
        }
        (session, cookie, changes)
    }
}

/// That somebody has a session from now on.
pub(super) fn came_in(action: Action, session: &Session) -> Event {
    Event::new(action, Actor::User(session.user.clone()))
        .about(&session.user)
        .from(session.client_ip)
}

/// That a code let nobody in. Why is for the operator alone.
fn kept_out(attempt: &LoginAttempt, why: &str) -> Event {
    Event::new(Action::Login, Actor::Visitor)
        .from(attempt.browser.sender.client)
        .because(why)
        .refused()
}

/// `user` with `step` and all before it used up.
fn spend(user: &User, step: TimeStep) -> User {
    let mut user = user.clone();
    user.spend(step);
    user
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
