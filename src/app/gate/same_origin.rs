//! Whether a form was sent by our own page: the defence against cross-site POSTs (OWASP ASVS 5.0,
//! 3.5.1).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::http::form::Form;
use crate::http::request::Head;

use crate::app::gate::state::Gate;

impl Gate {
    /// Proves that a form was made by us for one session, or one holder of the enrolment: a MAC of
    /// what it is `about` under a key that serves nothing else.
    #[cfg_attr(not(test), expect(clippy::expect_used, reason = "HMAC takes a key of any length"))]
    pub(super) fn form_token(&self, about: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.form_key.expose())
            .expect("HMAC takes a key of any length");
        mac.update(about.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Whether a form carries the token that we put into it.
    pub(super) fn is_own_form(&self, fields: &Form, about: &str) -> bool {
        let given = fields.one("token").ok().flatten().unwrap_or_default();
        given.as_bytes().ct_eq(self.form_token(about).as_bytes()).into()
    }
}

/// What a POST says about where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// All that is said names this very origin.
    Own,
    /// Neither header is there: curl, old browsers.
    Unsaid,
    /// `Origin: null`: a sandboxed frame, or our own page under a referrer policy that is not ours.
    Hidden,
    /// Another origin.
    Foreign,
}

/// Reads `Sec-Fetch-Site` (Fetch Metadata) and `Origin` (RFC 6454), which must be an `own` one.
/// Neither is enough alone: under a name that leads here by DNS rebinding the page of an attacker
/// is of the same origin as ours.
pub fn provenance(head: &Head<'_>, own: impl Fn(&[u8]) -> bool) -> Provenance {
    let mut sites = head.headers.all("Sec-Fetch-Site").peekable();
    let mut origins = head.headers.all("Origin").peekable();
    if sites.peek().is_none() && origins.peek().is_none() {
        return Provenance::Unsaid;
    }
    if !sites.all(|site| site == b"same-origin" || site == b"none") {
        return Provenance::Foreign;
    }
    match origins.find(|origin| !own(origin)) {
        None => Provenance::Own,
        Some(b"null") => Provenance::Hidden,
        Some(_) => Provenance::Foreign,
    }
}
