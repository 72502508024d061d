//! `/logout`: GET asks, POST ends the session and clears its cookie. Nothing is ended by a GET.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::http::form;
use crate::http::response::{Out, Status};
use crate::ledger::StoreError;
use crate::server::{Next, Request};

use crate::app::gate::announced::{Announced, FormHead, visitor};
use crate::app::gate::login::single;
use crate::app::gate::page_form::PageForm;
use crate::app::gate::state::{Gate, session_cookie};
use crate::app::messages::job::Job;

impl Gate {
    /// GET shows the question; POST waits for its body.
    pub(super) fn logout(
        &mut self,
        request: &Request<'_>,
        now: Timestamp,
        out: &mut Out,
    ) -> Next<Job, Announced> {
        let visit = match self.page_or_form(request, PageForm::Logout, now, out) {
            ControlFlow::Continue(visit) => visit,
            ControlFlow::Break(next) => return next,
        };
        let wanted = single(form::query_values(request.head.query().unwrap_or_default(), "next"));
        let next = self.return_to(&wanted, &visitor(&visit));
        match self.session_of(request.head, now) {
            Some(session) => {
                let token = self.form_token(&session.id.to_string());
                out.start(Status::OK);
                self.pages.logout(out, session.user.as_str(), &token, next.as_str(), None);
            }
            None => {
                let t = self.pages.texts;
                out.start(Status::OK);
                self.pages.notice(out, t.sign_out, t.not_signed_in, true);
            }
        }
        Next::Answered
    }

    /// The form has arrived.
    pub(super) fn logout_posted(
        &mut self,
        head: &FormHead,
        body: &[u8],
        out: &mut Out,
    ) -> Next<Job> {
        let t = self.pages.texts;
        let Ok(fields) = form::parse(body) else {
            self.broken_form(out);
            return Next::Answered;
        };
        let wanted = single(fields.all("next").map(|value| value.as_bytes().to_vec()));
        let next = self.return_to(&wanted, &head.visitor());
        let presented = head.sender.previous.as_ref();
        let Some(session) = presented.and_then(|presented| self.sessions.get(&presented.id)) else {
            self.logout_done(Ok(()), next.as_str(), out);
            return Next::Answered;
        };
        let about = session.id.to_string();
        if !self.is_own_form(&fields, &about) {
            let token = self.form_token(&about);
            let user = session.user.as_str();
            out.start(Status::FORBIDDEN);
            self.pages.logout(out, user, &token, next.as_str(), Some(t.stale_form));
            return Next::Answered;
        }
        let all = fields.one("all").ok().flatten() == Some("1");
        Next::Work(Job::Logout {
            session: session.id,
            all,
            client: head.sender.client,
            next: next.as_str().to_owned(),
        })
    }

    /// The session has ended: forget the cookie and go on to the login page or to where the visitor
    /// wanted to go.
    pub(super) fn logout_done(&self, result: Result<(), StoreError>, next: &str, out: &mut Out) {
        let t = self.pages.texts;
        if let Err(error) = result {
            log::error!("a session could not be ended error=\"{error}\"");
            out.start(Status::SERVICE_UNAVAILABLE);
            out.header("Retry-After", b"60");
            self.pages.notice(out, t.problem, t.store_down, false);
            return;
        }
        out.start(Status::FOUND);
        let mut cleared = session_cookie(&self.config, &self.cookie_name, "");
        cleared.max_age = Some(Duration::ZERO);
        cleared.render(out);
        let login = format!("{}/login", self.config.path_prefix);
        out.finish_redirect(if next == "/" { login.as_bytes() } else { next.as_bytes() });
    }
}
