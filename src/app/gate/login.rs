//! `/login`: the page, its form, and the answer once the worker has decided.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::auth::device;

use crate::auth::totp::Code;
use crate::auth::user::UserName;
use crate::clock::Timestamp;
use crate::http::cookie::{SameSite, SetCookie};
use crate::http::form;
use crate::http::response::{Out, Status};
use crate::server::{Next, Request};

use crate::app::gate::announced::{Announced, DEVICE_COOKIE, FormHead, origin_of, visitor};
use crate::app::gate::page_form::PageForm;
use crate::app::gate::refusal_answer::RefusalAnswer;
use crate::app::gate::state::{Gate, session_cookie};
use crate::app::messages::job::Job;
use crate::app::messages::login::{Admission, Browser, LoginAttempt};

use crate::app::pages::login::LoginForm;
use crate::app::rounds::Trip;

/// Names under which a return address is read; oauth2-proxy and others use the latter two.
const NEXT_NAMES: [&str; 3] = ["next", "rd", "redirect_uri"];

impl Gate {
    /// GET shows the form or, with a living session, goes straight on; POST waits for its body.
    pub(super) fn login(
        &mut self,
        request: &Request<'_>,
        now: Timestamp,
        out: &mut Out,
    ) -> Next<Job, Announced> {
        let visit = match self.page_or_form(request, PageForm::Login, now, out) {
            ControlFlow::Continue(visit) => visit,
            ControlFlow::Break(next) => return next,
        };
        let wanted = wanted_by_query(request);
        let next = self.return_to(&wanted, &visitor(&visit));
        if let Some((session, token)) = self.presented_session(request.head, now) {
            let origin = origin_of(&visit);
            let trip = self.rounds.borrow().trip(visit.client, &origin, next.as_str());
            self.go_on(token, session.expires.since(now), next.as_str(), trip, out);
        } else {
            out.start(Status::OK);
            self.mark_browser(request.head, out);
            self.show_form(out, next.as_str(), next.origin(), "", None);
        }
        Next::Answered
    }

    /// The form has arrived.
    pub(super) fn login_posted(
        &mut self,
        head: FormHead,
        body: &[u8],
        now: Timestamp,
        out: &mut Out,
    ) -> Next<Job> {
        match self.read_login(head, body, now, out) {
            Some(attempt) if !self.refuses_login(&attempt, now, out) => {
                Next::Work(Job::Login(Box::new(attempt)))
            }
            Some(_) => Next::Answered,
            None => {
                self.count_unjudged(out);
                Next::Answered
            }
        }
    }

    /// What was posted; `None`: the form lacks something, and that is answered.
    fn read_login(
        &mut self,
        head: FormHead,
        body: &[u8],
        now: Timestamp,
        out: &mut Out,
    ) -> Option<LoginAttempt> {
        let t = self.pages.texts;
        let Ok(fields) = form::parse(body) else {
            self.broken_form(out);
            return None;
        };
        let (Ok(otp), Ok(typed)) = (fields.one("otp"), fields.one("username")) else {
            self.broken_form(out);
            return None;
        };
        let wanted = wanted_by_form(&fields);
        let next = self.return_to(&wanted, &head.visitor());
        let typed = typed.unwrap_or_default();
        let Some(code) = otp.and_then(Code::parse) else {
            out.start(Status::UNAUTHORIZED);
            self.show_form(out, next.as_str(), next.origin(), typed, Some(t.malformed_code));
            return None;
        };
        let name = if self.config.login.ask_username {
            let Ok(name) = UserName::parse(typed) else {
                out.start(Status::UNAUTHORIZED);
                self.show_form(out, next.as_str(), next.origin(), typed, Some(t.malformed_name));
                return None;
            };
            Some(name)
        } else {
            None
        };
        self.proxies.get_mut().code_posted(head.chain, head.sender.client, head.peer, now);
        Some(LoginAttempt { code, name, browser: self.browser(head, &next) })
    }

