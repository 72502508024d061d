//! Single settings that work, but probably not as meant. Each can be put right by a line that the
//! settings' own checks take.

use super::advice::Advice;
use super::raw::Raw;
use super::settings::Config;
use super::warning::Warning;
use crate::auth::return_to::is_at_or_below;
use crate::original::scheme::Scheme;
use crate::original::trust::Trust;
use crate::server::ListenAddress;

/// In the order of the settings.
pub(super) fn setting_warnings(config: &Config) -> Vec<Warning> {
    let single = [secure_over_http(config), no_domain(config), idle(config)];
    let further = [trust(config), metrics(config)];
    single
        .into_iter()
        .flatten()
        .chain(redirect_hosts(config))
        .chain(further.into_iter().flatten())
        .collect()
}

fn text(value: &str) -> Raw {
    Raw::Text(value.to_owned())
}

fn secure_over_http(config: &Config) -> Option<Warning> {
    let url = config.public_url.as_ref()?;
    if url.scheme != Scheme::Http || !config.session.secure || url.host == "localhost" {
        return None;
    }
    let what = format!(
        "session.secure is true and public_url is {}: browsers drop a Secure cookie that comes over http",
        url.as_str()
    );
    let remedy = Advice::checked(config, "public_url", text(&format!("https://{}", url.host)));
    let trial = "for a trial over http, instead: secure = false below [session]";
    Warning::with_setting(what, remedy.map(|remedy| remedy.remarked(trial)))
}

fn no_domain(config: &Config) -> Option<Warning> {
    if config.public_url.is_none() || config.session.cookie_domain.is_some() {
        return None;
    }
    let what = "public_url is set and session.cookie_domain is not: the session counts on the login host only";
    Warning::with_setting(what.to_owned(), Advice::widest_domain(config))
}

fn idle(config: &Config) -> Option<Warning> {
    config.session.idle.filter(|idle| *idle >= config.session.lifetime)?;
    let what = "session.idle is not shorter than session.lifetime and never comes into play";
    Warning::with_setting(what.to_owned(), Advice::checked(config, "session.idle", text("")))
}

fn redirect_hosts(config: &Config) -> Vec<Warning> {
    let Some(domain) = &config.session.cookie_domain else { return Vec::new() };
    let reaches = |host: &str| is_at_or_below(host, domain);
    let beyond = config.redirect_hosts.iter().filter(|host| !reaches(host));
    beyond
        .filter_map(|host| {
            let what = format!(
                "redirect_hosts lists {host:?}, which the cookie of session.cookie_domain {domain:?} never reaches: \
                 a login for it would go round for ever"
            );
            let others =
                config.redirect_hosts.iter().filter(|other| reaches(other)).cloned().collect();
            let remedy = Advice::checked(config, "redirect_hosts", Raw::List(others));
            Warning::with_setting(what, remedy)
        })
        .collect()
}

fn trust(config: &Config) -> Option<Warning> {
    if !matches!(config.proxy.trust, Trust::Everybody | Trust::Hops(1..)) {
        return None;
    }
    let open = config.listen.iter().find_map(|address| match address {
        ListenAddress::Tcp(socket) if !socket.ip().is_loopback() => Some(socket),
        _ => None,
    });
    let what = match open {
        Some(socket) => format!(
            "proxy.trust is {} and the gate listens on {socket}: whoever reaches that port is believed to be a proxy",
            config.proxy.trust
        ),
        None if config.proxy.trust == Trust::Everybody => {
            "proxy.trust is true: every visitor is believed about his own address, so the limit for an address stops \
             nobody"
                .to_owned()
        }
        None => return None,
    };
    let remedy = Advice::checked(config, "proxy.trust", Raw::List(vec!["loopback".to_owned()]));
    let remark = "and the proxy's address, where it is another machine";
    Warning::with_setting(what, remedy.map(|remedy| remedy.remarked(remark)))
}

fn metrics(config: &Config) -> Option<Warning> {
    let metrics =
        config.metrics.listen.filter(|address| !address.ip().to_canonical().is_loopback())?;
    let what = format!(
        "metrics.listen is {metrics}: there is no login, and whoever reaches it sees how well his guessing goes"
    );
    let port = metrics.port();
    let values = [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), String::new()];
    let remedy = Advice::first(config, "metrics.listen", values.into_iter().map(Raw::Text));
    let remark = "or a network that only Prometheus shares";
    Warning::with_setting(what, remedy.map(|remedy| remedy.remarked(remark)))
}
