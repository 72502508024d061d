//! What the worker is sure to refuse by a limit is refused here, so that a flood of such posts
//! takes no place in its queue.

use crate::app::gate::counts::LoginResult;
use crate::app::gate::state::Gate;
use crate::app::messages::enrolment::{Enrolment, EnrolmentAnswer, EnrolmentStep, Refusal};
use crate::app::messages::login::{Admission, Browser, LoginAttempt, LoginDenial};
use crate::auth::guess_budget::BudgetKey;
use crate::auth::trusted_time;
use crate::clock::Timestamp;
use crate::http::response::Out;

impl Gate {
    /// Answers a login that the worker would refuse by a limit. `false`: it must be asked.
    pub(super) fn refuses_login(
        &mut self,
        attempt: &LoginAttempt,
        now: Timestamp,
        out: &mut Out,
    ) -> bool {
        let account = attempt.name.as_ref().map(|name| match self.people.find(name) {
            Some(_) => BudgetKey::Account(name.clone()),
            None => BudgetKey::UnknownAccounts,
        });
        let Some(denial) = self.known_refusal(&attempt.browser, account, now) else { return false };
        if let Some(left_out) = self.complaints.get_mut().admit("login", now) {
            let synchronised =
                self.clock.synchronised().map_or("unknown", |yes| if yes { "yes" } else { "no" });
            let client = attempt.browser.sender.client;
            log::warn!(
                "login result={denial} client={client} clock_synchronised={synchronised} left_out={left_out}"
            );
        }
        let admission = Admission::Refused(denial);
        self.count_login(LoginResult::of(&admission));
        self.login_decided(attempt, admission, out);
        true
    }

    /// The same for a set-up code. Who may hold the enrolment is shown more, by the worker.
    pub(super) fn refuses_setup(
        &mut self,
        enrolment: &Enrolment,
        now: Timestamp,
        out: &mut Out,
    ) -> bool {
        if !self.setup_open
            || !enrolment.holders.is_empty()
            || !matches!(enrolment.step, EnrolmentStep::Begin(_))
        {
            return false;
        }
        let Some(denial) = self.known_refusal(&enrolment.browser, None, now) else { return false };
        if let Some(left_out) = self.complaints.get_mut().admit("setup", now) {
            log::warn!(
                "set-up refused result={denial} client={} left_out={left_out}",
                enrolment.browser.sender.client
            );
        }
        self.setup_decided(enrolment, EnrolmentAnswer::Code(Some(Refusal::Denied(denial))), out);
        true
    }

    /// A clock that is wrong is told first, as the worker does.
    fn known_refusal(
        &self,
        browser: &Browser,
        account: Option<BudgetKey>,
        now: Timestamp,
    ) -> Option<LoginDenial> {
        trusted_time::judge(now, self.floor).ok()?;
        self.known_limits.refuse(browser, account, self.clock.monotonic())
    }
}
