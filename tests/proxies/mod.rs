//! What a visitor meets behind real proxies, on exactly the configuration that the gate prints for
//! them.
//!
//! Each story is told behind Caddy, nginx as printed, nginx with its default of HTTP/1.0 towards
//! the gate, Traefik, HAProxy, and Envoy.

mod caddy_only;
mod card;
mod doctor;
mod envoy_only;
mod forms;
mod haproxy_http2;
mod haproxy_only;
mod haproxy_script;
mod hosts;
mod nginx_cache;
mod nginx_only;
mod overrides;
mod overview;
mod passes;
mod passes_page;
mod paths;
mod refusals;
mod replay;
mod resolver;
mod setup;
mod traefik_docker;
mod traefik_only;
mod whoever;
