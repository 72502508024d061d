//! Return addresses: a browser that follows what was accepted, from any page of the gate, ends on
//! an allowed host.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::return_to::{ReturnPolicy, Visitor};
use url::Url;

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, next) = input;
    let listed = ["photos.example.net".to_owned()];
    let public = choice & 1 == 0;
    let policy = ReturnPolicy {
        public_host: public.then_some("auth.example.com"),
        public_is_http: choice & 2 != 0,
        cookie_domain: public.then_some("example.com"),
        redirect_hosts: &listed,
        path_prefix: if choice & 4 == 0 { "" } else { "/.portcullis" },
    };
    let visitor = Visitor {
        host: if public { "auth.example.com" } else { "app.example.org:8443" },
        is_http: choice & 8 != 0,
    };
    let Ok(address) = policy.check(next, &visitor) else { return };

    assert_eq!(address.as_bytes(), next);
    assert!(next.iter().all(|octet| octet.is_ascii_graphic() && !b"\\\"<>".contains(octet)));
    let scheme = if visitor.is_http { "http" } else { "https" };
    let page = Url::parse(&format!("{scheme}://{}{}/login", visitor.host, policy.path_prefix))
        .expect("a good address");
    // A host such as `xn--` that no browser can read leads nowhere.
    let Ok(there) = page.join(address.as_str()) else {
        assert!(address.origin().is_some(), "a path always leads somewhere");
        return;
    };
    let host = there.host_str().expect("http addresses have a host");
    let own = visitor.host.split(':').next() == Some(host);
    let below = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    assert!(
        own || policy.cookie_domain.is_some_and(below) || host == listed[0],
        "leads to {there}"
    );
    assert!(there.username().is_empty() && there.password().is_none());
    assert!(
        there.scheme() == "https" || policy.public_is_http || visitor.is_http,
        "leads to {there}"
    );
    // The reference takes `/h:` for a Windows drive outside of file addresses too, and never goes
    // above it.
    let drive =
        |three: &[u8]| matches!(three, [b'/', letter, b':' | b'|'] if letter.is_ascii_alphabetic());
    if next.windows(3).any(drive) {
        return;
    }
    if address.origin().is_none() {
        assert_eq!(there.origin(), page.origin());
        assert!(!there.path().starts_with("//"), "leads to {there}");
    }
    if own {
        for own_page in ["/login", "/logout", "/setup", "/enroll", "/verify"] {
            assert_ne!(
                there.path(),
                format!("{}{own_page}", policy.path_prefix),
                "leads to the gate's own page"
            );
        }
    }
});
