//! Traefik: its address, its lines, its access log, and the file for its file provider, with the
//! static part that it needs in a comment.

use std::borrow::Cow;

use serde::Deserialize;

use super::claims::{OVERRIDES_COMMENT, claims, overrides, spellings};
use super::deployment::{APPLICATION, Deployment, ExampleSite};
use super::fix::Fix;
use super::logged_request::{LoggedRequest, octets_of};
use super::reverse_proxy::{
    PassForm, PrintedConfiguration, RefusalForm, ReverseProxy, VerifyEndpoint,
};
use super::template::{fill, lines};
use crate::config::{ListenAddress, Scheme};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::pass_header::PASS_HEADER;
use crate::original::purpose::ForwardingFamily;

/// Traefik with `forwardAuth`, which deletes the listed headers of a visitor before it copies the
/// gate's, and would hand an empty one to the site.
pub static PROXY: ReverseProxy = ReverseProxy {
    name: "traefik",
    program: "Traefik",
    endpoints: &[VerifyEndpoint {
        path: "/verify/traefik",
        proxy: Some(&PROXY),
        family: ForwardingFamily::XForwarded,
        pass: PassForm::FilledHeaders,
        refusal: RefusalForm::Whole,
    }],
    fix,
    configuration: Some(PrintedConfiguration::new("Traefik 3.7.12 or newer", print)),
    read_log_line: Some(read_log_line),
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            // Traefik sends the whole family by itself, unless it hands on what it was sent.
            ForwardingHeader::ForwardedProto
            | ForwardingHeader::ForwardedHost
            | ForwardingHeader::ForwardedPort
            | ForwardingHeader::ForwardedUri
            | ForwardingHeader::ForwardedMethod => &["forwardAuth.trustForwardHeader = false"],
            // It hands on only what comes from there.
            ForwardingHeader::ForwardedFor | ForwardingHeader::RealIp => {
                &["forwardedHeaders.trustedIPs = [\"ADDRESS OF THE PROXY BEFORE IT\"]"]
            }
            ForwardingHeader::OriginalUrl
            | ForwardingHeader::OriginalUri
            | ForwardingHeader::OriginalMethod => &[REMOVE],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["forwardAuth.address = \"http://127.0.0.1:3000/verify/traefik\""],
        Fix::OpenPages => &["middlewares = []"],
        Fix::RemoveIdentity(_) => {
            &[REMOVE, "entryPoints.websecure.http.aliasHeadersStrategy = \"delete\""]
        }
        Fix::ReferrerPolicy => &["headers.referrerPolicy = \"same-origin\""],
        Fix::ClientBehindCdn => &[],
    }
}

const REMOVE: &str = "headers.customRequestHeaders.<header> = \"\"";

const HEAD: &str = "\
# Traefik, file provider: Portcullis before one example site. For Traefik 3.7.12 or later; tried with 3.7.15.
# The static configuration (traefik.yml) has to have these lines. aliasHeadersStrategy removes Remote_User, Remote.User
# and the like, which many applications take for Remote-User: no list of names can.
#
#   entryPoints:
#     web:
#       address: \":80\"
#       http:
#         aliasHeadersStrategy: delete
<redirect>#     websecure:
#       address: \":443\"
#       http:
#         aliasHeadersStrategy: delete
#   providers:
#     file: {directory: /etc/traefik/dynamic, watch: true}
#
<note>http:
  middlewares:
    # Removes what a visitor says about himself and his request; must come before the question.
    portcullis-strip:
      headers:
        customRequestHeaders:
<strip>          <overrides_comment><overrides>    portcullis-ask:
      forwardAuth:
        address: \"http://<gate><prefix>/verify/traefik\"
        trustForwardHeader: false
        maxResponseBodySize: 65536
        # Last: the pass of a program, which the gate never answers with, and Traefik then takes away from the site.
        authResponseHeaders:
<identity>          - <pass>
    # The first middleware of each protected router: behind one that changes the path it would ask about another.
    portcullis:
      chain:
        middlewares:
          - portcullis-strip
          - portcullis-ask

  # How long the gate's own pages may take; for the question itself Traefik has thirty seconds, whatever is set.
  serversTransports:
    portcullis:
      forwardingTimeouts:
        dialTimeout: 2s
        responseHeaderTimeout: 30s

  routers:
    portcullis-pages:
      rule: \"<pages_rule>\"
<pages_entry>      middlewares:
        - portcullis-strip
      service: portcullis
    # Each protected site: these lines, with its own name and service.
    app:
      rule: \"<app_rule>\"
<app_entry>      middlewares:
        - portcullis
      service: app

  services:
    portcullis:
      loadBalancer:
        serversTransport: portcullis
        servers:
          - url: \"http://<gate>\"
    app:
      loadBalancer:
        servers:
          - url: \"http://<application>\"
