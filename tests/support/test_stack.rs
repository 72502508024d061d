//! The test stack: a gate, a real proxy with TLS before it, and the sites `app` and `other` behind
//! it.

use std::net::SocketAddr;

use serde_json::Value;

use super::caddy::{Caddy, Ports};
use super::curl;
use super::daemon::{Daemon, Place};
use super::envoy::Envoy;
use super::haproxy::Haproxy;
use super::http::Ask;
use super::nginx::Nginx;
use super::site::Site;
use super::traefik::Traefik;

/// Which proxy stands before the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyKind {
    Caddy,
    Nginx,
    /// nginx as it speaks by default: HTTP/1.0 to the gate, a connection for each question.
    NginxHttp10,
    Traefik,
    Haproxy,
    Envoy,
}

pub const ALL: [ProxyKind; 6] = [
    ProxyKind::Caddy,
    ProxyKind::Nginx,
    ProxyKind::NginxHttp10,
    ProxyKind::Traefik,
    ProxyKind::Haproxy,
    ProxyKind::Envoy,
];

impl ProxyKind {
    /// The gate's address that it asks.
    pub const fn asks_at(self) -> &'static str {
        match self {
            Self::Caddy => "/verify/caddy",
            Self::Nginx | Self::NginxHttp10 => "/verify/nginx",
            Self::Traefik => "/verify/traefik",
            Self::Haproxy => "/verify/haproxy",
            Self::Envoy => "/verify/envoy",
        }
    }

    /// Whether a request line may hold octets above ASCII; where not, the proxy answers 400.
    pub const fn takes_octets_above_ascii(self) -> bool {
        !matches!(self, Self::Haproxy | Self::Envoy)
    }

    /// Whether a request line may hold any whole address; where not, it answers 400 to another
    /// host than that of `Host`, and may do so to an address without a path.
    pub const fn takes_any_whole_address(self) -> bool {
        !matches!(self, Self::Haproxy)
    }

    /// What a stranger gets who asks for a WebSocket without a key; `None` where the proxy tells
    /// the gate of the key alone.
    pub const fn answers_upgrade_without_key(self) -> Option<u16> {
        match self {
            Self::Caddy | Self::Nginx | Self::NginxHttp10 => Some(401),
            Self::Traefik => None,
            Self::Haproxy => Some(400),
            Self::Envoy => Some(401),
        }
    }

    /// Whether `Connection` may name the headers that the proxy itself sets; where it may not, the
    /// proxy answers 400.
    pub const fn takes_own_headers_as_options(self) -> bool {
        !matches!(self, Self::Envoy)
    }
}

pub struct TestStack {
    pub gate: Daemon,
    pub proxy: RunningProxy,
    pub app: Site,
    pub other: Site,
    pub ports: Ports,
}

/// The proxy that runs.
pub enum RunningProxy {
    Caddy(Caddy),
    /// Held until the end.
    Nginx {
        _nginx: Nginx,
    },
    /// The same.
    Traefik {
        _traefik: Traefik,
    },
    Haproxy(Haproxy),
    /// The same.
    Envoy {
        _envoy: Envoy,
    },
}

impl RunningProxy {
    /// The proxy on what the gate at `place` prints, before sites by these names.
    pub fn start(
        kind: ProxyKind,
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
    ) -> Self {
        match kind {
            ProxyKind::Caddy => RunningProxy::Caddy(Caddy::start(place, ports, sites, edit)),
            ProxyKind::Nginx => {
                RunningProxy::Nginx { _nginx: Nginx::start(place, ports, sites, edit) }
            }
            ProxyKind::NginxHttp10 => {
                let edit = |text| by_http_10(edit(text));
                RunningProxy::Nginx { _nginx: Nginx::start(place, ports, sites, edit) }
            }
            ProxyKind::Traefik => {
                RunningProxy::Traefik { _traefik: Traefik::start(place, ports, sites, edit) }
            }
            ProxyKind::Haproxy => RunningProxy::Haproxy(Haproxy::start(place, ports, sites, edit)),
            ProxyKind::Envoy => {
                RunningProxy::Envoy { _envoy: Envoy::start(place, ports, sites, edit) }
            }
        }
    }
}

