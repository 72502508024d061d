//! What only several keys together can say: contradictions that are refused, and what deserves a warning.

use std::fmt;

use super::{Config, CookiePrefix, ListenAddress, Login, SameSite, Scheme, Trust};

/// With the code alone every user's code opens the door, so each further user makes guessing easier.
pub const MOST_USERS_WITHOUT_NAMES: usize = 20;

/// Keys whose values exclude each other, each with the reason and the way out.
pub fn contradictions(config: &Config) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let session = &config.session;
    if let (Some(domain), Some(url)) = (&session.cookie_domain, &config.public_url) {
        let below = url.host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if !below {
            let why = format!(
                "{domain:?} is neither {:?}, the host of public_url, nor a parent of it: browsers would drop the cookie",
                url.host
            );
            found.push(("session.cookie_domain", why));
        }
    }
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
    if let Some(metrics) = config.metrics.listen
        && metrics.port() != 0
        && config.listen.contains(&ListenAddress::Tcp(metrics))
    {
        found.push(("metrics.listen", format!("{metrics} is the gate's own address: metrics need another one")));
    }
    found
}

/// What works, but probably not as meant.
pub fn warnings(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(url) = &config.public_url
        && url.scheme == Scheme::Http
        && config.session.secure
        && url.host != "localhost"
    {
        found.push(format!(
            "session.secure is true and public_url is {}: browsers drop a Secure cookie that comes over http; \
             use https, or session.secure = false for a trial",
            url.as_str()
        ));
    }
    if config.public_url.is_some() && config.session.cookie_domain.is_none() {
        found.push(
            "public_url is set and session.cookie_domain is not: the session counts on the login host only; \
             set session.cookie_domain to the parent of all protected hosts"
                .to_owned(),
        );
    }
    if config.proxy.trust == Trust::Everybody {
        found.push(
            "proxy.trust is true: every visitor is believed about his own address, so the limit for an address stops \
             nobody; name the proxy's address"
                .to_owned(),
        );
    }
    if config.session.idle.is_some_and(|idle| idle >= config.session.lifetime) {
        found.push("session.idle is not shorter than session.lifetime and never comes into play".to_owned());
    }
    if let Some(metrics) = config.metrics.listen
        && !metrics.ip().to_canonical().is_loopback()
    {
        found.push(format!(
            "metrics.listen is {metrics}: there is no login, and whoever reaches it sees how well his guessing goes; \
             use 127.0.0.1, or a network that only Prometheus shares"
        ));
    }
    found
}

/// More users than a login by code alone is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyUsers {
    users: usize,
}

impl fmt::Display for TooManyUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users and a login by code alone: any user's code opens the door, so guessing gets easier with each of \
             them, and {MOST_USERS_WITHOUT_NAMES} are the most; set login.ask_username = true, or login.accept_odds = \
             true if you accept that",
            self.users
        )
    }
}

impl std::error::Error for TooManyUsers {}

/// Refuses a code-only login for more than [`MOST_USERS_WITHOUT_NAMES`] users, unless the operator accepts the odds.
/// `users` are all users there are, or would be.
pub fn check_user_count(login: &Login, users: usize) -> Result<(), TooManyUsers> {
    if login.ask_username || login.accept_odds || users <= MOST_USERS_WITHOUT_NAMES {
        Ok(())
    } else {
        Err(TooManyUsers { users })
    }
}
