//! Envoy: its address and its lines.

use super::fix::Fix;
use super::reverse_proxy::{PassForm, RefusalForm, ReverseProxy, VerifyEndpoint};
use crate::original::forwarding_header::ForwardingHeader;
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
    configuration: None,
    read_log_line: None,
};

/// All that the gate reads of a visitor's request, by what the names begin with where a whole kind
/// of them is read. Envoy sends `host` and `authorization` by itself.
macro_rules! allowed_headers {
    () => {
        "allowed_headers: {patterns: [{prefix: accept}, {prefix: access-control-}, {exact: authorization}, \
         {exact: content-type}, {exact: cookie}, {exact: origin}, {prefix: remote}, {prefix: sec-}, \
         {exact: upgrade}, {exact: user-agent}, {prefix: x}]}"
    };
}

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            ForwardingHeader::ForwardedFor => &["use_remote_address: true", allowed_headers!()],
            ForwardingHeader::ForwardedProto => &[allowed_headers!()],
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
            ForwardingHeader::RealIp => &[
                "append: {header: {key: x-real-ip, value: \"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%\"}, \
                 append_action: OVERWRITE_IF_EXISTS_OR_ADD}",
            ],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["path_prefix: /verify/envoy"],
        Fix::OpenPages => &["envoy.filters.http.ext_authz: {\"@type\": \
             type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute, disabled: true}"],
        Fix::RemoveIdentity(header) if header.starts_with("Remote-") => {
            &["remove_on_match: {key_matcher: {safe_regex: {regex: \
             \"(?i)remote[^a-z0-9](user|groups|name|email)\"}}}"]
        }
        Fix::RemoveIdentity(_) => &[REMOVE],
        Fix::ReferrerPolicy => {
            &["response_headers_to_add: [{header: {key: referrer-policy, value: same-origin}, \
             append_action: OVERWRITE_IF_EXISTS_OR_ADD}]"]
        }
        Fix::ClientBehindCdn => &[],
    }
}

const REMOVE: &str = "remove: <header>";
