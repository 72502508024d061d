//! HAProxy: its address, its lines, the `haproxy.cfg`, and the Lua script that asks the gate.
//!
//! HAProxy goes on with the next line when a script fails, so the script lets nobody in by itself:
//! it says that the gate said yes, and a line of the configuration denies whatever lacks that.

use super::claims::{OVERRIDES_COMMENT, claims, overrides};
use super::deployment::{APPLICATION, Deployment, ExampleSite};
use super::fix::Fix;
use super::reverse_proxy::{
    PassForm, PrintedConfiguration, RefusalForm, ReverseProxy, VerifyEndpoint,
};
use super::template::{fill, lines};
use crate::config::{ClientIpHeader, Config, ListenAddress, Scheme};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::pass_header::PASS_HEADER;
use crate::original::purpose::ForwardingFamily;

/// HAProxy with a Lua script that asks. It removes what a visitor calls as the gate calls its
/// identity headers, and takes only those from the gate that hold something.
pub static PROXY: ReverseProxy = ReverseProxy {
    name: "haproxy",
    program: "HAProxy",
    endpoints: &[VerifyEndpoint {
        path: "/verify/haproxy",
        proxy: Some(&PROXY),
        family: ForwardingFamily::XForwarded,
        pass: PassForm::AllHeaders,
        refusal: RefusalForm::Whole,
    }],
    fix,
    configuration: Some(PrintedConfiguration {
        help: "HAProxy 2.6 or newer with Lua; --lua prints its script",
        print,
        script: Some(print_script),
    }),
    read_log_line: None,
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            ForwardingHeader::ForwardedFor => &[HAND_ON_CLIENT],
            ForwardingHeader::ForwardedProto => {
                &["http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]"]
            }
            ForwardingHeader::ForwardedHost => {
                &["http-request set-header X-Forwarded-Host %[req.fhdr(host)]"]
            }
            ForwardingHeader::ForwardedUri => &["http-request set-header X-Forwarded-Uri %[pathq]"],
            ForwardingHeader::ForwardedMethod => {
                &["http-request set-header X-Forwarded-Method %[method]"]
            }
            ForwardingHeader::ForwardedPort
            | ForwardingHeader::OriginalUrl
            | ForwardingHeader::OriginalUri
            | ForwardingHeader::OriginalMethod => &[DELETE],
            ForwardingHeader::RealIp => &["http-request set-header X-Real-IP %[src]"],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["http-request lua.portcullis 127.0.0.1:3000 /verify/haproxy"],
        Fix::OpenPages => {
            &["http-request lua.portcullis 127.0.0.1:3000 /verify/haproxy unless portcullis_pages"]
        }
        Fix::RemoveIdentity(_) => &[DELETE, "http-request del-header [^a-z0-9-] -m reg"],
        Fix::ReferrerPolicy => &["http-response set-header Referrer-Policy same-origin"],
        // Behind a CDN `src` is set to the visitor's address first.
        Fix::ClientBehindCdn => &[HAND_ON_CLIENT],
    }
}

const DELETE: &str = "http-request del-header <header>";

const HAND_ON_CLIENT: &str = "http-request set-header X-Forwarded-For %[src]";

/// The order counts: what a visitor says is removed, then the gate is asked, then whatever it did
/// not let pass is denied, and only then a backend is chosen. Headers' names are in lower-case
/// letters here, whatever the visitor wrote. `req.fhdr`, because `req.hdr` takes a host with commas
/// for several. WebSocket alone of all that a connection can be upgraded to: through h2c requests
/// would pass unasked. The Connection lines also keep a visitor from having the gate's own headers
/// removed behind HAProxy.
const HEAD: &str = "\
# haproxy.cfg: Portcullis before one example site. For HAProxy 2.6 or later, built with Lua.
# It loads a script, /etc/haproxy/portcullis.lua, which is printed by: portcullis proxy print haproxy --lua
global
    user haproxy
    group haproxy
    lua-load-per-thread /etc/haproxy/portcullis.lua

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s
    timeout tunnel 1h

