//! What a start leaves behind; what Caddy and the gate make of it is tested with both in
//! `tests/proxies`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::settled;
use crate::testing::Appliance;

/// All files below a folder, by their path there.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => {
                    found.insert(path.strip_prefix(folder).unwrap().display().to_string());
                }
            }
        }
    }
    found
}

fn start(appliance: &Appliance) {
    assert_eq!(run(&appliance.places, false), Vec::<String>::new());
}

#[test]
fn a_card_as_it_comes_starts_with_everything_that_it_needs() {
    let appliance = Appliance::new();
    start(&appliance);
    let expected = [
        "appliance/Caddyfile",
        "appliance/card.lock",
        "appliance/localtime",
        "appliance/portcullis.toml",
        "appliance/report.json",
        "appliance/settings.toml",
        "appliance/status.txt",
        "appliance/waiting.cnf",
        "appliance/waiting.crt",
        "appliance/waiting.key",
        "credstore/setup_code",
        "systemd/network/20-cable.network",
        "systemd/resolved.conf.d/appliance.conf",
        "systemd/timesyncd.conf.d/appliance.conf",
    ];
    assert_eq!(files(&appliance.places.run), expected.into_iter().map(str::to_owned).collect());
    for name in ["waiting.key", "settings.toml", "status.txt", "report.json"] {
        let mode =
            fs::metadata(appliance.places.run_dir().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let code = Appliance::text(&appliance.places.credential());
    assert!(appliance.on_card("portcullis-status.txt").unwrap().contains(code.trim()));
    assert_eq!(
        fs::read_link(appliance.places.localtime()).unwrap(),
        appliance.places.zoneinfo.join("UTC")
    );
}

#[test]
fn a_second_start_writes_nothing_to_the_card() {
    let appliance = Appliance::new();
    appliance.put(
        "appliance.toml",
        "hostname = \"house\"\n[wifi]\nssid = \"home\"\npsk = \"12345678\"\n",
    );
    start(&appliance);
    let times = || {
        let entries = fs::read_dir(&appliance.places.boot).unwrap().flatten();
        entries
            .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
            .collect::<BTreeSet<_>>()
    };
    let before = times();
    start(&appliance);
    assert_eq!(times(), before);
}

#[test]
fn wifi_is_there_while_it_is_wanted() {
    let appliance = Appliance::new();
    let places = &appliance.places;
    appliance
        .put("appliance.toml", "[wifi]\nssid = \"home\"\npsk = 'a\"b#c d$'\ncountry = \"de\"\n");
    start(&appliance);
    let text = Appliance::text(&places.wpa_supplicant());
    let network = "country=DE\nupdate_config=0\n\nnetwork={\n\tssid=686f6d65\n\tscan_ssid=1\n\tkey_mgmt=WPA-PSK\n\tpsk=";
    let key = text.split_once(network).and_then(|(_, rest)| rest.strip_suffix("\n}\n"));
    assert!(
        key.is_some_and(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{text}"
    );
    assert_eq!(fs::metadata(places.wpa_supplicant()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(Appliance::text(&places.network("30-wifi.network")).contains("\nType=wlan\n"));
    appliance.put("appliance.toml", "# none\n");
    start(&appliance);
    assert!(!places.wpa_supplicant().exists() && !places.network("30-wifi.network").exists());
}

#[test]
fn time_servers_and_zone_are_those_of_the_settings() {
    let appliance = Appliance::new();
    let places = &appliance.places;
    start(&appliance);
    assert!(Appliance::text(&places.timesyncd()).contains("\nNTP=0.debian.pool.ntp.org "));
    appliance.put(
        "appliance.toml",
        "[time]\nzone = \"Europe/Paris\"\nntp = [\"192.168.1.1\", \"b.example.org\"]\n",
    );
    start(&appliance);
    let text = Appliance::text(&places.timesyncd());
    assert!(
        text.contains("\nNTP=192.168.1.1 b.example.org\nFallbackNTP=0.debian.pool.ntp.org "),
        "{text}"
    );
    assert_eq!(fs::read_link(places.localtime()).unwrap(), places.zoneinfo.join("Europe/Paris"));
}

#[test]
fn caddy_waits_for_the_clock_once_and_never_again() {
    let appliance = Appliance::new();
    let places = &appliance.places;
    start(&appliance);
    let waiting = Appliance::text(&places.caddyfile());
    assert!(waiting.contains("waiting.crt") && !waiting.contains("tls internal"), "{waiting}");
    for _ in 0..2 {
        settled::settle(places).unwrap();
        let settled = Appliance::text(&places.caddyfile());
        assert!(settled.contains("\ttls internal\n") && !settled.contains("waiting"), "{settled}");
        assert!(!places.waiting_key().exists());
    }
    assert!(Appliance::text(&places.time_set()).contains('T'));
    fs::create_dir_all(places.authority().parent().unwrap()).unwrap();
    fs::write(places.authority(), "-----BEGIN CERTIFICATE-----\n").unwrap();
    start(&appliance);
    assert!(Appliance::text(&places.caddyfile()).contains("\ttls internal\n"));
}

#[test]
fn caddy_never_cleans_its_storage() {
    const NEVER: &str = "\tstorage_clean_interval off";
    let appliance = Appliance::new();
    let never = || {
        let text = Appliance::text(&appliance.places.caddyfile());
        text.lines().skip(1).take_while(|line| *line != "}").any(|line| line == NEVER)
    };
    start(&appliance);
    assert!(never());
    settled::settle(&appliance.places).unwrap();
    assert!(never());
}

#[test]
fn acme_waits_for_nothing_but_the_cards_own_name_does() {
    let appliance = Appliance::new();
    appliance.put(
        "appliance.toml",
        "[gate]\nhost = \"auth.example.org\"\ndomain = \"example.org\"\n[tls]\nmode = \"acme\"\nemail = \"a@b.org\"\n",
    );
    start(&appliance);
    let text = Appliance::text(&appliance.places.caddyfile());
    assert!(text.contains("\temail a@b.org\n"), "{text}");
    assert!(text.contains("https://auth.example.org {\n\timport portcullis_pages\n}"), "{text}");
    assert!(
        text.contains(
            "https://portcullis.local {\n\timport certified_at_home\n\timport portcullis_pages\n}"
        ),
        "{text}"
    );
    assert!(
        Appliance::text(&appliance.places.run_dir().join("waiting.cnf"))
            .contains("= DNS:portcullis.local\n")
    );
}

#[test]
fn problems_of_the_file_reach_the_status_file_with_their_lines() {
    let appliance = Appliance::new();
    appliance.put("appliance.toml", "\n[tls]\nmode = \"acme\"\n");
    start(&appliance);
    let status = appliance.on_card("portcullis-status.txt").unwrap();
    assert!(status.contains("line 3: tls.mode: \"acme\" needs [gate] domain"), "{status}");
    assert!(status.contains("the card runs on its defaults"), "{status}");
}

#[test]
fn what_cannot_be_written_is_told_and_the_rest_is_there() {
    let mut appliance = Appliance::new();
    appliance.places.openssl = "/nonexistent/openssl".into();
    fs::create_dir_all(appliance.places.timesyncd()).unwrap();
    let failures = run(&appliance.places, false);
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(appliance.places.gate_settings().exists() && appliance.places.credential().exists());
    let status = appliance.on_card("portcullis-status.txt").unwrap();
    assert!(status.contains("the Caddyfile: "), "{status}");
}

/// A file with every key that reaches the Caddyfile.
const SITES: &str = "hostname = \"house\"\ngate = { host = \"auth.example.org\", domain = \"example.org\" }\n\
    tls = { mode = \"acme\", email = \"a@b.org\" }\n[[site]]\nhost = \"a.example.org:8443\"\n\
    upstream = \"https://[fd00::1]:8006\"\nverify_tls = false\n";

#[test]
fn no_slip_and_no_trick_in_a_value_adds_a_line_to_the_caddyfile() {
    let appliance = Appliance::new();
    let places = &appliance.places;
    let caddyfile = |text: &str| {
        let settings = settings::parse(text, &places.zoneinfo).ok()?.settings;
        let config = gate::config(&settings).unwrap();
        Some(caddyfile::text(places, &settings, &config, caddyfile::Home::Authority))
    };
    // The directive of each line and how many words follow it; of a site's line, that it is one.
    let shape = |text: &str| {
        let line = |line: &str| {
            let mut words = line.split_whitespace();
            let first = words
                .next()
                .filter(|first| !first.starts_with("https://") || !line.ends_with(" {"));
            (first.map(str::to_owned), words.count())
        };
        text.lines().map(line).collect::<BTreeSet<_>>()
    };
    let none = SITES.replace("acme", "internal").replace("verify_tls = false", "");
    let usual: BTreeSet<_> =
        [SITES, &none].into_iter().flat_map(|text| shape(&caddyfile(text).unwrap())).collect();
    let mut taken = 0;
    for at in 0..SITES.len() {
        for slip in [
            "\"",
            "{",
            "}",
            "{env.HOME}",
            "{$HOME}",
            "\\n",
            "\\u0000",
            "\n",
            " ",
            "#",
            "`",
            "x",
            "\u{e9}",
            "/",
            "@",
            ":",
        ] {
            let Some(text) = caddyfile(&format!("{}{slip}{}", &SITES[..at], &SITES[at..])) else {
                continue;
            };
            taken += 1;
            let strange: Vec<_> = shape(&text).difference(&usual).cloned().collect();
            assert!(strange.is_empty(), "{slip:?} at {at}: {strange:?}\n{text}");
            assert_eq!(
                text.matches('{').count(),
                text.matches('}').count(),
                "{slip:?} at {at}: {text}"
            );
        }
    }
    assert!(taken > 100, "{taken}");
}