";

const REDIRECT: &str = "\
#         redirections: {entryPoint: {to: websecure, scheme: https}}
";

const NO_SOCKET: &str = "\
# Traefik cannot ask over a Unix socket: add \"127.0.0.1:3000\" to `listen` in portcullis.toml.
";

fn print(deployment: &Deployment<'_>) -> String {
    let tcp = deployment.gates.iter().find_map(|gate| match gate {
        ListenAddress::Tcp(address) => Some(address.to_string()),
        ListenAddress::Unix(_) => None,
    });
    let app_rule = rule(&deployment.app);
    let pages_rule = match &deployment.login {
        Some(login) => rule(login),
        None => {
            let paths: Vec<_> = deployment
                .pages()
                .into_iter()
                .map(|page| format!("PathPrefix(`{page}`)"))
                .collect();
            format!("{app_rule} && ({})", paths.join(" || "))
        }
    };
    // X-Forwarded-Port is Traefik's own.
    let claims =
        claims(deployment.config).filter(|name| *name != "X-Forwarded-Port").map(str::to_owned);
    let stripped = deployment.identity.iter().flat_map(|name| spellings(name)).chain(claims);
    let redirect = if deployment.app.scheme == Scheme::Https { REDIRECT } else { "" };
    fill(
        HEAD,
        &[
            ("note", if tcp.is_none() { NO_SOCKET } else { "" }),
            ("redirect", redirect),
            ("strip", &lines(stripped, "          ", ": \"\"")),
            ("overrides_comment", OVERRIDES_COMMENT),
            ("overrides", &lines(overrides(), "          ", ": \"\"")),
            ("gate", tcp.as_deref().unwrap_or("127.0.0.1:3000")),
            ("prefix", deployment.prefix()),
            ("identity", &lines(&deployment.identity, "          - ", "")),
            ("pass", PASS_HEADER),
            ("pages_rule", &pages_rule),
            ("pages_entry", &entry(deployment.login.as_ref().unwrap_or(&deployment.app))),
            ("app_rule", &app_rule),
            ("app_entry", &entry(&deployment.app)),
            ("application", APPLICATION),
        ],
    )
}

/// The rule of a host, an IPv6 address without its brackets as Traefik has it; a longer rule wins
/// over a shorter one, so the pages of a shared host come first.
fn rule(site: &ExampleSite) -> String {
    format!("Host(`{}`)", site.host.trim_matches(['[', ']']))
}

fn entry(site: &ExampleSite) -> String {
    match site.scheme {
        Scheme::Http => "      entryPoints:\n        - web\n".to_owned(),
        Scheme::Https => "      entryPoints:\n        - websecure\n      tls: {}\n".to_owned(),
    }
}

/// A line of its access log in JSON, as far as it is needed. Any field may have been left out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TraefikLogLine<'l> {
    #[serde(borrow)]
    request_method: Cow<'l, str>,
    #[serde(borrow)]
    request_path: Cow<'l, str>,
    /// Host and port as they were sent.
    #[serde(borrow)]
    request_addr: Option<Cow<'l, str>>,
    #[serde(borrow)]
    request_host: Option<Cow<'l, str>>,
    /// `-` where none was sent.
    #[serde(borrow)]
    request_port: Option<Cow<'l, str>>,
    #[serde(borrow)]
    request_scheme: Option<Cow<'l, str>>,
    /// The last entry of `X-Forwarded-For` where a trusted proxy sent one, else the peer.
    #[serde(borrow)]
    client_host: Option<Cow<'l, str>>,
}

fn read_log_line(line: &[u8]) -> Option<LoggedRequest<'_>> {
    let line: TraefikLogLine<'_> = serde_json::from_slice(line).ok()?;
    let client = line.client_host.as_deref().and_then(|chain| chain.rsplit(',').next());
    Some(LoggedRequest {
        client: client.and_then(|client| client.trim().parse().ok()),
        host: line
            .request_addr
            .or_else(|| with_port(&line.request_host?, line.request_port.as_deref())),
        scheme: line.request_scheme.and_then(|scheme| Scheme::parse(scheme.as_bytes())),
        method: line.request_method,
        target: octets_of(line.request_path),
    })
}

/// Host and port as a visitor sends them.
fn with_port(host: &str, port: Option<&str>) -> Option<Cow<'static, str>> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    match port {
        None | Some("-" | "") => Some(Cow::Owned(host)),
        Some(port) => Some(Cow::Owned(format!("{host}:{port}"))),
    }
}

#[cfg(test)]
#[path = "traefik_log_tests.rs"]
mod tests;
