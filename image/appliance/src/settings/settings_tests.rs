//! What the file may say, what is refused with which words, and that nothing in it can say more
//! elsewhere.

use std::path::PathBuf;

use crate::settings::*;
use crate::testing::Appliance;

/// Everything set.
const WHOLE: &str = r#"
hostname = "Gate"
[gate]
host = "auth.Example.org"
domain = ".example.org"
title = "Our house"
[tls]
mode = "acme"
email = "me+gate@example.org"
[[site]]
host = "photos.example.org"
upstream = "http://192.168.1.20:2342/"
[[site]]
host = "example.org:8443"
upstream = "https://[FD00::1]"
verify_tls = false
[wifi]
ssid = "Fritz\"Box ü"
psk = 'pass "word" #1'
country = "de"
[time]
zone = "Europe/Berlin"
ntp = ["192.168.1.1", "NTP.example.org", "fd00::2"]
"#;

fn read(text: &str) -> Result<Parsed, Vec<Problem>> {
    let appliance = Appliance::new();
    parse(text, &appliance.places.zoneinfo)
}

fn good(text: &str) -> Settings {
    read(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}")).settings
}

fn problems(text: &str) -> Vec<String> {
    let problems = read(text).map(|parsed| parsed.settings).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

fn only_problem(text: &str) -> String {
    let mut all = problems(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all.remove(0)
}

#[test]
fn an_empty_file_is_the_defaults_and_so_are_empty_values() {
    assert_eq!(good(""), Settings::default());
    let empty = "hostname = \"\"\ngate = { host = \"\", domain = \"\", title = \"\" }\ntls = { mode = \"\", email = \"\" }\n\
                 wifi = { ssid = \"\", psk = \"\", country = \"\" }\ntime = { zone = \"\", ntp = [] }";
    assert_eq!(good(empty), Settings::default());
    assert_eq!(Settings::default().gate.host, Settings::default().local_name());
}

#[test]
fn every_key_is_read() {
    let settings = good(WHOLE);
    assert_eq!(
        (settings.hostname.as_str(), settings.gate.host.as_str()),
        ("gate", "auth.example.org")
    );
    assert_eq!(settings.gate.domain.as_deref(), Some("example.org"));
    assert_eq!(settings.tls, Tls::Acme { email: Some("me+gate@example.org".into()) });
    let sites: Vec<_> = settings
        .sites
        .iter()
        .map(|site| format!("{site} {} {}", site.upstream, site.verify_tls))
        .collect();
    assert_eq!(
        sites,
        [
            "photos.example.org http://192.168.1.20:2342 true",
            "example.org:8443 https://[fd00::1] false"
        ]
    );
    let wifi = settings.wifi.clone().unwrap();
    assert_eq!(wifi.ssid.hex(), "467269747a22426f7820c3bc");
    assert_eq!(wifi.passphrase.unwrap().as_str(), "pass \"word\" #1");
    assert_eq!(wifi.country.unwrap().to_string(), "DE");
    assert_eq!(settings.time.zone, "Europe/Berlin");
    assert_eq!(settings.time.ntp, ["192.168.1.1", "ntp.example.org", "fd00::2"]);
}

#[test]
fn the_file_that_comes_with_the_card_is_good_as_it_is_and_with_every_line_taken_in() {
    let text = include_str!("../../appliance.toml");
    assert_eq!(good(text), Settings::default());
    let taken_in: String = text
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned()
                + "\n"
        })
        .collect();
    // Its two sites are for two ways of life, and its mode is the default.
    let settings = good(&taken_in.replace("portcullis.local:8443", "px.example.com:8443"));
    assert_eq!(settings.sites.len(), 2);
    assert!(
        settings.wifi.is_some() && !settings.time.ntp.is_empty() && settings.gate.domain.is_some()
    );
    for (section, keys) in [
        ("gate", "host domain title"),
        ("tls", "mode email"),
        ("wifi", "ssid psk country"),
        ("time", "zone ntp"),
    ] {
        let rest = text.split(&format!("[{section}]")).nth(1).unwrap().split("\n[").next().unwrap();
        assert!(keys.split(' ').all(|key| rest.contains(&format!("#{key} ="))), "{section}");
    }
}

#[test]
fn the_documentation_names_every_key_and_its_example_is_good() {
    let page = include_str!("../../../../docs/appliance.md");
    for (section, keys) in file::KEYS {
        for key in keys {
            let name = if section.is_empty() {
                format!("| `{key}` |")
            } else {
                format!("| `{section}.{key}` |")
            };
            assert!(page.contains(&name), "{name}");
        }
    }
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(good(example).sites.len(), 2);
    let message = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let text = format!("{}[tls]\nmode = \"acme\"", "\n".repeat(10));
    assert_eq!(only_problem(&text) + "\n", message);
}

