//! The gate: what the event loop asks, and what it holds in memory to answer at once.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::Ipv6Net;

use crate::auth::device::DeviceKey;
use crate::auth::keyring::Keyring;
use crate::auth::return_to::{ReturnPolicy, ReturnTo, Visitor};
use crate::auth::session::Session;
use crate::auth::sessions::Sessions;
use crate::auth::token::Scratch;
use crate::clock::{self, Timestamp};
use crate::config::{Config, Scheme};
use crate::http::cookie;
use crate::http::request::Head;
use crate::http::response::{Out, Status};
use crate::secret::Secret;
use crate::server::{App, Next, Operators, Peer, PeerAddress, Request, Role};
use crate::telemetry::throttle::Throttle;

use super::job::{Check, Effect, Job, Outcome};
use super::known_limits::KnownLimits;
use super::metrics::{LoginResult, Metrics};
use super::pages::Pages;
use super::rounds::Rounds;
use super::router::Route;
use super::verify::People;
use super::{control, doctor, health, verify, wiring};

/// The longest body of a form, in octets.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// Everything that a request can be answered from without waiting.
pub struct Gate {
    pub(super) config: Arc<Config>,
    pub(super) cookie_name: String,
    pub(super) sessions: Sessions,
    pub(super) people: People,
    pub(super) keyring: Keyring,
    pub(super) floor: Timestamp,
    pub(super) pages: Pages,
    pub(super) form_key: Secret,
    scratch: RefCell<Scratch>,
    pub(super) complaints: RefCell<Throttle>,
    pub(super) rounds: RefCell<Rounds>,
    pub(super) wiring: RefCell<wiring::Wiring>,
    pub(super) operators: Operators,
    pub(super) settings: Source,
    last_errand: Timestamp,
    readiness: Option<(Timestamp, Vec<Check>)>,
    pub(super) known_limits: KnownLimits,
    /// The machine's own prefixes that are at home.
    pub(super) home_prefixes: Vec<Ipv6Net>,
    /// Tells devices that somebody has logged in on.
    pub(super) device_key: DeviceKey,
    pub(super) setup_open: bool,
    /// `None` where nobody listens for them.
    pub(super) metrics: Option<Box<Metrics>>,
}

/// How often the times at which sessions were last used are written: an SD card hates writes.
const ERRAND_EVERY: Duration = Duration::from_secs(3_600);

/// Reads the settings as a start would. It waits for a disk, so only the worker asks it.
pub type Source = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// What a gate is opened with.
pub struct Opening {
    /// The settings.
    pub config: Arc<Config>,
    /// Reads the settings again, for SIGHUP and `doctor`.
    pub settings: Source,
    /// The keys of sessions.
    pub keyring: Keyring,
    /// Makes the tokens of forms; it is nobody else's.
    pub form_key: Secret,
    /// Proves the cookies of devices; it is the desk's.
    pub device_key: DeviceKey,
    /// Who may give orders.
    pub operators: Operators,
    /// What the desk knows.
    pub known: Vec<Effect>,
}

impl Gate {
    /// Opens the gate.
    pub fn new(opening: Opening) -> Self {
        let Opening { config, settings, keyring, form_key, device_key, operators, known } = opening;
        let mut gate = Self {
            cookie_name: config.cookie_name(),
            pages: Pages::new(&config.login.title, &config.path_prefix),
            people: People::new(&config),
            sessions: Sessions::new(config.session.idle),
            floor: Timestamp::default(),
            config,
            keyring,
            form_key,
            scratch: RefCell::new(Scratch::new()),
            complaints: RefCell::default(),
            rounds: RefCell::new(Rounds::new()),
            wiring: RefCell::new(wiring::Wiring::new(clock::now())),
            operators,
            settings,
            last_errand: clock::now(),
            readiness: None,
            known_limits: KnownLimits::default(),
            home_prefixes: Vec::new(),
            device_key,
            setup_open: false,
            metrics: None,
        };
        gate.learn(known);
        gate
    }

