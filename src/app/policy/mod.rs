//! What the rules say of requests that nobody makes: `portcullis policy test` and
//! `portcullis policy replay`.
//!
//! [`typed_url`] reads an address as it was typed, [`url_ruling`] judges it, with [`remark`] for
//! what people should know beside the decision; [`own_page`] knows the addresses of the gate.
//! [`replay`] counts what would have become of the requests in an [`access_log`], each for a
//! [`requested_place`]. [`printable`] shows the octets of a path.

pub mod access_log;
pub mod own_page;
pub mod printable;
pub mod remark;
pub mod replay;
pub mod requested_place;
pub mod typed_url;
pub mod url_ruling;

#[cfg(test)]
mod testing;

pub use crate::auth::policy::ruling::Verdict;
pub use crate::http::response::is_token;
