//! `proxy print`: a complete configuration of the proxy in front, from the settings that are in
//! force.
//!
//! Guarantees: what is printed works as it stands, with one protected example site; identity
//! headers that a visitor invents never reach the gate nor the site; names, ports and paths are
//! those of the settings. Every form was tried with the real proxy (`tests/proxies`).
//!
//! Leaves out: certificates, the sites' own addresses (the example's are to be replaced), and
//! reading what a proxy sent (`original::forwarded`).

mod caddy;
mod claims;
mod nginx;
mod proxy;
mod template;
mod traefik;
mod wiring;

pub use caddy::{CADDY_ORDER, caddy_snippets};
pub use proxy::{Proxy, print};
