//! The two versions of HTTP that are spoken here.

/// The protocol version of a request. A minor version above 1 counts as 1.1 (RFC 9110 section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Version {
    Http10,
    Http11,
}
