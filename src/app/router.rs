//! Which page an address belongs to, and which methods it takes.

use crate::http::request::Method;
use crate::proxies::all;
use crate::proxies::reverse_proxy::VerifyEndpoint;

/// A place below `path_prefix`.
///
/// Places that come later (`/enroll`, `/admin…`) get their line here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A proxy asks whether a request may pass.
    Verify(&'static VerifyEndpoint),
    /// An application asks who somebody is.
    Resolve,
    /// The login page and its form.
    Login,
    /// The first enrolment.
    Setup,
    /// The sign-out page and its form.
    Logout,
    /// Who am I.
    Account,
    /// Does the process serve?
    Health,
    /// Is everything fit to work?
    Ready,
}

/// The pages that visitors need of the gate. Where it shares a host with a site, the proxy leads
/// these and all below them to the gate, and the rest to the site.
pub const PAGES: [&str; 4] = ["/login", "/logout", "/setup", "/enroll"];

impl Route {
    /// The place that `path` names; `None` for everything else.
    pub fn of(path: &[u8], prefix: &str) -> Option<Self> {
        Some(match path.strip_prefix(prefix.as_bytes())? {
            b"/resolve" => Self::Resolve,
            b"/login" => Self::Login,
            b"/setup" => Self::Setup,
            b"/logout" => Self::Logout,
            b"/" => Self::Account,
            b"/health" => Self::Health,
            b"/ready" => Self::Ready,
            below => return all::endpoint(below).map(Self::Verify),
        })
    }

    /// What to say in `Allow` where `method` is not taken; `None` where it is.
    pub fn refuses(self, method: Method) -> Option<&'static str> {
        match self {
            Self::Verify(_) | Self::Resolve => None,
            Self::Login | Self::Setup | Self::Logout
                if matches!(method, Method::Get | Method::Head | Method::Post) =>
            {
                None
            }
            Self::Login | Self::Setup | Self::Logout => Some("GET, HEAD, POST"),
            Self::Account | Self::Health | Self::Ready
                if matches!(method, Method::Get | Method::Head) =>
            {
                None
            }
            Self::Account | Self::Health | Self::Ready => Some("GET, HEAD"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_below_the_prefix_are_ours() {
        assert_eq!(Route::of(b"/login", ""), Some(Route::Login));
        assert_eq!(Route::of(b"/.gate/login", "/.gate"), Some(Route::Login));
        for (path, prefix) in [
            ("/login", "/.gate"),
            ("/login/", ""),
            ("/loginx", ""),
            ("/LOGIN", ""),
            ("", ""),
            ("/.gate", "/.gate"),
        ] {
            assert_eq!(Route::of(path.as_bytes(), prefix), None, "{path} below {prefix:?}");
        }
    }

    #[test]
    fn a_page_without_a_form_takes_no_post() {
        assert_eq!(Route::Health.refuses(Method::Post), Some("GET, HEAD"));
        assert_eq!(Route::Login.refuses(Method::Delete), Some("GET, HEAD, POST"));
        assert_eq!(Route::Verify(&all::ANY).refuses(Method::Other), None);
        assert_eq!(Route::Resolve.refuses(Method::Other), None);
    }
}
