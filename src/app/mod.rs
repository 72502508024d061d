//! What each address answers.
//!
//! Two sides, and what they say to each other: [`gate`] lives in the event loop and holds in memory
//! all that a request is answered from; [`worker`] owns all that survives a restart. A page that
//! changes something sends a job and answers when its outcome is back: [`messages`].
//!
//! The hot path is [`verify`]: [`living_session`] and [`token_pass`] say who asks, [`place`] what
//! the rules say; [`denial`] and [`reply`] have the reasons and bytes of a refusal, [`identity`]
//! the headers of a pass; [`rounds`] finds logins that never end. [`proxy_diagnostics`] notes what
//! is wrong with the proxies in front, [`doctor`] says what is wrong with anything, [`pages`] how
//! it looks, [`policy`] what the rules say of any request.

pub mod denial;
pub mod doctor;
pub mod explain;
pub mod gate;
mod home;
pub mod identity;
mod living_session;
pub mod manner;
pub mod messages;
pub mod pages;
mod place;
pub mod policy;
pub mod presented_pass;
pub mod proxy_diagnostics;
pub mod reply;
mod rounds;
pub mod router;
mod token_pass;
pub mod verify;
mod view;
pub mod worker;

#[cfg(test)]
mod backup_tests;
#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod codes_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod request_copy_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod setup_tests;
#[cfg(test)]
mod testing;

pub use gate::state::{Gate, Opening};
pub use messages::running::ReadSettings;

#[cfg(test)]
mod sixth_proxy_tests;
