//! What each address answers.
//!
//! [`Gate`] lives in the event loop and holds in memory all that a verify needs; [`desk::Desk`]
//! lives in the worker and owns all that changes. A page that changes something sends a job to the
//! desk and answers when its outcome is back. One file is one place: [`verify`] is the hot path,
//! [`denial`] why it refuses, [`login`], [`logout`], [`setup`], [`account`] and [`health`] the
//! pages, [`control`], [`administer`], [`counters`] and [`transfer`] the administrator's commands,
//! [`metrics`] what Prometheus reads, [`known_limits`] who is refused without asking, [`home`] who
//! is at home, [`auditing`] what is told of all this, [`doctor`] what is wrong, [`housekeeping`]
//! what is done unasked.

pub mod account;
pub mod administer;
pub mod admission;
pub mod admit;
mod auditing;
mod browser_mark;
pub mod control;
mod counters;
pub mod denial;
pub mod desk;
pub mod doctor;
pub mod enrol;
pub mod explain;
pub mod figures;
mod gate;
pub mod health;
mod home;
pub mod housekeeping;
pub mod identity;
pub mod job;
pub mod known_limits;
pub mod login;
pub mod logout;
pub mod metrics;
pub mod pages;
pub mod reply;
mod rounds;
pub mod router;
pub mod same_origin;
pub mod setup;
pub mod transfer;
pub mod verify;
pub mod wiring;

pub use gate::{Gate, Opening, Source};
