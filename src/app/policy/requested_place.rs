//! The place that a logged request was for, as the rules are asked about it.

use std::borrow::Cow;

use super::typed_url::TypedUrl;
use crate::auth::policy::place::Place;
use crate::original::host::Host;
use crate::original::scheme::Scheme;
use crate::proxies::logged_request::LoggedRequest;

/// The site that a log is of, where its lines do not say so.
#[derive(Clone, Copy, Debug)]
pub struct SiteOfLog<'a> {
    host: Host<'a>,
}

impl<'a> SiteOfLog<'a> {
    /// A host, perhaps with a port; without one https is meant.
    pub fn parse(text: &'a str) -> Option<Self> {
        Host::parse(text.as_bytes()).map(|host| Self { host })
    }
}

/// Host, port and path of a logged request.
pub struct RequestedPlace<'l> {
    logged: &'l LoggedRequest<'l>,
    host: Host<'l>,
    scheme: Scheme,
    target: Cow<'l, [u8]>,
}

impl<'l> RequestedPlace<'l> {
    /// Whether the request target is a whole address, which tells the host.
    pub fn names_host(logged: &LoggedRequest<'_>) -> bool {
        TypedUrl::parse(&logged.target).is_ok()
    }

    /// The place; `None` where what the log has is no host. What the log says counts before `site`.
    pub fn of(logged: &'l LoggedRequest<'l>, site: Option<SiteOfLog<'l>>) -> Option<Self> {
        // A target that is a whole address (RFC 9112 section 3.2.2): its host is the one that was
        // asked for, and the rest is what a proxy hands on.
        let address = TypedUrl::parse(&logged.target).ok();
        let host = match (&logged.host, &address) {
            (Some(host), _) => Host::parse(host.as_bytes())?,
            (None, Some(address)) => address.host,
            (None, None) => site?.host,
        };
        let target = address.map_or(Cow::Borrowed(&*logged.target), |address| address.target);
        let plain = host.port() == Some(Scheme::Http.default_port());
        let guessed = if plain { Scheme::Http } else { Scheme::Https };
        Some(Self { logged, host, scheme: logged.scheme.unwrap_or(guessed), target })
    }

    fn port(&self) -> u16 {
        self.host.port().unwrap_or(self.scheme.default_port())
    }

    /// What the rules are asked about.
    pub fn place(&self) -> Place<'_> {
        Place {
            host: self.host.name(),
            port: self.port(),
            path: Some(&self.target),
            method: Some(&self.logged.method),
            client: self.logged.client,
            may_open: true,
        }
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.logged.method
    }

    /// The path without its query.
    pub fn path(&self) -> &[u8] {
        self.target.split(|octet| *octet == b'?').next().unwrap_or_default()
    }

    /// `https://host`, with a port that is not the scheme's own.
    pub fn origin(&self) -> String {
        let (scheme, host) = (self.scheme.as_str(), self.host.name());
        match self.port() {
            port if port == self.scheme.default_port() => format!("{scheme}://{host}"),
            port => format!("{scheme}://{host}:{port}"),
        }
    }
}
