//! HTTP/1.1 between bytes and messages, without sockets: the strict subset that a gate behind a
//! proxy needs (RFC 9110, RFC 9112).

pub mod client_address;
pub mod cookie;
pub mod form;
pub mod forwarded;
mod forwarding_header;
pub mod framing;
mod headers;
mod line;
mod malformed;
pub mod mending;
mod method;
pub mod name;
mod octets;
pub mod problem;
mod question;
pub mod request;
mod request_line;
pub mod response;
mod told;
pub mod trust;
mod version;
pub mod visit;
