//! May this request pass? The hot path: what did the visitor ask the proxy for, is that place open,
//! closed or behind a session, is there a genuine, living session, does it belong here?
//!
//! Guarantees: reads neither query nor body, touches no disk, allocates nothing, for passes and
//! refusals alike; without a [`Pass`] there is no 2xx. Every answer has its reason, which metrics,
//! and log read.

use std::cell::RefCell;
use std::net::IpAddr;

use crate::auth::access_pass::passes::AccessPasses;
use crate::auth::keyring::Keyring;
use crate::auth::policy::path_readings::PathReadings;
use crate::auth::policy::ruling::{Ruling, Verdict};
use crate::auth::session::{Session, SessionId};
use crate::auth::sessions::Sessions;
use crate::auth::token::{self, Scratch};
use crate::auth::trusted_time;
use crate::clock::Timestamp;
use crate::config::{self, Config};
use crate::http::cookie;
use crate::http::request::{Head, Headers};
use crate::http::response::{Out, Status};
use crate::original::client_address::Belief;
use crate::original::problem::ForwardingProblem;
use crate::original::purpose::{ForwardingFamily, RequestPurpose};
use crate::original::reader;
use crate::original::request::{Arrival, OriginalRequest};
use crate::proxies::reverse_proxy::{PassForm, VerifyEndpoint};
use crate::telemetry::throttle::Throttle;

use crate::app::denial::VerifyDenial;
pub use crate::app::identity::{Identity, KnownUser, KnownUsers};
use crate::app::manner::is_preflight;
use crate::app::place;
use crate::app::reply;
use crate::app::rounds::{Cause, Rounds};
use crate::app::router::PAGES;

/// What the verify path reads of the gate.
#[derive(Clone, Copy)]
pub struct View<'g> {
    /// The settings.
    pub config: &'g Config,
    /// The session cookie's name, prefix included.
    pub cookie_name: &'g str,
    /// All live sessions.
    pub sessions: &'g Sessions,
    /// All living passes.
    pub passes: &'g AccessPasses,
    /// The enabled users.
    pub users: &'g KnownUsers,
    /// The keys that sessions are signed with.
    pub keyring: &'g Keyring,
    /// The latest time that was certainly reached.
    pub floor: Timestamp,
    /// Room for one token, and the memory of those that were proven.
    pub scratch: &'g RefCell<Scratch>,
    /// Which complaints are written.
    pub complaints: &'g RefCell<Throttle>,
    /// Who was led to where he wanted to go.
    pub rounds: &'g RefCell<Rounds>,
    /// Room for what servers may take a path for.
    pub readings: &'g RefCell<PathReadings>,
}

/// Whether the request may pass, and what the rules say of the place.
#[must_use]
pub struct Decision<'g> {
    /// The right to pass, or the reason against it.
    pub pass: Result<Pass<'g>, VerifyDenial>,
    /// [`Ruling::DEFAULT`] where they were not asked.
    pub ruling: Ruling,
}

/// The right to answer 2xx, and who gets it.
pub enum Pass<'g> {
    /// Nobody in particular: the place is open.
    Anonymous(&'g Identity),
    /// Whose living session it is.
    Session(&'g Session, &'g Identity),
}

/// What was answered, for the session's last-seen time, metrics and the proxy diagnostics.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A pass, on this session if it needed one.
    Passed(Option<SessionId>),
    /// A refusal.
    Refused(VerifyDenial),
    /// Asked about a refusal ([`PassForm::SendBack`]): the session has become valid meanwhile, the
    /// visitor was sent back.
    SentBack,
}

