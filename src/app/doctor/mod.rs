//! `doctor`: is everything about this gate as it should be, and if not, what is to be done?
//!
//! The worker looks at the machine, the store and the gate; every check is a pure function from
//! those [`facts`] to findings, one file a subject. Guarantees: orders no change, shows no
//! secret, and looks at no network; where no gate runs a start is tried with a copy of the store.
//! Each finding that is worse than a note has a remedy, as a line to copy.

mod clock;
pub mod emptied;
pub mod examine;
pub mod facts;
mod files;
pub mod finding;
mod limits;
mod passes;
mod people;
mod process;
mod proxies;
mod rules;
mod secret;
mod settings;
mod store;
pub mod surroundings;

pub use examine::{examine, report};
