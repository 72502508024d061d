//! What the gate reports to its operator while it runs.

pub mod escape;
pub mod log;
pub mod metrics;
pub mod process;
pub mod throttle;
