//! The first enrolment in the worker: whether a set-up code begins it and a code of the app ends
//! it.
//!
//! The order is that of a login: clock, address and buckets before any code is looked at; a failure
//! is counted, and on the disk, before the visitor hears of it. The first user, his session, the
//! spent step and the mark that there was a user are one commit, made only while that mark is not
//! set: of two confirmations at once the second finds it set.

use std::net::IpAddr;

use crate::app::messages::enrolment::{
    Enrolment, EnrolmentAnswer, EnrolmentStep, FIRST_NAME, Refusal, SeedOffer,
};

use crate::auth::event::{Action, Actor, Event};
use crate::auth::guess_budget::BudgetKey;
use crate::auth::limiter::AddressKey;
use crate::auth::setup::{Setup, SetupOutcome, Void};
use crate::auth::setup_code::SetupCode;
use crate::auth::totp::{Code, CodeOwner, Match, whether};
use crate::auth::user::{User, UserName};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{Change, Condition, GateRecord, StoreError};

use crate::app::messages::answers::setup::SetupStatus;
use crate::app::messages::command::CommandRefused;
use crate::app::messages::command_answer::{CommandAnswer, Done};
use crate::app::messages::effect::Effect;
use crate::app::messages::login::{Browser, LoginDenial};
use crate::app::worker::commit::{TRIES, Uncommitted};
use crate::app::worker::login::came_in;
use crate::app::worker::state::WorkerState;
use crate::app::worker::users::ISSUER;

impl WorkerState {
    /// Opens the enrolment of the first user with this code; nothing where there was a user before.
    pub fn open_setup(&mut self, code: &SetupCode, steady: Timestamp) {
        if self.is_new() {
            self.setup = Some(Setup::open(code, steady, self.entropy.get_mut()));
        }
    }

    /// Whether no user has ever existed.
    pub fn is_new(&self) -> bool {
        !self.gate_record.ever_had_user
    }