    /// The worker has decided; what it changed is on the disk and known here.
    pub(super) fn login_decided(
        &mut self,
        attempt: &LoginAttempt,
        admission: Admission,
        out: &mut Out,
    ) {
        let browser = &attempt.browser;
        match admission {
            Admission::In(left) => {
                let presented = browser.sender.previous.as_ref();
                let token = presented.map_or("", |presented| presented.token.as_str());
                self.go_on(token, left, &browser.next, browser.trip, out);
            }
            Admission::Admitted { session, device } | Admission::Repeated { session, device } => {
                match self.keyring.sign(&session) {
                    Ok(token) => {
                        self.depart(browser.trip);
                        self.begin_session(&token, &device, out);
                        out.finish_redirect(browser.next.as_bytes());
                    }
                    Err(error) => {
                        log::error!("a session could not be signed error=\"{error}\"");
                        self.refuse_login(attempt, &self.store_is_down(), out);
                    }
                }
            }
            Admission::Refused(denial) => {
                self.refuse_login(attempt, &self.login_refusal(&denial, browser), out);
            }
        }
    }

    /// Shows the form once more, with what was typed and why it was refused.
    fn refuse_login(&self, attempt: &LoginAttempt, answer: &RefusalAnswer, out: &mut Out) {
        answer.start(out);
        let Browser { next, next_origin, .. } = &attempt.browser;
        let name = attempt.name.as_ref().map_or("", UserName::as_str);
        self.show_form(out, next, next_origin.as_deref(), name, Some(&answer.text));
    }

    /// Sends one who is signed in to where he wants to go, his cookie anew: the browser may have it
    /// under attributes that have changed since, and keeps it for as long as the session goes on.
    fn go_on(&self, token: &str, left: Duration, next: &str, trip: Option<Trip>, out: &mut Out) {
        self.depart(trip);
        out.start(Status::FOUND);
        let mut cookie = session_cookie(&self.config, &self.cookie_name, token);
        // Zero would delete it in the session's last second.
        cookie.max_age = Some(left.max(Duration::from_secs(1)));
        cookie.render(out);
        out.finish_redirect(next.as_bytes());
    }

    /// Somebody is led to where he wanted to go: will he come back without his cookie?
    fn depart(&self, trip: Option<Trip>) {
        if let Some(trip) = trip {
            self.rounds.borrow_mut().led(trip, self.clock.now());
        }
    }

    /// Starts the redirect after a login: the session's cookie and the device's.
    pub(super) fn begin_session(&self, token: &str, device: &str, out: &mut Out) {
        let path = format!("{}/login", self.config.path_prefix);
        let device = SetCookie {
            name: DEVICE_COOKIE,
            value: device,
            domain: None,
            path: &path,
            max_age: Some(device::LIFETIME),
            secure: self.config.session.secure,
            http_only: true,
            same_site: SameSite::Lax,
        };
        out.start(Status::FOUND);
        session_cookie(&self.config, &self.cookie_name, token).render(out);
        device.render(out);
    }

    fn show_form(
        &self,
        out: &mut Out,
        next: &str,
        origin: Option<&str>,
        typed: &str,
        message: Option<&str>,
    ) {
        let username = self.config.login.ask_username.then_some(typed);
        let digits = self.people.common_digits();
        let form = LoginForm {
            next,
            next_origin: origin,
            username,
            digits,
            message,
            setup: self.setup_open,
        };
        self.pages.login(out, &form);
    }
}

/// The return address that a page's query asks for.
pub(super) fn wanted_by_query(request: &Request<'_>) -> Vec<u8> {
    let query = request.head.query().unwrap_or_default();
    single(NEXT_NAMES.iter().flat_map(|name| form::query_values(query, name)))
}

/// The return address that a form asks for.
pub(super) fn wanted_by_form(fields: &form::Form) -> Vec<u8> {
    single(
        NEXT_NAMES.iter().flat_map(|name| fields.all(name)).map(|value| value.as_bytes().to_vec()),
    )
}

/// The one value given; nothing where there are several.
pub(super) fn single(mut values: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    match (values.next(), values.next()) {
        (Some(value), None) => value,
        _ => Vec::new(),
    }
}
