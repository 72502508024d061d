//! The state's side: everything that changes something happens here, in one thread.

pub mod administer;
mod audit;
mod commit;
mod dispatch;
mod enrolment;
pub mod facts;
mod failures;
pub mod gauges;
mod guess_scope;
pub mod housekeeping;
mod last_uses;
mod limits;
mod login;
mod passes;
pub mod state;
#[cfg(test)]
mod testing;
pub mod transfer;
pub mod users;