/// Answers one verify request. `peer` is the address of the connection's other end, `None` for a
/// Unix socket.
pub fn answer(
    view: &View<'_>,
    head: &Head<'_>,
    peer: Option<IpAddr>,
    endpoint: &VerifyEndpoint,
    now: Timestamp,
    out: &mut Out,
) -> (Answered, Ruling) {
    let original = original_request(view.config, &head.headers, peer, endpoint.family);
    let Decision { pass, ruling } = decide(view, head, &original, endpoint.family, now);
    let answered = match pass {
        Ok(_) if endpoint.pass == PassForm::SendBack => {
            reply::send_back(head, &original, out);
            Answered::SentBack
        }
        Ok(pass) => {
            pass.write(endpoint.pass, out);
            Answered::Passed(pass.session())
        }
        Err(denial) => {
            let denial = if denial == VerifyDenial::NoCookie
                && view.rounds.borrow_mut().go_round(head, &original, now)
            {
                VerifyDenial::LoginLoop(Cause::of(view.config, &original))
            } else {
                denial
            };
            denial.log(view.complaints, &view.config.rules, &original, endpoint.proxy, now);
            reply::refuse(view.config, head, &original, denial, endpoint, out);
            Answered::Refused(denial)
        }
    };
    (answered, ruling)
}

/// The decision, one line for each condition.
pub fn decide<'g>(
    view: &View<'g>,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    family: ForwardingFamily,
    now: Timestamp,
) -> Decision<'g> {
    let refuse = |denial| Decision { pass: Err(denial), ruling: Ruling::DEFAULT };
    if view.config.proxy.required && original.arrival != Arrival::Proxied {
        return refuse(VerifyDenial::ProxyRequired);
    }
    if let Some(problem) = original.blocking_problem {
        return refuse(VerifyDenial::Forwarding(problem));
    }
    let preflight = is_preflight(head, original);
    let found = genuine_session(view, head, now);
    let has_rules = !view.config.rules.is_empty();
    if (found.is_err() || has_rules)
        && !preflight
        && let Some(problem) = untrusted(original)
    {
        return refuse(VerifyDenial::UntrustedPeer(problem));
    }
    let ruling = if has_rules {
        let who = found.as_ref().ok().map(|living| living.user.member());
        let readings = &mut view.readings.borrow_mut();
        place::judge(view.config, head, original, family, who.as_ref(), readings)
    } else {
        Ruling::DEFAULT
    };
    let pass = match (ruling.verdict, found) {
        (Verdict::Deny, _) => Err(VerifyDenial::Denied(ruling.rule)),
        (Verdict::Forbidden, _) => Err(VerifyDenial::Forbidden(ruling.rule)),
        (Verdict::Session, _) if preflight && !ruling.preflight => Err(VerifyDenial::Preflight),
        (_, Ok(living)) => Ok(Pass::Session(living.session, living.user.identity())),
        (Verdict::Session, Err(denial)) if !preflight => Err(denial),
        _ => Ok(Pass::Anonymous(view.users.anonymous())),
    };
    Decision { pass: pass.and_then(|pass| pass.unless_forged(view, head)), ruling }
}

/// A living session, and what proves it.
#[derive(Clone, Copy)]
pub struct LivingSession<'g, 'h> {
    /// The session.
    pub session: &'g Session,
    /// Its user.
    pub user: &'g KnownUser,
    /// The value of its cookie.
    pub token: &'h [u8],
}

/// The living session of this request, if it has exactly one user's.
pub fn living_session<'g, 'h>(
    view: &View<'g>,
    head: &Head<'h>,
    now: Timestamp,
) -> Option<LivingSession<'g, 'h>> {
    genuine_session(view, head, now).ok()
}

/// Looks through the cookies of the session's name. Bad ones are skipped: another site under the
/// same domain can set any.
fn genuine_session<'g, 'h>(
    view: &View<'g>,
    head: &Head<'h>,
    now: Timestamp,
) -> Result<LivingSession<'g, 'h>, VerifyDenial> {
    trusted_time::judge(now, view.floor).map_err(VerifyDenial::Clock)?;
    let mut scratch = view.scratch.borrow_mut();
    let mut found: Result<LivingSession<'_, '_>, VerifyDenial> = Err(VerifyDenial::NoCookie);
    for token in cookie::values(&head.headers, view.cookie_name) {
        match (found, admit(view, token, now, &mut scratch)) {
            (Ok(one), Ok(other)) if one.session.user != other.session.user => {
                return Err(VerifyDenial::SessionsDisagree);
            }
            (Err(_), next) => found = next,
            (Ok(_), _) => {}
        }
    }
    found
}

