//! Whole files of settings: what comes of good ones, and what the message for a bad one names.

use std::path::PathBuf;
use std::time::Duration;

use super::super::keys::ValueKind;
use super::super::limits;
use super::super::tables::{SettingTable, TABLES, TableDefault, TableKey, TableKeys};
use super::super::{ConfigFile, CookiePrefix, Environment, warnings};
use super::*;

fn load(file: &str) -> Result<Loaded, ConfigError> {
    let file = Some(ConfigFile { path: PathBuf::from("p.toml"), text: file.to_owned() });
    Config::load(&Sources { listen: Vec::new(), environment: Environment::default(), file })
}

fn refused(file: &str) -> String {
    load(file).expect_err(file).to_string()
}

/// One line of a file that sets the key, below its section.
fn line(key: &str, value: &str) -> String {
    match key.split_once('.') {
        Some((section, name)) => format!("[{section}]\n{name} = {value}\n"),
        None => format!("{key} = {value}\n"),
    }
}

#[test]
fn nothing_set_is_the_default() {
    let loaded = Config::load(&Sources::default()).expect("the defaults are good");
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.settings.iter().all(|setting| setting.source == SettingSource::Default));
}

#[test]
fn the_list_of_keys_tells_the_true_defaults() {
    for key in &KEYS {
        let loaded = load(&line(key.name, key.default))
            .unwrap_or_else(|error| panic!("{}: {error}", key.name));
        assert_eq!(loaded.config, Config::default(), "{}", key.name);
    }
}

#[test]
fn every_key_changes_the_configuration() {
    for key in &KEYS {
        let value = match key.name {
            "listen" => r#"["127.0.0.1:1"]"#,
            "public_url" => r#""https://a.example""#,
            "path_prefix" => r#""/auth""#,
            "redirect_hosts" => r#"["a.example"]"#,
            "session.cookie_prefix" => r#""host""#,
            "session.same_site" => r#""strict""#,
            "session.cookie_domain" => r#""a.example""#,
            "proxy.client_ip_header" => r#""X-Real-IP""#,
            "limits.local" | "proxy.cloudflare_ranges" => r#"["10.0.0.0/8"]"#,
            "identity.headers" => r#"["X-Forwarded-User"]"#,
            "metrics.listen" => r#""127.0.0.1:9100""#,
            "audit.keep" => r#""7d""#,
            "log.format" => r#""json""#,
            "log.level" => r#""debug""#,
            _ => match key.kind {
                ValueKind::Flag if key.default == "true" => "false",
                ValueKind::Flag | ValueKind::FlagOrText | ValueKind::Trust => "true",
                ValueKind::Number => "2",
                ValueKind::Duration => r#""7s""#,
                ValueKind::Text | ValueKind::List => r#""other""#,
            },
        };
        let loaded =
            load(&line(key.name, value)).unwrap_or_else(|error| panic!("{}: {error}", key.name));
        assert_ne!(loaded.config, Config::default(), "{} is not read", key.name);
        let setting = loaded
            .settings
            .iter()
            .find(|setting| setting.key == key.name)
            .expect("every key has a setting");
        assert!(matches!(setting.source, SettingSource::File(..)), "{}", key.name);
        assert_eq!(setting.value, value, "{}", key.name);
    }
}

#[test]
fn the_audit_log_cannot_be_switched_off() {
    for value in ["0d", "0s", "23h", "86399s"] {
        let error = refused(&format!("[audit]\nkeep = \"{value}\"\n"));
        assert!(error.contains("audit.keep"), "{error}");
    }
    assert!(load("[audit]\nkeep = \"24h\"\n").is_ok());
}

#[test]
fn an_error_names_file_line_key_and_reason() {
    assert_eq!(
        refused("\n[proxy]\ntrust = [\"loopback\", \"10.0.0.0/33\"]\n")
            .split_once(": \"")
            .map(|(place, _)| place.to_owned()),
        Some("p.toml:3: proxy.trust".to_owned())
    );
    let environment = Environment::of([("PORTCULLIS_LIMITS_ATTEMPTS", "0")]);
    let error = Config::load(&Sources { environment, ..Sources::default() }).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "PORTCULLIS_LIMITS_ATTEMPTS: limits.attempts: expects a whole number from 1 to 1000000, not 0"
    );
}

#[test]
fn all_bad_values_are_told_at_once() {
    let error = load("listen = [\"x\"]\n[session]\nlifetime = \"0s\"\n[limits]\nwindow = 15\n")
        .expect_err("refused");
    assert_eq!(error.problems.len(), 3, "{error}");
}

