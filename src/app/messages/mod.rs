//! What the loop and the worker say to each other. Names no handler.

pub mod answers;
pub mod command;
pub mod command_answer;
pub mod effect;
pub mod enrolment;
#[cfg(test)]
pub(crate) mod example_answers;
pub mod gauges;
pub mod job;
pub mod last_uses;
pub mod limited;
pub mod login;
pub mod records;
pub mod running;
pub mod secret_text;
