//! Each job goes to its place, and its outcome back.

use std::net::IpAddr;
use std::sync::Arc;

use crate::app::doctor;
use crate::app::doctor::facts::Facts;
use crate::app::messages::command_answer::CommandAnswer;
use crate::app::messages::effect::Effect;
use crate::app::messages::job::{Check, Job, Outcome};
use crate::app::worker::administer;
use crate::app::worker::commit::{TRIES, Uncommitted};
use crate::app::worker::state::WorkerState;
use crate::auth::event::{Action, Actor, Event};
use crate::auth::limiter::Limiter;
use crate::auth::session::SessionId;
use crate::clock::{Moment, Timestamp};
use crate::config::Config;
use crate::ledger::{Change, Condition, StoreError};

impl WorkerState {
    /// Does one job. Reads the clocks first, and hears what other gates did.
    pub fn handle(&mut self, job: Job) -> Outcome {
        let now = self.read_clock();
        self.catch_up(now);
        self.settle_steps(now.wall);
        let mut outcome = self.carry_out(job, now);
        if let Some(effects) = effects_of(&mut outcome) {
            effects.splice(..0, self.learned.drain(..));
        }
        outcome
    }

    fn carry_out(&mut self, job: Job, now: Moment) -> Outcome {
        match job {
            Job::Login(attempt) => {
                let mut effects = Vec::new();
                let admission = self.admit(&attempt, now, &mut effects);
                Outcome::Login(attempt, admission, effects)
            }
            Job::Enrol(enrolment) => {
                let mut effects = Vec::new();
                let answer = self.enrol(&enrolment, now, &mut effects);
                Outcome::Enrol(enrolment, answer, effects)
            }
            Job::Logout { session, all, client, next } => {
                let ended = self.logout(&session, all, client, now);
                match ended {
                    Ok(effects) => Outcome::Logout(Ok(()), next, effects),
                    Err(error) => Outcome::Logout(Err(error), next, Vec::new()),
                }
            }
            Job::Command { command, by, last_uses } => {
                self.note_last_uses(&last_uses);
                match administer::execute(self, *command, &by, now) {
                    Ok((answer, effects)) => Outcome::Command(Ok(answer), effects),
                    Err(refused) => Outcome::Command(Err(refused), Vec::new()),
                }
            }
            Job::Doctor(mut running) => {
                self.note_last_uses(&std::mem::take(&mut running.last_uses));
                let facts = Facts::of_worker(self, Some(*running), now);
                let report = CommandAnswer::Doctor(doctor::report(&facts));
                Outcome::Command(Ok(report), Vec::new())
            }
            Job::Ready => Outcome::Ready(self.readiness(now.wall)),
            Job::Seen { last_uses, ending } => {
                self.note_last_uses(&last_uses);
                self.write_last_uses(ending, now.wall);
                Outcome::Housekeeping(Vec::new())
            }
            Job::Reload(settings) => {
                match settings() {
                    Ok(config) => self.reload(config, now),
                    Err(error) => {
                        log::error!("settings not reloaded, the old ones stay error=\"{error}\"")
                    }
                }
                Outcome::Reloaded(Arc::clone(&self.config))
            }
        }
    }

    fn logout(
        &mut self,
        id: &SessionId,
        all: bool,
        client: IpAddr,
        now: Moment,
    ) -> Result<Vec<Effect>, StoreError> {
        for _ in 0..TRIES {
            let Some(session) = self.sessions.get(id) else {
                return Ok(vec![Effect::SessionEnded(*id)]);
            };
            let user = session.user.clone();
            let mut changes = if all { self.endings(&user) } else { vec![Change::EndSession(*id)] };
            let by = Actor::User(user.clone());
            let event = Event::new(Action::Logout, by).about(&user).from(client);
            changes.push(Change::Audit(if all { event.because("all sessions") } else { event }));
            let mut rests_on = vec![Condition::SessionLiving(*id)];
            rests_on.extend(self.unchanged(&user).filter(|_| all));
            match self.commit_if(changes, &rests_on, now.wall) {
                Ok(effects) => {
                    log::info!("logout user={user} all={all}");
                    return Ok(effects);
                }
                Err(Uncommitted::Store(error)) => return Err(error),
                Err(Uncommitted::Conflict) => drop(self.catch_up(now)),
            }
        }
        Err(StoreError::Contended)
    }

    /// Takes over settings that were read again, less those that only a restart can change. What
    /// was counted stays counted.
    fn reload(&mut self, mut config: Config, now: Moment) {
        config.keep_what_needs_a_restart(&self.config);
        let counted =
            self.limiter.entries(now.steady).map(|(key, window)| (key, window.clone())).collect();
        self.limiter = Limiter::new(config.limits.attempts, config.limits.window);
        self.limiter.restore(counted, now.steady);
        let other_rules = config.rules != self.config.rules;
        let because = if other_rules { "SIGHUP, with other rules" } else { "SIGHUP" };
        self.config = Arc::new(config);
        log::info!("settings reloaded");
        if other_rules {
            log::info!("rules in force count={}", self.config.rules.as_slice().len());
        }
        self.warn_of_odds();
        self.mention(Event::new(Action::SettingsReloaded, Actor::Gate).because(because), now.wall);
    }

    fn readiness(&mut self, now: Timestamp) -> Vec<Check> {
        let synchronised = match self.time.synchronised() {
            Some(true) => "synchronised",
            Some(false) => "not synchronised",
            None => "synchronisation unknown",
        };
        let judged = self.time.judge_codes(now).map_err(|fault| format!("{fault}, {synchronised}"));
        vec![
            Check::of("store", self.ledger.writable().map(|()| "writable")),
            Check::of("keys", Ok::<_, StoreError>("loaded")),
            Check::of("clock", judged.map(|()| synchronised)),
        ]
    }
}

/// Where an outcome carries what has changed, if it does.
fn effects_of(outcome: &mut Outcome) -> Option<&mut Vec<Effect>> {
    match outcome {
        Outcome::Login(_, _, effects)
        | Outcome::Enrol(_, _, effects)
        | Outcome::Logout(_, _, effects)
        | Outcome::Command(_, effects)
        | Outcome::Housekeeping(effects) => Some(effects),
        Outcome::Ready(_) | Outcome::Reloaded(_) => None,
    }
}
