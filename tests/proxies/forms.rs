//! What is printed works for every form of the settings that `config check` takes: a stranger is
//! led to the login, logs in, and comes back to where he wanted to go.

use crate::support::caddy::Ports;
use crate::support::curl::Curl;
use crate::support::daemon::Place;
use crate::support::site::values;
use crate::support::test_stack::{ProxyKind, TestStack};

/// Where the login page is, for whom the cookie is, whether the gate's pages have a prefix, and
/// whether there is TLS.
#[derive(Clone, Copy, Debug)]
struct Form {
    public_url: Option<&'static str>,
    cookie_domain: Option<&'static str>,
    path_prefix: &'static str,
    scheme: &'static str,
    /// A further line of `[session]`.
    session: &'static str,
    /// Further sections.
    sections: &'static str,
}

/// What else changes the printed text.
const FURTHER: [(&str, &str); 7] = [
    ("proxy_cache = \"10s\"", ""),
    ("", "[identity]\nheaders = [\"X-Forwarded-User\", \"X-Auth-Request-User\"]"),
    ("", "[identity]\nresolver_headers = true"),
    ("", "[proxy]\nclient_ip_header = \"X-Real-IP\""),
    ("", "[proxy]\nclient_ip_header = \"CF-Connecting-IP\""),
    ("", "[proxy]\nrequired = true"),
    ("cookie_name = \"gate\"", "[proxy]\ntrust = 1"),
];

fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for scheme in ["https", "http"] {
        for path_prefix in ["", "/.portcullis"] {
            for (public_url, cookie_domain) in [
                (None, None),
                (None, Some("example.test")),
                (Some("auth.example.test"), Some("example.test")),
                (Some("example.test"), Some("example.test")),
                (Some("app.example.test"), Some("app.example.test")),
                (Some("app.example.test"), None),
                (Some("127.0.0.1"), None),
                (Some("nas"), None),
                (Some("[::1]"), None),
            ] {
                let form = Form {
                    public_url,
                    cookie_domain,
                    path_prefix,
                    scheme,
                    session: "",
                    sections: "",
                };
                forms.push(form);
                if scheme == "https" && cookie_domain.is_none() {
                    forms.push(Form { session: "cookie_prefix = \"host\"", ..form });
                }
            }
        }
    }
    let two_names = Form {
        public_url: Some("auth.example.test"),
        cookie_domain: Some("example.test"),
        path_prefix: "",
        scheme: "https",
        session: "",
        sections: "",
    };
    forms.extend(FURTHER.map(|(session, sections)| Form { session, sections, ..two_names }));
    forms
}

impl Form {
    fn settings(&self, port: u16) -> String {
        let mut text = format!("path_prefix = \"{}\"\n", self.path_prefix);
        if let Some(host) = self.public_url {
            text += &format!("public_url = \"{}://{host}:{port}\"\n", self.scheme);
        }
        text += "[session]\n";
        if let Some(domain) = self.cookie_domain {
            text += &format!("cookie_domain = \"{domain}\"\n");
        }
        if self.scheme == "http" {
            text += "secure = false\n";
        }
        text + self.session + "\n" + self.sections + "\n"
    }

    /// The site that the printed example stands for: with a cookie for one host alone, that host.
    fn site(&self) -> &'static str {
        match (self.public_url, self.cookie_domain) {
            (Some("app.example.test"), Some(_)) => "site.app.example.test",
            (Some(host), None) => host,
            _ => "app.example.test",
        }
    }
}

fn try_all(kind: ProxyKind) {
    for form in forms() {
        let ports = Ports::free();
        let port = if form.scheme == "https" { ports.https } else { ports.http };
        let place = Place::new(&form.settings(port));
        let checked = place.run(&["config", "check"]);
        assert_eq!(checked.status, 0, "{form:?}: {}", checked.err);
        let stack = TestStack::of(place, kind, ports, form.site());
        tell(&stack, &form, port, &format!("{kind:?} {form:?}"));
    }
}

fn tell(stack: &TestStack, form: &Form, port: u16, told: &str) {
    let Form { scheme, path_prefix, .. } = form;
    let site = format!("{scheme}://{}:{port}", form.site());
    let login_host = form.public_url.unwrap_or(form.site());
    let pages = format!("{scheme}://{login_host}:{port}{path_prefix}");
    let owner = stack.gate.place.add_user("owner");
    let visitor = Curl::new(stack.ports);

    for path in ["/", "/x?a=1&b=2", "/health", "/verify", "/loginx/y", "/.portcullisx"] {
        let stranger = visitor.load(&format!("{site}{path}"), &[]);
        // What begins like a page of the gate's may be led to it, and is none.
        if stranger.status == 404 && ["/loginx/y", "/.portcullisx"].contains(&path) {
            continue;
        }
        assert_eq!(stranger.status, 302, "{told} {path}: {stranger:?}");
        assert!(
            stranger.location.starts_with(&format!("{pages}/login?next=")),
            "{told} {path}: {stranger:?}"
        );
    }
    assert_eq!(stack.app.seen().len(), 0, "{told}: {:?}", stack.app.seen());

    let wanted = format!("{site}/x?a=1&b=2");
    let led = visitor.load(&wanted, &[]).location;
    let page = visitor.load(&led, &[]);
    assert!(page.status == 200 && page.body.contains("name=\"otp\""), "{told}: {page:?}");
    let (login, next) = led.split_once('?').expect("a query");
    let entered = visitor.load(login, &["--data", &format!("otp={}&{next}", owner.fresh_code())]);
    let back = entered.location.strip_prefix(&site).unwrap_or(&entered.location);
    assert_eq!((entered.status, back), (302, "/x?a=1&b=2"), "{told}: {entered:?}");

    for path in ["/x?a=1&b=2", "/", "/health", "/verify"] {
        let inside = visitor.load(&format!("{site}{path}"), &[]);
        assert_eq!(inside.status, 200, "{told} {path}: {inside:?}");
    }
    let seen = stack.app.seen();
    assert_eq!(seen.len(), 4, "{told}: {seen:?}");
    assert!(
        seen.iter().all(|request| values(request, "remote-user") == ["owner"]),
        "{told}: {seen:?}"
    );

    let out = visitor.load(&format!("{pages}/logout"), &[]);
    assert_eq!(out.status, 200, "{told}: {out:?}");
}

#[test]
fn every_form_of_the_settings_works_as_it_is_printed_for_caddy() {
    try_all(ProxyKind::Caddy);
}

#[test]
fn every_form_of_the_settings_works_as_it_is_printed_for_nginx() {
    try_all(ProxyKind::Nginx);
}

#[test]
fn every_form_of_the_settings_works_as_it_is_printed_for_traefik() {
    try_all(ProxyKind::Traefik);
}

#[test]
fn every_form_of_the_settings_works_as_it_is_printed_for_haproxy() {
    try_all(ProxyKind::Haproxy);
}

#[test]
fn every_form_of_the_settings_works_as_it_is_printed_for_envoy() {
    try_all(ProxyKind::Envoy);
}
