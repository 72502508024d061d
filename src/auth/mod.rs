//! The gate's rules: codes, sessions, limits, return addresses. Pure: time and randomness are
//! arguments, nothing here does I/O.

pub mod access_pass;
pub mod audit;
mod authenticator;
mod claims;
mod code;
pub mod device;
pub mod event;
pub mod guess_budget;
mod key_id;
pub mod keyring;
pub mod limiter;
pub mod network;
mod own_bits;
pub mod pending_enrolment;
mod percent;
pub mod policy;
pub mod repetition;
mod resolved_path;
pub mod return_to;
pub mod seed;
pub mod session;
pub mod sessions;
pub mod setup;
pub mod setup_code;
#[cfg(test)]
pub mod testing;
mod time_step;
pub mod token;
mod token_cache;
mod token_length;
pub mod totp;
pub mod trusted_time;
pub mod typed;
pub mod user;
mod user_name;
