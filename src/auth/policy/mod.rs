//! Who may go where: `[[rule]]` of the settings.
//!
//! [`rule`] is one rule, [`host_pattern`] and [`path_pattern`] are what it names; [`rules`] is the
//! whole list, which [`rules::Rules::judge`] asks about a [`place`]. [`plain_path`] says which
//! paths may be open at all, [`path_readings`] what servers may take any other path for. A
//! [`scope`] is where a pass is good.

mod client_network;
pub mod coverage;
pub mod host_pattern;
mod judgement;
mod letter_case;
mod path_glob;
pub mod path_pattern;
pub mod path_readings;
mod path_steps;
pub mod place;
pub mod plain_path;
pub mod rule;
pub mod rules;
mod rules_by_host;
pub mod ruling;
pub mod scope;
#[cfg(test)]
mod testing;
