//! The lines that mend a proxy's configuration, each with the program in whose configuration it
//! belongs.
//!
//! Guarantees: where it is known which program asks, its lines alone are told; each is one of those
//! that `portcullis proxy print` gives, where it gives one. Allocates nothing.

use std::fmt;

use super::forwarding_header::ForwardingHeader;

/// The programs that lines are known for, by the names they go by.
pub const CADDY: &str = "Caddy";
/// See [`CADDY`].
pub const NGINX: &str = "nginx";
/// See [`CADDY`].
pub const TRAEFIK: &str = "Traefik";
/// See [`CADDY`].
pub const HAPROXY: &str = "HAProxy";

/// Lines, each with its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixes {
    lines: &'static [(&'static str, &'static str)],
    /// What stands for `<header>` in them.
    header: &'static str,
    /// Whose lines alone count.
    program: Option<&'static str>,
}

/// One line of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixLine {
    text: &'static str,
    header: &'static str,
}

impl Fixes {
    /// No line.
    pub(super) const NOTHING: Self = Self::of(&[]);

    /// The address that reads the headers of one proxy alone.
    pub(super) const ASK_AS_YOURSELF: Self = Self::of(&[
        (CADDY, "uri /verify/caddy?"),
        (NGINX, "proxy_pass http://127.0.0.1:3000/verify/nginx;"),
        (TRAEFIK, "forwardAuth.address = \"http://127.0.0.1:3000/verify/traefik\""),
        (HAPROXY, "http-request lua.portcullis http://127.0.0.1:3000/verify/haproxy"),
    ]);

    /// The gate's own pages without a question.
    pub(super) const LET_PAGES_THROUGH: Self = Self::of(&[
        (CADDY, "reverse_proxy 127.0.0.1:3000"),
        (NGINX, "auth_request off;"),
        (TRAEFIK, "middlewares = []"),
        (
            HAPROXY,
            "http-request lua.portcullis http://127.0.0.1:3000/verify/haproxy unless portcullis_pages",
        ),
    ]);

    const fn of(lines: &'static [(&'static str, &'static str)]) -> Self {
        Self { lines, header: "", program: None }
    }

    /// The lines that make a proxy send this header once and rightly, or not at all.
    pub(super) const fn header(header: ForwardingHeader) -> Self {
        let mending = Self::of(match header {
            ForwardingHeader::ForwardedFor => &[
                (CADDY, "header_up X-Forwarded-For {client_ip}"),
                (NGINX, "proxy_set_header X-Forwarded-For $remote_addr;"),
                (TRAEFIK, TRUSTS_THE_ONE_BEFORE),
                (HAPROXY, "http-request set-header X-Forwarded-For %[src]"),
            ],
            ForwardingHeader::ForwardedProto => &[
                (CADDY, "header_up X-Forwarded-Proto {scheme}"),
                (NGINX, "proxy_set_header X-Forwarded-Proto $scheme;"),
                (TRAEFIK, DESCRIBES_ITSELF),
                (HAPROXY, "http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]"),
            ],
            ForwardingHeader::ForwardedHost => &[
                (CADDY, "header_up X-Forwarded-Host {hostport}"),
                (NGINX, "proxy_set_header X-Forwarded-Host $host;"),
                (TRAEFIK, DESCRIBES_ITSELF),
                (HAPROXY, "http-request set-header X-Forwarded-Host %[req.hdr(host)]"),
            ],
            ForwardingHeader::ForwardedPort => &[
                (CADDY, "header_up -X-Forwarded-Port"),
                (NGINX, "proxy_set_header X-Forwarded-Port $server_port;"),
                (TRAEFIK, DESCRIBES_ITSELF),
                (HAPROXY, "http-request del-header X-Forwarded-Port"),
            ],
            ForwardingHeader::ForwardedUri => &[
                (CADDY, "header_up X-Forwarded-Uri {http.request.orig_uri}"),
                (NGINX, "proxy_set_header X-Forwarded-Uri $request_uri;"),
                (TRAEFIK, DESCRIBES_ITSELF),
                (HAPROXY, "http-request set-header X-Forwarded-Uri %[pathq]"),
            ],
            ForwardingHeader::ForwardedMethod => &[
                (CADDY, "header_up X-Forwarded-Method {http.request.orig_method}"),
                (NGINX, "proxy_set_header X-Forwarded-Method $request_method;"),
                (TRAEFIK, DESCRIBES_ITSELF),
                (HAPROXY, "http-request set-header X-Forwarded-Method %[method]"),
            ],
            ForwardingHeader::OriginalUrl => &[
                (
                    NGINX,
                    "proxy_set_header X-Original-URL $scheme://$host:$server_port$request_uri;",
                ),
                (CADDY, STRIP_ORIGINAL),
                (TRAEFIK, REMOVE),
                (HAPROXY, DELETE),
            ],
            ForwardingHeader::OriginalUri => &[
                (NGINX, "proxy_set_header X-Original-URI \"\";"),
                (CADDY, STRIP_ORIGINAL),
                (TRAEFIK, REMOVE),
                (HAPROXY, DELETE),
            ],
            ForwardingHeader::OriginalMethod => &[
                (NGINX, "proxy_set_header X-Original-Method $request_method;"),
                (CADDY, STRIP_ORIGINAL),
                (TRAEFIK, REMOVE),
                (HAPROXY, DELETE),
            ],
            ForwardingHeader::RealIp => &[
                (CADDY, "request_header X-Real-IP {client_ip}"),
                (NGINX, "proxy_set_header X-Real-IP $remote_addr;"),
                (TRAEFIK, TRUSTS_THE_ONE_BEFORE),
                (HAPROXY, "http-request set-header X-Real-IP %[src]"),
            ],
            ForwardingHeader::CfConnectingIp => &[(
                "Cloudflare sends it; without Cloudflare",
                "proxy.client_ip_header = \"X-Forwarded-For\"",
            )],
        });
        Self { header: header.name(), ..mending }
    }

