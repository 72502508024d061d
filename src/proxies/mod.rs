//! The reverse proxies that the gate knows, one file each: all that is theirs alone.
//!
//! A proxy's file holds its addresses below `/verify`, the headers in which it forwards the
//! original request, the forms of an answer that it passes on, the lines that fix its
//! configuration, the form of its access log, and its configuration as `portcullis proxy print`
//! writes it. Guarantees: nothing else in the program names a proxy. A further one is a further
//! file and its `mod` line here: `build.rs` finds its `PROXY` and puts it into [`all::ALL`].
//!
//! What is printed works as it stands, with one protected example site, and identity headers that a
//! visitor invents reach neither the gate nor the site: every form was tried with the real proxy
//! (`tests/proxies`). Leaves out certificates, the sites' own addresses, and reading what a proxy
//! forwards ([`crate::original`]).

pub mod all;
pub mod caddy;
pub mod claims;
mod combined_log;
mod default_server;
pub mod deployment;
mod envoy;
pub mod fix;
pub mod fixes;
mod haproxy;
pub mod logged_request;
mod nginx;
pub mod problem_message;
pub mod reverse_proxy;
mod template;
mod traefik;

#[cfg(test)]
pub mod sixth;
