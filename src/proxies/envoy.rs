//! Envoy: its address, its lines, and its configuration as one file.

use super::claims::{OVERRIDES_COMMENT, claims, overrides};
use super::deployment::{APPLICATION, Deployment, ExampleSite};
use super::fix::Fix;
use super::reverse_proxy::{
    PassForm, PrintedConfiguration, RefusalForm, ReverseProxy, VerifyEndpoint,
};
use super::template::{fill, lines};
use crate::config::{ListenAddress, Scheme};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::pass_header::PASS_HEADER;
use crate::original::purpose::ForwardingFamily;

/// Envoy with `ext_authz` over HTTP, which asks with the original method, target and `Host`, and
/// with no header but those that it was told to send. Any status but 200 is a refusal, and one from
/// 500 on becomes an empty answer of its own.
pub static PROXY: ReverseProxy = ReverseProxy {
    name: "envoy",
    program: "Envoy",
    endpoints: &[VerifyEndpoint {
        path: "/verify/envoy",
        proxy: Some(&PROXY),
        family: ForwardingFamily::RequestCopy,
        pass: PassForm::OkWithAllHeaders,
        refusal: RefusalForm::Whole,
    }],
    fix,
    configuration: Some(PrintedConfiguration { help: "Envoy 1.36 or newer", print, script: None }),
    read_log_line: None,
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            ForwardingHeader::ForwardedFor | ForwardingHeader::RealIp => &[HAND_ON_CLIENT, SEND],
            ForwardingHeader::ForwardedProto => &[SEND],
            ForwardingHeader::ForwardedHost => &[
                "request_headers_to_add: [{header: {key: x-forwarded-host, value: \"%REQ(:AUTHORITY)%\"}, \
                 append_action: OVERWRITE_IF_EXISTS_OR_ADD}]",
            ],
            ForwardingHeader::ForwardedPort
            | ForwardingHeader::ForwardedUri
            | ForwardingHeader::ForwardedMethod
            | ForwardingHeader::OriginalUrl
            | ForwardingHeader::OriginalUri
            | ForwardingHeader::OriginalMethod => &[REMOVE],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["path_prefix: /verify/envoy"],
        Fix::OpenPages => &["envoy.filters.http.ext_authz: {\"@type\": \
             type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute, disabled: true}"],
        Fix::RemoveIdentity(header) if header.starts_with("Remote-") => &[REMOVE_REMOTE],
        Fix::RemoveIdentity(_) => &[REMOVE],
        Fix::ReferrerPolicy => {
            &["response_headers_to_add: [{header: {key: referrer-policy, value: same-origin}, \
             append_action: OVERWRITE_IF_EXISTS_OR_ADD}]"]
        }
        Fix::ClientBehindCdn => &[],
    }
}

const HAND_ON_CLIENT: &str = "append: {header: {key: <header>, value: \
    \"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%\"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}";

const REMOVE: &str = "remove: <header>";

const REMOVE_REMOTE: &str =
    "remove_on_match: {key_matcher: {safe_regex: {regex: \"remote.(user|groups|name|email)\"}}}";

/// [`SENT`] in one line.
const SEND: &str = "allowed_headers: {patterns: [{prefix: accept}, {prefix: access-control-}, \
    {exact: authorization}, {exact: cf-connecting-ip}, {exact: content-type}, {exact: cookie}, \
    {exact: origin}, {prefix: remote}, {prefix: sec-}, {exact: upgrade}, {exact: user-agent}, {prefix: x}]}";

/// All that the gate reads of a visitor's request, by what the names begin with where it reads a
/// kind of them. Identity headers and overrides are among them though they are removed first: where
/// that is left out, the gate refuses them, and says so.
const SENT: [&str; 12] = [
    "{prefix: accept}",
    "{prefix: access-control-}",
    "{exact: authorization}",
    "{exact: cf-connecting-ip}",
    "{exact: content-type}",
    "{exact: cookie}",
    "{exact: origin}",
    "{prefix: remote}",
    "{prefix: sec-}",
    "{exact: upgrade}",
    "{exact: user-agent}",
    "{prefix: x}",
];

