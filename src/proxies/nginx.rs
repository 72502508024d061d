//! nginx: its addresses, its lines, and the `nginx.conf`.

use super::claims::{OVERRIDES_COMMENT, claims, overrides};
use super::combined_log;
use super::default_server::default_server;
use super::deployment::{APPLICATION, Deployment, ExampleSite};
use super::fix::Fix;
use super::reverse_proxy::{
    PassForm, PrintedConfiguration, RefusalForm, ReverseProxy, VerifyEndpoint,
};
use super::template::{fill, indented, lines};
use crate::config::{ClientIpHeader, ListenAddress, Scheme};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::pass_header::PASS_HEADER;
use crate::original::purpose::ForwardingFamily;

/// nginx with `auth_request`, which turns every status but 401 and 403 into a 500, throws the body
/// away, and so asks once more for the refusal that a visitor gets.
pub static PROXY: ReverseProxy = ReverseProxy {
    name: "nginx",
    program: "nginx",
    endpoints: &[
        VerifyEndpoint {
            path: "/verify/nginx",
            proxy: Some(&PROXY),
            family: ForwardingFamily::XOriginal,
            pass: PassForm::AllHeaders,
            refusal: RefusalForm::StatusAlone,
        },
        VerifyEndpoint {
            path: "/verify/nginx/refusal",
            proxy: Some(&PROXY),
            family: ForwardingFamily::XOriginal,
            pass: PassForm::SendBack,
            refusal: RefusalForm::Whole,
        },
    ],
    fix,
    configuration: Some(PrintedConfiguration::new("nginx with auth_request", print)),
    read_log_line: Some(combined_log::read),
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            ForwardingHeader::ForwardedFor => &["proxy_set_header X-Forwarded-For $remote_addr;"],
            ForwardingHeader::ForwardedProto => &["proxy_set_header X-Forwarded-Proto $scheme;"],
            ForwardingHeader::ForwardedHost => &["proxy_set_header X-Forwarded-Host $host;"],
            ForwardingHeader::ForwardedPort => &["proxy_set_header X-Forwarded-Port $server_port;"],
            ForwardingHeader::ForwardedUri => &["proxy_set_header X-Forwarded-Uri $request_uri;"],
            ForwardingHeader::ForwardedMethod => {
                &["proxy_set_header X-Forwarded-Method $request_method;"]
            }
            ForwardingHeader::OriginalUrl => {
                &["proxy_set_header X-Original-URL $scheme://$host:$server_port$request_uri;"]
            }
            ForwardingHeader::OriginalUri => &["proxy_set_header X-Original-URI \"\";"],
            ForwardingHeader::OriginalMethod => {
                &["proxy_set_header X-Original-Method $request_method;"]
            }
            ForwardingHeader::RealIp => &["proxy_set_header X-Real-IP $remote_addr;"],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["proxy_pass http://127.0.0.1:3000/verify/nginx;"],
        Fix::OpenPages => &["auth_request off;"],
        Fix::RemoveIdentity(_) => &[
            "proxy_set_header <header> \"\";",
            "underscores_in_headers off; ignore_invalid_headers on;",
        ],
        Fix::ReferrerPolicy => &["add_header Referrer-Policy same-origin always;"],
        Fix::ClientBehindCdn => &[],
    }
}

const HEAD: &str = "\
# nginx.conf: Portcullis before one example site. For nginx 1.22 or later with ngx_http_auth_request_module.
events {
    worker_connections 1024;
}

http {
    upstream portcullis {
        server <gate>;
        keepalive 16;
    }
    # Of all that a connection can be upgraded to, only WebSocket: through h2c requests would pass unasked.
    map $http_upgrade $portcullis_upgrade {
        websocket websocket;
        default '';
    }
    map $portcullis_upgrade $connection_upgrade {
        websocket upgrade;
        default '';
    }
    map $http_host $visitors_port {
        '~(:[0-9]{1,5})$' $1;
        default '';
    }
    # Did the gate refuse? A 401 or 403 that comes without its word is nginx's own or the site's.
    map $portcullis_status $portcullis_refused {
        '~40[13]$' 1;
        default 0;
    }
    # Both as nginx has them by itself: Remote_User, Remote.User and the like are dropped, since many applications take
    # them for Remote-User.
    underscores_in_headers off;
    ignore_invalid_headers on;
<before><sites>}
";

const TWO_SITES: &str = "\
# The login page.
server {
<login>
    location / {
<page_request>    }
}

# Each protected site: these lines, with its own name and address.
server {
<app>
<protect>
<auth_request>
    location / {
        proxy_pass http://<application>;
    }
}
";