#[test]
fn all_problems_are_told_at_once_with_their_lines() {
    let message = problems(
        "hostname = \"a b\"\n\n[gate]\nhots = \"x\"\n[tls]\nmode = \"letsencrypt\"\n[[site]]\nhost = \"x.org\"\n[wfi]\nssid = 1\n",
    );
    assert_eq!(
        message,
        [
            "line 1: hostname: \"a b\" is no host name: letters, digits and inner hyphens, at most 63",
            "line 4: unknown key `gate.hots`: did you mean `gate.host`?",
            "line 6: tls.mode: expects \"internal\" or \"acme\", not \"letsencrypt\"",
            "line 7: site.upstream is missing from this [[site]]",
            "line 9: unknown section `wfi`: did you mean [wifi]?",
        ]
    );
}

#[test]
fn a_key_in_the_wrong_place_is_told_where_it_belongs() {
    assert!(only_problem("[tls]\nhostname = \"a\"").contains("top of the file"));
    assert!(only_problem("ssid = \"a\"").contains("belongs below [wifi]"));
    assert!(only_problem("[gate]\nupstream = \"a\"").contains("belongs below a [[site]]"));
    assert!(only_problem("[site]\nhost = \"a\"").contains("two brackets"));
    assert!(only_problem("gate = 1").contains("write [gate]"));
    assert!(
        only_problem("[wifi]\npassword = \"12345678\"")
            .contains("the keys here are ssid, psk, country")
    );
}

#[test]
fn quotes_of_a_word_processor_are_named() {
    let message = problems("[gate]\ntitle = “Home”\n");
    assert!(
        message.iter().any(|line| line.starts_with("line 2: ") && line.contains("plain quotes")),
        "{message:?}"
    );
}

#[test]
fn what_several_keys_say_together_is_checked() {
    let with_site = |rest: &str| {
        format!("{rest}\n[[site]]\nhost = \"photos.example.org\"\nupstream = \"http://10.0.0.2\"")
    };
    let domain = "[gate]\nhost = \"auth.example.org\"\ndomain = \"example.org\"";
    good(&with_site(domain));
    for (text, words) in [
        (
            "[tls]\nmode = \"acme\"".to_owned(),
            "line 2: tls.mode: \"acme\" needs [gate] domain and host",
        ),
        (
            "[gate]\ndomain = \"example.org\"".to_owned(),
            "line 2: gate.domain: the login page is at \"portcullis.local\"",
        ),
        (
            "[gate]\ndomain = \"duckdns.org\"".to_owned(),
            "line 2: gate.domain: \"duckdns.org\" is a public suffix",
        ),
        (with_site(""), "line 3: site.host: \"photos.example.org\" needs [gate] domain"),
        (
            with_site("[gate]\nhost = \"a.example.net\"\ndomain = \"example.net\""),
            "line 5: site.host: \"photos.example.org\" is not below",
        ),
        (with_site(&with_site(domain)), "\"photos.example.org\" is there twice"),
        (
            with_site("[gate]\nhost = \"photos.example.org\"\ndomain = \"example.org\""),
            "is the gate's own address",
        ),
        (with_site(domain).replace("10.0.0.2", "auth.example.org:81"), "leads back to this card"),
        (with_site(domain).replace("10.0.0.2", "127.0.0.1:3000"), "leads back to this card"),
        (with_site(domain).replace("10.0.0.2", "[::1]"), "leads back to this card"),
        (with_site(domain) + "\nverify_tls = false", "site.verify_tls: false makes no sense"),
        ("[wifi]\npsk = \"12345678\"".to_owned(), "a password without a network"),
    ] {
        assert!(only_problem(&text).contains(words), "{text}: {}", only_problem(&text));
    }
}

#[test]
fn another_port_of_the_gates_own_name_needs_no_domain() {
    let site = |port: &str| {
        format!("[[site]]\nhost = \"portcullis.local{port}\"\nupstream = \"http://10.0.0.2:3000\"")
    };
    assert_eq!(good(&site(":8443")).sites[0].to_string(), "portcullis.local:8443");
    good(&site(":1"));
    good(&site(":65535"));
    for port in
        ["", ":80", ":443", ":3000", ":53", ":0", ":65536", ":+9", ":", ":8443:1", ":8443/x"]
    {
        assert!(only_problem(&site(port)).contains("site.host"), "{port}");
    }
}

/// Texts that would say more than they should in a Caddyfile, in TOML, in a unit's settings or in
/// wpa_supplicant's.
const HOSTILE: [&str; 20] = [
    "a\nb",
    "a\r\nb",
    "a {",
    "a }",
    "}",
    "a\"b",
    "a'b",
    "a`b",
    "{env.HOME}",
    "{$HOME}",
    "a b",
    "a#b",
    "a;b",
    "../etc",
    "a\\b",
    "a,b",
    "$(id)",
    "%h",
    "a\0b",
    "ä",
];

