//! What a visitor meets behind real proxies, on exactly the configuration that the gate prints for them.
//!
//! Each story is told behind Caddy, nginx as printed, and nginx with its default of HTTP/1.0 towards the gate. Traefik
//! is left out: no Debian package.

mod caddy_only;
mod card;
mod doctor;
mod nginx_only;
mod refusals;
mod setup;
mod whoever;
