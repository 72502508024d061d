//! What works, but probably not as meant: settings that deserve a warning, and more users than a
//! login by code alone is made for.

use std::fmt;

use super::advice::Advice;
use super::loaded::Loaded;
use super::raw::Raw;
use super::settings::{Config, LoginSettings};
use crate::auth::return_to::is_at_or_below;
use crate::original::scheme::Scheme;
use crate::original::trust::Trust;
use crate::server::ListenAddress;

/// With the code alone every user's code opens the door, so each further user makes guessing
/// easier.
pub const MOST_USERS_WITHOUT_NAMES: usize = 20;

/// What to write in the place of a value that was refused for what the others say.
pub fn better(config: &Config, key: &str) -> Option<Advice> {
    Advice::widest_domain(config).filter(|_| key == "session.cookie_domain")
}

/// Something that works, but probably not as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What will surprise.
    pub found: String,
    /// What to write instead.
    pub remedy: Advice,
}

impl Warning {
    /// For a line of the log.
    pub fn in_words(&self, loaded: &Loaded) -> String {
        format!("{}; write {}", self.found, self.remedy.in_words(loaded))
    }
}

/// What works, but probably not as meant, and can be put right by a line that the settings' own
/// checks take.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |what: String, remedy: Option<Advice>| {
        found.extend(remedy.map(|remedy| Warning { found: what, remedy }));
    };
    let text = |value: &str| Raw::Text(value.to_owned());
    let session = &config.session;
    if let Some(url) = &config.public_url {
        if url.scheme == Scheme::Http && session.secure && url.host != "localhost" {
            let what = format!(
                "session.secure is true and public_url is {}: browsers drop a Secure cookie that comes over http",
                url.as_str()
            );
            let remedy =
                Advice::checked(config, "public_url", text(&format!("https://{}", url.host)));
            let trial = "for a trial over http, instead: secure = false below [session]";
            warn(what, remedy.map(|remedy| remedy.remarked(trial)));
        }
        if session.cookie_domain.is_none() {
            let what = "public_url is set and session.cookie_domain is not: the session counts on the login host only";
            warn(what.to_owned(), Advice::widest_domain(config));
        }
    }
    if session.idle.is_some_and(|idle| idle >= session.lifetime) {
        let what = "session.idle is not shorter than session.lifetime and never comes into play";
        warn(what.to_owned(), Advice::checked(config, "session.idle", text("")));
    }
    if let Some(domain) = &session.cookie_domain {
        let reaches = |host: &str| is_at_or_below(host, domain);
        for host in config.redirect_hosts.iter().filter(|host| !reaches(host)) {
            let what = format!(
                "redirect_hosts lists {host:?}, which the cookie of session.cookie_domain {domain:?} never reaches: \
                 a login for it would go round for ever"
            );
            let others =
                config.redirect_hosts.iter().filter(|other| reaches(other)).cloned().collect();
            warn(what, Advice::checked(config, "redirect_hosts", Raw::List(others)));
        }
    }
    let everybody = matches!(config.proxy.trust, Trust::Everybody | Trust::Hops(1..));
    let mut open = config.listen.iter().filter(|_| everybody).filter_map(|address| match address {
        ListenAddress::Tcp(socket) if !socket.ip().is_loopback() => Some(socket),
        _ => None,
    });
    let remedy = Advice::checked(config, "proxy.trust", Raw::List(vec!["loopback".to_owned()]));
    let remedy = remedy
        .map(|remedy| remedy.remarked("and the proxy's address, where it is another machine"));
    if let Some(socket) = open.next() {
        let what = format!(
            "proxy.trust is {} and the gate listens on {socket}: whoever reaches that port is believed to be a proxy",
            config.proxy.trust
        );
        warn(what, remedy);
    } else if config.proxy.trust == Trust::Everybody {
        let what = "proxy.trust is true: every visitor is believed about his own address, so the limit for an address \
                    stops nobody";
        warn(what.to_owned(), remedy);
    }
    if let Some(metrics) = config.metrics.listen
        && !metrics.ip().to_canonical().is_loopback()
    {
        let what = format!(
            "metrics.listen is {metrics}: there is no login, and whoever reaches it sees how well his guessing goes"
        );
        let port = metrics.port();
        let values = [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), String::new()];
        let remedy = Advice::first(config, "metrics.listen", values.into_iter().map(Raw::Text));
        warn(
            what,
            remedy.map(|remedy| remedy.remarked("or a network that only Prometheus shares")),
        );
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

/// Refuses a code-only login for more than [`MOST_USERS_WITHOUT_NAMES`] users, unless the operator
/// accepts the odds. `users` are all users there are, or would be.
pub fn check_user_count(login: &LoginSettings, users: usize) -> Result<(), TooManyUsers> {
    if login.ask_username || login.accept_odds || users <= MOST_USERS_WITHOUT_NAMES {
        Ok(())
    } else {
        Err(TooManyUsers { users })
    }
}
