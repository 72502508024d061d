//! The proxies for which there is a configuration, by name, and the text for each.

use std::fmt;
use std::str::FromStr;

use super::wiring::Wiring;
use super::{caddy, nginx, traefik};
use crate::config::Config;

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

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
