//! What is advised is written into the file as it is printed, and taken.

use std::path::PathBuf;

use super::super::{ConfigFile, Environment, Remedy, Sources, Warning, warnings};
use super::*;

fn load(text: &str) -> Result<Config, String> {
    let file = Some(ConfigFile { path: PathBuf::from("p.toml"), text: text.to_owned() });
    let loaded = Config::load(&Sources { file, ..Sources::default() });
    loaded.map(|loaded| loaded.config).map_err(|error| error.to_string())
}

/// A file of single settings, each with its section, and one more that takes the place of its like.
fn followed(settings: &[(&str, &str)], advice: &Advice) -> String {
    let (section, name) = advice.key.name.split_once('.').unwrap_or(("", advice.key.name));
    let kept = settings
        .iter()
        .filter(|(key, _)| *key != advice.key.name)
        .map(|(key, value)| format!("{key} = {value}\n"));
    let pasted = if section.is_empty() {
        advice.to_string()
    } else {
        // Below the section's own line, as it is printed.
        let pasted = advice.to_string();
        let line =
            pasted.strip_prefix(&format!("[{section}]\n")).expect("its section stands above it");
        assert!(line.starts_with(name), "{line}");
        format!("{section}.{line}")
    };
    format!("{}{pasted}\n", kept.collect::<String>())
}

fn setting(warning: &Warning) -> &Advice {
    match &warning.remedy {
        Remedy::Setting(advice) => advice,
        Remedy::Words(words) => panic!("{words}"),
    }
}

const HOSTS: [&str; 14] = [
    "auth.example.com",
    "a.b.example.com",
    "example.com",
    "mylab.duckdns.org",
    "auth.mylab.duckdns.org",
    "duckdns.org",
    "example.co.uk",
    "auth.example.co.uk",
    "x.kobe.jp",
    "nas",
    "localhost",
    "192.168.1.10",
    "[fd00::1]",
    "fritz.box",
];

