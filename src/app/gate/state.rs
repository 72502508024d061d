//! The gate: what the event loop holds in memory to answer at once. What is asked of it comes by
//! [`super::dispatch`].

use crate::app::messages::running::ReadSettings;
use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::Ipv6Net;

use crate::auth::access_pass::passes::AccessPasses;
use crate::auth::device::DeviceKey;
use crate::auth::keyring::Keyring;
use crate::auth::policy::path_readings::PathReadings;
use crate::auth::return_to::{ReturnPolicy, ReturnTo, Visitor};
use crate::auth::session::Session;
use crate::auth::sessions::Sessions;
use crate::auth::token::Scratch;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Scheme};
use crate::entropy::Entropy;
use crate::http::cookie;
use crate::http::request::Head;
use crate::secret::Secret;
use crate::server::{ControlAccess, PeerAddress, Request};
use crate::telemetry::throttle::Throttle;

use crate::app::gate::counts::GateMetrics;
use crate::app::gate::known_limits::KnownLimits;
use crate::app::identity::KnownUsers;
use crate::app::living_session::living_session;
use crate::app::messages::effect::Effect;
use crate::app::messages::job::Check;
use crate::app::pages::layout::Pages;
use crate::app::proxy_diagnostics::diagnostics::ProxyDiagnostics;
use crate::app::rounds::Rounds;
use crate::app::view::View;

/// The longest body of a form, in octets.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// Everything that a request can be answered from without waiting.
pub struct Gate {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: RefCell<Box<dyn Entropy + Send>>,
    pub(super) config: Arc<Config>,
    pub(super) cookie_name: String,
    pub(super) sessions: Sessions,
    pub(super) passes: AccessPasses,
    pub(super) people: KnownUsers,
    pub(super) keyring: Keyring,
    pub(super) floor: Timestamp,
    pub(super) pages: Pages,
    pub(super) form_key: Secret,
    scratch: RefCell<Scratch>,
    pub(super) complaints: RefCell<Throttle>,
    pub(super) rounds: RefCell<Rounds>,
    readings: RefCell<PathReadings>,
    pub(super) proxies: RefCell<ProxyDiagnostics>,
    pub(super) control_access: ControlAccess,
    pub(super) settings: ReadSettings,
    pub(super) last_background_job: Timestamp,
    /// Whether the worker has heard of uses that it was not asked to write yet.
    pub(super) uses_unwritten: bool,
    pub(super) readiness: Option<(Timestamp, Vec<Check>)>,
    pub(super) known_limits: KnownLimits,
    /// The machine's own prefixes that are at home.
    pub(super) home_prefixes: Vec<Ipv6Net>,
    /// Tells devices that somebody has logged in on.
    pub(super) device_key: DeviceKey,
    pub(super) setup_open: bool,
    /// `None` where nobody listens for them.
    pub(super) metrics: Option<Box<GateMetrics>>,
}

/// What a gate is opened with.
pub struct Opening {
    /// Tells the time of every answer.
    pub clock: Arc<dyn Clock>,
    /// Makes what nobody can guess: the marks of browsers.
    pub entropy: Box<dyn Entropy + Send>,
    /// The settings.
    pub config: Arc<Config>,
    /// Reads the settings again, for SIGHUP and `doctor`.
    pub settings: ReadSettings,
    /// The keys of sessions.
    pub keyring: Keyring,
    /// Makes the tokens of forms; it is nobody else's.
    pub form_key: Secret,
    /// Proves the cookies of devices; it is the worker's.
    pub device_key: DeviceKey,
    /// Who may give orders.
    pub control_access: ControlAccess,
    /// What the worker knows.
    pub known: Vec<Effect>,
}

