//! The original request: what a visitor asked the proxy for, and from where, as far as the
//! forwarding headers of a trusted proxy say it.
//!
//! Guarantees: nothing that an untrusted peer sends decides anything; whatever is missing, doubled
//! or contradictory is noted as a problem. Leaves out the bytes of a request (`http`).

pub mod client_address;
mod forwarded;
pub mod forwarding_header;
pub mod host;
pub mod override_header;
pub mod pass_header;
pub mod problem;
pub mod purpose;
pub mod reader;
pub mod request;
pub mod scheme;
pub mod trust;
pub mod trusted_range;
