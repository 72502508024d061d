//! What several keys together must not say: settings with a contradiction are refused.

use super::public_suffix::is_public_suffix;
use super::settings::{Config, CookiePrefix};
use crate::auth::return_to::is_at_or_below;
use crate::http::cookie::SameSite;
use crate::original::scheme::Scheme;
use crate::server::ListenAddress;

/// Keys whose values exclude each other, each with the reason and the way out.
pub(super) fn contradictions(config: &Config) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let session = &config.session;
    found.extend(refused_domain(config).map(|why| ("session.cookie_domain", why)));
    let https = config.public_url.as_ref().is_some_and(|url| url.scheme == Scheme::Https);
    if !session.secure && https {
        let why = "false with an https public_url: the cookie would also travel in the clear; leave it true";
        found.push(("session.secure", why.to_owned()));
    }
    if session.cookie_prefix == CookiePrefix::Host && session.cookie_domain.is_some() {
        let why = "\"host\" keeps the cookie on one host and excludes session.cookie_domain: set only one of the two";
        found.push(("session.cookie_prefix", why.to_owned()));
    }
    if session.cookie_prefix == CookiePrefix::Host && !session.secure {
        let why = "\"host\" needs session.secure = true: browsers drop such a cookie otherwise";
        found.push(("session.cookie_prefix", why.to_owned()));
    }
    if session.same_site == SameSite::None && !session.secure {
        let why = "\"none\" needs session.secure = true: browsers drop such a cookie otherwise";
        found.push(("session.same_site", why.to_owned()));
    }
    for (at, one) in config.listen.iter().enumerate() {
        for two in config.listen.iter().skip(at + 1).filter(|two| one.collides_with(two)) {
            let why = format!(
                "{one} and {two} cannot be had both, since one holds the other: keep one of the two"
            );
            found.push(("listen", why));
        }
    }
    if let Some(metrics) = config.metrics.listen.map(ListenAddress::Tcp) {
        let taken =
            |own: &&ListenAddress| own.collides_with(&metrics) || own.shares_port_with(&metrics);
        if let Some(own) = config.listen.iter().find(taken) {
            let why = format!(
                "{metrics} is the gate's own address, by {own} of listen: metrics need another port"
            );
            found.push(("metrics.listen", why));
        }
    }
    found
}

/// Why browsers would drop a cookie of `session.cookie_domain`.
fn refused_domain(config: &Config) -> Option<String> {
    let domain = config.session.cookie_domain.as_deref()?;
    if is_public_suffix(domain) {
        return Some(format!(
            "{domain:?} is a public suffix: strangers have names below it, so browsers drop a cookie for all of them"
        ));
    }
    let host = &config.public_url.as_ref()?.host;
    (!is_at_or_below(host, domain)).then(|| {
        format!(
            "{domain:?} is neither {host:?}, the host of public_url, nor a parent of it: browsers would drop the cookie"
        )
    })
}
