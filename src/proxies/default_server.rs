//! The server block for names that are none of a site's.
//!
//! A name that no block has goes to the default one, and without this that is the first site: the
//! gate would judge it by a name that its rules do not know.

use super::deployment::Deployment;
use super::template::fill;
use crate::config::{Scheme, is_host_name};

const OTHER_NAMES: &str = "\
# Any other name: no answer.
server {
<listen>    server_name _;
<reject>    return 444;
}

";

/// The server for all names that are none of a site; none where a site has an address, which
/// browsers do not name in TLS.
pub(super) fn default_server(deployment: &Deployment<'_>) -> String {
    let sites: Vec<_> = deployment.login.iter().chain([&deployment.app]).collect();
    if sites.iter().any(|site| !is_host_name(&site.host)) {
        return String::new();
    }
    let mut ports: Vec<(u16, Scheme)> = Vec::new();
    for site in sites {
        let port = (site.port.unwrap_or(site.scheme.default_port()), site.scheme);
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    let listen = ports.iter().map(|(port, scheme)| match scheme {
        Scheme::Http => format!("    listen {port} default_server;\n"),
        Scheme::Https => format!("    listen {port} ssl default_server;\n"),
    });
    let encrypted = ports.iter().any(|(_, scheme)| *scheme == Scheme::Https);
    let reject = if encrypted { "    ssl_reject_handshake on;\n" } else { "" };
    fill(OTHER_NAMES, &[("listen", &listen.collect::<String>()), ("reject", reject)])
}
