//! What every printed configuration is made from: the ways into the gate, the sites, the headers.
//!
//! Guarantees: there is always a way in and an example site; a listener on all addresses is named
//! by the one that a proxy on the same machine reaches it by.

use crate::config::{Config, ListenAddress, Scheme};

/// Where the example's application listens.
pub(super) const APPLICATION: &str = "127.0.0.1:8080";

/// A site, by the name that visitors use.
#[derive(Clone)]
pub struct ExampleSite {
    /// How visitors speak to it.
    pub scheme: Scheme,
    /// Its host, an IPv6 address in its brackets.
    pub host: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
}

/// What all proxies need to know of the gate that they ask.
pub struct Deployment<'c> {
    /// The settings.
    pub config: &'c Config,
    /// Every way in, in the order of `listen`; never empty.
    pub gates: Vec<ListenAddress>,
    /// The login page's site; nothing where it is on the protected site itself.
    pub login: Option<ExampleSite>,
    /// The example of a protected site.
    pub app: ExampleSite,
    /// Headers that carry the gate's word to the site.
    pub identity: Vec<&'static str>,
    /// The gate's own pages, which need no session, by their paths behind `path_prefix`.
    open_pages: &'static [&'static str],
}

impl<'c> Deployment<'c> {
    /// Of a gate with these settings, which says who a user is in the headers `identity` and has
    /// these pages that visitors need without a session, by their paths behind `path_prefix`.
    pub fn new(
        config: &'c Config,
        identity: Vec<&'static str>,
        open_pages: &'static [&'static str],
    ) -> Self {
        let mut gates: Vec<_> = config.listen.iter().map(reachable).collect();
        if gates.is_empty() {
            gates.push(ListenAddress::Tcp(([127, 0, 0, 1], 3000).into()));
        }
        let public = config.public_url.as_ref();
        let site = public.map(|url| ExampleSite {
            scheme: url.scheme,
            host: url.host.clone(),
            port: url.port,
        });
        // Without a cookie domain the session is seen by the login page's own host alone, so
        // nothing else can be behind it.
        let (login, app) = match (site, &config.session.cookie_domain) {
            (Some(login), Some(domain)) => {
                let host = ["app", "site"]
                    .map(|label| format!("{label}.{domain}"))
                    .into_iter()
                    .find(|h| *h != login.host);
                let host = host.unwrap_or_else(|| domain.clone());
                (Some(login.clone()), ExampleSite { host, ..login })
            }
            (Some(site), None) => (None, site),
            (None, domain) => {
                let domain = domain.as_deref().unwrap_or("example.com");
                let scheme = if config.session.secure { Scheme::Https } else { Scheme::Http };
                (None, ExampleSite { scheme, host: format!("app.{domain}"), port: None })
            }
        };
        Self { config, gates, login, app, identity, open_pages }
    }

    /// The first way in, as the settings have it.
    pub fn gate(&self) -> &ListenAddress {
        self.gates.first().unwrap_or(&FALLBACK)
    }

    /// `path_prefix`.
    pub fn prefix(&self) -> &str {
        &self.config.path_prefix
    }

    /// Path prefixes that belong to the gate on a host that it shares with a site.
    pub fn pages(&self) -> Vec<&str> {
        if self.prefix().is_empty() { self.open_pages.to_vec() } else { vec![self.prefix()] }
    }
}

static FALLBACK: ListenAddress = ListenAddress::Tcp(std::net::SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    3000,
));

/// A listener on all addresses is reached through loopback by a proxy on the same machine.
fn reachable(listen: &ListenAddress) -> ListenAddress {
    match listen {
        ListenAddress::Tcp(address) if address.ip().is_unspecified() => {
            let mut address = *address;
            address.set_ip(if address.is_ipv4() {
                std::net::Ipv4Addr::LOCALHOST.into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
            ListenAddress::Tcp(address)
        }
        other => other.clone(),
    }
}
