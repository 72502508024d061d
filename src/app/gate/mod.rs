//! The loop's side: answers at once from memory, or asks the worker. One file a page or address.

mod account;
pub mod announced;
mod browser_mark;
mod control;
mod counts;
mod dispatch;
mod doctor;
mod early_refusal;
mod health;
mod known_limits;
mod last_uses;
mod login;
mod logout;
mod metrics;
mod origin;
mod page_form;
mod refusal_answer;
mod resolve;
mod rule_counts;
mod same_origin;
mod setup;
pub mod state;
