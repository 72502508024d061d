//! Why a request may not pass: the reason that metrics, audit and log read, and the words for who
//! looks after the proxy.

use std::cell::RefCell;
use std::fmt;

use crate::auth::access_pass::passes::PassFault;
use crate::auth::policy::rule::Rule;
use crate::auth::policy::rules::Rules;
use crate::auth::sessions::NotLive;
use crate::auth::token::TokenError;
use crate::auth::trusted_time::ClockFault;
use crate::clock::Timestamp;
use crate::original::problem::ForwardingProblem;
use crate::original::request::OriginalRequest;
use crate::proxies::fix::Fix;
use crate::proxies::fixes::Fixes;
use crate::proxies::problem_message::ProblemMessage;
use crate::proxies::reverse_proxy::ReverseProxy;
use crate::telemetry::escape::field;
use crate::telemetry::throttle::Throttle;

use crate::app::rounds::Cause;

/// Why a request does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyDenial {
    /// No session cookie at all.
    NoCookie,
    /// None again, though the visitor has logged in: the browser goes round between login page and
    /// site.
    LoginLoop(Cause),
    /// Only cookies whose tokens are worth nothing; of the last one.
    BadToken(TokenError),
    /// Only tokens whose sessions have ended; of the last one.
    NotLive(NotLive),
    /// A session of somebody who is gone or disabled.
    UnknownUser,
    /// No session, and a pass that is good for nothing here.
    BadPass(PassFault),
    /// A pass of another user than the session beside it.
    PassOfAnother,
    /// Cookies of several users at once: nobody knows which one is meant.
    SessionsDisagree,
    /// The clock cannot judge any session.
    Clock(ClockFault),
    /// A CORS preflight, which passes only where a rule says so.
    Preflight,
    /// A rule closes the place to everybody; its number in the list.
    Denied(Option<usize>),
    /// A rule closes the place to this user; its number in the list.
    Forbidden(Option<usize>),
    /// Nobody knows for sure what the visitor asked for.
    Forwarding(ForwardingProblem),
    /// There is no session, and what the peer forwards is not believed.
    UntrustedPeer(ForwardingProblem),
    /// `proxy.required`, and the request did not come through a trusted proxy.
    ProxyRequired,
    /// The request brought this identity header itself, where ours is empty, or an alias of it.
    ForgedIdentity(&'static str),
}

impl VerifyDenial {
    /// One word for metrics and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoCookie => "no_cookie",
            Self::LoginLoop(_) => "login_loop",
            Self::BadToken(_) => "bad_token",
            Self::NotLive(_) => "session_ended",
            Self::UnknownUser => "unknown_user",
            Self::BadPass(_) => "bad_pass",
            Self::PassOfAnother => "pass_of_another",
            Self::SessionsDisagree => "sessions_disagree",
            Self::Clock(_) => "clock",
            Self::Preflight => "preflight",
            Self::Denied(_) => "denied",
            Self::Forbidden(_) => "forbidden",
            Self::Forwarding(_) => "wiring",
            Self::UntrustedPeer(_) => "untrusted_peer",
            Self::ProxyRequired => "proxy_required",
            Self::ForgedIdentity(_) => "forged_identity",
        }
    }

    /// Why, for who looks after the proxy: with the lines of the one that asks, or of all.
    pub fn message(self, proxy: Option<&'static ReverseProxy>) -> impl fmt::Display {
        DenialMessage(self, proxy)
    }

    /// A visitor without a session is the usual case; the others want the operator's eye.
    pub fn log(
        &self,
        complaints: &RefCell<Throttle>,
        rules: &Rules,
        original: &OriginalRequest<'_>,
        proxy: Option<&'static ReverseProxy>,
        now: Timestamp,
    ) {
        let (word, client, why) = (self.word(), original.client, self.message(proxy));
        match self {
            Self::NoCookie
            | Self::BadToken(_)
            | Self::NotLive(_)
            | Self::UnknownUser
            | Self::Preflight => {
                log::debug!("verify refused reason={word} client={client} why=\"{why}\"");
            }
            _ => {
                let Some(left_out) = complaints.borrow_mut().admit(word, now) else { return };
                let rule = RuleLabel(self.rule().and_then(|rule| rules.as_slice().get(rule)));
                log::warn!(
                    "verify refused reason={word} client={client}{rule} why=\"{why}\" left_out={left_out}"
                );
            }
        }
    }
}

impl VerifyDenial {
    const fn rule(&self) -> Option<usize> {
        match self {
            Self::Denied(rule) | Self::Forbidden(rule) => *rule,
            _ => None,
        }
    }
}

/// ` rule="photo shares"`; nothing without a rule.
struct RuleLabel<'r>(Option<&'r Rule>);

impl fmt::Display for RuleLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |rule| write!(f, " {}", field("rule", &rule.name)))
    }
}

impl fmt::Display for VerifyDenial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message(None).fmt(f)
    }
}

struct DenialMessage(VerifyDenial, Option<&'static ReverseProxy>);

impl fmt::Display for DenialMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(denial, proxy) = self;
        match denial {
            VerifyDenial::NoCookie => f.write_str("no session cookie"),
            VerifyDenial::LoginLoop(cause) => write!(
                f,
                "You are signed in, but your browser does not send the session cookie to this site, and would be sent to \
                 the login page again and again. Likely cause, for the owner: {cause}."
            ),
            VerifyDenial::BadToken(error) => error.fmt(f),
            VerifyDenial::NotLive(why) => why.fmt(f),
            VerifyDenial::UnknownUser => f.write_str("the user is gone or disabled"),
            VerifyDenial::BadPass(fault) => fault.fmt(f),
            VerifyDenial::PassOfAnother => f.write_str(
                "the request brings a session and the pass of another user; nobody knows which one is meant",
            ),
            VerifyDenial::SessionsDisagree => f.write_str(
                "cookies of several users came at once; one of them is set for another domain or path, delete the site's cookies",
            ),
            VerifyDenial::Clock(fault) => fault.fmt(f),
            VerifyDenial::Denied(_) => f.write_str("This place is closed."),
            VerifyDenial::Forbidden(_) => {
                f.write_str("You are signed in, but this place is not open to you.")
            }
            VerifyDenial::Preflight => f.write_str("a CORS preflight passes only where a rule says so"),
            VerifyDenial::Forwarding(problem) | VerifyDenial::UntrustedPeer(problem) => ProblemMessage { problem: *problem, proxy: *proxy }.fmt(f),
            VerifyDenial::ProxyRequired => {
                f.write_str("this gate answers only through its reverse proxy (proxy.required = true)")
            }
            VerifyDenial::ForgedIdentity(header) => write!(
                f,
                "the request brings {header} itself, or a name that applications take for it (`_` or `.` in the place \
                 of `-`); the proxy must remove all of them before it asks. {}",
                Fixes::of(Fix::RemoveIdentity(header)).for_proxy(*proxy)
            ),
        }
    }
}
