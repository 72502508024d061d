//! The system tests, in one program: what they share is compiled and linked once. A folder is a
//! module, and `cargo test --test system gate::login::` runs a part of it. tests/README.md says
//! what is where.

mod appliance;
mod architecture;
mod binary;
mod browser;
mod crash;
mod docs;
#[path = "fuzz/replay.rs"]
mod fuzz;
mod gate;
mod instructions;
mod monitoring;
mod packages;
mod proxies;
mod soak;
mod store;
mod support;
mod wire;
