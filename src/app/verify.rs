//! May this request pass? The hot path: what did the visitor ask the proxy for, is that place open,
//! closed or behind a session, is there a genuine, living session or pass, does it belong here?
//!
//! Guarantees: reads no body, and no query but that of a copied request; touches no disk, allocates
//! nothing, for passes and refusals alike; without a [`Pass`] there is no 2xx. Every answer has its
//! reason, which metrics and log read.

use std::net::IpAddr;

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::policy::ruling::{Ruling, Verdict};
use crate::auth::session::SessionId;
use crate::clock::Timestamp;
use crate::config::{self, Config};
use crate::http::request::Head;
use crate::http::response::{Out, Status};
use crate::original::client_address::Belief;
use crate::original::problem::ForwardingProblem;
use crate::original::purpose::{ForwardingFamily, RequestCopy, RequestPurpose};
use crate::original::reader;
use crate::original::request::{Arrival, OriginalRequest};
use crate::proxies::reverse_proxy::{PassForm, VerifyEndpoint};

use crate::app::denial::VerifyDenial;
use crate::app::identity::{Identity, KnownUser};
use crate::app::living_session::{LivingSession, genuine_session};
use crate::app::manner::is_preflight;
use crate::app::place;
use crate::app::reply;
use crate::app::rounds::Cause;
use crate::app::router::PAGES;
use crate::app::token_pass::{self, TokenPass};
use crate::app::view::View;

/// Whether the request may pass, and what the rules say of the place.
#[must_use]
pub struct Decision<'g> {
    /// The right to pass, or the reason against it.
    pub pass: Result<Pass<'g>, VerifyDenial>,
    /// [`Ruling::DEFAULT`] where they were not asked.
    pub ruling: Ruling,
}

/// The right to answer 2xx, and who gets it.
pub struct Pass<'g> {
    holder: PassHolder,
    identity: &'g Identity,
}

/// What a pass rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassHolder {
    /// Nobody in particular: the place is open.
    Anonymous,
    /// This living session.
    Session(SessionId),
    /// This token of a program.
    Token(PassId),
}

/// What was answered, for the time of last use, metrics and the proxy diagnostics.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A pass, and what it rests on.
    Passed(PassHolder),
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
    let original = original_request(view.config, head, peer, endpoint);
    let Decision { pass, ruling } = decide(view, head, &original, endpoint.family, now);
    let answered = match pass {
        Ok(_) if endpoint.pass == PassForm::SendBack => {
            reply::send_back(head, &original, out);
            Answered::SentBack
        }
        Ok(pass) => {
            pass.write(endpoint.pass, out);
            Answered::Passed(pass.holder)
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
    if (found.is_err() || !view.config.rules.is_empty())
        && !preflight
        && let Some(problem) = untrusted(original)
    {
        return refuse(VerifyDenial::UntrustedPeer(problem));
    }
    let token = if found.is_ok() && view.passes.is_empty() {
        TokenPass::None
    } else {
        token_pass::of_request(view, head, original, family, &found, now)
    };
    let user = found.as_ref().map_or(token.user(), |living| Some(living.user));
    let ruling = ruling(view, head, original, family, user);
    let pass = match (ruling.verdict, found) {
        (Verdict::Deny, _) => Err(VerifyDenial::Denied(ruling.rule)),
        (Verdict::Forbidden, _) => Err(VerifyDenial::Forbidden(ruling.rule)),
        (Verdict::Session, _) if preflight && !ruling.preflight => Err(VerifyDenial::Preflight),
        (Verdict::Session, Ok(_)) if matches!(token, TokenPass::OfAnother) => {
            Err(VerifyDenial::PassOfAnother)
        }
        (_, Ok(living)) => Ok(Pass::of_session(&living)),
        (Verdict::Session, Err(denial)) if !preflight => Pass::of_token(token, denial),
        _ => Ok(Pass { holder: PassHolder::Anonymous, identity: view.users.anonymous() }),
    };
    Decision { pass: pass.and_then(|pass| pass.unless_forged(view, head)), ruling }
}

/// What the rules say of the place to this user.
fn ruling(
    view: &View<'_>,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    family: ForwardingFamily,
    user: Option<&KnownUser>,
) -> Ruling {
    if view.config.rules.is_empty() {
        return Ruling::DEFAULT;
    }
    let who = user.map(KnownUser::member);
    place::judge(view.config, head, original, family, who.as_ref(), &mut view.readings.borrow_mut())
}

/// What the visitor asked the proxy for. The gate's own pages are never asked about: that would
/// go round.
pub fn original_request<'a>(
    config: &Config,
    head: &Head<'a>,
    peer: Option<IpAddr>,
    endpoint: &VerifyEndpoint,
) -> OriginalRequest<'a> {
    let family = endpoint.family;
    let purpose = RequestPurpose::Verify(family);
    let mut original = reader::read(&head.headers, peer, purpose, &Belief::of(&config.proxy));
    if family.extends_the_address() && original.arrival == Arrival::Proxied {
        match copied_request(config, head, endpoint) {
            Some(copy) => original.copied(copy),
            // Of another address nobody says what was asked for, and it does not pass.
            None => original.block(ForwardingProblem::Missing(family.site_header())),
        }
    }
    if let (Arrival::Proxied, Some(login)) = (original.arrival, &config.public_url)
        && original.is_at(&login.host, login.port)
        && is_own(config, original.uri)
    {
        original.block(ForwardingProblem::LoginHost);
    }
    if original.arrival == Arrival::Direct && (!config.rules.is_empty() || !family.may_be_direct())
    {
        // Which place is meant decides, so nobody may leave it out.
        original.block(ForwardingProblem::Missing(family.site_header()));
    }
    original
}

/// A question that is a copy of the original request, read from its own request line.
fn copied_request<'a>(
    config: &Config,
    head: &Head<'a>,
    endpoint: &VerifyEndpoint,
) -> Option<RequestCopy<'a>> {
    let below = head.target.strip_prefix(config.path_prefix.as_bytes());
    let behind = below.and_then(|below| below.strip_prefix(endpoint.path.as_bytes()));
    behind.and_then(|behind| RequestCopy::new(head.method_text, behind))
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

impl<'g> Pass<'g> {
    fn of_session(living: &LivingSession<'g, '_>) -> Self {
        Self { holder: PassHolder::Session(living.session.id), identity: living.user.identity() }
    }

    /// That of a program's token, if it is good; else the reason why not, or why there is no
    /// session.
    fn of_token(token: TokenPass<'g>, denial: VerifyDenial) -> Result<Self, VerifyDenial> {
        match token {
            TokenPass::Good { pass, user } => {
                Ok(Self { holder: PassHolder::Token(pass.id), identity: user.identity_by_pass() })
            }
            TokenPass::Bad(fault) => Err(VerifyDenial::BadPass(fault)),
            TokenPass::None | TokenPass::OfAnother => Err(denial),
        }
    }

    /// The same, unless the request itself brings a header that says who somebody is.
    fn unless_forged(self, view: &View<'_>, head: &Head<'_>) -> Result<Self, VerifyDenial> {
        let forged = view.users.forgery(self.identity, &head.headers);
        forged.map_or(Ok(self), |header| Err(VerifyDenial::ForgedIdentity(header)))
    }

    fn write(&self, form: PassForm, out: &mut Out) {
        out.start(match form {
            PassForm::OkWithAllHeaders => Status::OK,
            _ => Status::NO_CONTENT,
        });
        match form {
            PassForm::FilledHeaders => out.filled_lines(self.identity.lines()),
            _ => out.lines(self.identity.lines()),
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
