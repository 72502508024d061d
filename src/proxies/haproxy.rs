//! HAProxy: its address and its lines. No configuration is printed for it yet.

use super::fix::Fix;
use super::reverse_proxy::{PassForm, RefusalForm, ReverseProxy, VerifyEndpoint};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::purpose::ForwardingFamily;

/// HAProxy with a Lua script that asks.
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
    configuration: None,
    read_log_line: None,
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(header) => match header {
            ForwardingHeader::ForwardedFor => &["http-request set-header X-Forwarded-For %[src]"],
            ForwardingHeader::ForwardedProto => {
                &["http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]"]
            }
            ForwardingHeader::ForwardedHost => {
                &["http-request set-header X-Forwarded-Host %[req.hdr(host)]"]
            }
            ForwardingHeader::ForwardedPort => &["http-request del-header X-Forwarded-Port"],
            ForwardingHeader::ForwardedUri => &["http-request set-header X-Forwarded-Uri %[pathq]"],
            ForwardingHeader::ForwardedMethod => {
                &["http-request set-header X-Forwarded-Method %[method]"]
            }
            ForwardingHeader::OriginalUrl
            | ForwardingHeader::OriginalUri
            | ForwardingHeader::OriginalMethod => &[DELETE],
            ForwardingHeader::RealIp => &["http-request set-header X-Real-IP %[src]"],
            ForwardingHeader::CfConnectingIp => &[],
        },
        Fix::OwnEndpoint => &["http-request lua.portcullis http://127.0.0.1:3000/verify/haproxy"],
        Fix::OpenPages => &[
            "http-request lua.portcullis http://127.0.0.1:3000/verify/haproxy unless portcullis_pages",
        ],
        Fix::RemoveIdentity(header) if header.starts_with("Remote-") => {
            &["http-request del-header ^remote[^a-z0-9](user|groups|name|email)$ -m reg"]
        }
        Fix::RemoveIdentity(_) => &[DELETE],
        Fix::ReferrerPolicy => &["http-response set-header Referrer-Policy same-origin"],
        Fix::ClientBehindCdn => &[],
    }
}

const DELETE: &str = "http-request del-header <header>";
