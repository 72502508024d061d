//! `proxy print`: a complete configuration of the proxy in front, from the settings that are in
//! force.
//!
//! Guarantees: what is printed works as it stands, with one protected example site; identity
//! headers that a visitor invents never reach the gate nor the site; names, ports and paths are
//! those of the settings. Every form was tried with the real proxy (`tests/proxies`).
//!
//! Leaves out: certificates, the sites' own addresses (the example's are to be replaced), and
//! reading what a proxy sent (`http::forwarded`).

mod caddy;
mod nginx;
mod traefik;

use std::fmt;
use std::str::FromStr;

use crate::app::identity;
use crate::app::router::PAGES;
use crate::config::ListenAddress;
use crate::config::{ClientIpHeader, Config, Scheme};

/// A proxy whose configuration can be printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proxy {
    /// A Caddyfile, for Caddy 2.11.4 or later.
    Caddy,
    /// An `nginx.conf`, for nginx 1.22 or later built with `auth_request`.
    Nginx,
    /// A file for Traefik's file provider, for Traefik 3.7.12 or later.
    Traefik,
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "caddy" => Ok(Self::Caddy),
            "nginx" => Ok(Self::Nginx),
            "traefik" => Ok(Self::Traefik),
            other => Err(format!(
                "no configuration for `{other}`; there is one for caddy, nginx and traefik"
            )),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caddy => "caddy",
            Self::Nginx => "nginx",
            Self::Traefik => "traefik",
        })
    }
}

/// The text of a configuration file for `proxy`, ending with a line end. Needs neither store nor
/// secret.
pub fn print(proxy: Proxy, config: &Config) -> String {
    let wiring = Wiring::new(config);
    match proxy {
        Proxy::Caddy => caddy::print(&wiring),
        Proxy::Nginx => nginx::print(&wiring),
        Proxy::Traefik => traefik::print(&wiring),
    }
}

/// The line that Caddy's global options need wherever [`caddy_snippets`] are used: without it a
/// visitor's own identity headers would be removed after the gate's were added, with them.
pub const CADDY_ORDER: &str = "order request_header before forward_auth";

/// The parts of a Caddyfile that a protected site is made of, for who writes the sites:
/// `(portcullis)` asks the gate, `(portcullis_pages)` leads to its own pages. Ends with an empty
/// line.
pub fn caddy_snippets(config: &Config) -> String {
    caddy::snippets(&Wiring::new(config))
}

/// Where the example's application listens.
const APPLICATION: &str = "127.0.0.1:8080";

/// What a visitor may not tell a site about his address and his request, and no printed
/// configuration sets: some applications believe it.
const CLAIMS: [&str; 11] = [
    "Forwarded",
    "X-Forwarded-Port",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Prefix",
    "X-Original-URL",
    "X-Original-URI",
    "X-Original-Method",
    "X-Rewrite-URL",
    "X-Client-IP",
    "True-Client-IP",
];

/// What all proxies need to know of the settings.
struct Wiring<'c> {
    config: &'c Config,
    /// Every way in, in the order of `listen`; never empty.
    gates: Vec<ListenAddress>,
    /// The login page's site; nothing where it is on the protected site itself.
    login: Option<Site>,
    /// The example of a protected site.
    app: Site,
    /// Headers that carry the gate's word to the site.
    identity: Vec<&'static str>,
}

/// One name that visitors use.
#[derive(Clone)]
struct Site {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
}

impl<'c> Wiring<'c> {
    fn new(config: &'c Config) -> Self {
        let mut gates: Vec<_> = config.listen.iter().map(reachable).collect();
        if gates.is_empty() {
            gates.push(ListenAddress::Tcp(([127, 0, 0, 1], 3000).into()));
        }
        let public = config.public_url.as_ref();
        let site =
            public.map(|url| Site { scheme: url.scheme, host: url.host.clone(), port: url.port });
        // Without a cookie domain the session is seen by the login page's own host alone, so
        // nothing else can be behind it.
        let (login, app) = match (site, &config.session.cookie_domain) {
            (Some(login), Some(domain)) => {
                let host = ["app", "site"]
                    .map(|label| format!("{label}.{domain}"))
                    .into_iter()
                    .find(|h| *h != login.host);
                let host = host.unwrap_or_else(|| domain.clone());
                (Some(login.clone()), Site { host, ..login })
            }
            (Some(site), None) => (None, site),
            (None, domain) => {
                let domain = domain.as_deref().unwrap_or("example.com");
                let scheme = if config.session.secure { Scheme::Https } else { Scheme::Http };
                (None, Site { scheme, host: format!("app.{domain}"), port: None })
            }
        };
        Self { config, gates, login, app, identity: identity::header_names(config) }
    }

    /// The first way in, as the settings have it.
    fn gate(&self) -> &ListenAddress {
        self.gates.first().unwrap_or(&FALLBACK)
    }

    fn prefix(&self) -> &str {
        &self.config.path_prefix
    }

    /// Path prefixes that belong to the gate on a host that it shares with a site.
    fn pages(&self) -> Vec<&str> {
        if self.prefix().is_empty() { PAGES.to_vec() } else { vec![self.prefix()] }
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

/// [`CLAIMS`], and Cloudflare's word on the address where nobody expects it.
fn claims(config: &Config) -> impl Iterator<Item = &'static str> {
    let cloudflare = config.proxy.client_ip_header != ClientIpHeader::CfConnectingIp;
    CLAIMS.into_iter().chain(cloudflare.then_some("CF-Connecting-IP"))
}

/// Puts values in the places of `<name>`.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
}

/// One line a value, each behind `before` and before `after`.
fn lines<T: AsRef<str>>(values: impl IntoIterator<Item = T>, before: &str, after: &str) -> String {
    values.into_iter().map(|value| format!("{before}{}{after}\n", value.as_ref())).collect()
}

/// A name with every choice of `-` and `_`: many applications take all of them for the same header.
fn spellings(name: &str) -> Vec<String> {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(vec![first], |spelled, part| {
        spelled
            .iter()
            .flat_map(|start| [format!("{start}-{part}"), format!("{start}_{part}")])
            .collect()
    })
}

/// Adds `indent` before each line that is not empty.
fn indented(text: &str, indent: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") })
        .collect()
}

#[cfg(test)]
#[path = "proxy_print_tests.rs"]
mod tests;