impl TestStack {
    /// Everything behind one proxy, with more settings for the gate where wanted.
    pub fn behind(kind: ProxyKind, settings: &str) -> Self {
        let ports = Ports::free();
        let place = Place::new(&with_public_url(ports.https, settings));
        Self::around(place, kind, ports)
    }

    /// The same around a place that was prepared.
    pub fn around(place: Place, kind: ProxyKind, ports: Ports) -> Self {
        Self::of(place, kind, ports, "app.example.test")
    }

    /// The same with another name for `app`.
    pub fn of(place: Place, kind: ProxyKind, ports: Ports, name: &str) -> Self {
        Self::changed(place, kind, ports, name, |text| text)
    }

    /// Everything behind a proxy whose printed configuration was changed.
    pub fn behind_changed(
        kind: ProxyKind,
        settings: &str,
        edit: impl Fn(String) -> String,
    ) -> Self {
        let ports = Ports::free();
        let place = Place::new(&with_public_url(ports.https, settings));
        Self::changed(place, kind, ports, "app.example.test", edit)
    }

    /// The same around a place that was prepared, with another name for `app`.
    pub fn changed(
        place: Place,
        kind: ProxyKind,
        ports: Ports,
        name: &str,
        edit: impl Fn(String) -> String,
    ) -> Self {
        let gate = place.start();
        let (app, other) = (Site::start("app"), Site::start("other"));
        let sites: [(&str, SocketAddr); 2] =
            [(name, app.address), ("other.example.test", other.address)];
        let proxy = RunningProxy::start(kind, &gate.place, ports, &sites, edit);
        Self { gate, proxy, app, other, ports }
    }

    /// A page's https address on one of the names.
    pub fn url(&self, name: &str, rest: &str) -> String {
        format!("https://{name}.example.test:{}{rest}", self.ports.https)
    }

    /// Where the proxy takes plain http.
    pub fn http(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.http))
    }

    /// `name.example.test:port` for plain http.
    pub fn host(&self, name: &str) -> String {
        format!("{name}.example.test:{}", self.ports.http)
    }

    /// A request for a page of `app` by plain http, as a browser loads it.
    pub fn page_load(&self, target: &str) -> Ask {
        Ask::get(target).header("Host", self.host("app")).by_page_load()
    }

    /// The addresses whose failures the gate counts, in the order of their letters.
    pub fn counted_addresses(&self) -> Vec<String> {
        let limits = self.gate.place.json(&["limit", "list"]);
        let of_addresses =
            limits.as_array().into_iter().flatten().filter(|entry| entry["kind"] == "address");
        let key = |entry: &Value| entry["key"].as_str().expect("an address").to_owned();
        let mut addresses: Vec<_> = of_addresses.map(key).collect();
        addresses.sort_unstable();
        addresses
    }

    /// The status that a visitor gets who posts a code to the login page and claims to come from
    /// `claimed`.
    pub fn post_code(&self, code: &str, claimed: &str) -> u16 {
        let mut command = curl::command();
        command.args(["--insecure", "--output", "/dev/null"]);
        command.args(["--resolve", &format!("auth.example.test:{}:127.0.0.1", self.ports.https)]);
        for name in ["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "X_Forwarded_For"] {
            command.args(["--header", &format!("{name}: {claimed}")]);
        }
        command.args([
            "--write-out",
            "%{http_code}",
            "--data-urlencode",
            &format!("otp={code}"),
            &self.url("auth", "/login"),
        ]);
        let done = curl::run(&mut command);
        done.out.parse().unwrap_or_else(|_| panic!("no status: {done:?}"))
    }
}

/// The settings of a gate with its login page at `auth` and that port.
pub fn with_public_url(port: u16, settings: &str) -> String {
    format!(
        "public_url = \"https://auth.example.test:{port}\"\n[session]\ncookie_domain = \"example.test\"\n{settings}\n"
    )
}

/// What makes nginx speak HTTP/1.1 to the gate is left out; what makes it so towards the site
/// stays.
fn by_http_10(text: String) -> String {
    let both = |indent: &str| {
        format!("{indent}proxy_http_version 1.1;\n{indent}proxy_set_header Connection \"\";\n")
    };
    let mut text = text;
    for indent in ["            ", "        ", "    ", ""].map(both) {
        text = text.replace(&indent, "");
    }
    assert!(!text.contains("Connection \"\""), "{text}");
    text
}