    /// The lines that take an identity header, and whatever applications read as the same, from a
    /// visitor.
    pub fn forged(header: &'static str) -> Self {
        let lines: &'static [_] = if header.starts_with("Remote-") {
            &[
                (CADDY, "request_header -Remote*"),
                (NGINX, SET_EMPTY),
                (NGINX, DROP_ALIASES),
                (TRAEFIK, REMOVE),
                (TRAEFIK, DELETE_ALIASES),
                (
                    HAPROXY,
                    "http-request del-header ^remote[^a-z0-9](user|groups|name|email)$ -m reg",
                ),
            ]
        } else {
            &[
                (CADDY, "request_header -<header>"),
                (NGINX, SET_EMPTY),
                (NGINX, DROP_ALIASES),
                (TRAEFIK, REMOVE),
                (TRAEFIK, DELETE_ALIASES),
                (HAPROXY, DELETE),
            ]
        };
        Self { header, ..Self::of(lines) }
    }

    /// The lines of that program alone; all where it is not known, or where there is none of its
    /// own.
    #[must_use]
    pub fn in_program(self, program: Option<&'static str>) -> Self {
        let known = self.lines.iter().any(|(owner, _)| Some(*owner) == program);
        Self { program: program.filter(|_| known), ..self }
    }

    /// Program and line.
    pub fn lines(self) -> impl Iterator<Item = (&'static str, FixLine)> + Clone {
        let wanted = move |owner: &str| self.program.is_none_or(|program| program == owner);
        let lines = self.lines.iter().filter(move |(owner, _)| wanted(owner));
        lines.map(move |(owner, text)| (*owner, FixLine { text, header: self.header }))
    }
}

/// Traefik sends the whole family by itself, unless it hands on what it was sent.
const DESCRIBES_ITSELF: &str = "forwardAuth.trustForwardHeader = false";
/// Traefik hands on only what comes from there.
const TRUSTS_THE_ONE_BEFORE: &str =
    "forwardedHeaders.trustedIPs = [\"ADDRESS OF THE PROXY BEFORE IT\"]";
const STRIP_ORIGINAL: &str = "request_header -X-Original-*";
const DELETE: &str = "http-request del-header <header>";
const SET_EMPTY: &str = "proxy_set_header <header> \"\";";
const DROP_ALIASES: &str = "underscores_in_headers off; ignore_invalid_headers on;";
const REMOVE: &str = "headers.customRequestHeaders.<header> = \"\"";
const DELETE_ALIASES: &str = "entryPoints.websecure.http.aliasHeadersStrategy = \"delete\"";

impl fmt::Display for Fixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (program, line)) in self.lines().enumerate() {
            write!(f, "{}{program}: `{line}`", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for FixLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.split_once("<header>") {
            Some((before, after)) => write!(f, "{before}{}{after}", self.header),
            None => f.write_str(self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAMS: [&str; 4] = [CADDY, NGINX, TRAEFIK, HAPROXY];

    fn all() -> Vec<Fixes> {
        let headers = [
            ForwardingHeader::ForwardedFor,
            ForwardingHeader::ForwardedProto,
            ForwardingHeader::ForwardedHost,
            ForwardingHeader::ForwardedPort,
            ForwardingHeader::ForwardedUri,
            ForwardingHeader::ForwardedMethod,
            ForwardingHeader::OriginalUrl,
            ForwardingHeader::OriginalUri,
            ForwardingHeader::OriginalMethod,
            ForwardingHeader::RealIp,
        ];
        let forged = ["Remote-User", "X-Forwarded-User", "X-Portcullis-User-Id"].map(Fixes::forged);
        let others = [Fixes::ASK_AS_YOURSELF, Fixes::LET_PAGES_THROUGH];
        headers.map(Fixes::header).into_iter().chain(forged).chain(others).collect()
    }

    #[test]
    fn a_program_that_is_known_is_told_its_own_lines_alone() {
        for mending in all() {
            for program in PROGRAMS {
                let told = mending.in_program(Some(program));
                assert!(
                    told.lines().next().is_some()
                        && told.lines().all(|(owner, _)| owner == program),
                    "{told}"
                );
                assert!(!told.to_string().contains('<'), "{told}");
                for other in PROGRAMS.iter().filter(|other| **other != program) {
                    assert!(!told.to_string().contains(other), "{program}: {told}");
                }
            }
            let programs: std::collections::BTreeSet<_> =
                mending.lines().map(|(owner, _)| owner).collect();
            assert_eq!(programs.len(), PROGRAMS.len(), "{mending}");
        }
    }

    #[test]
    fn a_line_that_belongs_to_no_proxy_is_told_to_all() {
        let cloudflare = Fixes::header(ForwardingHeader::CfConnectingIp);
        assert_eq!(cloudflare.in_program(Some(CADDY)).to_string(), cloudflare.to_string());
    }
}