#[test]
fn a_cookie_domain_must_be_the_login_host_or_its_parent() {
    let with = |url: &str, domain: &str| {
        load(&format!("public_url = \"{url}\"\n[session]\ncookie_domain = \"{domain}\""))
    };
    for domain in ["auth.example.com", "example.com", ".example.com", "EXAMPLE.com"] {
        assert!(with("https://auth.example.com:8443", domain).is_ok(), "{domain}");
    }
    for domain in ["example.org", "ple.com", "xexample.com", "www.auth.example.com"] {
        let error = with("https://auth.example.com", domain).expect_err(domain).to_string();
        assert!(error.starts_with("p.toml:3: session.cookie_domain"), "{error}");
    }
}

#[test]
fn a_cookie_in_the_clear_is_refused_with_an_https_address() {
    assert!(
        refused("public_url = \"https://a.example\"\n[session]\nsecure = false")
            .contains("session.secure")
    );
    assert!(load("public_url = \"http://a.example\"\n[session]\nsecure = false").is_ok());
    assert!(load("[session]\nsecure = false").is_ok());
}

#[test]
fn cookie_attributes_that_exclude_each_other_are_refused() {
    assert!(
        refused("[session]\ncookie_prefix = \"host\"\ncookie_domain = \"a.example\"")
            .contains("session.cookie_prefix")
    );
    assert!(
        refused("[session]\ncookie_prefix = \"host\"\nsecure = false")
            .contains("session.cookie_prefix")
    );
    assert!(
        refused("[session]\nsame_site = \"none\"\nsecure = false").contains("session.same_site")
    );
}

#[test]
fn metrics_need_an_address_of_their_own() {
    for (gate, metrics) in [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("[::]", "127.0.0.1"),
    ] {
        let message =
            refused(&format!("listen = [\"{gate}:3000\"]\n[metrics]\nlisten = \"{metrics}:3000\""));
        assert!(
            message.starts_with("p.toml:3: metrics.listen: ")
                && message.contains(&format!("{gate}:3000 of listen")),
            "{message}"
        );
    }
    assert!(load("listen = [\"[::]:3000\"]\n[metrics]\nlisten = \"127.0.0.1:9464\"").is_ok());
}

#[test]
fn entries_that_collide_are_named_and_those_that_can_be_had_together_are_taken() {
    for (one, two) in [
        ("0.0.0.0:3000", "127.0.0.1:3000"),
        ("[::1]:3000", "[::]:3000"),
        ("unix:/a", "unix://a"),
        ("1.1.1.1:1", "1.1.1.1:1"),
    ] {
        let message = refused(&format!("listen = [\"127.0.0.1:9\", \"{one}\", \"{two}\"]"));
        assert!(
            message.starts_with(&format!("p.toml:1: listen: {one} and {two} cannot be had both")),
            "{message}"
        );
    }
    for both in [
        "\"0.0.0.0:3000\", \"[::]:3000\"",
        "\"127.0.0.1:0\", \"127.0.0.1:0\"",
        "\"[::1]:3000\", \"127.0.0.1:3000\"",
    ] {
        assert!(load(&format!("listen = [{both}]")).is_ok(), "{both}");
    }
}

#[test]
fn metrics_that_others_can_reach_are_warned_of() {
    for (address, count) in
        [("127.0.0.1:9464", 0), ("[::1]:9464", 0), ("0.0.0.0:9464", 1), ("192.168.1.10:9464", 1)]
    {
        let config = load(&format!("[metrics]\nlisten = \"{address}\"")).expect("good").config;
        assert_eq!(warnings(&config).len(), count, "{address}");
    }
}

#[test]
fn the_prefix_is_part_of_the_cookie_name_that_browsers_see() {
    let mut config = Config::default();
    assert_eq!(config.cookie_name(), "auth_token");
    config.session.cookie_prefix = CookiePrefix::Host;
    assert_eq!(config.cookie_name(), "__Host-auth_token");
}

#[test]
fn the_login_address_holds_prefix_and_port() {
    let config = load("public_url = \"https://a.example:8443/\"\npath_prefix = \"/auth\"")
        .expect("good")
        .config;
    assert_eq!(config.login_address().as_deref(), Some("https://a.example:8443/auth/login"));
    assert_eq!(Config::default().login_address(), None);
}

#[test]
fn more_than_twenty_users_need_names_or_a_word_of_consent() {
    let mut login = Config::default().login;
    assert!(limits::check_user_count(&login, 20).is_ok());
    assert!(
        limits::check_user_count(&login, 21)
            .is_err_and(|error| error.to_string().contains("login.accept_odds"))
    );
    login.accept_odds = true;
    assert!(limits::check_user_count(&login, 21).is_ok());
    login.accept_odds = false;
    login.ask_username = true;
    assert!(limits::check_user_count(&login, 10_000).is_ok());
}

#[test]
fn settings_that_work_but_surprise_are_warned_of() {
    assert!(warnings(&Config::default()).is_empty());
    let config =
        load("public_url = \"http://a.example\"\n[session]\nidle = \"24h\"").expect("good").config;
    assert_eq!(warnings(&config).len(), 3);
    assert_eq!(config.session.idle, Some(Duration::from_secs(86_400)));
    let everybody = load("[proxy]\ntrust = true").expect("good").config;
    assert!(
        matches!(warnings(&everybody).as_slice(), [warning] if warning.found.starts_with("proxy.trust is true"))
    );
}

