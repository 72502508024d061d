//! The cookie by which the gate knows a browser that has seen its login page, and nothing else
//! about it.
//!
//! Its name begins with `__Host-` (RFC 6265bis section 4.1.3.2), so that no other site can set it,
//! and its value is 128 random bits with a MAC, so that nobody can make one up. A browser without
//! it, or without https, is none the worse: only a login that it sends twice is a used code the
//! second time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::auth::repetition::BrowserId;
use crate::entropy::Entropy as _;
use crate::http::cookie::{self, SameSite, SetCookie};
use crate::http::request::Head;
use crate::http::response::Out;

use crate::app::gate::state::Gate;

const COOKIE: &str = "__Host-portcullis_browser";

impl Gate {
    /// The browser that the request's cookie proves it to be.
    pub(super) fn marked_browser(&self, head: &Head<'_>) -> Option<BrowserId> {
        cookie::values(&head.headers, COOKIE).find_map(|value| {
            let (id, mac) = std::str::from_utf8(value).ok()?.split_once('.')?;
            let good: bool = self.mark_of(id).as_bytes().ct_eq(mac.as_bytes()).into();
            let bytes = URL_SAFE_NO_PAD.decode(id).ok().filter(|_| good)?;
            bytes.try_into().ok().map(BrowserId)
        })
    }

    /// Adds the cookie to an answer, unless the browser has one, or could not keep it.
    pub(super) fn mark_browser(&self, head: &Head<'_>, out: &mut Out) {
        if !self.config.session.secure || self.marked_browser(head).is_some() {
            return;
        }
        let id = URL_SAFE_NO_PAD.encode(self.entropy.borrow_mut().bytes::<16>());
        let mark = SetCookie {
            name: COOKIE,
            value: &format!("{id}.{}", self.mark_of(&id)),
            domain: None,
            path: "/",
            max_age: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
        };
        mark.render(out);
    }

    fn mark_of(&self, id: &str) -> String {
        self.form_token(&format!("browser {id}"))
    }
}
