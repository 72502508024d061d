//! What a person with a browser goes through: Chromium, a real Caddy (or nginx) with TLS, the gate, two sites.

#[path = "../support/mod.rs"]
mod support;

mod demo;
mod journey;
mod page;
mod setup;
mod steps;