#[test]
fn every_warning_ends_when_its_advice_is_followed() {
    let quoted = |text: String| format!("\"{text}\"");
    let mut seen = 0;
    for host in HOSTS {
        for scheme in ["http", "https"] {
            for further in [
                &[][..],
                &[("session.secure", "false")],
                &[("session.cookie_prefix", "\"host\"")],
                &[("session.idle", "\"25h\""), ("proxy.trust", "true")],
                &[("listen", "[\"0.0.0.0:3000\"]"), ("proxy.trust", "2")],
                &[
                    ("listen", "[\"127.0.0.1:9\", \"[::1]:9\"]"),
                    ("metrics.listen", "\"0.0.0.0:9\""),
                ],
                &[("metrics.listen", "\"192.168.1.10:9464\"")],
                &[("redirect_hosts", "[\"a.example.org\", \"a.example.com\"]")],
            ] {
                let url = quoted(format!("{scheme}://{host}:8443"));
                let mut settings = vec![("public_url", url.as_str())];
                settings.extend(further);
                let plain: String =
                    settings.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
                let Ok(config) = load(&plain) else { continue };
                for warning in warnings(&config) {
                    seen += 1;
                    let file = followed(&settings, setting(&warning));
                    let after = load(&file).unwrap_or_else(|error| panic!("{file}{error}"));
                    assert!(
                        warnings(&after).iter().all(|left| left.found != warning.found),
                        "{file}{warning:?}"
                    );
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_domain_that_is_advised_is_the_widest_that_browsers_take() {
    for (host, domain) in HOSTS.into_iter().zip([
        Some("example.com"),
        Some("b.example.com"),
        Some("example.com"),
        Some("mylab.duckdns.org"),
        Some("mylab.duckdns.org"),
        None,
        Some("example.co.uk"),
        Some("example.co.uk"),
        None,
        None,
        None,
        None,
        None,
        Some("fritz.box"),
    ]) {
        let config = load(&format!("public_url = \"https://{host}\"")).expect(host);
        let advised: Vec<String> =
            warnings(&config).iter().map(|warning| setting(warning).to_string()).collect();
        let expected: Vec<String> = domain
            .iter()
            .map(|domain| format!("[session]\ncookie_domain = \"{domain}\""))
            .collect();
        assert_eq!(advised, expected, "{host}");
    }
}

#[test]
fn a_domain_that_is_refused_is_told_a_better_one() {
    for (host, domain, better) in [
        ("auth.example.co.uk", "co.uk", Some("example.co.uk")),
        ("mylab.duckdns.org", "duckdns.org", Some("mylab.duckdns.org")),
        ("auth.example.com", "example.org", Some("example.com")),
        ("nas", "example.org", None),
        ("192.168.1.10", "example.org", None),
    ] {
        let file =
            format!("public_url = \"https://{host}\"\n[session]\ncookie_domain = \"{domain}\"");
        let message = load(&file).expect_err(domain);
        assert!(
            message.starts_with(&format!("p.toml:3: session.cookie_domain: \"{domain}\" is ")),
            "{message}"
        );
        match better {
            Some(better) => {
                assert!(
                    message.ends_with(&format!(
                        "; write `cookie_domain = \"{better}\"` below [session]"
                    )),
                    "{message}"
                );
                assert!(
                    load(&file.replace(&format!("= \"{domain}\""), &format!("= \"{better}\"")))
                        .is_ok()
                );
            }
            None => assert!(!message.contains("; write"), "{message}"),
        }
    }
    let variables = [
        ("PORTCULLIS_PUBLIC_URL", "https://mylab.duckdns.org"),
        ("PORTCULLIS_SESSION_COOKIE_DOMAIN", "duckdns.org"),
    ];
    let environment = Environment::of(variables);
    let message = Config::load(&Sources { environment, ..Sources::default() })
        .expect_err("a public suffix")
        .to_string();
    assert!(
        message.ends_with("; write `PORTCULLIS_SESSION_COOKIE_DOMAIN=mylab.duckdns.org`"),
        "{message}"
    );
    let message = load("[session]\ncookie_domain = \"duckdns.org\"").expect_err("a public suffix");
    assert!(message.contains("public suffix") && !message.contains("; write"), "{message}");
}

#[test]
fn a_proxy_more_keeps_the_others() {
    for (trust, written) in [
        ("\"loopback, 10.0.0.0/8\"", "[\"loopback\", \"10.0.0.0/8\", \"10.9.0.1\"]"),
        ("true", "[\"10.9.0.1\"]"),
        ("2", "[\"10.9.0.1\"]"),
        ("[]", "[\"10.9.0.1\"]"),
    ] {
        let config = load(&format!("proxy.trust = {trust}")).expect("good");
        let advice = Advice::to_trust(&config, "10.9.0.1").expect("taken");
        assert_eq!(advice.to_string(), format!("[proxy]\ntrust = {written}"));
        assert_eq!(
            advice.remarked("mine").to_string(),
            format!("[proxy]\ntrust = {written}  # mine")
        );
    }
    assert_eq!(Advice::to_trust(&Config::default(), "0.0.0.0/0"), None);
}

#[test]
fn advice_is_for_the_source_that_counts() {
    let message = |listen: &[&str], variables: &[(&str, &str)], text: Option<&str>| {
        let file =
            text.map(|text| ConfigFile { path: PathBuf::from("p.toml"), text: text.to_owned() });
        let environment = Environment::of(variables.iter().copied());
        let listen = listen.iter().map(|entry| (*entry).to_owned()).collect();
        let loaded = Config::load(&Sources { listen, environment, file }).expect("good");
        let advice =
            Advice::checked(&loaded.config, "public_url", Raw::Text("https://a.example".into()))
                .expect("taken");
        let trust = Advice::to_trust(&loaded.config, "10.0.0.1").expect("taken");
        let listen = Raw::List(vec!["127.0.0.1:1".into(), "[::1]:1".into()]);
        let listen = Advice::checked(&loaded.config, "listen", listen).expect("taken");
        [advice, trust, listen]
            .map(|advice| (advice.where_it_counts(&loaded), advice.in_words(&loaded)))
    };
    let [url, trust, _] = message(&[], &[], None);
    assert_eq!(
        url,
        (
            "public_url = \"https://a.example\"".into(),
            "`public_url = \"https://a.example\"` at the top of the file".into()
        )
    );
    assert_eq!(
        trust,
        (
            "[proxy]\ntrust = [\"loopback\", \"10.0.0.1\"]".into(),
            "`trust = [\"loopback\", \"10.0.0.1\"]` below [proxy]".into()
        )
    );
    // The variable wins over the file: to write it there would change nothing.
    let [url, trust, _] =
        message(&[], &[("PORTCULLIS_PUBLIC_URL", "http://a.example")], Some("[login]\nskew = 1"));
    assert_eq!(url.0, "PORTCULLIS_PUBLIC_URL=https://a.example");
    assert!(trust.0.starts_with("[proxy]\n"));
    // A container without a file is set up by variables.
    let [_, trust, listen] = message(&["127.0.0.1:2"], &[("PORTCULLIS_LOGIN_SKEW", "1")], None);
    assert_eq!(trust.1, "`PORTCULLIS_PROXY_TRUST=loopback,10.0.0.1`");
    assert_eq!(listen.0, "--listen 127.0.0.1:1 --listen [::1]:1");
    let directory = crate::config::scratch::directory();
    std::fs::write(directory.join("public_url"), "http://a.example").expect("writable");
    let [url, ..] =
        message(&[], &[("CREDENTIALS_DIRECTORY", directory.to_str().expect("UTF-8"))], None);
    assert_eq!(
        url.0,
        format!("# as the whole of {}\nhttps://a.example", directory.join("public_url").display())
    );
}

#[test]
fn what_would_be_refused_is_not_advised() {
    let text = |value: &str| Raw::Text(value.to_owned());
    let config = load("public_url = \"https://auth.example.com\"").expect("good");
    for domain in ["com", "168.1.10", "nas", "co.uk", "example.org"] {
        assert_eq!(
            Advice::checked(&config, "session.cookie_domain", text(domain)),
            None,
            "{domain}"
        );
    }
    assert_eq!(Advice::checked(&config, "session.cookie_domian", text("example.com")), None);
    assert!(Advice::checked(&config, "session.cookie_domain", text("example.com")).is_some());
}
