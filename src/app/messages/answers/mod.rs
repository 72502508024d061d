//! What commands are answered with: one definition for the control socket, the command line and
//! its `--json`. Members stand in the order in which they are written, which is the alphabet's.

pub mod audit;
pub mod backup;
pub mod clock;
pub mod doctor;
pub mod limits;
mod object;
pub mod passes;
pub mod sessions;
pub mod setup;
pub mod users;