frontend sites
<bind>
    # The names of all sites, the login page's included. Any other name is nobody's.
    acl portcullis_site req.fhdr(host),host_only -i <sites>
    http-request deny deny_status 404 unless portcullis_site
<redirect>    # A request line may hold a whole address: gate and site get its path and query.
    http-request deny deny_status 400 unless { path_beg / }
    http-request set-uri %[pathq]

    # Remote_User, Remote.User and the like, which many applications take for Remote-User.
    http-request del-header [^a-z0-9-] -m reg
    # What a visitor says about himself and his request.
<strip>    <overrides_comment><overrides>    # Of all that a connection can be upgraded to, only WebSocket; and no visitor's list of headers to be dropped.
    acl portcullis_websocket req.fhdr(Upgrade) -i websocket
    http-request del-header Connection
    http-request set-header Connection Upgrade if portcullis_websocket
    http-request set-header Upgrade websocket if portcullis_websocket
    http-request del-header Upgrade unless portcullis_websocket

<cloudflare>    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request set-header X-Forwarded-Host %[req.fhdr(host)]
    http-request set-header X-Forwarded-Uri %[pathq]
    http-request set-header X-Forwarded-Method %[method]

    # The gate's own pages, open to everybody.
    acl portcullis_pages <pages>
    http-request lua.portcullis <gate> <prefix>/verify/haproxy unless portcullis_pages
    # Keep this line: without it an error in the script would let everybody in.
    http-request deny deny_status 503 unless portcullis_pages or { var(txn.portcullis_passed) -m bool }
    # For the gate alone.
    http-request del-header X-Forwarded-Uri
    http-request del-header X-Forwarded-Method
    http-request del-header <pass>

    use_backend portcullis if portcullis_pages
    # Each protected site: this line and a backend, with its own name and address; its name above, too.
    use_backend app if { req.fhdr(host),host_only -i <app> }

backend portcullis
    timeout connect 2s
    timeout server 30s
    server gate <gate>

backend app
    server app <application>
";

const REDIRECT: &str = "    http-request redirect scheme https code 308 unless { ssl_fc }
";

const CLOUDFLARE: &str = "    # From elsewhere the header is made up.
<ranges>    http-request set-src req.hdr_ip(CF-Connecting-IP) if portcullis_cloudflare { req.hdr_cnt(CF-Connecting-IP) eq 1 }
    http-request del-header CF-Connecting-IP
";

/// Cloudflare's ranges on one line.
const RANGES_PER_LINE: usize = 5;

/// It is asked four times at most, which is HAProxy's own number: a gate that hangs holds a visitor
/// for eight seconds. Every question goes by GET and without a body. `Upgrade` is no header of the
/// connection here, because over HTTP/2 nothing else tells the gate of a WebSocket. A reply's
/// values count from 0, the question's from 1.
const SCRIPT: &str = "\
-- portcullis.lua: asks Portcullis whether a request may pass. haproxy.cfg loads it.
-- It lets nobody in by itself: it sets txn.portcullis_passed, and haproxy.cfg denies whatever lacks it, so that an
-- error in here lets nobody in.

-- The gate's word about the user, for the site.
local identity = {
<identity>}

-- What belongs to one connection, or to a body, which the gate is not sent.
local of_connection = {}
for _, name in ipairs({
  \"connection\", \"keep-alive\", \"proxy-connection\", \"te\", \"trailer\", \"transfer-encoding\", \"content-length\", \"expect\",
}) do
  of_connection[name] = true
end

