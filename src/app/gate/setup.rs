//! `/setup`: the first user, made in a browser by whoever has the set-up code. Closed as soon as
//! there was a user.
//!
//! A first form takes the set-up code, by POST alone, and answers with the cookie of the one who
//! holds the enrolment; a second one shows the seed to that browser and takes a name and the app's
//! code. Both need the token of our own page: the second's is bound to the cookie.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::auth::pending_enrolment::HOLD;
use crate::auth::return_to::{is_at_or_below, policy_source};
use crate::auth::session::Session;
use crate::auth::setup_code::SetupCode;
use crate::auth::totp::Code;
use crate::auth::user::UserName;
use crate::clock::Timestamp;
use crate::config::PublicUrl;
use crate::http::cookie::{self, SameSite, SetCookie};
use crate::http::form::{self, Form};
use crate::http::response::{Out, Status};
use crate::original::request::OriginalRequest;
use crate::server::{Next, Request};

use crate::app::gate::announced::{Announced, SetupHead, visitor};
use crate::app::gate::login::{wanted_by_form, wanted_by_query};
use crate::app::gate::page_form::PageForm;
use crate::app::gate::refusal_answer::RefusalAnswer;
use crate::app::gate::state::Gate;
use crate::app::messages::enrolment::{
    Enrolment, EnrolmentAnswer, EnrolmentStep, FIRST_NAME, Lack, Refusal, SeedOffer,
};
use crate::app::messages::job::Job;
use crate::app::messages::login::Browser;

use crate::app::pages::setup::{CodeForm, SeedForm, address};
use crate::app::pages::texts;

/// The cookie of the browser that holds the enrolment.
const HOLDER_COOKIE: &str = "portcullis_setup";
/// What the first form's token is about; the second's is about the cookie.
const FIRST_FORM: &str = "set-up code";

impl Gate {
    /// GET shows the page; POST waits for its body.
    pub(super) fn setup(
        &mut self,
        request: &Request<'_>,
        now: Timestamp,
        out: &mut Out,
    ) -> Next<Job, Announced> {
        if !self.setup_open {
            self.setup_closed(out);
            return Next::Answered;
        }
        let visit = match self.page_or_form(request, PageForm::Setup, now, out) {
            ControlFlow::Continue(visit) => visit,
            ControlFlow::Break(next) => return next,
        };
        let wanted = wanted_by_query(request);
        let next = self.return_to(&wanted, &visitor(&visit));
        let SetupHead { form, holders, home } = self.setup_head(request, &visit, now);
        Next::Work(Job::Enrol(Box::new(Enrolment {
            step: EnrolmentStep::Look,
            browser: self.browser(form, &next),
            holders,
            home,
            typed: FIRST_NAME.to_owned(),
        })))
    }

    /// One of the two forms has arrived.
    pub(super) fn setup_posted(
        &mut self,
        head: SetupHead,
        body: &[u8],
        now: Timestamp,
        out: &mut Out,
    ) -> Next<Job> {
        let SetupHead { form: head, holders, home } = head;
        let Ok(fields) = form::parse(body) else {
            self.broken_form(out);
            return Next::Answered;
        };
        let (Ok(code), Ok(otp), Ok(typed)) =
            (fields.one("setup_code"), fields.one("otp"), fields.one("username"))
        else {
            self.broken_form(out);
            return Next::Answered;
        };
        let wanted = wanted_by_form(&fields);
        let next = self.return_to(&wanted, &head.visitor());
        let browser = self.browser(head, &next);
        if !self.is_own_setup_form(&fields, otp.is_some(), &holders) {
            out.start(Status::FORBIDDEN);
            self.show_code_form(out, &browser, Some(self.pages.texts.stale_form), true);
            return Next::Answered;
        }
        let typed = typed.unwrap_or_default();
        let step = step_of(code, otp, typed);
        let enrolment = Enrolment { step, browser, holders, home, typed: typed.to_owned() };
        if self.refuses_setup(&enrolment, now, out) {
            return Next::Answered;
        }
        Next::Work(Job::Enrol(Box::new(enrolment)))
    }

    /// Keeps what the head of one of the two forms tells.
    pub(super) fn setup_head(
        &self,
        request: &Request<'_>,
        visit: &OriginalRequest<'_>,
        now: Timestamp,
    ) -> SetupHead {
        SetupHead {
            form: self.form_head(request, visit, now),
            holders: holders(request),
            home: self.home_of_another_name(visit),
        }
    }

    /// Where one goes who came by a name under which no session of ours stays, as that of the home
    /// network while the gate has a domain: to the gate's own address, to log in there.
    fn home_of_another_name(&self, visit: &OriginalRequest<'_>) -> Option<String> {
        let url = self.config.public_url.as_ref().filter(|url| !self.keeps_session(url, visit))?;
        Some(format!("{}{}/", url.as_str(), self.config.path_prefix))
    }

    /// Whether a session's cookie that is set here is sent to `url` as well. Of an unknown host it
    /// is assumed.
    fn keeps_session(&self, url: &PublicUrl, visit: &OriginalRequest<'_>) -> bool {
        let Some(host) = visit.host else { return true };
        let name = host.name().to_ascii_lowercase();
        let domain = self.config.session.cookie_domain.as_deref();
        name == url.host || domain.is_some_and(|domain| is_at_or_below(&name, domain))
    }

    /// Whether the form is one that we made, the second one for this very holder.
    fn is_own_setup_form(&self, fields: &Form, second: bool, holders: &[Vec<u8>]) -> bool {
        if second {
            holders.iter().any(|holder| self.is_own_form(fields, &second_form(holder)))
        } else {
            self.is_own_form(fields, FIRST_FORM)
        }
    }

