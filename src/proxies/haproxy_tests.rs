//! The lines that HAProxy is told are those of its printed configuration.

use super::*;
use crate::config::IdentityHeader;
use crate::proxies::fixes::Fixes;

/// Whoever is told a line finds it in the printed text.
#[test]
fn every_line_that_fixes_something_is_one_that_is_printed() {
    let config = Config::default();
    let identity = vec!["Remote-User", IdentityHeader::XForwardedUser.as_str()];
    let text = print(&Deployment::new(&config, identity.clone(), &["/login"]));
    let headers = ForwardingHeader::ALL.into_iter().map(Fix::Header);
    let others = [Fix::OwnEndpoint, Fix::OpenPages, Fix::ClientBehindCdn];
    let fixes = headers.chain(identity.into_iter().map(Fix::RemoveIdentity)).chain(others);
    for fix in fixes.filter(|fix| *fix != Fix::Header(ForwardingHeader::CfConnectingIp)) {
        let lines: Vec<_> = Fixes::of(fix).for_proxy(Some(&PROXY)).lines().collect();
        assert!(!lines.is_empty(), "{fix:?}");
        for (_, line) in lines {
            assert!(text.contains(&format!("\n    {line}")), "{line} in\n{text}");
        }
    }
}
