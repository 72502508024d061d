//! Addresses that lead to the gate itself: no proxy asks about them, so no rule is for them.
//!
//! Guarantees: says so of nothing that a printed configuration guards. Leaves out configurations
//! that somebody wrote himself.

use super::typed_url::TypedUrl;
use crate::app::router::PAGES;
use crate::config::Config;

/// Whether the printed configurations lead this address to the gate.
pub fn is_own_page(config: &Config, url: &TypedUrl<'_>) -> bool {
    let public = config.public_url.as_ref();
    let is_login_host = public.is_some_and(|public| {
        let port = public.port.unwrap_or(public.scheme.default_port());
        url.host.name().eq_ignore_ascii_case(&public.host) && url.port == port
    });
    // With a cookie domain, the login host is the gate's alone.
    if is_login_host && config.session.cookie_domain.is_some() {
        return true;
    }
    (is_login_host || public.is_none()) && is_below_a_page(url.path(), &config.path_prefix)
}

/// Whether it is a page's path, or below one, however a proxy reads it.
fn is_below_a_page(path: &[u8], prefix: &str) -> bool {
    let is_simple = |octet: &u8| octet.is_ascii_alphanumeric() || b"/-_".contains(octet);
    let Some(below) = path.strip_prefix(prefix.as_bytes()) else { return false };
    below.iter().all(is_simple)
        && PAGES.iter().any(|page| {
            let rest = below.strip_prefix(page.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PublicUrl, Scheme, SessionSettings};

    fn config(public: Option<&str>, domain: Option<&str>, prefix: &str) -> Config {
        let config = Config::default();
        Config {
            public_url: public.map(|host| PublicUrl::new(Scheme::Https, host, Some(8443))),
            path_prefix: prefix.to_owned(),
            session: SessionSettings { cookie_domain: domain.map(str::to_owned), ..config.session },
            ..config
        }
    }

    #[test]
    fn the_gates_own_pages_are_told_from_those_of_a_site() {
        let login_host = config(Some("auth.example.com"), Some("example.com"), "");
        let shared_host = config(Some("auth.example.com"), None, "");
        let any_host = config(None, None, "/.gate");
        for (config, url, own) in [
            (&login_host, "https://AUTH.example.com:8443/login?next=/", true),
            (&login_host, "https://auth.example.com:8443/", true),
            (&login_host, "https://auth.example.com/login", false),
            (&login_host, "https://app.example.com:8443/login", false),
            (&shared_host, "https://auth.example.com:8443/login/recover", true),
            (&shared_host, "https://auth.example.com:8443/", false),
            (&shared_host, "https://auth.example.com:8443/loginx", false),
            (&shared_host, "https://auth.example.com:8443/login/../x", false),
            (&shared_host, "https://auth.example.com:8443/login/%2e%2e/x", false),
            (&shared_host, "https://other.example.com:8443/login", false),
            (&any_host, "https://app.example.com/.gate/login", true),
            (&any_host, "https://app.example.com/login", false),
        ] {
            let typed = TypedUrl::parse(url.as_bytes()).expect(url);
            assert_eq!(is_own_page(config, &typed), own, "{url}");
        }
    }
}
