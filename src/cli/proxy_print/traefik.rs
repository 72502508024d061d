//! The file for Traefik's file provider. It follows Traefik's documentation; it was not tried.

use super::{APPLICATION, Site, Wiring, fill, lines, spellings};
use crate::config::ListenAddress;
use crate::config::Scheme;

const HEAD: &str = "\
# Traefik, file provider: Portcullis before one example site. Written from Traefik's documentation, not tried.
# The entry points `web` (port 80) and `websecure` (port 443) are those of your static configuration.
<note>http:
  middlewares:
    # Removes what a visitor says about himself; must come before the question.
    portcullis-strip:
      headers:
        customRequestHeaders:
<strip>    portcullis-ask:
      forwardAuth:
        address: \"http://<gate><prefix>/verify/traefik\"
        trustForwardHeader: false
        authResponseHeaders:
<identity>    portcullis:
      chain:
        middlewares:
          - portcullis-strip
          - portcullis-ask

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
        servers:
          - url: \"http://<gate>\"
    app:
      loadBalancer:
        servers:
          - url: \"http://<application>\"
";

const NO_SOCKET: &str = "\
# Traefik cannot ask over a Unix socket: add \"127.0.0.1:3000\" to `listen` in portcullis.toml.
";

pub(super) fn print(wiring: &Wiring<'_>) -> String {
    let tcp = wiring.gates.iter().find_map(|gate| match gate {
        ListenAddress::Tcp(address) => Some(address.to_string()),
        ListenAddress::Unix(_) => None,
    });
    let app_rule = rule(&wiring.app);
    let pages_rule = match &wiring.login {
        Some(login) => rule(login),
        None => {
            let paths: Vec<_> = wiring.pages().into_iter().map(|page| format!("PathPrefix(`{page}`)")).collect();
            format!("{app_rule} && ({})", paths.join(" || "))
        }
    };
    let spelled = wiring.identity.iter().flat_map(|name| spellings(name));
    fill(
        HEAD,
        &[
            ("note", if tcp.is_none() { NO_SOCKET } else { "" }),
            (
                "strip",
                &lines(
                    spelled.chain(
                        ["X-Original-URL", "X-Original-URI", "X-Original-Method", "Forwarded"].map(str::to_owned),
                    ),
                    "          ",
                    ": \"\"",
                ),
            ),
            ("gate", tcp.as_deref().unwrap_or("127.0.0.1:3000")),
            ("prefix", wiring.prefix()),
            ("identity", &lines(&wiring.identity, "          - ", "")),
            ("pages_rule", &pages_rule),
            ("pages_entry", &entry(wiring.login.as_ref().unwrap_or(&wiring.app))),
            ("app_rule", &app_rule),
            ("app_entry", &entry(&wiring.app)),
            ("application", APPLICATION),
        ],
    )
}

/// The rule of a host; a longer rule wins over a shorter one, so the pages of a shared host come first.
fn rule(site: &Site) -> String {
    format!("Host(`{}`)", site.host)
}

fn entry(site: &Site) -> String {
    match site.scheme {
        Scheme::Http => "      entryPoints:\n        - web\n".to_owned(),
        Scheme::Https => "      entryPoints:\n        - websecure\n      tls: {}\n".to_owned(),
    }
}