#[test]
fn no_value_that_reaches_another_file_bare_can_say_more_there() {
    for hostile in HOSTILE {
        let quoted = toml::Value::String(hostile.to_owned()).to_string();
        let host = toml::Value::String(format!("{hostile}.example.org")).to_string();
        let texts = [
            format!("hostname = {quoted}"),
            format!("gate.host = {host}"),
            format!("gate.domain = {host}"),
            format!("tls.email = {quoted}"),
            format!("tls.email = {}", toml::Value::String(format!("{hostile}@example.org"))),
            format!("[[site]]\nhost = {host}\nupstream = \"http://a\""),
            format!(
                "[[site]]\nhost = \"portcullis.local:8443\"\nupstream = {}",
                toml::Value::String(format!("http://{hostile}"))
            ),
            format!(
                "[[site]]\nhost = \"portcullis.local:8443\"\nupstream = {}",
                toml::Value::String(format!("http://a:1{hostile}"))
            ),
            format!("[wifi]\nssid = \"a\"\npsk = \"12345678\"\ncountry = {quoted}"),
            format!("time.zone = {quoted}"),
            format!("time.ntp = [{quoted}]"),
        ];
        for text in texts {
            let problems = problems(&text);
            assert!(
                problems.iter().all(|message| !message.contains(['\n', '\r', '\0'])),
                "{problems:?}"
            );
        }
    }
}

#[test]
fn a_zone_is_a_file_among_the_zones_and_a_slip_finds_the_nearest() {
    for zone in ["UTC", "Europe/Berlin", "Etc/UTC"] {
        good(&format!("time.zone = \"{zone}\""));
    }
    for zone in [
        "/etc/passwd",
        "../zoneinfo/UTC",
        "Europe/../UTC",
        "Europe",
        "Europe/",
        "Europe//Berlin",
        "europe/berlin",
        ".",
    ] {
        assert!(
            only_problem(&format!("time.zone = \"{zone}\"")).contains("is no time zone"),
            "{zone}"
        );
    }
    assert!(
        only_problem("time.zone = \"Europe/Berln\"").contains("did you mean \"Europe/Berlin\"?")
    );
    assert_eq!(
        parse("time.zone = \"UTC\"", &PathBuf::from("/nonexistent")).unwrap().settings.time.zone,
        "UTC"
    );
}

#[test]
fn wifi_passwords_have_the_lengths_of_the_standard_and_are_never_repeated() {
    let wifi = |psk: &str| format!("[wifi]\nssid = \"home\"\npsk = \"{psk}\"");
    for psk in ["12345678", &"x".repeat(63), &"0aF9".repeat(16)] {
        assert!(good(&wifi(psk)).wifi.unwrap().passphrase.is_some(), "{psk}");
    }
    for psk in [
        "SECRET7",
        &"SECRET".repeat(11),
        &"SECRET_X".repeat(8),
        "SECRETpässword",
        "SECRETpass\\nword",
    ] {
        let message = only_problem(&wifi(psk));
        assert!(
            message.starts_with("line 3: wifi.psk: expects 8 to 63") && !message.contains("SECRET"),
            "{message}"
        );
    }
    assert!(only_problem("[wifi]\nssid = \"home\"\npsk = [\"SECRET\"]").contains("wifi.psk"));
    let hex = "0aF9".repeat(16);
    assert_eq!(good(&wifi(&hex)).wifi.unwrap().passphrase.unwrap().as_str(), hex);
    assert!(good("[wifi]\nssid = \"home\"").wifi.unwrap().passphrase.is_none());
    assert!(
        only_problem("[wifi]\nssid = \"123456789012345678901234567890123\"")
            .contains("1 to 32 bytes")
    );
}

#[test]
fn a_home_name_is_certified_at_home_even_where_others_come_from_acme() {
    let settings = good(WHOLE);
    for (name, home) in [
        ("gate.local", true),
        ("auth.example.org", false),
        ("nas.lan", true),
        ("x.home.arpa", true),
    ] {
        assert_eq!(settings.is_certified_at_home(name), home, "{name}");
    }
    assert!(Settings::default().is_certified_at_home("auth.example.org"));
}

#[test]
fn too_many_sites_are_refused() {
    let site = |number: usize| {
        format!(
            "[[site]]\nhost = \"portcullis.local:{}\"\nupstream = \"http://a\"\n",
            9000 + number
        )
    };
    let text = |count: usize| (0..count).map(site).collect::<String>();
    good(&text(64));
    assert!(only_problem(&text(65)).contains("line 193: more than 64 sites"));
}
