//! The Caddyfile.

use super::{APPLICATION, CADDY_ORDER, Site, Wiring, fill, lines, spellings};
use crate::config::ListenAddress;
use crate::config::{ClientIpHeader, Scheme};

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

/// A bare `forward_auth`: inside `route` it would run after a site's `handle`, which would then be open to everybody.
/// The Connection lines keep a visitor from having the gate's own headers removed on the way to the site.
const ASK: &str = "\
(portcullis) {
<strip>	@portcullis_plain not header Upgrade websocket
	request_header @portcullis_plain -Connection
	@portcullis_ws header Upgrade websocket
	request_header @portcullis_ws Connection Upgrade
	forward_auth <gate> {
		uri <prefix>/verify/caddy?
		header_up X-Forwarded-For {client_ip}
		header_up -X-Forwarded-Port
		header_up -X-Original-*
		header_up <real_ip>
		header_up -CF-Connecting-IP
		header_up -Forwarded
		copy_headers <identity>
	}
}

";

const PAGES: &str = "\
(portcullis_pages) {
	reverse_proxy <gate> {
		header_up X-Forwarded-For {client_ip}
		header_up -X-Forwarded-Port
		header_up -X-Original-*
		header_up <real_ip>
		header_up -CF-Connecting-IP
		header_up -Forwarded
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

/// Here the question must stand inside `handle`: on the top level it would guard the login page as well.
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

pub(super) fn print(wiring: &Wiring<'_>) -> String {
    let config = wiring.config;
    let options = if config.proxy.client_ip_header == ClientIpHeader::CfConnectingIp {
        let ranges: Vec<_> = config.proxy.cloudflare_ranges.iter().map(ToString::to_string).collect();
        fill(CDN, &[("ranges", &ranges.join(" "))])
    } else {
        String::new()
    };
    let (login, site) = match &wiring.login {
        Some(login) => (address(login), TWO_SITES),
        None => (String::new(), ONE_SITE),
    };
    let pages: Vec<_> = wiring.pages().into_iter().map(|page| format!("{page}*")).collect();
    let head = fill(HEAD, &[("order", CADDY_ORDER), ("options", &options)]);
    let sites = fill(
        site,
        &[("login", &login), ("app", &address(&wiring.app)), ("pages", &pages.join(" ")), ("application", APPLICATION)],
    );
    [head, snippets(wiring), sites].concat()
}

pub(super) fn snippets(wiring: &Wiring<'_>) -> String {
    let real_ip = match wiring.config.proxy.client_ip_header {
        ClientIpHeader::XRealIp => "X-Real-IP {client_ip}",
        _ => "-X-Real-IP",
    };
    let gate = match wiring.gate() {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix/{}", path.display()),
    };
    fill(
        &[ASK, PAGES].concat(),
        &[
            ("strip", &lines(stripped(wiring), "\trequest_header -", "")),
            ("gate", &gate),
            ("prefix", wiring.prefix()),
            ("real_ip", real_ip),
            ("identity", &wiring.identity.join(" ")),
        ],
    )
}

/// What a visitor may not say about himself, in all spellings: older Caddys and PHP take `Remote_User` for the same, and
/// `X-Forwarded_User` for the same as `X_Forwarded-User`.
fn stripped(wiring: &Wiring<'_>) -> Vec<String> {
    let mut names = vec!["Remote-*".to_owned()];
    if wiring.config.identity.resolver_headers {
        names.push("X-Portcullis-*".to_owned());
    }
    names.extend(wiring.config.identity.headers.iter().map(|header| header.as_str().to_owned()));
    names.iter().flat_map(|name| spellings(name)).collect()
}

/// A site's address as the Caddyfile has it: https goes without saying.
fn address(site: &Site) -> String {
    let scheme = if site.scheme == Scheme::Http { "http://" } else { "" };
    let port = site.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}{}{port}", site.host)
}
