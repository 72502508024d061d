//! The server as a stranger with a raw socket sees it: framing, limits, slow clients, crowds
//! (`tests/vectors/cves.md`).

mod client;
mod connections;
mod crowds;
mod framing;
mod gate;
mod messages;
mod process;
mod slow;