const ONE_SITE: &str = "\
# Each protected site: these lines, with its own name and address.
server {
<app>
<protect>
<auth_request>
    # The gate's own pages, open to everybody.
    location ~ ^(<pages>) {
        auth_request off;
<page_request>    }

    location / {
        proxy_pass http://<application>;
    }
}
";

/// Asked for every request; and once more for a refusal, because nginx throws away the body of the
/// first answer. A 403 goes by way of a location of its own, for inside a named location nobody can
/// tell the two statuses apart.
const AUTH_REQUEST: &str = "\
location = /_portcullis {
    internal;
    auth_request off;
    proxy_pass http://portcullis<prefix>/verify/nginx;
    client_max_body_size 0;
<cache><request>}
location @portcullis_refusal {
    auth_request off;
    if ($portcullis_refused = 0) {
        return 401;
    }
    rewrite ^ <prefix>/verify/nginx/refusal? break;
    proxy_pass http://portcullis;
    proxy_method GET;
<request>}
location @portcullis_forbidden {
    auth_request off;
    if ($portcullis_refused = 0) {
        return 403;
    }
    try_files \"\" @portcullis_refusal;
}
";

/// `$host`: for `GET http://b/` with `Host: a` nginx serves b. A login address has 8,000 octets.
const REQUEST: &str = "\
proxy_http_version 1.1;
proxy_set_header Connection \"\";
proxy_pass_request_body off;
proxy_set_header Content-Length \"\";
proxy_set_header Host               $host;
proxy_set_header X-Original-URL     $scheme://$host:$server_port$request_uri;
proxy_set_header X-Original-Method  $request_method;
proxy_set_header X-Forwarded-For    $remote_addr;
proxy_set_header X-Real-IP          $remote_addr;
proxy_set_header X-Forwarded-Proto  \"\";
proxy_set_header X-Forwarded-Host   \"\";
<no_claims>proxy_set_header Upgrade            $http_upgrade;
proxy_intercept_errors off;
proxy_connect_timeout 2s;
proxy_read_timeout 5s;
proxy_buffer_size 16k;
proxy_buffers 4 16k;
";

const PAGE_REQUEST: &str = "\
proxy_pass http://portcullis;
proxy_http_version 1.1;
proxy_set_header Connection \"\";
proxy_set_header Host               $host:$server_port;
proxy_set_header X-Forwarded-Proto  $scheme;
proxy_set_header X-Forwarded-Host   $host:$server_port;
proxy_set_header X-Forwarded-For    $remote_addr;
proxy_set_header X-Real-IP          $remote_addr;
<no_claims>proxy_intercept_errors off;
proxy_buffer_size 16k;
proxy_buffers 4 16k;
";

/// On the level of the server, so that no location is forgotten. The site is told the name that was
/// asked about, and the port as the visitor wrote it.
const PROTECT: &str = "\
# Every location of this server is asked about. One that has a proxy_set_header line of its own inherits none of these:
# repeat them in it, or a visitor's forged Remote-User passes.
auth_request     /_portcullis;
auth_request_set $portcullis_status $upstream_status;
error_page 401 = @portcullis_refusal;
error_page 403 = @portcullis_forbidden;
<take_identity><give_identity>proxy_http_version 1.1;
proxy_set_header Host              $host$visitors_port;
proxy_set_header X-Forwarded-For   $remote_addr;
proxy_set_header X-Real-IP         $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host  $host$visitors_port;
<strip><overrides_comment><overrides>proxy_set_header Upgrade           $portcullis_upgrade;
proxy_set_header Connection        $connection_upgrade;
# The largest upload that the site takes; 0: no limit. nginx's own is 1m.
client_max_body_size 100m;
";

/// nginx's own key holds neither cookie nor host. Here is all that the answer may depend on; no
/// header and no address holds a line end, so no two requests share a key.
const CACHE: &str = "\
proxy_cache portcullis;
# Keep the line ends (\\n): with another character in between a visitor makes up the key of another request.
proxy_cache_key \"<client>$server_port\\n$http_cookie\\n$http_authorization\\n$http_x_portcullis_pass\\n$http_access_control_request_method\\n$remote_addr\\n$request_method\\n$scheme://$host$request_uri\";
";

const CACHE_PATH: &str = "proxy_cache_path /var/cache/nginx-portcullis keys_zone=portcullis:1m;\n";