fn admit<'g, 'h>(
    view: &View<'g>,
    token: &'h [u8],
    now: Timestamp,
    scratch: &mut Scratch,
) -> Result<LivingSession<'g, 'h>, VerifyDenial> {
    let claims =
        token::verify(token, view.keyring, now, scratch).map_err(VerifyDenial::BadToken)?;
    let session = view.sessions.admit(&claims, now).map_err(VerifyDenial::NotLive)?;
    let user = view.users.find(&session.user).ok_or(VerifyDenial::UnknownUser)?;
    Ok(LivingSession { session, user, token })
}

/// What the visitor asked the proxy for. The gate's own pages are never asked about: that would
/// go round.
pub fn original_request<'a>(
    config: &Config,
    headers: &Headers<'a>,
    peer: Option<IpAddr>,
    family: ForwardingFamily,
) -> OriginalRequest<'a> {
    let mut original =
        reader::read(headers, peer, RequestPurpose::Verify(family), &Belief::of(&config.proxy));
    if let (Arrival::Proxied, Some(login)) = (original.arrival, &config.public_url)
        && original.is_at(&login.host, login.port)
        && is_own(config, original.uri)
    {
        original.block(ForwardingProblem::LoginHost);
    }
    if original.arrival == Arrival::Direct && !config.rules.is_empty() {
        // Which place is meant decides, so nobody may leave it out.
        original.block(ForwardingProblem::Missing(family.site_header()));
    }
    original
}

/// Is this address on the login host the gate's own? All below its prefix is. Without a prefix the
/// whole host is, unless no other host sees the session: then the login host is the site, and the
/// gate's are its pages alone.
fn is_own(config: &Config, uri: &[u8]) -> bool {
    let Some(below) = uri.strip_prefix(config.path_prefix.as_bytes()) else { return false };
    let ends = |rest: &[u8]| matches!(rest.first(), None | Some(b'/' | b'?'));
    if !config.path_prefix.is_empty() || config.session.cookie_domain.is_some() {
        return ends(below);
    }
    PAGES.iter().any(|page| below.strip_prefix(page.as_bytes()).is_some_and(ends))
}

/// Did the request come through a trusted proxy? All that `proxy.required` lets a page answer.
pub fn came_by_proxy(config: &Config, head: &Head<'_>, peer: Option<IpAddr>) -> bool {
    let purpose = RequestPurpose::Page { public_url_known: true };
    reader::read(&head.headers, peer, purpose, &Belief::of(&config.proxy)).arrival
        == Arrival::Proxied
}

fn untrusted(original: &OriginalRequest<'_>) -> Option<ForwardingProblem> {
    original
        .problems()
        .iter()
        .copied()
        .find(|problem| matches!(problem, ForwardingProblem::UntrustedPeer(_)))
}

impl Pass<'_> {
    /// The same, unless the request itself brings a header that says who somebody is.
    fn unless_forged(self, view: &View<'_>, head: &Head<'_>) -> Result<Self, VerifyDenial> {
        let (Self::Anonymous(identity) | Self::Session(_, identity)) = &self;
        let forged = view.users.forgery(identity, &head.headers);
        forged.map_or(Ok(self), |header| Err(VerifyDenial::ForgedIdentity(header)))
    }

    fn session(&self) -> Option<SessionId> {
        match self {
            Self::Anonymous(_) => None,
            Self::Session(session, _) => Some(session.id),
        }
    }

    fn write(&self, form: PassForm, out: &mut Out) {
        let (Self::Anonymous(identity) | Self::Session(_, identity)) = self;
        out.start(Status::NO_CONTENT);
        match form {
            PassForm::FilledHeaders => out.filled_lines(identity.lines()),
            PassForm::AllHeaders | PassForm::SendBack => out.lines(identity.lines()),
        }
        out.finish_empty();
    }
}

impl<'c> Belief<'c> {
    /// The configured belief. It stands here because `original` knows nothing of the configuration.
    pub fn of(proxy: &'c config::ProxySettings) -> Self {
        Self {
            trust: &proxy.trust,
            client_ip_header: proxy.client_ip_header,
            cloudflare_ranges: &proxy.cloudflare_ranges,
        }
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
