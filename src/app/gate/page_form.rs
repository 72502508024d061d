//! A page that has a form: who visits it, and whether what is posted is worth reading.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::http::request::Method;
use crate::http::response::{Out, Status};
use crate::original::client_address::Belief;
use crate::original::purpose::RequestPurpose;
use crate::original::reader;
use crate::original::request::OriginalRequest;
use crate::proxies::problem_message::ProblemMessage;
use crate::server::{Next, Request};

use crate::app::gate::announced::Announced;
use crate::app::gate::same_origin::{Provenance, provenance};
use crate::app::gate::state::{BODY_LIMIT, Gate, address};
use crate::app::messages::job::Job;

/// The media type of what a form sends (URL standard, section 5).
const FORM: &[u8] = b"application/x-www-form-urlencoded";
/// What is posted to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageForm {
    /// A code, to `/login`.
    Login,
    /// The set-up code, or the first user, to `/setup`.
    Setup,
    /// The answer to whether a session is to end, to `/logout`.
    Logout,
}

impl Gate {
    /// Goes on with who visits a page, to be shown it. Breaks off where a form was posted whose
    /// body is to be read, and where all is answered.
    pub(super) fn page_or_form<'r>(
        &mut self,
        request: &Request<'r>,
        form: PageForm,
        now: Timestamp,
        out: &mut Out,
    ) -> ControlFlow<Next<Job, Announced>, OriginalRequest<'r>> {
        let Some(visit) = self.page_visit(request, out) else {
            return ControlFlow::Break(Next::Answered);
        };
        if request.head.method != Method::Post {
            return ControlFlow::Continue(visit);
        }
        // The set-up page is there under every name of the gate.
        if !self.takes_form(request, &visit, form == PageForm::Setup, out) {
            if form == PageForm::Login {
                self.count_unjudged(out);
            }
            return ControlFlow::Break(Next::Answered);
        }
        let announced = match form {
            PageForm::Login => Announced::Login(Box::new(self.form_head(request, &visit, now))),
            PageForm::Setup => Announced::Setup(Box::new(self.setup_head(request, &visit, now))),
            PageForm::Logout => Announced::Logout(Box::new(self.form_head(request, &visit, now))),
        };
        ControlFlow::Break(Next::ReadBody { limit: BODY_LIMIT, announced })
    }

    /// Who visits a page; answers by itself where the proxy's headers do not say what is needed.
    fn page_visit<'r>(&self, request: &Request<'r>, out: &mut Out) -> Option<OriginalRequest<'r>> {
        let question = RequestPurpose::Page { public_url_known: self.config.public_url.is_some() };
        let visit = reader::read(
            &request.head.headers,
            address(request),
            question,
            &Belief::of(&self.config.proxy),
        );
        self.proxies.borrow_mut().page_requested(
            &visit,
            &self.config,
            address(request),
            self.clock.now(),
        );
        let Some(fault) = visit.blocking_problem else { return Some(visit) };
        if let Some(left_out) = self.complaints.borrow_mut().admit("page", self.clock.now()) {
            log::warn!("page refused problem={} left_out={left_out}", fault.word());
        }
        out.start(Status::BAD_REQUEST);
        let message = ProblemMessage { problem: fault, proxy: None }.to_string();
        self.pages.notice(out, self.pages.texts.problem, &message, false);
        None
    }

    /// Whether the body of a form is worth reading. `by_any_name`: its page is there under every
    /// name of the gate, not only under that of `public_url`.
    fn takes_form(
        &self,
        request: &Request<'_>,
        visit: &OriginalRequest<'_>,
        by_any_name: bool,
        out: &mut Out,
    ) -> bool {
        let t = self.pages.texts;
        let may_be_own = by_any_name || visit.host.is_some_and(|host| host.needs_no_dns());
        let own = |origin: &[u8]| match &self.config.public_url {
            Some(url) if origin.eq_ignore_ascii_case(url.as_str().as_bytes()) => true,
            Some(_) => may_be_own && visit.is_own_origin(origin),
            None => visit.is_own_origin(origin),
        };
        let refused = match provenance(request.head, own) {
            Provenance::Own | Provenance::Unsaid => None,
            Provenance::Foreign => Some(t.cross_site),
            Provenance::Hidden => {
                self.proxies.borrow_mut().origin_hidden(address(request), self.clock.now());
                Some(t.hidden_origin)
            }
        };
        if let Some(text) = refused {
            out.start(Status::FORBIDDEN);
            self.pages.notice(out, t.forbidden, text, true);
            return false;
        }
        let kind = request.head.headers.one("Content-Type");
        let essence = kind
            .ok()
            .flatten()
            .map(|kind| kind.split(|b| *b == b';').next().unwrap_or_default().trim_ascii());
        if essence.is_some_and(|kind| kind.eq_ignore_ascii_case(FORM)) {
            return true;
        }
        out.start(Status::UNSUPPORTED_MEDIA_TYPE);
        out.header("Accept-Post", FORM);
        self.pages.notice(out, t.problem, t.broken_form, true);
        false
    }

    /// Answers a form that lacks what our own pages send.
    pub(super) fn broken_form(&self, out: &mut Out) {
        let t = self.pages.texts;
        out.start(Status::BAD_REQUEST);
        self.pages.notice(out, t.problem, t.broken_form, true);
    }
}