    /// Judges `enrolment`. What the gate must know of it is added to `effects`, for a refusal too.
    pub fn enrol(
        &mut self,
        enrolment: &Enrolment,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> EnrolmentAnswer {
        let Some(setup) = self.setup.as_mut().filter(|_| !self.gate_record.ever_had_user) else {
            return EnrolmentAnswer::Closed;
        };
        setup.enrolment.settle(now.steady, self.entropy.get_mut());
        let done = match &enrolment.step {
            EnrolmentStep::Look => Ok(None),
            EnrolmentStep::Malformed(lack) => Err(Refusal::Malformed(*lack)),
            EnrolmentStep::Begin(code) => self.begin(code, enrolment, now, effects).map(Some),
            EnrolmentStep::Finish(name, code) => {
                self.finish(name, code, enrolment, now, effects).map(Some)
            }
        };
        match done {
            Ok(Some(answer)) => answer,
            Ok(None) => self.page(enrolment, None, now),
            Err(refusal) => {
                self.log_refusal(&refusal, &enrolment.browser, now.wall);
                if let Refusal::Denied(denial) = &refusal {
                    effects.extend(self.limited(denial, &enrolment.browser, None, now.steady));
                }
                self.page(enrolment, Some(refusal), now)
            }
        }
    }

    /// The set-up code.
    fn begin(
        &mut self,
        code: &SetupCode,
        enrolment: &Enrolment,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<EnrolmentAnswer, Refusal> {
        let client = enrolment.browser.sender.client;
        let strangers = self.may_try(&enrolment.browser, now).map_err(Refusal::Denied)?;
        let Some(setup) = &mut self.setup else { return Ok(EnrolmentAnswer::Closed) };
        let tried = Event::new(Action::SetupCode, Actor::Visitor).from(client);
        match setup.enter(code, &enrolment.holders, now.steady, self.entropy.get_mut()) {
            SetupOutcome::Begun(cookie) => {
                log::info!("set-up begun client={client}");
                self.mention(tried, now.wall);
                Ok(EnrolmentAnswer::Begun(Some(cookie)))
            }
            SetupOutcome::Yours => Ok(EnrolmentAnswer::Begun(None)),
            SetupOutcome::Held(left) => Err(Refusal::Held(left)),
            SetupOutcome::Void(void) => Err(Refusal::Void(void)),
            SetupOutcome::Wrong => {
                let mut told = vec![Change::Audit(tried.because("wrong-code").refused())];
                if setup.code(now.steady).is_err() {
                    let void = Event::new(Action::SetupCodeVoid, Actor::Gate).from(client);
                    told.push(Change::Audit(void.because("too many wrong tries")));
                }
                Err(Refusal::Denied(self.count_failure(
                    client,
                    vec![strangers],
                    told,
                    now,
                    effects,
                )))
            }
        }
    }

    /// The code that the app shows, and the first user with it.
    fn finish(
        &mut self,
        name: &UserName,
        code: &Code,
        enrolment: &Enrolment,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<EnrolmentAnswer, Refusal> {
        let browser = &enrolment.browser;
        let strangers = self.may_try(browser, now).map_err(Refusal::Denied)?;
        let pending = self.setup.as_ref().map(|setup| &setup.enrolment);
        let held = pending.filter(|pending| pending.holder_among(&enrolment.holders).is_some());
        let authenticator = held.ok_or(Refusal::NotHolder)?.authenticator().clone();
        let mut user = User::new(name.clone(), authenticator, now.wall, self.entropy.get_mut());
        user.admin = true;
        self.prove(&mut user, code, browser.sender.client, vec![strangers], now, effects)?;
        self.add_first(user, browser, now, effects)
    }

    /// Whether the app of whoever is being enrolled shows this code, which is spent by that. A
    /// wrong one is counted against the address and these budgets.
    fn prove(
        &mut self,
        user: &mut User,
        code: &Code,
        client: IpAddr,
        budgets: Vec<BudgetKey>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let owner = whether(Some(&*user), code, now.wall, self.config.login.skew);
        if let CodeOwner::One(Match { step, .. }) = owner {
            user.spend(step);
            return Ok(());
        }
        let event = Event::new(Action::Enrolment, Actor::Visitor).from(client);
        let told = vec![Change::Audit(event.because("wrong-code").refused())];
        Err(Refusal::Denied(self.count_failure(client, budgets, told, now, effects)))
    }

    /// The first user, with a session, while there is none.
    fn add_first(
        &mut self,
        user: User,
        browser: &Browser,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<EnrolmentAnswer, Refusal> {
        let refused = |error| Refusal::Denied(LoginDenial::Store(error));
        let name = user.name.clone();
        let (session, cookie, mut changes) = self.welcome(browser, &user, now);
        changes.insert(0, Change::PutUser(user));
        changes.push(Change::Audit(came_in(Action::Enrolment, &session)));
        for _ in 0..TRIES {
            let old = self.gate_record.clone();
            let mut changes = changes.clone();
            changes.push(Change::PutGateRecord(GateRecord { ever_had_user: true, ..old.clone() }));
            let rests_on = [
                Condition::NoUserYet,
                Condition::UserAbsent(name.clone()),
                Condition::GateRecordUnchanged(Box::new(old)),
            ];
            match self.commit_if(changes, &rests_on, now.wall) {
                Ok(done) => {
                    effects.extend(done);
                    log::info!(
                        "user added name={name} admin=true by=setup client={}",
                        browser.sender.client
                    );
                    return Ok(EnrolmentAnswer::Enrolled(session, cookie));
                }
                Err(Uncommitted::Store(error)) => return Err(refused(error)),
                Err(Uncommitted::Conflict) => drop(self.catch_up(now)),
            }
            if !self.is_new() {
                return Ok(EnrolmentAnswer::Closed);
            }
        }
        Err(refused(StoreError::Contended))
    }

    /// Whether a code of this browser may be looked at; else whom a wrong one is counted against.
    fn may_try(&self, browser: &Browser, now: Moment) -> Result<BudgetKey, LoginDenial> {
        self.time.judge_codes(now.wall).map_err(LoginDenial::Clock)?;
        self.limiter
            .check(AddressKey::from(browser.sender.client), now.steady)
            .map_err(LoginDenial::Address)?;
        // Before there is a user every browser is a stranger.
        let strangers = BudgetKey::from(browser.sender.origin);
        self.budgets.check(&strangers, now.steady).map_err(LoginDenial::Strangers)?;
        Ok(strangers)
    }

    /// What this browser sees: the holder the seed, everybody else the form for the set-up code.
    fn page(
        &self,
        enrolment: &Enrolment,
        refusal: Option<Refusal>,
        now: Moment,
    ) -> EnrolmentAnswer {
        let Some(setup) = &self.setup else { return EnrolmentAnswer::Closed };
        let clock = || {
            self.time
                .judge_codes(now.wall)
                .err()
                .map(|fault| Refusal::Denied(LoginDenial::Clock(fault)))
        };
        let left = setup.enrolment.held(now.steady);
        if let (Some(left), Some(holder)) = (left, setup.enrolment.holder_among(&enrolment.holders))
        {
            let name = UserName::parse(&enrolment.typed).ok();
            let name = name.or_else(|| UserName::from_canonical(FIRST_NAME));
            let authenticator = setup.enrolment.authenticator();
            let otpauth_url =
                name.map(|name| authenticator.otpauth_url(&name, ISSUER)).unwrap_or_default();
            let holder = holder.to_vec();
            let seed = SeedOffer { holder, secret: authenticator.seed.base32(), otpauth_url, left };
            return EnrolmentAnswer::Seed(seed, refusal.or_else(clock));
        }
        let void = setup.code(now.steady).err().map(Refusal::Void);
        EnrolmentAnswer::Code(match refusal {
            Some(Refusal::NotHolder | Refusal::Malformed(_)) if void.is_some() => void,
            Some(refusal) => Some(refusal),
            None => void.or_else(|| left.map(Refusal::Held)).or_else(clock),
        })
    }

    fn log_refusal(&mut self, refusal: &Refusal, browser: &Browser, now: Timestamp) {
        let word = match refusal {
            Refusal::Denied(denial) => denial.to_string(),
            Refusal::Held(_) => "held_by_another".to_owned(),
            Refusal::NotHolder => "not_the_holder".to_owned(),
            Refusal::Void(Void::Late) => "code_expired".to_owned(),
            Refusal::Void(Void::Guessed) => "code_guessed_at".to_owned(),
            Refusal::Malformed(_) => return,
        };
        // Wrong codes are bounded by the budgets; everything else is not.
        let counted = matches!(refusal, Refusal::Denied(LoginDenial::WrongCode));
        let admitted = if counted { Some(0) } else { self.complaints.admit("setup", now) };
        if let Some(left_out) = admitted {
            log::warn!(
                "set-up refused result={word} client={} left_out={left_out}",
                browser.sender.client
            );
        }
    }
}

/// How the enrolment stands, for root's console; `new_code` makes another code first and ends a
/// hold.
///
/// # Errors
/// A new code is asked for, and there was a user, or no daemon runs that could take it.
pub fn state(
    worker: &mut WorkerState,
    new_code: bool,
    by: &Actor,
    Moment { wall, steady }: Moment,
) -> Done {
    let mut made = None;
    if new_code {
        if worker.setup.is_none() {
            let message = if worker.is_new() {
                "a set-up code is made by the running gate: start it"
            } else {
                "set-up is closed, there was a user: `portcullis user add NAME` adds another"
            };
            return Err(CommandRefused { code: 69, message: message.to_owned() });
        }
        let code = SetupCode::generate(worker.entropy.get_mut());
        worker.open_setup(&code, steady);
        made = Some(code.to_string().into());
        log::info!("a new set-up code was made");
        worker.mention(Event::new(Action::SetupCodeMade, by.clone()), wall);
    }
    let mut status = SetupStatus { open: worker.is_new(), code: made, ..SetupStatus::default() };
    let address = worker.is_new().then(|| worker.config.setup_address()).flatten();
    let Some(setup) = &mut worker.setup else {
        return Ok((CommandAnswer::Setup(status), Vec::new()));
    };
    setup.enrolment.settle(steady, worker.entropy.get_mut());
    let code = setup.code(steady).ok();
    let name = UserName::from_canonical(FIRST_NAME)
        .filter(|_| code.is_some() || setup.enrolment.held(steady).is_some());
    let otpauth_url =
        name.map(|name| setup.enrolment.authenticator().otpauth_url(&name, ISSUER).into());
    status = SetupStatus {
        address,
        expires: code.map(|(end, _)| wall.plus(end.since(steady)).to_string()),
        otpauth_url,
        tries_left: code.map_or(0, |(_, left)| left),
        ..status
    };
    Ok((CommandAnswer::Setup(status), Vec::new()))
}

#[cfg(test)]
#[path = "enrolment_tests.rs"]
mod tests;
