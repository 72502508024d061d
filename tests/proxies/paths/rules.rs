//! What the gate makes of a spelling under the rules that people write for such a site.

use super::spellings::Spelling;
use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::Ask;

/// The site whose paths are spelled.
pub const HOST: &str = "app.example.test";

/// What is public is open.
pub const PUBLIC_IS_OPEN: &str = r#"
[[rule]]
hosts = ["app.example.test"]
paths = ["/public/**"]
access = "open"
"#;

/// What is private is closed, and all else is open.
pub const PRIVATE_IS_DENIED: &str = r#"
[[rule]]
hosts = ["app.example.test"]
paths = ["/private/**"]
access = "deny"

[[rule]]
hosts = ["app.example.test"]
access = "open"
"#;

/// A gate with these rules.
pub fn gate_with(rules: &str) -> Daemon {
    Daemon::with(&format!("{ONE_DOMAIN}\n{rules}"))
}

/// Which of the spellings the gate lets through, in their order: for a stranger, or for whoever has
/// this session.
///
/// A spelling passes where it does so in one of the ways in which a proxy may tell of it.
pub fn passes(gate: &Daemon, session: Option<&str>, spellings: &[Spelling]) -> Vec<bool> {
    let passes_as = |question: Ask| {
        let question = match session {
            Some(token) => question.cookie("auth_token", token),
            None => question,
        };
        (200..300).contains(&question.send(gate.address).status)
    };
    let passes_one = |spelling: &Spelling| {
        let mut questions = told_as(&spelling.target).into_iter().flat_map(questions);
        questions.any(passes_as)
    };
    spellings.iter().map(passes_one).collect()
}

/// The target itself, and of an absolute one what follows the host, as most proxies tell it.
fn told_as(target: &[u8]) -> Vec<&[u8]> {
    let mut told = vec![target];
    if let Some(at) = target.windows(3).position(|part| part == b"://") {
        let rest = target.get(at + 3..).unwrap_or_default();
        let end = rest.iter().position(|sign| b"/\\?#".contains(sign));
        told.extend(end.and_then(|end| rest.get(end..)));
    }
    told
}

/// How proxies ask about a target, in each family of headers.
fn questions(target: &[u8]) -> Vec<Ask> {
    let from = |path: &str| Ask::get(path).header("X-Forwarded-For", "198.51.100.1");
    let forwarded = |path: &str| {
        from(path)
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", HOST)
            .header("X-Forwarded-Uri", target)
            .header("X-Forwarded-Method", "GET")
    };
    let mut all = ["/verify/caddy", "/verify/traefik", "/verify/haproxy"].map(forwarded).to_vec();
    // nginx refuses the others, and a URL made of them would have another host.
    if target.starts_with(b"/") {
        let url = [format!("https://{HOST}").as_bytes(), target].concat();
        all.push(from("/verify/nginx").header("X-Original-URL", url));
    }
    all
}
