//! The pages that people see: plain HTML made here, styled by one inline sheet, working without
//! scripts.
//!
//! Guarantees: whatever is inserted is escaped; nothing is loaded from anywhere; the content
//! security policy names the inline sheet and script by their hashes (CSP Level 3, section 2.3.1)
//! and allows nothing else.

pub mod account;
pub mod layout;
pub mod login;
pub mod setup;
pub mod texts;
