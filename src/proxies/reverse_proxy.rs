//! What there is to know of a reverse proxy, as data.

use std::fmt;
use std::ptr;

use super::deployment::Deployment;
use super::fix::Fix;
use super::logged_request::ReadLogLine;
use crate::original::purpose::ForwardingFamily;

/// A reverse proxy that the gate knows.
pub struct ReverseProxy {
    /// As commands name it: lower-case letters.
    pub name: &'static str,
    /// As its makers write it.
    pub program: &'static str,
    /// The addresses at which it asks.
    pub endpoints: &'static [VerifyEndpoint],
    /// The lines of its configuration that fix something; none where none can. `<header>` in a line
    /// stands for the header that the fix is about.
    pub fix: fn(Fix) -> &'static [&'static str],
    /// The configuration that can be printed for it, if there is one.
    pub configuration: Option<PrintedConfiguration>,
    /// Reads a line of its access log, where that is in a form that can be told from all others.
    pub read_log_line: Option<ReadLogLine>,
}

/// A configuration that the gate writes.
#[derive(Clone, Debug)]
pub struct PrintedConfiguration {
    /// What it is for, in the help of the command.
    pub help: &'static str,
    /// The whole text, ending with a line end.
    pub print: fn(&Deployment<'_>) -> String,
    /// A Lua script that the configuration loads from a file of its own, if it needs one.
    pub script: Option<fn(&Deployment<'_>) -> String>,
}

/// An address below `path_prefix` at which a proxy asks whether a request may pass.
pub struct VerifyEndpoint {
    /// The path behind `path_prefix`. Where the original target stands behind it, all below belongs
    /// to the address, too: [`ForwardingFamily::extends_the_address`].
    pub path: &'static str,
    /// Whose address it is; none for the one that any proxy may ask.
    pub proxy: Option<&'static ReverseProxy>,
    /// The headers in which the original request is forwarded.
    pub family: ForwardingFamily,
    /// How a pass is answered.
    pub pass: PassForm,
    /// How a refusal is answered.
    pub refusal: RefusalForm,
}

/// How a pass is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassForm {
    /// 204 with all identity headers.
    AllHeaders,
    /// 200 with all identity headers, for a proxy that takes any other status for a refusal.
    OkWithAllHeaders,
    /// 204 with those identity headers that hold something, for a proxy that by itself deletes a
    /// visitor's of the same names, and would hand an empty one to the site.
    FilledHeaders,
    /// A redirect back to the original request: this address is asked only about one that was
    /// refused already, and its session has become valid since.
    SendBack,
}

/// How a refusal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalForm {
    /// As visitors get it: any status, `Location` and body.
    Whole,
    /// 401 or 403 with an empty body, for a proxy that takes no other status and drops the body.
    StatusAlone,
}

impl PrintedConfiguration {
    /// One that is a single file.
    pub(super) const fn new(help: &'static str, print: fn(&Deployment<'_>) -> String) -> Self {
        Self { help, print, script: None }
    }
}

impl ReverseProxy {
    /// Whether it forwards the original request in headers of this family.
    pub(super) fn forwards_in(&self, family: ForwardingFamily) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.family == family)
    }
}

impl PartialEq for ReverseProxy {
    /// Each is there once.
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl Eq for ReverseProxy {}

impl fmt::Debug for ReverseProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl VerifyEndpoint {
    /// Whether this path, which is not the endpoint's own, is it with an original target behind.
    pub(super) fn goes_on_as(&self, path: &[u8]) -> bool {
        self.family.extends_the_address()
            && matches!(path.strip_prefix(self.path.as_bytes()), Some([b'/', ..]))
    }
}

impl PartialEq for VerifyEndpoint {
    /// Each is there once.
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl Eq for VerifyEndpoint {}

impl fmt::Debug for VerifyEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}