    /// The worker has decided; what it changed is on the disk and known here.
    pub(super) fn setup_decided(
        &mut self,
        enrolment: &Enrolment,
        answer: EnrolmentAnswer,
        out: &mut Out,
    ) {
        let browser = &enrolment.browser;
        // Who only looks is told how things stand; there is nothing to refuse.
        let looks = matches!(enrolment.step, EnrolmentStep::Look);
        match answer {
            EnrolmentAnswer::Closed => self.setup_closed(out),
            EnrolmentAnswer::Enrolled(session, device) => {
                let next = enrolment.home.as_deref().unwrap_or(&browser.next);
                self.enrolled(&session, &device, next, out);
            }
            EnrolmentAnswer::Begun(cookie) => {
                out.start(Status::SEE_OTHER);
                if let Some(value) = cookie {
                    self.holder_cookie(&value, HOLD, out);
                }
                out.finish_redirect(address(&self.config.path_prefix, &browser.next).as_bytes());
            }
            EnrolmentAnswer::Code(refusal) => {
                let refused = refusal.as_ref().map(|refusal| self.setup_refusal(refusal, browser));
                start(out, refused.as_ref().filter(|_| !looks));
                let may_enter = !matches!(refusal, Some(Refusal::Void(_)));
                self.show_code_form(
                    out,
                    browser,
                    refused.as_ref().map(|answer| answer.text.as_str()),
                    may_enter,
                );
            }
            EnrolmentAnswer::Seed(seed, refusal) => {
                let refused = refusal.as_ref().map(|refusal| self.setup_refusal(refusal, browser));
                start(out, refused.as_ref().filter(|_| !looks));
                self.show_seed_form(out, enrolment, &seed, refused.map(|answer| answer.text));
            }
        }
    }

    fn enrolled(&self, session: &Session, device: &str, next: &str, out: &mut Out) {
        match self.keyring.sign(session) {
            Ok(token) => {
                self.begin_session(&token, device, out);
                self.holder_cookie("", Duration::ZERO, out);
                out.finish_redirect(next.as_bytes());
            }
            Err(error) => {
                log::error!("a session could not be signed error=\"{error}\"");
                out.start(Status::SERVICE_UNAVAILABLE);
                out.header("Retry-After", b"60");
                let t = self.pages.texts;
                self.pages.notice(out, t.problem, t.store_down, true);
            }
        }
    }

    fn setup_closed(&self, out: &mut Out) {
        let t = self.pages.texts;
        out.start(Status::FORBIDDEN);
        self.pages.notice(out, t.set_up, t.setup_closed, true);
    }

    fn show_code_form(
        &self,
        out: &mut Out,
        browser: &Browser,
        message: Option<&str>,
        may_enter: bool,
    ) {
        let token = self.form_token(FIRST_FORM);
        let Browser { next, next_origin, .. } = browser;
        let form = CodeForm {
            token: &token,
            next,
            next_origin: next_origin.as_deref(),
            message,
            may_enter,
        };
        self.pages.setup_code(out, &form);
    }

    fn show_seed_form(
        &self,
        out: &mut Out,
        enrolment: &Enrolment,
        seed: &SeedOffer,
        message: Option<String>,
    ) {
        let browser = &enrolment.browser;
        let home = enrolment.home.as_ref().and(self.config.public_url.as_ref());
        let form = SeedForm {
            token: &self.form_token(&second_form(&seed.holder)),
            next: &browser.next,
            next_origin: home
                .map(|home| policy_source(home.as_str()))
                .or(browser.next_origin.as_deref()),
            username: &enrolment.typed,
            secret: &seed.secret,
            otpauth_url: &seed.otpauth_url,
            left: &texts::wait(seed.left.as_secs()),
            message: message.as_deref(),
        };
        self.pages.setup_seed(out, &form);
    }

    fn holder_cookie(&self, value: &str, max_age: Duration, out: &mut Out) {
        let path = format!("{}/setup", self.config.path_prefix);
        let cookie = SetCookie {
            name: HOLDER_COOKIE,
            value,
            domain: None,
            path: &path,
            max_age: Some(max_age),
            secure: self.config.session.secure,
            http_only: true,
            same_site: SameSite::Strict,
        };
        cookie.render(out);
    }
}

/// 200, or what a refusal comes to.
fn start(out: &mut Out, refused: Option<&RefusalAnswer>) {
    match refused {
        Some(answer) => answer.start(out),
        None => out.start(Status::OK),
    }
}

/// What the fields of one of the two forms ask for.
fn step_of(code: Option<&str>, otp: Option<&str>, typed: &str) -> EnrolmentStep {
    let Some(otp) = otp else {
        let code = code.and_then(SetupCode::parse);
        return code.map_or(EnrolmentStep::Malformed(Lack::SetupCode), EnrolmentStep::Begin);
    };
    match (UserName::parse(typed), Code::parse(otp)) {
        (Err(_), _) => EnrolmentStep::Malformed(Lack::Name),
        (_, None) => EnrolmentStep::Malformed(Lack::Code),
        (Ok(name), Some(code)) => EnrolmentStep::Finish(name, code),
    }
}

fn holders(request: &Request<'_>) -> Vec<Vec<u8>> {
    cookie::values(&request.head.headers, HOLDER_COOKIE).map(<[u8]>::to_vec).collect()
}

fn second_form(holder: &[u8]) -> String {
    format!("set-up of {}", String::from_utf8_lossy(holder))
}
