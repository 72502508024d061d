//! Passes: tokens for programs that cannot log in. Each is bound to a user and to hosts, and
//! expires.

pub mod pass_id;
pub mod pass_token;
pub mod passes;
pub mod record;
