//! All settings with their types and defaults, section by section as in the file.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::cloudflare::cloudflare_ranges;
use super::named_networks::{NamedNetworks, built_in_networks};
use super::public_url::PublicUrl;
use crate::auth::policy::rules::Rules;
use crate::http::cookie::SameSite;
use crate::original::client_address::ClientIpHeader;
use crate::original::trust::Trust;
use crate::server::ListenAddress;

/// Everything that can be set, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the gate answers proxies and visitors. Empty: only the sockets that systemd hands
    /// over.
    pub listen: Vec<ListenAddress>,
    /// Where visitors reach the login page; `None`: on each protected host itself.
    pub public_url: Option<PublicUrl>,
    /// Put before every path of ours; empty, or starts with `/` and does not end with one.
    pub path_prefix: String,
    /// Further hosts that a login may return to, lower case.
    pub redirect_hosts: Vec<String>,
    /// `[server]`
    pub server: ServerSettings,
    /// `[session]`
    pub session: SessionSettings,
    /// `[login]`
    pub login: LoginSettings,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[proxy]`
    pub proxy: ProxySettings,
    /// `[identity]`
    pub identity: IdentitySettings,
    /// `[metrics]`
    pub metrics: MetricsSettings,
    /// `[audit]`
    pub audit: AuditSettings,
    /// `[clock]`
    pub clock: ClockSettings,
    /// `[log]`
    pub log: LogSettings,
    /// `[networks]`: ranges by their names, loopback, linklocal and uniquelocal included.
    pub networks: NamedNetworks,
    /// `[[rule]]`: who may go where.
    pub rules: Rules,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Connections held at once, at least 1.
    pub max_connections: usize,
}

/// `[session]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// From login to the end, whatever happens between; never zero.
    pub lifetime: Duration,
    /// A session unused for this long ends; `None`: it lasts for its lifetime.
    pub idle: Option<Duration>,
    /// Without its prefix; [`Config::cookie_name`] is the name that browsers see.
    pub cookie_name: String,
    /// The cookie's `Domain`, without a leading dot; `None`: the cookie stays on the login host.
    pub cookie_domain: Option<String>,
    /// What browsers shall enforce by the name (RFC 6265bis section 4.1.3).
    pub cookie_prefix: CookiePrefix,
    /// The cookie's `Secure` attribute.
    pub secure: bool,
    /// The cookie's `SameSite` attribute.
    pub same_site: SameSite,
    /// How long a proxy may keep a pass; `None`: not at all.
    pub proxy_cache: Option<Duration>,
}

/// A prefix of the session cookie's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePrefix {
    /// The plain name.
    None,
    /// `__Host-`: `Secure`, no `Domain`, `Path=/`.
    Host,
}

/// `[login]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSettings {
    /// The form asks for name and code; else for the code alone.
    pub ask_username: bool,
    /// The operator knows that a code alone is easier to guess with many users.
    pub accept_odds: bool,
    /// Heading of the login page and issuer shown there.
    pub title: String,
    /// Time steps of 30 s accepted before and after the present one, 0 to 2.
    pub skew: u8,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// Failures of one address before it has to wait, at least 1.
    pub attempts: u32,
    /// For how long a failure counts; never zero.
    pub window: Duration,
    /// What is at home beside this machine, link-local and private addresses.
    pub local: Vec<IpNet>,
}

/// `[proxy]`
#[derive(Clone, Debug, PartialEq)]
pub struct ProxySettings {
    /// Whose forwarding headers are believed.
    pub trust: Trust,
    /// Where the visitor's address stands.
    pub client_ip_header: ClientIpHeader,
    /// Addresses of Cloudflare's edge.
    pub cloudflare_ranges: Vec<IpNet>,
    /// Refuse untrusted peers and direct calls.
    pub required: bool,
}

/// `[identity]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// Sent beside the four `Remote-*` headers.
    pub headers: Vec<IdentityHeader>,
    /// `X-Portcullis-*` on passes.
    pub resolver_headers: bool,
}