local function refuse(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for name, values in pairs(headers or {}) do
    if not of_connection[name] then
      for index = 0, #values do reply:add_header(name, values[index]) end
    end
  end
  reply:set_body(body or \"\")
  txn:done(reply)
end

local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not of_connection[name] then
      headers[name] = {}
      for index = 0, #values do headers[name][index + 1] = values[index] end
    end
  end
  return headers
end

core.register_action(\"portcullis\", { \"http-req\" }, function(txn, gate, path)
  local headers = question(txn)
  local answered, answer = pcall(function()
    return core.httpclient():get({ url = \"http://portcullis\" .. path, dst = gate, headers = headers, timeout = 2000 })
  end)
  local class = answered and answer and answer.status and answer.status // 100
  if class == 2 then
    for _, name in ipairs(identity) do
      local values = answer.headers[name]
      if values and values[0] and values[0] ~= \"\" then txn.http:req_set_header(name, values[0]) end
    end
    txn:set_var(\"txn.portcullis_passed\", true)
  elseif class == 3 or class == 4 or class == 5 then
    refuse(txn, answer.status, answer.headers, answer.body)
  else
    local headers = { [\"retry-after\"] = { [0] = \"2\" }, [\"cache-control\"] = { [0] = \"no-store\" } }
    refuse(txn, 503, headers, \"The login service does not answer.\\n\")
  end
end, 2)
";

fn print(deployment: &Deployment<'_>) -> String {
    let gate = match deployment.gate() {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix@{}", path.display()),
    };
    let app = deployment.app.host.as_str();
    let (sites, pages) = match &deployment.login {
        Some(login) => {
            (format!("{} {app}", login.host), format!("req.fhdr(host),host_only -i {}", login.host))
        }
        None => (app.to_owned(), format!("path_beg {}", deployment.pages().join(" "))),
    };
    // X-Forwarded-Uri and -Method are set.
    let claims = claims(deployment.config)
        .filter(|name| !["X-Forwarded-Uri", "X-Forwarded-Method"].contains(name));
    let stripped = deployment.identity.iter().copied().chain(claims);
    let redirect = if leads_to_https(&deployment.app) { REDIRECT } else { "" };
    fill(
        HEAD,
        &[
            ("bind", &bind(&deployment.app)),
            ("sites", &sites),
            ("redirect", redirect),
            ("strip", &lines(stripped, "    http-request del-header ", "")),
            ("overrides_comment", OVERRIDES_COMMENT),
            ("overrides", &lines(overrides(), "    http-request del-header ", "")),
            ("cloudflare", &cloudflare(deployment.config)),
            ("pages", &pages),
            ("pass", PASS_HEADER),
            ("gate", &gate),
            ("prefix", deployment.prefix()),
            ("app", app),
            ("application", APPLICATION),
        ],
    )
}

/// The script, which differs by the identity headers alone.
fn print_script(deployment: &Deployment<'_>) -> String {
    let identity = deployment.identity.iter().map(|name| name.to_ascii_lowercase());
    fill(SCRIPT, &[("identity", &lines(identity, "  \"", "\","))])
}

/// Who comes by plain http is led to https where both have their usual ports.
fn leads_to_https(site: &ExampleSite) -> bool {
    site.scheme == Scheme::Https && site.port.is_none()
}

/// The lines that name the ports. A bare port is one of IPv4.
fn bind(site: &ExampleSite) -> String {
    let port = site.port.unwrap_or(site.scheme.default_port());
    let (host, end) = if site.host.starts_with('[') { ("[::]", " v4v6") } else { ("", "") };
    let bind = |port: u16, options: &str| format!("    bind {host}:{port}{end}{options}\n");
    match site.scheme {
        Scheme::Http => bind(port, ""),
        Scheme::Https => {
            let tls = " ssl crt /etc/haproxy/certificates/ alpn h2,http/1.1";
            let plain = if leads_to_https(site) { bind(80, "") } else { String::new() };
            format!(
                "    # A folder with one PEM file for each certificate, its key included.\n{}{plain}",
                bind(port, tls)
            )
        }
    }
}

/// Takes the visitor's address from Cloudflare, where that is in front.
fn cloudflare(config: &Config) -> String {
    if config.proxy.client_ip_header != ClientIpHeader::CfConnectingIp {
        return String::new();
    }
    let ranges: Vec<_> = config.proxy.cloudflare_ranges.iter().map(ToString::to_string).collect();
    let ranges = ranges.chunks(RANGES_PER_LINE).map(|some| some.join(" "));
    fill(CLOUDFLARE, &[("ranges", &lines(ranges, "    acl portcullis_cloudflare src ", ""))])
}

#[cfg(test)]
#[path = "haproxy_tests.rs"]
mod tests;
