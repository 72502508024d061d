//! Caddy: its address, its lines, its access log, and the Caddyfile, whole or in the parts that a
//! site is made of.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claims::{OVERRIDES_COMMENT, claims, spellings};
use super::deployment::{APPLICATION, Deployment, ExampleSite};
use super::fix::Fix;
use super::logged_request::{LoggedRequest, octets_of};
use super::reverse_proxy::{
    PassForm, PrintedConfiguration, RefusalForm, ReverseProxy, VerifyEndpoint,
};
use super::template::{fill, lines};
use crate::config::{ClientIpHeader, ListenAddress, Scheme};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::pass_header::PASS_HEADER;
use crate::original::purpose::ForwardingFamily;

/// Caddy with `forward_auth`.
pub static PROXY: ReverseProxy = ReverseProxy {
    name: "caddy",
    program: "Caddy",
    endpoints: &[VerifyEndpoint {
        path: "/verify/caddy",
        proxy: Some(&PROXY),
        family: ForwardingFamily::XForwardedWithoutPort,
        pass: PassForm::AllHeaders,
        refusal: RefusalForm::Whole,
    }],
    fix,
    configuration: Some(PrintedConfiguration::new("Caddy 2.11.4 or newer", print)),
    read_log_line: Some(read_log_line),
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            ForwardingHeader::ForwardedFor => &[HAND_ON_CLIENT],
            ForwardingHeader::ForwardedProto => &["header_up X-Forwarded-Proto {scheme}"],
            ForwardingHeader::ForwardedHost => &["header_up X-Forwarded-Host {hostport}"],
            ForwardingHeader::ForwardedPort => &["header_up -X-Forwarded-Port"],
            ForwardingHeader::ForwardedUri => {
                &["header_up X-Forwarded-Uri {http.request.orig_uri}"]
            }
            ForwardingHeader::ForwardedMethod => {
                &["header_up X-Forwarded-Method {http.request.orig_method}"]
            }
            ForwardingHeader::OriginalUrl
            | ForwardingHeader::OriginalUri
            | ForwardingHeader::OriginalMethod => &["request_header -X-Original-*"],
            ForwardingHeader::RealIp => &["request_header X-Real-IP {client_ip}"],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["uri /verify/caddy?"],
        Fix::OpenPages => &["reverse_proxy 127.0.0.1:3000"],
        Fix::RemoveIdentity(header) if header.starts_with("Remote-") => {
            &["request_header -Remote*"]
        }
        Fix::RemoveIdentity(_) => &["request_header -<header>"],
        Fix::ReferrerPolicy => &["header Referrer-Policy same-origin"],
        // Caddy knows its own trusted proxies.
        Fix::ClientBehindCdn => &[HAND_ON_CLIENT],
    }
}

const HAND_ON_CLIENT: &str = "header_up X-Forwarded-For {client_ip}";

/// The line that Caddy's global options need wherever [`snippets`] are used: without it a visitor's
/// own identity headers would be removed after the gate's were added, with them.
pub const ORDER: &str = "order request_header before forward_auth";

const HEAD: &str = "\
# Caddyfile: Portcullis before one example site. For Caddy 2.11.4 or later: with 2.10 a visitor's own
# Remote-User reaches the site (GHSA-7r4p-vjf4-gxv4), with older ones Remote_User does.
{
	<order>
<options>}

";

/// Ranges of a CDN in front, whose word on the visitor's address Caddy takes.
const CDN: &str = "	servers {
		trusted_proxies static <ranges>
		client_ip_headers CF-Connecting-IP
	}
";

/// A bare `forward_auth`: inside `route` it would run after a site's `handle`, which would then be
/// open to everybody. The Connection lines keep a visitor from having the gate's own headers
/// removed on the way to the site, and let nothing but WebSocket through: on a connection upgraded
/// to h2c requests would pass unasked. What was asked about is the original request, whatever
/// `handle_path`, `rewrite` or `method` made of it before; its target may be a whole address. The
/// host is the one by which Caddy chose the site: from a trusted proxy in front it would otherwise
/// take an `X-Forwarded-Host` that a visitor made up.
const ASK: &str = "\
(portcullis) {
<hold_pass><strip>	<overrides_comment><overrides>	request_header X-Real-IP {client_ip}
	@portcullis_plain not header_regexp Upgrade (?i)^websocket$
	request_header @portcullis_plain -Connection
	@portcullis_ws header_regexp Upgrade (?i)^websocket$
	request_header @portcullis_ws Connection Upgrade
	request_header @portcullis_ws Upgrade websocket
	forward_auth <gate> {
		uri <prefix>/verify/caddy?
		header_up X-Forwarded-For {client_ip}
		header_up X-Forwarded-Host {hostport}
		header_up X-Forwarded-Method {http.request.orig_method}
		header_up X-Forwarded-Uri {http.request.orig_uri}
		header_up X-Forwarded-Uri (?i)^[a-z]+://[^/?]*/? /
		header_up -CF-Connecting-IP
<send_pass>		# Last: the pass of a program, which the gate never answers with, and Caddy then takes away from the site.
		copy_headers <identity> <pass>
		transport http {
			dial_timeout 2s
			response_header_timeout 5s
		}
	}
}

";

const PAGES: &str = "\
(portcullis_pages) {
	reverse_proxy <gate> {
		header_up X-Forwarded-For {client_ip}
		header_up X-Forwarded-Host {hostport}
		header_up X-Real-IP {client_ip}
		header_up -X-Forwarded-Port
		header_up -X-Original-*
		header_up -CF-Connecting-IP
		header_up -Forwarded
		transport http {
			dial_timeout 2s
			response_header_timeout 30s
		}
	}
}

";

const TWO_SITES: &str = "\
<login> {
	import portcullis_pages
}

