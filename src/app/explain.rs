//! What the gate would believe of a request, for people who set up a proxy and for tests
//! (`portcullis proxy explain`).
//!
//! Shows; decides nothing, and knows no session.

use std::net::IpAddr;

use serde::Serialize;

use crate::config::Config;
use crate::http::request::{Head, Headers};
use crate::original::client_address::Belief;
use crate::original::problem::ForwardingProblem;
use crate::original::purpose::RequestPurpose;
use crate::original::reader;
use crate::proxies::problem_message::ProblemMessage;

use crate::app::router::Route;
use crate::app::verify;

/// The belief, in the shape that scripts rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Is the peer trusted?
    pub trusted: bool,
    /// The visitor's address.
    pub client_ip: IpAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// As sent, its port included; nothing where no header names one.
    pub host: Option<String>,
    /// The port where it is not the scheme's own.
    pub port: Option<u16>,
    /// Path and query, with what a URL may not hold percent-encoded.
    pub uri: String,
    /// The visitor's method.
    pub method: String,
    /// What is wrong, each with the lines that fix it.
    pub problems: Vec<String>,
}

/// Explains what the gate would believe of a request by this method for `target` with these
/// headers, from a peer at this address; `None` is a Unix socket. A path that is none of the verify
/// addresses is read as a page's. Method and query count where the address is asked with a copy of
/// the original request.
pub fn explain(
    config: &Config,
    peer: Option<IpAddr>,
    (method, target): (&str, &str),
    headers: &[(String, String)],
) -> Explanation {
    let lines = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let path = target.split('?').next().unwrap_or_default().as_bytes();
    let target = target.as_bytes();
    let head =
        Head { method_text: method, path, target, headers: Headers::of(lines), ..Head::none() };
    let original = match Route::of(path, &config.path_prefix) {
        Some(Route::Verify(endpoint)) => verify::original_request(config, &head, peer, endpoint),
        _ => {
            let purpose = RequestPurpose::Page { public_url_known: config.public_url.is_some() };
            reader::read(&head.headers, peer, purpose, &Belief::of(&config.proxy))
        }
    };
    let message =
        |problem: &ForwardingProblem| ProblemMessage { problem: *problem, proxy: None }.to_string();
    let mut uri = Vec::new();
    original.write_path(&mut |part| uri.extend_from_slice(part));
    Explanation {
        trusted: original.trusted,
        client_ip: original.client,
        scheme: original.scheme.as_str(),
        host: original.host.map(|host| host.as_sent().to_owned()),
        port: original.port,
        uri: String::from_utf8_lossy(&uri).into_owned(),
        method: original.method.to_owned(),
        problems: original.problems().iter().map(message).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(peer: &str, path: &str, headers: &[(&str, &str)]) -> Explanation {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        explain(&Config::default(), Some(peer.parse().expect(peer)), ("GET", path), &headers)
    }

    #[test]
    fn the_shape_is_the_one_that_scripts_rely_on() {
        let headers = [
            ("Host", "gate"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "app.example.com:8443"),
            ("X-Forwarded-Uri", "/\u{e4}?b"),
        ];
        let json =
            serde_json::to_string(&explained("127.0.0.1", "/verify", &headers)).expect("JSON");
        assert_eq!(
            json,
            r#"{"trusted":true,"client_ip":"127.0.0.1","scheme":"https","host":"app.example.com:8443","port":8443,"uri":"/%C3%A4?b","method":"GET","problems":[]}"#
        );
    }

    #[test]
    fn an_untrusted_peer_is_told_what_to_configure() {
        let headers =
            [("Host", "gate:3000"), ("X-Forwarded-Host", "evil"), ("X-Forwarded-For", "6.6.6.6")];
        let explained = explained("203.0.113.9", "/verify", &headers);
        assert_eq!(
            (explained.trusted, explained.client_ip.to_string()),
            (false, "203.0.113.9".to_owned())
        );
        assert_eq!(
            (explained.host.as_deref(), explained.scheme, explained.port),
            (Some("gate:3000"), "http", Some(3000))
        );
        assert!(explained.problems.iter().any(|problem| problem.contains("proxy.trust")));
    }

    #[test]
    fn the_path_decides_which_headers_count() {
        let headers = [
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "a.example"),
            ("X-Forwarded-Uri", "/a"),
            ("X-Forwarded-Port", "8443"),
            ("X-Original-URL", "https://b.example/b"),
        ];
        let believed = |path| {
            let explained = explained("127.0.0.1", path, &headers);
            (explained.host.unwrap_or_default(), explained.port, explained.problems.len())
        };
        assert_eq!(believed("/verify/caddy?x"), ("a.example".to_owned(), None, 0));
        assert_eq!(believed("/verify/traefik"), ("a.example".to_owned(), Some(8443), 0));
        assert_eq!(believed("/verify/nginx"), ("b.example".to_owned(), None, 0));
        assert_eq!(believed("/verify").2, 2);
        assert_eq!(explained("127.0.0.1", "/login", &headers[..2]).problems, [""; 0]);
    }

    #[test]
    fn of_a_copied_request_method_target_and_host_are_its_own() {
        let headers = [
            ("Host", "app.example.com"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Uri", "/other"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let explained = |headers: &[_]| {
            let question = ("POST", "/verify/envoy/a?b=/verify/envoy");
            explain(&Config::default(), Some([127, 0, 0, 1].into()), question, headers)
        };
        let told = explained(&headers);
        assert_eq!((told.method.as_str(), told.uri.as_str()), ("POST", "/a?b=/verify/envoy"));
        assert_eq!((told.host.as_deref(), told.scheme), (Some("app.example.com"), "https"));
        assert!(told.problems.is_empty(), "{told:?}");
        let bare = explained(&headers[..1]);
        assert!(
            bare.problems.iter().any(|problem| problem.contains("allowed_headers")),
            "{bare:?}"
        );
    }
}
