//! A host of a rule or of a pass, and how to write one that was refused.

use super::values::{Read, quoted};
use crate::auth::policy::host_pattern::{HostFault, HostPattern};

/// What depends on where the host is written.
struct Wording {
    /// Where a path goes.
    path: &'static str,
    /// What to do instead of naming all hosts.
    all: &'static str,
}

/// `hosts` of a `[[rule]]`.
const OF_RULE: Wording = Wording {
    path: "the path below `paths`",
    all: "is not needed: leave `hosts` out, which means all",
};

/// `--host` of a pass.
const OF_PASS: Wording = Wording {
    path: "the path with --path",
    all: "is no host: a pass names each one, such as photos.example.com, or *.example.com",
};

/// A host or a pattern for hosts; else the right form of what was meant. A form that is advised
/// would be taken.
pub(super) fn read(entry: &str) -> Read<HostPattern> {
    HostPattern::parse(entry).map_err(|fault| explain(entry, fault, &OF_RULE))
}

/// The same for a pass.
///
/// # Errors
/// The right form, in words.
pub fn typed_host(entry: &str) -> Read<HostPattern> {
    HostPattern::parse(entry).map_err(|fault| explain(entry, fault, &OF_PASS))
}

fn explain(entry: &str, fault: HostFault, wording: &Wording) -> String {
    let written = quoted(entry);
    match fault {
        HostFault::Address => {
            let (host, path) = parts(entry);
            let what = format!("{written} is an address, not a host: write {}", right(&host));
            if path.len() > 1 { format!("{what}, and {}", wording.path) } else { what }
        }
        HostFault::NoPort if is_ipv6(entry) => ipv6(entry),
        HostFault::NoPort => {
            let host = entry.rsplit_once(':').map_or(entry, |(host, _)| host);
            format!(
                "{written} has no port from 1 to 65535 behind its colon: write {0}, or {0}:8443",
                right(host)
            )
        }
        HostFault::Star if entry == "*" => format!("{written} {}", wording.all),
        HostFault::Star => {
            let domain = entry.rsplit_once('*').map_or(entry, |(_, rest)| rest);
            let domain = domain.trim_start_matches(['.', '-']);
            format!(
                "{written}: a star stands for the first labels only: write {}",
                right(&format!("*.{domain}"))
            )
        }
        HostFault::NoHost if is_ipv6(entry) => ipv6(entry),
        HostFault::NoHost if !entry.is_ascii() => {
            format!("{written} is no host name: write it as browsers send it, in letters of xn--…")
        }
        HostFault::NoHost => {
            let trimmed = entry.trim();
            let below = trimmed.strip_prefix('.').map(|domain| format!("*.{domain}"));
            let meant = below.unwrap_or_else(|| trimmed.to_owned());
            format!("{written} is no host name: write {}", right(&meant))
        }
    }
}

/// Host and path of an address.
fn parts(entry: &str) -> (String, String) {
    let rest = entry.split_once("://").map_or(entry, |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    (host.rsplit('@').next().unwrap_or(host).to_owned(), path.to_owned())
}

fn is_ipv6(entry: &str) -> bool {
    entry.parse::<std::net::Ipv6Addr>().is_ok()
}

fn ipv6(entry: &str) -> String {
    format!("{}: an IPv6 address stands in brackets: write [{entry}]", quoted(entry))
}

/// What was meant, or an example where that would be refused too.
fn right(meant: &str) -> &str {
    if HostPattern::parse(meant).is_ok() { meant } else { "photos.example.com" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refused_host_is_told_its_right_form() {
        for (entry, message) in [
            ("https://photos.example.com/", "is an address, not a host: write photos.example.com"),
            (
                "https://photos.example.com:8443/share?x",
                "is an address, not a host: write photos.example.com:8443, and the path below `paths`",
            ),
            ("photos.example.com/", "is an address, not a host: write photos.example.com"),
            ("//a@nas.home/x", "write nas.home, and the path below `paths`"),
            ("https:///", "write photos.example.com"),
            ("nas.home:0", "behind its colon: write nas.home, or nas.home:8443"),
            ("nas.home:https", "behind its colon: write nas.home, or nas.home:8443"),
            ("a b:x", "write photos.example.com, or photos.example.com:8443"),
            ("fd00::1", "an IPv6 address stands in brackets: write [fd00::1]"),
            ("fd00::abcd", "an IPv6 address stands in brackets: write [fd00::abcd]"),
            ("*", "is not needed: leave `hosts` out, which means all"),
            ("*example.com", "only: write *.example.com"),
            ("photos.*", "only: write photos.example.com"),
            ("*.*.example.com", "only: write *.example.com"),
            (".example.com", "is no host name: write *.example.com"),
            (" photos.example.com", "is no host name: write photos.example.com"),
            ("photos example.com", "is no host name: write photos.example.com"),
            ("", "is no host name: write photos.example.com"),
            ("fotos.müller.example", "write it as browsers send it, in letters of xn--…"),
        ] {
            let found = read(entry).expect_err(entry);
            assert!(found.starts_with(&quoted(entry)) && found.ends_with(message), "{found}");
        }
    }

    #[test]
    fn a_pass_is_told_its_own_way_out() {
        for (entry, message) in [
            (
                "https://photos.example.com/api",
                "is an address, not a host: write photos.example.com, and the path with --path",
            ),
            ("*", "a pass names each one, such as photos.example.com, or *.example.com"),
            ("photos.*", "only: write photos.example.com"),
        ] {
            let found = typed_host(entry).expect_err(entry);
            assert!(found.starts_with(&quoted(entry)) && found.ends_with(message), "{found}");
        }
    }
}
