//! What the event loop asks of the gate: each request goes to its place, each outcome to who asked
//! for it.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::http::response::{Out, Status};
use crate::server::{App, ListenerRole, Next, Peer, PeerAddress, Request};

use crate::app::gate::announced::Announced;
use crate::app::gate::counts::LoginResult;
use crate::app::gate::health;
use crate::app::gate::state::{Gate, address};
use crate::app::messages::job::{Job, Outcome};
use crate::app::router::Route;
use crate::app::verify::{self, Answered, PassHolder};
use crate::proxies::reverse_proxy::VerifyEndpoint;

/// How often the times at which sessions and passes were last used are written: an SD card hates
/// writes.
const BACKGROUND_JOB_EVERY: Duration = Duration::from_secs(3_600);

impl Gate {
    fn answer(
        &mut self,
        request: &Request<'_>,
        route: Route,
        out: &mut Out,
    ) -> Next<Job, Announced> {
        let (head, now) = (request.head, self.clock.now());
        // A verify refuses by itself, in the form that its proxy takes.
        if self.config.proxy.required
            && !matches!(route, Route::Health | Route::Verify(_))
            && !verify::came_by_proxy(&self.config, head, address(request))
        {
            self.forbid_bypass(out);
            return Next::Answered;
        }
        match route {
            Route::Verify(endpoint) => {
                self.verify(request, endpoint, now, out);
                Next::Answered
            }
            Route::Resolve => {
                self.resolve(request, now, out);
                Next::Answered
            }
            Route::Login => self.login(request, now, out),
            Route::Setup => self.setup(request, now, out),
            Route::Logout => self.logout(request, now, out),
            Route::Account => {
                self.account(head, now, out);
                Next::Answered
            }
            Route::Health => {
                health::alive(out);
                Next::Answered
            }
            // Anybody may ask; one look a second must not take the queue's places from logins.
            Route::Ready => match &self.readiness {
                Some((at, checks)) if *at == now => {
                    health::ready(checks, out);
                    Next::Answered
                }
                _ => Next::Work(Job::Ready),
            },
        }
    }

    fn verify(
        &mut self,
        request: &Request<'_>,
        endpoint: &'static VerifyEndpoint,
        now: Timestamp,
        out: &mut Out,
    ) {
        let (head, peer) = (request.head, address(request));
        let began = self.metrics.is_some().then(|| self.clock.monotonic());
        let (answered, ruling) = verify::answer(&self.view(), head, peer, endpoint, now, out);
        self.proxies.get_mut().verify_answered(endpoint, &answered, head, &self.config, peer, now);
        if let Answered::Passed(holder) = answered {
            self.touch(holder, now);
        }
        if let (Some(metrics), Some(began)) = (&mut self.metrics, began) {
            metrics.verified(endpoint.pass, &answered, ruling, began);
        }
    }

    /// Notes that what a pass rests on was used.
    pub(super) fn touch(&mut self, holder: PassHolder, now: Timestamp) {
        match holder {
            PassHolder::Anonymous => {}
            PassHolder::Session(session) => self.sessions.touch(&session, now),
            PassHolder::Token(pass) => self.passes.touch(pass, now),
        }
    }

    fn forbid_bypass(&self, out: &mut Out) {
        out.start(Status::FORBIDDEN);
        let text = "This gate answers only through its reverse proxy (proxy.required = true).";
        self.pages.notice(out, self.pages.texts.forbidden, text, false);
    }

    fn no_such_place(&self, out: &mut Out) {
        let t = self.pages.texts;
        out.start(Status::NOT_FOUND);
        self.pages.notice(out, t.not_found, t.not_found, false);
    }
}

impl App for Gate {
    type Job = Job;
    type Outcome = Outcome;
    type Announced = Announced;