#[test]
fn what_changed_between_two_readings_is_named() {
    let (old, new) = (
        load("").expect("good"),
        load("[login]\nskew = 2\n[log]\nlevel = \"info\"").expect("good"),
    );
    assert_eq!(old.changed(&new), ["login.skew"]);
}

#[test]
fn tables_that_changed_are_named_and_lines_that_moved_are_not() {
    let rules =
        "[networks]\nhome = [\"10.0.0.0/8\"]\n[[rule]]\naccess = \"open\"\nnetworks = [\"home\"]\n";
    let old = load(rules).expect("good");
    let changed = |text: &str| old.changed(&load(text).expect("good"));
    assert_eq!(changed(&format!("# a comment\n\n{rules}")), [""; 0]);
    assert_eq!(changed(&format!("{rules}methods = [\"GET\"]")), ["rule"]);
    assert_eq!(changed(&format!("{rules}[[rule]]\naccess = \"deny\"")), ["rule"]);
    assert_eq!(changed(&rules.replace("10.0.0.0/8", "10.0.0.0/9")), ["networks"]);
    assert_eq!(changed(""), ["networks", "rule"]);
}

#[test]
fn mistakes_of_all_sources_are_told_at_once_and_those_of_the_file_in_its_order() {
    let sources = Sources {
        environment: Environment::of([("PORTCULLIS_RULE", "x"), ("PORTCULLIS_LOGIN_SKEW", "9")]),
        file: Some(ConfigFile {
            path: PathBuf::from("p.toml"),
            text:
                "bogus = 1\n[[rule]]\naccess = \"opne\"\n[session]\nlifetime = \"0s\"\nidl = \"\"\n"
                    .to_owned(),
        }),
        ..Sources::default()
    };
    let error = Config::load(&sources).expect_err("refused");
    let places: Vec<_> = error.problems.iter().map(|problem| problem.place.as_ref()).collect();
    let places: Vec<_> = places.into_iter().flatten().map(ToString::to_string).collect();
    assert_eq!(
        places,
        [
            "PORTCULLIS_RULE",
            "PORTCULLIS_LOGIN_SKEW",
            "p.toml:1",
            "p.toml:3",
            "p.toml:5",
            "p.toml:6"
        ]
    );
}

#[test]
fn no_bytes_at_all_make_the_reader_stumble() {
    for file in [
        "[",
        "=",
        "[[",
        "listen",
        "\u{0}",
        "[session]\nlifetime = \"\"\"",
        "a = {b = {c = []}}",
        "[session.lifetime]\nx = 1",
    ] {
        assert!(load(file).is_err(), "{file:?}");
    }
}

#[test]
fn the_documentation_tells_every_key_its_default_and_its_variable() {
    let text = include_str!("../../docs/configuration.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    for key in &KEYS {
        let start = format!("| `{}` | `{}` | `{}` | ", key.name, key.default, key.variable());
        assert!(
            rows.iter().any(|row| row.starts_with(&start) && row.len() > start.len() + 20),
            "no row {start}"
        );
    }
    let of_tables = TABLES.iter().flat_map(rows_of).collect::<Vec<_>>();
    for row in &of_tables {
        assert!(rows.contains(&row.as_str()), "no row {row}");
    }
    assert_eq!(rows.len(), KEYS.len() + of_tables.len(), "a row is about no key");
}

/// The rows of the documentation for a table.
fn rows_of(table: &SettingTable) -> Vec<String> {
    let row = |key: &TableKey| {
        let default = match (key.default, &table.keys) {
            (_, TableKeys::Chosen(_)) => "none".to_owned(),
            (TableDefault::Required, _) => "required".to_owned(),
            (TableDefault::Place, _) => format!("its place: `\"{} 3\"`", table.name),
            (TableDefault::Value(value), _) => format!("`{value}`"),
        };
        let (name, example) = (key.name, key.example);
        format!("| `{}.{name}` | {default} | `{example}` | {} |", table.name, key.help)
    };
    match &table.keys {
        TableKeys::Chosen(key) => vec![row(key)],
        TableKeys::Fixed(keys) => keys.iter().map(row).collect(),
    }
}

#[test]
fn the_files_that_the_documentation_shows_can_be_used_as_they_are() {
    let text = include_str!("../../docs/configuration.md");
    let files: Vec<_> = text.split("```toml\n").skip(1).collect();
    for file in &files {
        let file = file.split("```").next().unwrap_or_default();
        let loaded = load(file).unwrap_or_else(|error| panic!("{file}{error}"));
        assert_eq!(warnings(&loaded.config), [], "{file}");
    }
    assert_eq!(files.len(), 2);
}
