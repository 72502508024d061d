//! Portcullis: the gatekeeper of a homelab.
//!
//! Read in this order: [`app`] says what each address answers, [`auth`] holds the rules,
//! [`original`] reads what a visitor asked the proxy for, [`proxies`] knows what is particular to
//! each proxy, [`http`] turns bytes into messages and back, [`server`] moves the bytes, [`ledger`]
//! keeps what must survive a pulled plug.

// A panic ends the daemon, so nothing that comes from outside may reach one. Tests may panic: that
// is how they fail.
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::exit,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod app;
pub mod auth;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod entropy;
pub mod http;
pub mod ledger;
pub mod original;
pub mod proxies;
pub mod qr;
pub mod run;
pub mod secret;
pub mod server;

pub mod sys;
pub mod telemetry;
