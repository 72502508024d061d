//! The header that is the gate's own: it brings the pass of a program.

/// Where a site uses `Authorization` itself, a program sends its pass in here. Proxies take it away
/// from what goes to the site.
pub const PASS_HEADER: &str = "X-Portcullis-Pass";
