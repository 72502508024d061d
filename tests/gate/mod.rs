//! The daemon by itself, as a proxy and a visitor see it: statuses and headers, the limits, the
//! command line, and what survives a restart.

mod audit;
mod backup;
mod clock;
mod codes;
mod command_line;
mod doctor;
mod identity;
mod life;
mod limits;
mod log;
mod login;
mod logout;
mod metrics;
mod passes;
mod policy;
mod privacy;
mod queue;
mod refusal;
mod resolve;
mod return_address;
mod rules;
mod scripted_worker;
mod session;
mod setup;
mod threats;