    /// Takes over what the desk works by now.
    fn reconfigure(&mut self, config: Arc<Config>) {
        self.cookie_name = config.cookie_name();
        self.pages = Pages::new(&config.login.title, &config.path_prefix);
        self.people.reconfigure(&config);
        self.sessions.set_idle(config.session.idle);
        self.known_limits.forget_all();
        self.config = config;
    }

    /// Applies what is on the disk already.
    fn learn(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::SessionBegun(session) => drop(self.sessions.insert(session)),
                Effect::SessionEnded(id) => drop(self.sessions.remove(&id)),
                Effect::PersonChanged(person) => self.people.insert(&person),
                Effect::PersonGone(name) => self.people.remove(&name),
                Effect::FloorRaised(floor) => self.floor = floor,
                Effect::Limited { limited, until } => self.known_limits.learn(limited, until, clock::monotonic()),
                Effect::AllFreed => self.known_limits.forget_all(),
                Effect::AddressFreed(address) => self.known_limits.forget_address(address),
                Effect::BudgetFreed(budget) => self.known_limits.forget_budget(budget),
                Effect::HomePrefixes(prefixes) => self.home_prefixes = prefixes,
                Effect::Setup { open } => self.setup_open = open,
            }
        }
    }

    /// The living session of a page's visitor, judged by the same rules as a verify.
    pub(super) fn session_of(&self, head: &Head<'_>, now: Timestamp) -> Option<&Session> {
        verify::living_session(&self.view(), head, now).map(|proven| proven.session)
    }

    /// The same, with the cookie's value.
    pub(super) fn presented_session<'h>(&self, head: &Head<'h>, now: Timestamp) -> Option<(&Session, &'h str)> {
        let proven = verify::living_session(&self.view(), head, now)?;
        std::str::from_utf8(proven.token).ok().map(|token| (proven.session, token))
    }

    /// What the verify path reads of the gate.
    fn view(&self) -> verify::View<'_> {
        verify::View {
            config: &self.config,
            cookie_name: &self.cookie_name,
            sessions: &self.sessions,
            people: &self.people,
            keyring: &self.keyring,
            floor: self.floor,
            scratch: &self.scratch,
            complaints: &self.complaints,
            rounds: &self.rounds,
        }
    }

    /// The checked return address, or `/`: of none, of several, and of one that is refused.
    pub(super) fn return_to<'n>(&self, wanted: &'n [u8], visitor: &Visitor<'_>) -> ReturnTo<'n> {
        if wanted.is_empty() {
            return ReturnTo::HOME;
        }
        let policy = ReturnPolicy {
            public_host: self.config.public_url.as_ref().map(|url| url.host.as_str()),
            public_is_http: self.config.public_url.as_ref().is_some_and(|url| url.scheme == Scheme::Http),
            cookie_domain: self.config.session.cookie_domain.as_deref(),
            redirect_hosts: &self.config.redirect_hosts,
            path_prefix: &self.config.path_prefix,
        };
        policy.check(wanted, visitor).unwrap_or_else(|refused| {
            if let Some(left_out) = self.complaints.borrow_mut().admit("return_address", clock::now()) {
                log::warn!("return address refused reason=\"{refused}\" left_out={left_out}");
            }
            ReturnTo::HOME
        })
    }

    fn answer(&mut self, request: &Request<'_>, route: Route, out: &mut Out) -> Next<Job> {
        let (head, now) = (request.head, clock::now());
        // A verify refuses by itself, in the form that its proxy takes.
        if self.config.proxy.required
            && !matches!(route, Route::Health | Route::Verify(_))
            && !verify::came_by_proxy(&self.config, head, address(request))
        {
            out.start(Status::FORBIDDEN);
            let text = "This gate answers only through its reverse proxy (proxy.required = true).";
            self.pages.notice(out, self.pages.texts.forbidden, text, false);
            return Next::Answered;
        }
        match route {
            Route::Verify(form) => {
                let began = self.metrics.is_some().then(clock::monotonic);
                let answered = verify::answer(&self.view(), head, address(request), form, now, out);
                self.wiring.get_mut().answered(form, &answered, head, &self.config, address(request), now);
                if let verify::Answered::Passed(session) = answered {
                    self.sessions.touch(&session, now);
                }
                if let (Some(metrics), Some(began)) = (&mut self.metrics, began) {
                    metrics.verified(form, &answered, began);
                }
                Next::Answered
            }
            Route::Login => self.login(request, now, out),
            Route::Setup => self.setup(request, now, out),
            Route::Logout => self.logout(request, now, out),
            Route::Account => self.account(head, now, out),
            Route::Health => health::alive(out),
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

    fn no_such_place(&self, out: &mut Out) {
        let t = self.pages.texts;
        out.start(Status::NOT_FOUND);
        self.pages.notice(out, t.not_found, t.not_found, false);
    }
}

impl App for Gate {
    type Job = Job;
    type Outcome = Outcome;

    fn on_head(&mut self, request: &Request<'_>, out: &mut Out) -> Next<Job> {
        match request.peer.role {
            Role::Public => {}
            Role::Control => return self.control(request, out),
            Role::Metrics => return self.show_metrics(request, clock::now(), out),
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

    fn on_body(&mut self, request: &Request<'_>, body: &[u8], out: &mut Out) -> Next<Job> {
        if request.peer.role == Role::Control {
            let refused = match serde_json::from_slice::<control::Command>(body) {
                Ok(command) if command.needs_owner() && !self.operators.are_owners(request.peer.credentials) => {
                    let message = "only root and the gate's own user may do this; run it with sudo".to_owned();
                    control::CommandRefused { code: 77, message }
                }
                Ok(control::Command::Doctor) => return Next::Work(doctor::gather::job(self)),
                Ok(command) => {
                    let operator = request.peer.credentials.map_or(u32::MAX, |peer| peer.uid);
                    return Next::Work(Job::Command { command, operator, seen: self.sessions.take_touched() });
                }
                Err(error) => control::CommandRefused { code: 65, message: format!("this is no command: {error}") },
            };
            health::command_answer(Err(refused), out);
            return Next::Answered;
        }
        let now = clock::now();
        match Route::of(request.head.path, &self.config.path_prefix) {
            Some(Route::Login) => self.login_posted(request, body, now, out),
            Some(Route::Setup) => self.setup_posted(request, body, now, out),
            Some(Route::Logout) => self.logout_posted(request, body, now, out),
            _ => {
                self.no_such_place(out);
                Next::Answered
            }
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
                self.readiness = Some((clock::now(), checks));
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
        // The other listeners' places are no more than these, and lie behind the owner's own choice of who connects.
        match peer.address {
            PeerAddress::Ip(address, _) => self.config.proxy.trust.trusts(address, 0),
            PeerAddress::Unix => true,
        }
    }

    fn has_kept_place(&self, job: &Job) -> bool {
        match job {
            Job::Login(attempt) => attempt.browser.device.is_some(),
            // Anybody may ask for these.
            Job::Enrol(_) | Job::Ready => false,
            Job::Logout { .. } | Job::Command { .. } | Job::Doctor(_) | Job::Seen { .. } | Job::Reload(_) => true,
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

    fn errand(&mut self, ending: bool) -> Option<Job> {
        let now = clock::now();
        if !ending && now.since(self.last_errand) < ERRAND_EVERY {
            return None;
        }
        self.last_errand = now;
        let seen = self.sessions.take_touched();
        (ending || !seen.is_empty()).then_some(Job::Seen { seen, ending })
    }
}

/// The address of the connection's other end; none on a Unix socket.
pub(super) fn address(request: &Request<'_>) -> Option<IpAddr> {
    match request.peer.address {
        PeerAddress::Ip(address, _) => Some(address),
        PeerAddress::Unix => None,
    }
}

/// The value of the session cookie's deletion and of its setting differ in value and age alone.
pub(super) fn session_cookie<'c>(config: &'c Config, name: &'c str, value: &'c str) -> cookie::SetCookie<'c> {
    cookie::SetCookie {
        name,
        value,
        domain: config.session.cookie_domain.as_deref(),
        path: "/",
        max_age: Some(config.session.lifetime),
        secure: config.session.secure,
        http_only: true,
        same_site: config.session.same_site,
    }
}
