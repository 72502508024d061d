//! What the gate has noticed of the proxies in front of it, for `doctor`: who asked, and what was
//! wrong with it.
//!
//! In memory only: a restart forgets it. Three subjects: [`noted_problem`]s of proxies,
//! [`untrusted_peer`]s that send forwarding headers, and [`shared_address`]es that may stand for
//! many visitors. Nothing here decides anything.

pub mod diagnostics;
pub mod noted_problem;
pub mod occurrences;
pub mod shared_address;
pub mod untrusted_peer;
