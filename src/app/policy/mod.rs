//! What the rules say of requests that nobody has made: `portcullis policy test`.
//!
//! [`typed_url`] reads an address as it was typed, [`url_ruling`] judges it, with [`remark`] for
//! what people should know beside the decision; [`printable`] shows the octets of a path.

pub mod printable;
pub mod remark;
pub mod typed_url;
pub mod url_ruling;

#[cfg(test)]
mod testing;

pub use crate::auth::policy::ruling::Verdict;
