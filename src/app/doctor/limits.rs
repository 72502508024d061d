//! Who waits, and does the count fall on the right one?

use crate::app::doctor::emptied::Emptied;
use crate::app::doctor::facts::{Budget, Failing, LimitFacts};
use crate::app::doctor::finding::{Subject, written};
use crate::app::messages::answers::doctor::Finding;
use crate::auth::guess_budget::{CAPACITY, REFILL, is_of_shared_space};
use crate::config::advice::Advice;
use crate::config::raw::Raw;
use crate::config::{ClientIpHeader, Config};
use crate::proxies::all;
use crate::proxies::fix::Fix;
use crate::proxies::fixes::Fixes;
use crate::proxies::reverse_proxy::ReverseProxy;

const LIMITS: Subject = Subject("limits");

/// Guesses left of a bucket's hundred at which the operator is told.
const NEARLY_EMPTY: u32 = 20;
/// Changes of the entry to the left of an address from which on it counts as many visitors.
const MANY: u32 = 3;

pub(super) fn findings(limits: &LimitFacts, config: &Config) -> Vec<Finding> {
    let mut findings: Vec<_> = limits.budgets.iter().filter_map(budget).collect();
    findings.extend(waiting(&limits.addresses));
    findings
        .extend(limits.addresses.iter().filter_map(|failing| misplaced(failing, limits, config)));
    findings.extend(cdn(limits, config));
    findings.extend(shared_space(limits, config));
    if findings.is_empty() {
        findings.push(LIMITS.ok("nobody waits, and no bucket is nearly empty"));
    }
    findings
}

fn budget(Budget { kind, key, left, emptied }: &Budget) -> Option<Finding> {
    if *left > NEARLY_EMPTY {
        return None;
    }
    let whose = match *kind {
        "strangers" if key == "home" => {
            "strangers at home (browsers on local addresses that never logged in)".to_owned()
        }
        "strangers" => "strangers from the internet (browsers that never logged in)".to_owned(),
        "device" => format!("the known browsers of {key}"),
        _ => format!("the account {key}"),
    };
    let found = match left {
        0 => format!(
            "{whose} have used up their wrong codes{}: they cannot log in, one try comes back every {} hours",
            emptied.as_ref().map(Emptied::told).unwrap_or_default(),
            REFILL.as_secs() / 3_600
        ),
        _ => format!(
            "{whose} have {left} of {CAPACITY} wrong codes left; with none they cannot log in"
        ),
    };
    let what = if *kind == "strangers" && key != "home" { "strangers" } else { key };
    Some(LIMITS.warning(
        found,
        format!("portcullis limit list\nportcullis limit clear {what}  # if it was you"),
    ))
}

fn waiting(addresses: &[Failing]) -> Option<Finding> {
    let waiting: Vec<_> = addresses.iter().filter(|failing| failing.until.is_some()).collect();
    let first = waiting.first()?;
    let names: Vec<_> = waiting.iter().take(5).map(|failing| failing.key.as_str()).collect();
    let more = if waiting.len() > names.len() { ", …" } else { "" };
    let found = format!(
        "addresses that wait after wrong codes: {} ({}{more})",
        waiting.len(),
        names.join(", ")
    );
    Some(LIMITS.note(found, Some(format!("portcullis limit clear {}  # if it was you", first.key))))
}

/// Failures of many that count as those of one.
fn misplaced(failing: &Failing, limits: &LimitFacts, config: &Config) -> Option<Finding> {
    let shared = limits
        .shared_addresses
        .iter()
        .any(|(address, changes)| *address == failing.address && *changes >= MANY);
    if !shared {
        return None;
    }
    let found = format!(
        "failures of many visitors count for {} alone: it is a proxy or a CDN that the gate does not know, and stands \
         before other addresses in X-Forwarded-For. Few wrong codes stop them all",
        failing.key
    );
    let remark = in_proxies(Fixes::of(Fix::ClientBehindCdn));
    Some(LIMITS.warning(found, written(Advice::to_trust(config, &failing.key), &remark)))
}

/// The same by the proxies that find the visitor's address by themselves.
fn in_proxies(fixes: Fixes) -> String {
    let lines = fixes.lines().map(|(program, line)| format!("or in {program}: {line}"));
    lines.collect::<Vec<_>>().join(", ")
}

fn cdn(limits: &LimitFacts, config: &Config) -> Option<Finding> {
    let of_cdn = |address: &std::net::IpAddr| {
        config.proxy.cloudflare_ranges.iter().any(|range| range.contains(address))
    };
    let failing = limits.addresses.iter().map(|failing| &failing.address);
    let address = limits.clients.iter().chain(failing).find(|address| of_cdn(address))?;
    let found = format!(
        "{address}, which belongs to Cloudflare, counts as a visitor: all who come through it share one counter"
    );
    Some(LIMITS.warning(found, cloudflare(config, None)))
}

/// Addresses of a VPN, perhaps the owner's own.
fn shared_space(limits: &LimitFacts, config: &Config) -> Option<Finding> {
    let abroad = |address: &std::net::IpAddr| {
        is_of_shared_space(*address)
            && !config.limits.local.iter().any(|range| range.contains(address))
    };
    let address = limits.addresses.iter().map(|failing| failing.address).find(abroad)?;
    let found = format!(
        "{address} counts as the internet: 100.64.0.0/10 is shared by carriers and VPNs, and nobody's home by itself"
    );
    let remedy = Advice::at_home(config, "100.64.0.0/10");
    Some(LIMITS.note(found, Some(written(remedy, "where it is your own VPN, such as Tailscale"))))
}

/// What makes the gate see who is behind Cloudflare. `proxy` asks, where that is known.
pub(super) fn cloudflare(config: &Config, proxy: Option<&'static ReverseProxy>) -> String {
    match (config.proxy.client_ip_header, proxy) {
        // Believed already, so the proxy before the gate does not hand it on.
        (ClientIpHeader::CfConnectingIp, Some(proxy)) if proxy.configuration.is_some() => {
            format!("portcullis proxy print {}", proxy.name)
        }
        (ClientIpHeader::CfConnectingIp, _) => all::print_command(),
        (_, proxy) => {
            let header = Raw::Text("CF-Connecting-IP".to_owned());
            let fixes = Fixes::of(Fix::ClientBehindCdn).for_proxy(proxy);
            let remark = if proxy.is_none() || fixes.are_of_one_proxy() {
                in_proxies(fixes)
            } else {
                "believed from Cloudflare's ranges alone".to_owned()
            };
            written(Advice::checked(config, "proxy.client_ip_header", header), &remark)
        }
    }
}