    fn on_head(&mut self, request: &Request<'_>, out: &mut Out) -> Next<Job, Announced> {
        match request.peer.role {
            ListenerRole::Public => {}
            ListenerRole::Control => return self.control(request, out),
            ListenerRole::Metrics => {
                self.show_metrics(request, self.clock.now(), out);
                return Next::Answered;
            }
        }
        let Some(route) = Route::of(request.head.path, &self.config.path_prefix) else {
            self.no_such_place(out);
            return Next::Answered;
        };
        if let Some(allow) = route.refuses(request.head.method) {
            let t = self.pages.texts;
            out.start(Status::METHOD_NOT_ALLOWED);
            out.header("Allow", allow.as_bytes());
            self.pages.notice(out, t.wrong_method, t.wrong_method, false);
            return Next::Answered;
        }
        self.answer(request, route, out)
    }

    fn on_body(&mut self, announced: Announced, body: &[u8], out: &mut Out) -> Next<Job> {
        let now = self.clock.now();
        match announced {
            Announced::Login(head) => self.login_posted(*head, body, now, out),
            Announced::Setup(head) => self.setup_posted(*head, body, now, out),
            Announced::Logout(head) => self.logout_posted(&head, body, out),
            Announced::Command(credentials) => self.ordered(credentials, body, out),
        }
    }

    fn on_outcome(&mut self, outcome: Outcome, out: &mut Out) {
        match outcome {
            Outcome::Login(attempt, admission, effects) => {
                self.learn(effects);
                self.count_login(LoginResult::of(&admission));
                self.login_decided(&attempt, admission, out);
            }
            Outcome::Enrol(enrolment, answer, effects) => {
                self.learn(effects);
                self.setup_decided(&enrolment, answer, out);
            }
            Outcome::Logout(result, next, effects) => {
                self.learn(effects);
                self.logout_done(result, &next, out);
            }
            Outcome::Command(result, effects) => {
                self.learn(effects);
                health::command_answer(result, out);
            }
            Outcome::Ready(checks) => {
                health::ready(&checks, out);
                self.readiness = Some((self.clock.now(), checks));
            }
            Outcome::Reloaded(config) => self.reconfigure(config),
            Outcome::Housekeeping(effects) => self.learn(effects),
        }
    }

    fn on_busy(&mut self, out: &mut Out) {
        self.count_busy();
        let t = self.pages.texts;
        out.start(Status::SERVICE_UNAVAILABLE);
        out.header("Retry-After", b"2");
        self.pages.notice(out, t.problem, t.busy, true);
    }

    fn may_fill(&self, peer: &Peer) -> bool {
        // The other listeners' places are no more than these, and lie behind the owner's own choice
        // of who connects.
        match peer.address {
            PeerAddress::Ip(address, _) => self.config.proxy.trust.trusts(address, 0),
            PeerAddress::Unix => true,
        }
    }

    fn has_kept_place(&self, job: &Job) -> bool {
        match job {
            Job::Login(attempt) => attempt.browser.sender.device.is_some(),
            // Anybody may ask for these.
            Job::Enrol(_) | Job::Ready => false,
            Job::Logout { .. }
            | Job::Command { .. }
            | Job::Doctor(_)
            | Job::Seen { .. }
            | Job::Reload(_) => true,
        }
    }

    fn on_census(&mut self, held: usize, most: usize) {
        self.count_connections(held, most);
    }

    fn on_reload(&mut self) -> Option<Job> {
        Some(Job::Reload(Arc::clone(&self.settings)))
    }

    fn ends_reload(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Reloaded(_))
    }

    fn background_job(&mut self, ending: bool) -> Option<Job> {
        let now = self.clock.now();
        if !ending && now.since(self.last_background_job) < BACKGROUND_JOB_EVERY {
            return None;
        }
        self.last_background_job = now;
        let last_uses = self.take_last_uses();
        let unwritten = std::mem::take(&mut self.uses_unwritten);
        (ending || unwritten).then_some(Job::Seen { last_uses, ending })
    }
}