# Each protected site: these lines, with its own name and address.
<app> {
	import portcullis
	reverse_proxy <application>
}
";

/// Here `forward_auth` must stand inside `handle`: on the top level it would guard the login page
/// as well.
const ONE_SITE: &str = "\
# Each protected site: these lines, with its own name and address.
<app> {
	@portcullis_pages path <pages>
	handle @portcullis_pages {
		import portcullis_pages
	}
	handle {
		import portcullis
		reverse_proxy <application>
	}
}
";

fn print(deployment: &Deployment<'_>) -> String {
    let config = deployment.config;
    let options = if config.proxy.client_ip_header == ClientIpHeader::CfConnectingIp {
        let ranges: Vec<_> =
            config.proxy.cloudflare_ranges.iter().map(ToString::to_string).collect();
        fill(CDN, &[("ranges", &ranges.join(" "))])
    } else {
        String::new()
    };
    let (login, site) = match &deployment.login {
        Some(login) => (address(login), TWO_SITES),
        None => (String::new(), ONE_SITE),
    };
    let pages: Vec<_> = deployment.pages().into_iter().map(|page| format!("{page}*")).collect();
    let head = fill(HEAD, &[("order", ORDER), ("options", &options)]);
    let sites = fill(
        site,
        &[
            ("login", &login),
            ("app", &address(&deployment.app)),
            ("pages", &pages.join(" ")),
            ("application", APPLICATION),
        ],
    );
    [head, snippets(deployment), sites].concat()
}

/// The parts of a Caddyfile that a protected site is made of, for who writes the sites:
/// `(portcullis)` asks the gate, `(portcullis_pages)` leads to its own pages. Ends with an empty
/// line.
pub fn snippets(deployment: &Deployment<'_>) -> String {
    let gate = match deployment.gate() {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix/{}", path.display()),
    };
    let resolver = deployment.config.identity.resolver_headers;
    let held = |lines: &'static str| if resolver { lines } else { "" };
    fill(
        &[ASK, PAGES].concat(),
        &[
            ("strip", &lines(stripped(deployment), "\trequest_header -", "")),
            ("overrides_comment", OVERRIDES_COMMENT),
            ("overrides", &lines(OVERRIDES, "\trequest_header -", "")),
            ("gate", &gate),
            ("prefix", deployment.prefix()),
            ("identity", &deployment.identity.join(" ")),
            ("hold_pass", held(HOLD_PASS)),
            ("send_pass", held(SEND_PASS)),
            ("pass", PASS_HEADER),
        ],
    )
}

/// What a visitor may not say about himself and his request. `Remote*` is every alias of the four,
/// since PHP, CGI and WSGI take `Remote~User` for the same; names with `_` or `.` a Caddy that is
/// new enough drops by itself.
fn stripped(deployment: &Deployment<'_>) -> Vec<String> {
    let mut names = vec!["Remote*".to_owned()];
    if deployment.config.identity.resolver_headers {
        names.push(RESOLVER.to_owned());
    }
    names.extend(
        deployment.config.identity.headers.iter().flat_map(|header| spellings(header.as_str())),
    );
    names.extend(claims(deployment.config).map(str::to_owned));
    names
}

/// The resolver's headers with every alias, which nobody refuses where the gate is asked by
/// `/resolve`. The one that brings a pass goes with them, and is held for the question.
const RESOLVER: &str = "*Portcullis*";

const HOLD_PASS: &str = "\tvars portcullis_pass {http.request.header.<pass>}\n";

/// Empty where there is none, which the gate takes for none.
const SEND_PASS: &str = "\t\theader_up <pass> {http.vars.portcullis_pass}\n";

/// The overrides of a path or method, with every alias.
const OVERRIDES: [&str; 4] = ["*Original*", "*Rewrite*", "*HTTP*", "*Override"];

/// A site's address as the Caddyfile has it: https goes without saying.
fn address(site: &ExampleSite) -> String {
    let scheme = if site.scheme == Scheme::Http { "http://" } else { "" };
    let port = site.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}{}{port}", site.host)
}

/// A line of its log in JSON, as far as it is needed.
#[derive(Deserialize)]
struct CaddyLogLine<'l> {
    /// Absent where the log's encoder leaves it out.
    #[serde(borrow, default)]
    logger: Cow<'l, str>,
    #[serde(borrow)]
    request: CaddyLogRequest<'l>,
}

#[derive(Deserialize)]
struct CaddyLogRequest<'l> {
    #[serde(borrow)]
    method: Cow<'l, str>,
    #[serde(borrow)]
    host: Cow<'l, str>,
    #[serde(borrow)]
    uri: Cow<'l, str>,
    /// The visitor's, found with Caddy's own trusted proxies; older versions have it not.
    #[serde(borrow, default)]
    client_ip: Cow<'l, str>,
    #[serde(borrow, default)]
    remote_ip: Cow<'l, str>,
    tls: Option<IgnoredAny>,
}

/// A request that failed is in the log of errors, too; it counts where it was answered.
fn read_log_line(line: &[u8]) -> Option<LoggedRequest<'_>> {
    let CaddyLogLine { logger, request } = serde_json::from_slice(line).ok()?;
    if !logger.is_empty() && !logger.starts_with("http.log.access") {
        return None;
    }
    let address = [&request.client_ip, &request.remote_ip].into_iter().find(|ip| !ip.is_empty());
    Some(LoggedRequest {
        client: address.and_then(|address| address.parse().ok()),
        host: Some(request.host),
        scheme: Some(if request.tls.is_some() { Scheme::Https } else { Scheme::Http }),
        method: request.method,
        target: octets_of(request.uri),
    })
}

#[cfg(test)]
#[path = "caddy_log_tests.rs"]
mod tests;