/// A further header that carries the user's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityHeader {
    /// `X-Forwarded-User`
    XForwardedUser,
    /// `X-Auth-Request-User`
    XAuthRequestUser,
}

impl IdentityHeader {
    /// The header's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XForwardedUser => "X-Forwarded-User",
            Self::XAuthRequestUser => "X-Auth-Request-User",
        }
    }
}

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// A listener of its own; `None`: no metrics.
    pub listen: Option<SocketAddr>,
}

/// `[audit]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// Older lines are removed; never zero.
    pub keep: Duration,
}

/// `[clock]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockSettings {
    /// Whether codes wait until the kernel's clock was synchronised.
    pub require_sync: RequireSync,
}

/// `clock.require_sync`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequireSync {
    /// On boards, which have no clock chip.
    Auto,
    /// Everywhere (`true`).
    Always,
    /// Nowhere (`false`).
    Never,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// Lines below this are not written.
    pub level: log::LevelFilter,
    /// A text line begins with the time; one of JSON always holds it.
    pub time: bool,
}

/// `log.format`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `event key=value key="value with spaces"`
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The name of the session cookie as browsers see it, prefix included.
    pub fn cookie_name(&self) -> String {
        match self.session.cookie_prefix {
            CookiePrefix::None => self.session.cookie_name.clone(),
            CookiePrefix::Host => format!("__Host-{}", self.session.cookie_name),
        }
    }

    /// Puts the values of `old` back where a change needs a restart, and says so in the log.
    pub fn keep_what_needs_a_restart(&mut self, old: &Self) {
        fn keep<T: Clone + PartialEq>(key: &str, new: &mut T, old: &T) {
            if new != old {
                log::warn!("{key} has changed; restart the gate to use the new value");
                new.clone_from(old);
            }
        }
        keep("listen", &mut self.listen, &old.listen);
        keep("server.max_connections", &mut self.server, &old.server);
        keep("metrics.listen", &mut self.metrics, &old.metrics);
        keep("clock.require_sync", &mut self.clock, &old.clock);
        keep("log", &mut self.log, &old.log);
    }

    /// `public_url` and prefix before `/setup`; `None` where no `public_url` is set.
    pub fn setup_address(&self) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{}{}/setup", url.as_str(), self.path_prefix))
    }

    /// `public_url` and prefix before `/login`; `None` where the login page is on the protected
    /// host itself.
    pub fn login_address(&self) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{}{}/login", url.as_str(), self.path_prefix))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 3000)))],
            public_url: None,
            path_prefix: String::new(),
            redirect_hosts: Vec::new(),
            server: ServerSettings { max_connections: 1024 },
            session: SessionSettings {
                lifetime: Duration::from_secs(24 * 3600),
                idle: None,
                cookie_name: "auth_token".to_owned(),
                cookie_domain: None,
                cookie_prefix: CookiePrefix::None,
                secure: true,
                same_site: SameSite::Lax,
                proxy_cache: None,
            },
            login: LoginSettings {
                ask_username: false,
                accept_odds: false,
                title: "Portcullis".to_owned(),
                skew: 1,
            },
            limits: LimitSettings {
                attempts: 5,
                window: Duration::from_secs(15 * 60),
                local: Vec::new(),
            },
            proxy: ProxySettings {
                trust: Trust::default(),
                client_ip_header: ClientIpHeader::XForwardedFor,
                cloudflare_ranges: cloudflare_ranges(),
                required: false,
            },
            identity: IdentitySettings { headers: Vec::new(), resolver_headers: false },
            metrics: MetricsSettings { listen: None },
            audit: AuditSettings { keep: Duration::from_secs(90 * 24 * 3600) },
            clock: ClockSettings { require_sync: RequireSync::Auto },
            log: LogSettings {
                format: LogFormat::Text,
                level: log::LevelFilter::Info,
                time: false,
            },
            networks: built_in_networks(),
            rules: Rules::default(),
        }
    }
}
