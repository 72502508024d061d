//! Headers by which some applications are asked for another path or another method than the
//! request line has: not what the proxy asked the gate about.
//!
//! Guarantees: the gate looks for all of them, and every printed configuration removes all of
//! them, because this is the only list.

/// What an application takes from such a header instead of the request's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverriddenPart {
    /// The method.
    Method,
    /// The path.
    Path,
}

/// All of them, with what they replace.
pub const OVERRIDE_HEADERS: [(&str, OverriddenPart); 7] = [
    ("X-Original-URL", OverriddenPart::Path),
    ("X-Original-URI", OverriddenPart::Path),
    ("X-Original-Method", OverriddenPart::Method),
    ("X-Rewrite-URL", OverriddenPart::Path),
    ("X-HTTP-Method-Override", OverriddenPart::Method),
    ("X-HTTP-Method", OverriddenPart::Method),
    ("X-Method-Override", OverriddenPart::Method),
];