impl Gate {
    /// Opens the gate.
    pub fn new(opening: Opening) -> Self {
        let Opening { config, known, .. } = opening;
        let now = opening.clock.now();
        let mut gate = Self {
            clock: opening.clock,
            entropy: RefCell::new(opening.entropy),
            cookie_name: config.cookie_name(),
            pages: Pages::new(&config.login.title, &config.path_prefix),
            people: KnownUsers::new(&config),
            sessions: Sessions::new(config.session.idle),
            passes: AccessPasses::new(&config.networks),
            floor: Timestamp::default(),
            config,
            keyring: opening.keyring,
            form_key: opening.form_key,
            scratch: RefCell::new(Scratch::new()),
            complaints: RefCell::default(),
            rounds: RefCell::new(Rounds::new()),
            readings: RefCell::default(),
            proxies: RefCell::new(ProxyDiagnostics::new(now)),
            control_access: opening.control_access,
            settings: opening.settings,
            last_background_job: now,
            uses_unwritten: false,
            readiness: None,
            known_limits: KnownLimits::default(),
            home_prefixes: Vec::new(),
            device_key: opening.device_key,
            setup_open: false,
            metrics: None,
        };
        gate.learn(known);
        gate
    }

    /// Takes over what the worker works by now.
    pub(super) fn reconfigure(&mut self, config: Arc<Config>) {
        self.cookie_name = config.cookie_name();
        self.pages = Pages::new(&config.login.title, &config.path_prefix);
        self.people.reconfigure(&config);
        self.sessions.set_idle(config.session.idle);
        self.passes.know_networks(&config.networks);
        self.known_limits.forget_all();
        let changed = self.config.rules != config.rules;
        if let Some(metrics) = self.metrics.as_mut().filter(|_| changed) {
            metrics.judge_by(&config.rules);
        }
        self.config = config;
    }

    /// Applies what is on the disk already.
    pub(super) fn learn(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::SessionBegun(session) => drop(self.sessions.insert(session)),
                Effect::SessionEnded(id) => drop(self.sessions.remove(&id)),
                Effect::PassMade(pass) => self.passes.insert(pass),
                Effect::PassEnded(id) => self.passes.remove(id),
                Effect::PersonChanged(person) => self.people.insert(&person),
                Effect::PersonGone(name) => self.people.remove(&name),
                Effect::FloorRaised(floor) => self.floor = floor,
                Effect::Limited { limited, until } => {
                    self.known_limits.learn(limited, until, self.clock.monotonic())
                }
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
        living_session(&self.view(), head, now).map(|proven| proven.session)
    }

    /// The same, with the cookie's value.
    pub(super) fn presented_session<'h>(
        &self,
        head: &Head<'h>,
        now: Timestamp,
    ) -> Option<(&Session, &'h str)> {
        let proven = living_session(&self.view(), head, now)?;
        std::str::from_utf8(proven.token).ok().map(|token| (proven.session, token))
    }

    /// What the verify path reads of the gate.
    pub(super) fn view(&self) -> View<'_> {
        View {
            config: &self.config,
            cookie_name: &self.cookie_name,
            sessions: &self.sessions,
            passes: &self.passes,
            users: &self.people,
            keyring: &self.keyring,
            floor: self.floor,
            scratch: &self.scratch,
            complaints: &self.complaints,
            rounds: &self.rounds,
            readings: &self.readings,
        }
    }

    /// The checked return address, or `/`: of none, of several, and of one that is refused.
    pub(super) fn return_to<'n>(&self, wanted: &'n [u8], visitor: &Visitor<'_>) -> ReturnTo<'n> {
        if wanted.is_empty() {
            return ReturnTo::HOME;
        }
        let policy = ReturnPolicy {
            public_host: self.config.public_url.as_ref().map(|url| url.host.as_str()),
            public_is_http: self
                .config
                .public_url
                .as_ref()
                .is_some_and(|url| url.scheme == Scheme::Http),
            cookie_domain: self.config.session.cookie_domain.as_deref(),
            redirect_hosts: &self.config.redirect_hosts,
            path_prefix: &self.config.path_prefix,
        };
        policy.check(wanted, visitor).unwrap_or_else(|refused| {
            if let Some(left_out) =
                self.complaints.borrow_mut().admit("return_address", self.clock.now())
            {
                log::warn!("return address refused reason=\"{refused}\" left_out={left_out}");
            }
            ReturnTo::HOME
        })
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
pub(super) fn session_cookie<'c>(
    config: &'c Config,
    name: &'c str,
    value: &'c str,
) -> cookie::SetCookie<'c> {
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