fn print(deployment: &Deployment<'_>) -> String {
    let gate = match deployment.gate() {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    };
    let cached = deployment.config.session.proxy_cache.is_some();
    let pages: Vec<_> =
        deployment.pages().into_iter().map(|page| page.replace('.', "\\.")).collect();
    let (login, sites) = match &deployment.login {
        Some(login) => (server(login), TWO_SITES),
        None => (String::new(), ONE_SITE),
    };
    let page_request = fill(PAGE_REQUEST, &[("no_claims", &no_claims(deployment, PAGE_REQUEST))]);
    let sites = fill(
        sites,
        &[
            ("login", &indented(&login, "    ")),
            ("app", &indented(&server(&deployment.app), "    ")),
            ("pages", &pages.join("|")),
            ("page_request", &indented(&page_request, "        ")),
            ("auth_request", &indented(&auth_request(deployment, cached), "    ")),
            ("protect", &indented(&protect(deployment), "    ")),
            ("application", APPLICATION),
        ],
    );
    let cache_path = if cached { CACHE_PATH } else { "" };
    let before = indented(&format!("{cache_path}\n{}", default_server(deployment)), "    ");
    let sites = indented(&sites, "    ");
    fill(HEAD, &[("gate", &gate), ("before", &before), ("sites", &sites)])
}

/// The locations that ask the gate.
fn auth_request(deployment: &Deployment<'_>, cached: bool) -> String {
    let client = match deployment.config.proxy.client_ip_header {
        ClientIpHeader::CfConnectingIp => "$http_cf_connecting_ip\\n",
        _ => "",
    };
    let cache = if cached { fill(CACHE, &[("client", client)]) } else { String::new() };
    let request = fill(REQUEST, &[("no_claims", &no_claims(deployment, REQUEST))]);
    fill(
        AUTH_REQUEST,
        &[
            ("prefix", deployment.prefix()),
            ("cache", &indented(&cache, "    ")),
            ("request", &indented(&request, "    ")),
        ],
    )
}

/// What a protected server holds.
fn protect(deployment: &Deployment<'_>) -> String {
    let width = widest(deployment);
    let take = deployment.identity.iter().map(|name| {
        let field = name.to_ascii_lowercase().replace('-', "_");
        format!("auth_request_set {:<18} $upstream_http_{field};\n", variable(name))
    });
    let give = deployment
        .identity
        .iter()
        .map(|name| format!("proxy_set_header {name:<width$} {};\n", variable(name)));
    // A program's pass is for the gate alone.
    let stripped = claims(deployment.config).chain([PASS_HEADER]);
    fill(
        PROTECT,
        &[
            ("take_identity", &take.collect::<String>()),
            ("give_identity", &give.collect::<String>()),
            ("strip", &lines(stripped, "proxy_set_header ", " \"\";")),
            ("overrides_comment", OVERRIDES_COMMENT),
            ("overrides", &lines(overrides(), "proxy_set_header ", " \"\";")),
        ],
    )
}

/// Lines that send the gate nothing that a visitor says about himself or his request; what
/// `template` sets is the proxy's word.
fn no_claims(deployment: &Deployment<'_>, template: &str) -> String {
    let request = ["X-Forwarded-Port", "X-Forwarded-Uri", "X-Forwarded-Method", "Forwarded"];
    let names = request.into_iter().chain(overrides()).chain(deployment.identity.iter().copied());
    let own = |name: &&str| template.contains(&format!("proxy_set_header {name} "));
    let column = widest(deployment).max("X-Forwarded-Method".len());
    let names = names.filter(|name| !own(name)).map(|name| format!("{name:<column$}"));
    lines(names, "proxy_set_header ", " \"\";")
}

fn widest(deployment: &Deployment<'_>) -> usize {
    deployment.identity.iter().map(|name| name.len()).max().unwrap_or_default()
}

/// `Remote-User` is kept in `$portcullis_user`, everything else under its whole name.
fn variable(name: &str) -> String {
    let field = name.strip_prefix("Remote-").or(name.strip_prefix("X-Portcullis-")).unwrap_or(name);
    format!("$portcullis_{}", field.to_ascii_lowercase().replace('-', "_"))
}

/// Port, name and certificate of a server block.
fn server(site: &ExampleSite) -> String {
    let port = site.port.unwrap_or(site.scheme.default_port());
    let host = &site.host;
    let file = host.trim_matches(['[', ']']);
    // A bare port is one of IPv4.
    let port = if file == host { port.to_string() } else { format!("[::]:{port}") };
    match site.scheme {
        Scheme::Http => format!("listen {port};\nserver_name {host};\n"),
        Scheme::Https => format!(
            "listen {port} ssl;\nserver_name {host};\nssl_certificate     /etc/nginx/certificates/{file}.crt;\n\
             ssl_certificate_key /etc/nginx/certificates/{file}.key;\n"
        ),
    }
}
