//! The command line: reads words, environment and settings, asks the daemon or opens the store, and
//! says what came of it, to people or (`--json`) to scripts.
//!
//! `serve`, `config`, `policy`, `proxy`, `healthcheck` and `version` work without a store; `user`,
//! `session`, `pass`, `limit`, `clock`, `audit`, `backup`, `restore`, `doctor` and `-generate` ask
//! the running daemon through its control socket, and open the store themselves where none runs.

pub mod arguments;
mod audit;
pub mod backend;
mod backup;
mod client;
mod clock;
mod command_line;
mod configuration;
pub mod console;
mod credentials;
mod dashed_id;
mod doctor;
pub mod exchange;
pub mod exit;
mod global_options;
mod healthcheck;
mod limits;
mod output;
mod passes;
mod passphrase;
pub mod places;
mod policy;
mod policy_text;
mod program;
mod proxy_explain;
pub mod proxy_print;
pub mod qr;
mod sessions;
mod setup;
mod users;
mod verbs;

pub use self::command_line::{run, run_with};
pub use self::credentials::welcome;
