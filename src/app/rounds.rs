//! Logins that go round: the browser is sent to where it wanted to go and comes back without the
//! session cookie, because it does not keep it, or does not send it there. After the third time
//! within ten seconds the visitor gets a page that names the likely cause instead of one more
//! redirect.
//!
//! Guarantees: fixed room, whoever comes; only a login, or a living session that was led on, begins
//! a trip, so strangers cannot push trips out. A verify pays one comparison while nobody has been
//! led anywhere lately, and never allocates.

use std::fmt;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use crate::auth::limiter::AddressKey;
use crate::auth::return_to::is_at_or_below;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::http::request::Head;
use crate::original::request::{Arrival, OriginalRequest};
use crate::original::scheme::Scheme;

use crate::app::manner::{Manner, manner, method};

/// How close together the returns of one loop are.
const WITHIN: Duration = Duration::from_secs(10);
/// The return that is one too many.
const TOO_MANY: usize = 3;
/// Trips that are remembered.
const MOST: usize = 256;

/// One client's way to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip(u64);

/// What is remembered of a trip.
#[derive(Clone, Copy)]
struct Entry {
    trip: Trip,
    /// When the visitor was last led to the address.
    led: Timestamp,
    /// Whether he is still on the way.
    is_away: bool,
    /// When he last came back without a cookie, the latest first.
    returns: [Option<Timestamp>; TOO_MANY],
}

/// Everybody who was led somewhere lately.
pub struct Rounds {
    entries: heapless::Vec<Entry, MOST>,
    latest: Timestamp,
    hasher: RandomState,
}

impl Rounds {
    /// Nobody yet.
    pub fn new() -> Self {
        Self {
            entries: heapless::Vec::new(),
            latest: Timestamp::default(),
            hasher: RandomState::new(),
        }
    }

    /// The way of a visitor of the login page at `origin` to the checked address `next`; none to
    /// `/`, which is the gate's own page.
    pub fn trip(&self, client: IpAddr, origin: &[u8], next: &str) -> Option<Trip> {
        let address = next.split('#').next().unwrap_or_default();
        (address != "/").then(|| {
            let mut hasher = self.hasher_of(client);
            if address.starts_with('/') {
                write(&mut hasher, origin);
            }
            write(&mut hasher, address.as_bytes());
            Trip(hasher.finish())
        })
    }

    /// The visitor is led to where he wanted to go.
    pub fn led(&mut self, trip: Trip, now: Timestamp) {
        self.latest = now;
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.trip == trip) {
            (entry.led, entry.is_away) = (now, true);
            return;
        }
        let entry = Entry { trip, led: now, is_away: true, returns: [None; TOO_MANY] };
        if let Err(entry) = self.entries.push(entry)
            && let Some(oldest) = self.entries.iter_mut().min_by_key(|entry| entry.led)
        {
            *oldest = entry;
        }
    }

    /// Whether this question without any session cookie is of a visitor who goes round. A page that
    /// the visitor sees counts, nothing that the browser fetches beside it or ahead of it.
    pub fn go_round(
        &mut self,
        head: &Head<'_>,
        visit: &OriginalRequest<'_>,
        now: Timestamp,
    ) -> bool {
        let is_idle = now.since(self.latest) > WITHIN;
        if is_idle || visit.arrival != Arrival::Proxied || !is_page_load(head, visit) {
            return false;
        }
        let mut hasher = self.hasher_of(visit.client);
        visit.write_origin(&mut |part| write(&mut hasher, part));
        visit.write_path(&mut |part| write(&mut hasher, part));
        let trip = Trip(hasher.finish());
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.trip == trip) else {
            return false;
        };
        if std::mem::take(&mut entry.is_away) {
            entry.returns.rotate_right(1);
            if let Some(first) = entry.returns.first_mut() {
                *first = Some(now);
            }
        }
        // Asked once more about the same return (as nginx does for the page), the answer is the
        // same.
        entry.returns.iter().all(|time| time.is_some_and(|time| now.since(time) <= WITHIN))
    }

    fn hasher_of(&self, client: IpAddr) -> DefaultHasher {
        let mut hasher = self.hasher.build_hasher();
        AddressKey::from(client).hash(&mut hasher);
        hasher
    }
}

/// Octet by octet, so that an address is the same in whatever pieces it comes.
fn write(hasher: &mut DefaultHasher, part: &[u8]) {
    part.iter().for_each(|octet| hasher.write_u8(*octet));
}

/// Fetch Metadata, and the Speculation Rules' `Sec-Purpose`.
fn is_page_load(head: &Head<'_>, visit: &OriginalRequest<'_>) -> bool {
    let is = |name: &str, wanted: &[u8]| {
        head.headers.all(name).all(|value| value.eq_ignore_ascii_case(wanted))
    };
    method(head, visit) == "GET"
        && manner(head, visit) == Manner::Page
        && is("Sec-Fetch-Dest", b"document")
        && head.headers.all("Sec-Purpose").next().is_none()
}

/// Whether the proxy says that a place is plain http, where browsers send no `Secure` cookie, but
/// to `localhost`.
pub fn is_plain_http(config: &Config, visit: &OriginalRequest<'_>) -> bool {
    config.session.secure
        && visit.arrival == Arrival::Proxied
        && visit.scheme == Scheme::Http
        && visit.host.is_some_and(|host| !host.is_loopback())
}

/// Why browsers do not send the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is `Secure`, and the site is plain http.
    PlainHttp,
    /// `session.cookie_domain` is empty, so that it stays on the login page's host.
    NoDomain,
    /// The site's host is neither `session.cookie_domain` nor below it.
    OtherDomain,
    /// Nothing in the settings says why.
    Unknown,
}

impl Cause {
    /// The likely one, for a site that was asked for.
    pub fn of(config: &Config, visit: &OriginalRequest<'_>) -> Self {
        if is_plain_http(config, visit) {
            return Self::PlainHttp;
        }
        let host = visit.host.map_or("", |host| host.name());
        match (&config.session.cookie_domain, &config.public_url) {
            (Some(domain), _) if !is_at_or_below(host, domain) => Self::OtherDomain,
            (None, Some(url)) if !url.host.eq_ignore_ascii_case(host) => Self::NoDomain,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlainHttp => {
                "the session cookie is Secure, and the proxy says that this site is plain http: serve it over https, or \
                 set session.secure = false where everything, public_url too, is plain http"
            }
            Self::NoDomain => {
                "session.cookie_domain is empty, so the cookie stays on the login page's host: set it to the domain that \
                 login page and sites share"
            }
            Self::OtherDomain => {
                "this site's host is neither session.cookie_domain nor below it, so browsers do not send the cookie here: \
                 give the site a name below that domain"
            }
            Self::Unknown => {
                "the browser blocks cookies or keeps an old one of that name (delete this site's cookies), \
                 session.cookie_domain is a public suffix, whose cookies browsers drop, or the proxy does not pass Cookie \
                 and Host on to the gate"
            }
        })
    }
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
