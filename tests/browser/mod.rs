//! What a person with a browser goes through: Chromium, a real Caddy (or nginx) with TLS, the gate,
//! two sites.

mod demo;
mod journey;
mod page;
mod pictures;
mod setup;
mod steps;
