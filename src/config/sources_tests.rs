//! Environment, flags and file: which one counts, and what is refused.

use super::super::scratch::{self, ScratchPath};
use super::*;

fn sources(variables: &[(&str, &str)], file: &str) -> Sources {
    Sources {
        listen: Vec::new(),
        environment: Environment::of(variables.iter().copied()),
        file: Some(ConfigFile { path: PathBuf::from("p.toml"), text: file.to_owned() }),
    }
}

fn only(sources: &Sources) -> Setting {
    let mut collected = collect(sources);
    assert_eq!((collected.settings.len(), collected.problems.len()), (1, 0), "{collected:?}");
    collected.settings.remove(0)
}

fn refused(variables: &[(&str, &str)]) -> String {
    collect(&sources(variables, ""))
        .problems
        .iter()
        .map(ConfigProblem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_silent(sources: &Sources) -> bool {
    let collected = collect(sources);
    collected.settings.is_empty() && collected.problems.is_empty()
}

#[test]
fn each_source_wins_over_the_weaker_ones() {
    let directory = tempfile("listen", "4.4.4.4:4\n");
    let credentials = directory.parent().expect("a directory").to_str().expect("UTF-8");
    let value_file = tempfile("value", "3.3.3.3:3\r\n");
    let file = "listen = [\"5.5.5.5:5\"]";
    let mut variables = vec![("CREDENTIALS_DIRECTORY", credentials)];

    assert_eq!(only(&sources(&[], file)).source, SettingSource::File("p.toml".into(), 1));
    let setting = only(&sources(&variables, file));
    assert_eq!(
        (setting.value, setting.source),
        (list("4.4.4.4:4"), SettingSource::Credential(directory.to_path_buf()))
    );
    variables.push(("PORTCULLIS_LISTEN_FILE", value_file.to_str().expect("UTF-8")));
    assert_eq!(only(&sources(&variables, file)).value, list("3.3.3.3:3"));
    variables.push(("PORTCULLIS_LISTEN", "2.2.2.2:2"));
    let setting = only(&sources(&variables, file));
    assert_eq!(
        (setting.value, setting.source),
        (list("2.2.2.2:2"), SettingSource::Variable("PORTCULLIS_LISTEN".into()))
    );
    let mut all = sources(&variables, file);
    all.listen = vec!["1.1.1.1:1".into()];
    let setting = only(&all);
    assert_eq!(
        (setting.value, setting.source),
        (list("1.1.1.1:1"), SettingSource::Flag("--listen"))
    );
}

fn list(entry: &str) -> Raw {
    Raw::List(vec![entry.to_owned()])
}

fn tempfile(name: &str, text: &str) -> ScratchPath {
    scratch::file(name, text.as_bytes(), 0o600)
}

#[test]
fn a_variable_is_read_as_its_key_needs() {
    let value = |name: &str, value: &str| only(&sources(&[(name, value)], "")).value;
    assert_eq!(
        value("PORTCULLIS_SESSION_COOKIE_DOMAIN", "example.com"),
        Raw::Text("example.com".into())
    );
    assert_eq!(value("PORTCULLIS_SESSION_SECURE", "false"), Raw::Flag(false));
    assert_eq!(value("PORTCULLIS_SESSION_SECURE", "0"), Raw::Text("0".into()));
    assert_eq!(value("PORTCULLIS_LIMITS_ATTEMPTS", "7"), Raw::Number(7));
    assert_eq!(value("PORTCULLIS_LIMITS_ATTEMPTS", "+7"), Raw::Text("+7".into()));
    assert_eq!(
        value("PORTCULLIS_REDIRECT_HOSTS", "a.b, c.d"),
        Raw::List(vec!["a.b".into(), "c.d".into()])
    );
    assert_eq!(value("PORTCULLIS_REDIRECT_HOSTS", ""), Raw::List(Vec::new()));
    assert_eq!(value("PORTCULLIS_PROXY_TRUST", "true"), Raw::Flag(true));
    assert_eq!(value("PORTCULLIS_PROXY_TRUST", "2"), Raw::Number(2));
    assert_eq!(
        value("PORTCULLIS_PROXY_TRUST", "loopback, 10.0.0.0/8"),
        Raw::Text("loopback, 10.0.0.0/8".into())
    );
    assert_eq!(value("PORTCULLIS_CLOCK_REQUIRE_SYNC", "auto"), Raw::Text("auto".into()));
}

#[test]
fn an_unknown_variable_of_ours_names_the_nearest() {
    assert_eq!(
        refused(&[("PORTCULLIS_SESSION_COOKIEDOMAIN", "x")]),
        "PORTCULLIS_SESSION_COOKIEDOMAIN: unknown variable: did you mean PORTCULLIS_SESSION_COOKIE_DOMAIN?"
    );
    assert!(refused(&[("PORTCULLIS_LISTN_FILE", "x")]).contains("did you mean PORTCULLIS_LISTEN?"));
    assert!(
        refused(&[("PORTCULLIS_STATEDIR", "x")]).contains("did you mean PORTCULLIS_STATE_DIR?")
    );
    assert!(
        refused(&[("PORTCULLIS_JWT_SECRET", "x")]).contains("the secret's variable is JWT_SECRET")
    );
    assert!(refused(&[("PORTCULLIS_", "x")]).contains("unknown variable"));
}

#[test]
fn a_variable_for_a_table_is_told_that_tables_come_from_the_file() {
    for (name, header) in [
        ("PORTCULLIS_RULE", "[[rule]]"),
        ("PORTCULLIS_RULES", "[[rule]]"),
        ("PORTCULLIS_RULE_1_HOSTS", "[[rule]]"),
        ("PORTCULLIS_RULE_FILE", "[[rule]]"),
        ("PORTCULLIS_NETWORKS", "[networks]"),
        ("PORTCULLIS_NETWORKS_HOME", "[networks]"),
        ("PORTCULLIS_NETWORK_HOME_FILE", "[networks]"),
    ] {
        let message =
            format!("{name}: unknown variable: {header} comes from the file alone, write it there");
        assert_eq!(refused(&[(name, "x")]), message);
    }
}

#[test]
fn foreign_variables_and_the_two_that_are_no_keys_are_left_alone() {
    let variables = [
        ("PATH", "/bin"),
        ("PORTCULLIS_STATE_DIR", "/s"),
        ("PORTCULLIS_CONFIG", "/c"),
        ("JWT_SECRET", "s"),
    ];
    assert!(is_silent(&sources(&variables, "")));
}

#[test]
fn what_a_platform_says_about_a_service_of_our_name_is_no_setting() {
    let service = [
        ("PORTCULLIS_PORT", "tcp://10.43.0.7:3000"),
        ("PORTCULLIS_METRICS_SERVICE_HOST", "10.43.0.8"),
    ];
    assert!(is_silent(&sources(&service, "")));
    let both = [
        service[0],
        service[1],
        ("PORTCULLIS_LISTEN", "127.0.0.1:1"),
        ("KUBERNETES_SERVICE_HOST", "10.43.0.1"),
    ];
    assert_eq!(only(&sources(&both, "")).value, list("127.0.0.1:1"));
    for mistake in ["3000", "127.0.0.1:3000"] {
        let message =
            refused(&[("PORTCULLIS_PORT", mistake), ("KUBERNETES_SERVICE_HOST", "10.43.0.1")]);
        assert!(message.starts_with("PORTCULLIS_PORT: unknown variable"), "{message}");
    }
}

#[test]
fn the_mark_of_an_editor_is_no_part_of_a_value() {
    let value = tempfile("value", "\u{feff}example.com\r\n");
    let variables = [("PORTCULLIS_SESSION_COOKIE_DOMAIN_FILE", value.to_str().expect("UTF-8"))];
    assert_eq!(only(&sources(&variables, "")).value, Raw::Text("example.com".into()));
    let credential = tempfile("session_cookie_domain", "\u{feff}example.com");
    let directory = credential.parent().expect("a directory").to_str().expect("UTF-8");
    assert_eq!(
        only(&sources(&[("CREDENTIALS_DIRECTORY", directory)], "")).value,
        Raw::Text("example.com".into())
    );
    assert_eq!(only(&sources(&[], "\u{feff}login.skew = 2")).value, Raw::Number(2));
}

#[test]
fn a_value_file_that_is_missing_or_huge_is_named() {
    let empty = refused(&[("PORTCULLIS_LISTEN_FILE", "")]);
    assert!(empty.starts_with("PORTCULLIS_LISTEN_FILE: is empty"), "{empty}");
    let missing = refused(&[("PORTCULLIS_LISTEN_FILE", "/nonexistent/x")]);
    assert!(
        missing.starts_with("PORTCULLIS_LISTEN_FILE (/nonexistent/x): listen: cannot be read"),
        "{missing}"
    );
    let huge = tempfile("huge", &"x".repeat(70_000));
    assert!(
        refused(&[("PORTCULLIS_LISTEN_FILE", huge.to_str().expect("UTF-8"))])
            .contains("more than 65536 bytes")
    );
}