const HEAD: &str = "\
# envoy.yaml: Portcullis before one example site. For Envoy 1.36 or later; tried with 1.36.2 and 1.40.0.
static_resources:
  listeners:
  - name: sites
    address: {socket_address: {address: \"::\", port_value: <port>, ipv4_compat: true}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: sites
          # The connecting address is the visitor's, and is passed on below. For a visitor on this very machine, Envoy on
          # its own would pass on a different address of the machine.
          use_remote_address: true
          skip_xff_append: true
          # Gate and site are told the same path. Nothing is decoded.
          normalize_path: true
          merge_slashes: false
          path_with_escaped_slashes_action: KEEP_UNCHANGED
          # Many applications take Remote_User and the like for Remote-User.
          common_http_protocol_options: {headers_with_underscores_action: DROP_HEADER}
          # Of all that a connection can be upgraded to, only WebSocket.
          upgrade_configs: [{upgrade_type: websocket}]
          # Removes what a visitor says about himself and his request, before anything else looks at it.
          early_header_mutation_extensions:
          - name: envoy.http.early_header_mutation.header_mutation
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation
              mutations:
              # A dot stands for any character: applications take Remote.User and the like for Remote-User, too.
<strip>              <overrides_comment><overrides>              - append:
                  header: {key: x-forwarded-for, value: \"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%\"}
                  append_action: OVERWRITE_IF_EXISTS_OR_ADD
              - append:
                  header: {key: x-real-ip, value: \"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%\"}
                  append_action: OVERWRITE_IF_EXISTS_OR_ADD
          route_config:
            request_headers_to_add:
            - header: {key: x-forwarded-host, value: \"%REQ(:AUTHORITY)%\"}
              append_action: OVERWRITE_IF_EXISTS_OR_ADD
            virtual_hosts:
<pages_host>            # Each protected site: these lines, with its own name and cluster.
            - name: app
              domains: [<app_domains>]
              # A program's pass is for the gate alone.
              request_headers_to_remove: [<pass>]
              routes:
<pages_routes>              - match: {prefix: \"/\"}
                route: {cluster: app, timeout: 0s}
          http_filters:
          - name: envoy.filters.http.ext_authz
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              # A gate that cannot be asked opens nothing.
              failure_mode_allow: false
              status_on_error: {code: ServiceUnavailable}
              # Without these Envoy sends neither the cookie nor anything else.
              allowed_headers:
                patterns:
<sent>              http_service:
                server_uri: {uri: \"<uri>\", cluster: portcullis, timeout: 5s}
                path_prefix: <prefix>/verify/envoy
                authorization_response:
                  allowed_upstream_headers:
                    patterns:
<identity>          - name: envoy.filters.http.router
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
<tls>  clusters:
  - name: portcullis
    type: STATIC
    connect_timeout: 2s
    # Shorter than the gate keeps a connection open.
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {idle_timeout: 120s}
        explicit_http_config: {http_protocol_options: {}}
    load_assignment:
      cluster_name: portcullis
      endpoints:
      - lb_endpoints:
        - endpoint: {address: <gate_address>}
  - name: app
    type: STATIC
    connect_timeout: 2s
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints:
        - endpoint: {address: <application>}
";

const PAGES_HOST: &str = "            - name: portcullis
              domains: [<domains>]
              typed_per_filter_config:
                envoy.filters.http.ext_authz: <unasked>
              routes:
              - match: {prefix: \"/\"}
                route: {cluster: portcullis, timeout: 30s}
";

const PAGES_ROUTE: &str = "              - match: {<kind>: \"<path>\"}
                typed_per_filter_config:
                  envoy.filters.http.ext_authz: <unasked>
                route: {cluster: portcullis, timeout: 30s}
";

const UNASKED: &str = "{\"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute, disabled: true}";

const TLS: &str = "      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_certificates:
            - certificate_chain: {filename: /etc/envoy/certificates/sites.crt}
              private_key: {filename: /etc/envoy/certificates/sites.key}
";

fn print(deployment: &Deployment<'_>) -> String {
    let app = &deployment.app;
    let pages_host = deployment.login.as_ref().map(pages_host).unwrap_or_default();
    let pages_routes = match &deployment.login {
        Some(_) => String::new(),
        None => pages_routes(deployment),
    };
    let uri = match deployment.gate() {
        ListenAddress::Tcp(address) => format!("http://{address}"),
        ListenAddress::Unix(_) => "http://portcullis".to_owned(),
    };
    let port = app.port.unwrap_or(app.scheme.default_port()).to_string();
    let copied = deployment.identity.iter().map(|name| name.to_ascii_lowercase());
    fill(
        HEAD,
        &[
            ("port", &port),
            ("strip", &lines(stripped(deployment), "              - ", "")),
            ("overrides_comment", OVERRIDES_COMMENT),
            ("overrides", &lines(overrides().map(removal), "              - ", "")),
            ("pages_host", &pages_host),
            ("pages_routes", &pages_routes),
            ("app_domains", &domains(app)),
            ("pass", &PASS_HEADER.to_ascii_lowercase()),
            ("sent", &lines(SENT, "                - ", "")),
            ("uri", &uri),
            ("prefix", deployment.prefix()),
            ("identity", &lines(copied, "                    - {exact: ", "}")),
            ("tls", if app.scheme == Scheme::Https { TLS } else { "" }),
            ("gate_address", &address(deployment.gate())),
            ("application", &tcp(APPLICATION)),
        ],
    )
}

/// The login page's own site.
fn pages_host(login: &ExampleSite) -> String {
    fill(PAGES_HOST, &[("domains", &domains(login)), ("unasked", UNASKED)])
}

/// The pages on the site itself. With a prefix nothing that only begins like it is the gate's.
fn pages_routes(deployment: &Deployment<'_>) -> String {
    let kind = if deployment.prefix().is_empty() { "prefix" } else { "path_separated_prefix" };
    let route = |path| fill(PAGES_ROUTE, &[("kind", kind), ("path", path), ("unasked", UNASKED)]);
    deployment.pages().into_iter().map(route).collect()
}

/// Names of a site as visitors send them, with the port or without.
fn domains(site: &ExampleSite) -> String {
    format!("\"{0}\", \"{0}:*\"", site.host)
}

/// What a visitor may not say about himself and his request.
fn stripped(deployment: &Deployment<'_>) -> impl Iterator<Item = String> {
    let further = deployment.identity.iter().copied().filter(|name| !name.starts_with("Remote-"));
    let own = ["X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-For", "X-Real-IP"];
    let names = further.chain(claims(deployment.config)).chain(own).map(removal);
    [REMOVE_REMOTE.to_owned()].into_iter().chain(names)
}

/// Removes a header and all names that applications take for it. Envoy knows names in small
/// letters.
fn removal(name: &str) -> String {
    let pattern = name.to_ascii_lowercase().replace('-', ".");
    format!("remove_on_match: {{key_matcher: {{safe_regex: {{regex: \"{pattern}\"}}}}}}")
}

fn address(listen: &ListenAddress) -> String {
    match listen {
        ListenAddress::Tcp(address) => tcp(&address.to_string()),
        ListenAddress::Unix(path) => format!("{{pipe: {{path: {}}}}}", path.display()),
    }
}

/// An address and port, in brackets where it is IPv6, as Envoy has it.
fn tcp(address: &str) -> String {
    let (host, port) = address.rsplit_once(':').unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    format!("{{socket_address: {{address: \"{host}\", port_value: {port}}}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_fixes_a_question_sends_what_the_printed_one_sends() {
        assert_eq!(SEND, format!("allowed_headers: {{patterns: [{}]}}", SENT.join(", ")));
    }
}
