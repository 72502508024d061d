//! Whether a posted code lets its visitor in: the one place where codes are judged.
//!
//! The order is the security argument. Clock, address and buckets are asked before any seed is
//! touched, so a refusal by limit costs no HMAC and no write. A failure is counted, and on the
//! disk, before the visitor hears of it. A success is one commit: the spent time step and the
//! session stand or fall together, and both only if the step is still unspent then.

use std::net::IpAddr;
use std::time::Duration;

use crate::auth::event::{Action, Actor, Event};
use crate::auth::limiter::AddressKey;
use crate::auth::repetition::Success;
use crate::auth::session::{Session, SessionId};
use crate::auth::sessions::MAX_PER_USER;
use crate::auth::totp::{Code, CodeOwner, Match, TimeStep, whether, who};
use crate::auth::user::{User, UserName};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Condition, CounterKey, StoreError};

use crate::app::messages::effect::Effect;
use crate::app::messages::login::{Admission, Browser, LoginAttempt, LoginDenial};
use crate::app::worker::commit::{TRIES, Uncommitted};
use crate::app::worker::guess_scope::Candidates;
use crate::app::worker::state::WorkerState;

impl WorkerState {
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
                self.log_refused(&denial, client, now);
                let (browser, name) = (&attempt.browser, attempt.name.as_ref());
                effects.extend(self.limited(&denial, browser, name, now.steady));
                Admission::Refused(denial)
            }
        }
    }

    /// Wrong codes are bounded by the budgets; refusals without a look at the code are not.
    fn log_refused(&mut self, denial: &LoginDenial, client: IpAddr, now: Moment) {
        let synchronised =
            self.time.synchronised().map_or("unknown", |yes| if yes { "yes" } else { "no" });
        let admitted = match denial.is_costless() {
            true => self.complaints.admit("login", now.wall),
            false => Some(0),
        };
        if let Some(left_out) = admitted {
            log::warn!(
                "login result={denial} client={client} clock_synchronised={synchronised} left_out={left_out}"
            );
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
        for _ in 0..TRIES {
            let told = match self.verdict(&scope.candidates, &attempt.code, wall) {
                CodeOwner::One(Match { user, step, spent: false }) => {
                    let user = user.clone();
                    match self.let_in(attempt, &user, step, now, effects) {
                        Ok(admission) => return Ok(admission),
                        Err(Uncommitted::Store(error)) => return Err(LoginDenial::Store(error)),
                        // Another gate was faster: judge by what it did.
                        Err(Uncommitted::Conflict) => drop(self.catch_up(now)),
                    }
                    continue;
                }
                CodeOwner::One(Match { user, .. }) => {
                    if let Some(left) = self.left_of_session(attempt, user, wall) {
                        return Ok(Admission::In(left));
                    }
                    vec![Change::Audit(kept_out(attempt, "spent-code").about(&user.name))]
                }
                CodeOwner::Nobody => {
                    vec![Change::Audit(matched_nobody(attempt, &scope.candidates))]
                }
                CodeOwner::Several(matches) => matched_several(attempt, &matches),
            };
            return Err(self.count_failure(client, scope.budgets, told, now, effects));
        }
        Err(LoginDenial::Store(StoreError::Contended))
    }

    /// Whose code it is, of those who may be tried.
    fn verdict(&self, candidates: &Candidates, code: &Code, now: Timestamp) -> CodeOwner<'_> {
        let skew = self.config.login.skew;
        match candidates {
            Candidates::Named(name) => {
                whether(name.as_ref().and_then(|name| self.users.get(name)), code, now, skew)
            }
            Candidates::Anyone(names) => {
                who(names.iter().filter_map(|name| self.users.get(name)), code, now, skew)
            }
        }
    }

    /// Spends the code and begins the session, in one commit, while the code is unspent and the
    /// user is who was judged.
    fn let_in(
        &mut self,
        attempt: &LoginAttempt,
        user: &User,
        step: TimeStep,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<Admission, Uncommitted> {
        let (session, cookie, mut changes) = self.welcome(&attempt.browser, user, now);
        changes.insert(0, Change::SpendStep(user.name.clone(), step));
        changes.push(Change::Audit(came_in(Action::Login, &session)));
        let rests_on = [
            Condition::StepUnspent { user: user.name.clone(), step },
            Condition::UserEnabled { name: user.name.clone(), generation: user.generation },
        ];
        effects.extend(self.commit_if(changes, &rests_on, now.wall)?);
        if let Some(browser) = attempt.browser.sender.id {
            self.repetitions.remember(Success {
                browser,
                name: attempt.name.clone(),
                code: attempt.code,
                session: session.clone(),
                device: cookie.clone(),
                at: now.steady,
            });
        }
        Ok(Admission::Admitted { session, device: cookie })
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

    /// The session, the device cookie and the changes of a success, but for the spent step.
    pub(super) fn welcome(
        &self,
        browser: &Browser,
        user: &User,
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
        let mut changes = Vec::new();
        let previous = browser.sender.previous.as_ref().map(|presented| presented.id);
        changes.extend(previous.map(Change::EndSession));
        changes.extend(self.room_for_one_more(&user.name, previous));
        changes.push(Change::PutSession(session.clone()));
        let address = AddressKey::from(browser.sender.client);
        if self.limiter.entries(steady).any(|(key, _)| key == address) {
            changes.push(Change::RemoveCounter(CounterKey::Address(address)));
        }
        (session, cookie, changes)
    }

    /// The end of a user's oldest session but `previous`, where there is no room for another.
    fn room_for_one_more(&self, user: &UserName, previous: Option<SessionId>) -> Vec<Change> {
        let others = || self.sessions.of_user(user).filter(|other| Some(other.id) != previous);
        if others().count() < MAX_PER_USER {
            return Vec::new();
        }
        let oldest = others().min_by_key(|other| other.created);
        let mut changes: Vec<_> =
            oldest.map(|oldest| Change::EndSession(oldest.id)).into_iter().collect();
        let event = Event::new(Action::SessionEnded, Actor::Gate).about(user);
        let why = format_args!("more than {MAX_PER_USER} of this user");
        changes.push(Change::Audit(event.because(why)));
        changes
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

/// That the code is nobody's. A name that nobody has may be a code in the wrong field, and is not
/// told.
fn matched_nobody(attempt: &LoginAttempt, candidates: &Candidates) -> Event {
    match candidates {
        Candidates::Named(Some(name)) => kept_out(attempt, "wrong-code").about(name),
        Candidates::Named(None) => kept_out(attempt, "unknown-name"),
        Candidates::Anyone(_) => kept_out(attempt, "wrong-code"),
    }
}

/// That the code is of more than one user: it lets nobody in, and is spent for all of them.
fn matched_several(attempt: &LoginAttempt, matches: &[Match<'_>]) -> Vec<Change> {
    let names: Vec<_> = matches.iter().map(|found| found.user.name.as_str()).collect();
    let event = kept_out(attempt, "ambiguous-code").about(names.join(" "));
    let spent = matches.iter().map(|found| Change::SpendStep(found.user.name.clone(), found.step));
    spent.chain([Change::Audit(event)]).collect()
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
