//! What the loop and the worker say to each other. Names no handler.

pub mod command;
pub mod effect;
pub mod enrolment;
pub mod gauges;
pub mod job;
pub mod limited;
pub mod login;
pub mod running;
