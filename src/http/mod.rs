//! HTTP/1.1 between bytes and messages, without sockets: the strict subset that a gate behind a
//! proxy needs (RFC 9110, RFC 9112).

pub mod cookie;
pub mod form;
pub mod framing;
mod headers;
pub(crate) mod line;
mod malformed;
mod method;
pub mod name;
pub(crate) mod octets;
pub mod request;
mod request_line;
pub mod response;
mod version;
