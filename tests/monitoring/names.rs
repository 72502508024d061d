//! Nothing asks for a metric, or for a label value, that the gate does not have; and each metric is
//! explained.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ALERT_TESTS, ALERTS, DASHBOARD, PAGE, text};
use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::scrape::{Scrape, WITH_METRICS};

/// Of a gate with a rule: without one some of the metrics are not there.
fn scrape() -> Scrape {
    let rule = "[[rule]]\nname = \"a share\"\npaths = [\"/share/**\"]\naccess = \"open\"\n";
    let gate = Daemon::with(&format!("{ONE_DOMAIN}{WITH_METRICS}{rule}"));
    Scrape::of(Scrape::address(&gate))
}

/// A metric that some text asks for: its name, and what must be so of each label.
type Asked = (String, Vec<(String, String)>);

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every `portcullis_…` and `process_…` in a text, with the matchers behind it.
fn asked(text: &str) -> Vec<Asked> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) =
        ["portcullis_", "process_"].iter().filter_map(|start| rest.find(start)).min()
    {
        let inside = at > 0 && is_name(rest.as_bytes()[at - 1]);
        let end = rest[at..]
            .bytes()
            .position(|byte| !is_name(byte))
            .map_or(rest.len(), |length| at + length);
        let name = rest[at..end].to_owned();
        rest = &rest[end..];
        let mut matchers = Vec::new();
        if let Some(inner) =
            rest.strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(inner, _)| inner)
        {
            // A page writes `name{label}`: no matcher.
            for (label, value) in inner.split("\",").filter_map(|matcher| matcher.split_once('=')) {
                matchers.push((
                    label.to_owned(),
                    value.trim_start_matches('~').trim_matches('"').to_owned(),
                ));
            }
        }
        if !inside {
            found.push((name, matchers));
        }
    }
    found
}

/// Labels that Prometheus adds.
const ADDED: [&str; 2] = ["instance", "job"];

/// What of `asked` the scrape does not have.
fn missing(asked: &[Asked], scrape: &Scrape) -> Vec<String> {
    let names: BTreeSet<&str> =
        scrape.names().into_iter().map(|name| name.split('{').next().unwrap_or(name)).collect();
    let mut wrong = Vec::new();
    for (name, matchers) in asked {
        if !names.contains(name.as_str()) {
            wrong.push(name.clone());
            continue;
        }
        for (label, value) in matchers.iter().filter(|(label, _)| !ADDED.contains(&label.as_str()))
        {
            let there = scrape.labels_of(name, label);
            let is_there = |wanted: &str| match wanted.strip_suffix(".*") {
                Some(start) => there.iter().any(|value| value.starts_with(start)),
                None => there.contains(wanted),
            };
            wrong.extend(
                value
                    .split('|')
                    .filter(|value| !is_there(value))
                    .map(|value| format!("{name} {label}={value}")),
            );
        }
    }
    wrong
}

#[test]
fn what_is_asked_for_is_read_out_of_an_expression() {
    let found = asked(
        r#"sum(rate(portcullis_a_total{x=~"b|c.*",instance="i"}[5m])) / my_process_x + process_y"#,
    );
    let matchers =
        vec![("x".to_owned(), "b|c.*".to_owned()), ("instance".to_owned(), "i".to_owned())];
    assert_eq!(
        found,
        [("portcullis_a_total".to_owned(), matchers), ("process_y".to_owned(), Vec::new())]
    );
}

#[test]
fn the_alerts_and_their_tests_ask_for_nothing_that_is_not_there() {
    let scrape = scrape();
    for path in [ALERTS, ALERT_TESTS] {
        let asked = asked(&text(path));
        assert!(asked.len() >= 15, "{path}: {asked:?}");
        assert_eq!(missing(&asked, &scrape), Vec::<String>::new(), "{path}");
    }
}

/// Every expression of the dashboard.
pub fn expressions() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    let mut found = Vec::new();
    let mut left = vec![&dashboard];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                found.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
                left.extend(members.values());
            }
            Value::Array(values) => left.extend(values),
            _ => {}
        }
    }
    found
}

#[test]
fn the_dashboard_is_well_formed_and_asks_for_nothing_that_is_not_there() {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    assert!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36));
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(
            ids.insert(panel["id"].as_u64().expect("an id")),
            "two panels have one id: {panel}"
        );
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        let targets = panel["targets"].as_array().unwrap_or_else(|| panic!("no targets: {panel}"));
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            assert!(target["expr"].is_string(), "{panel}");
            // The one that whoever imports it chooses.
            assert_eq!(target["datasource"]["uid"], "${datasource}");
        }
    }
    let asked = asked(&expressions().join("\n"));
    let scrape = scrape();
    assert_eq!(missing(&asked, &scrape), Vec::<String>::new());
    let shown: BTreeSet<_> = asked.iter().map(|(name, _)| family(name)).collect();
    let there: BTreeSet<_> = families(&scrape);
    assert_eq!(
        there.iter().filter(|name| !shown.contains(**name)).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "never shown"
    );
}

/// The family of a histogram's series.
fn family(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// The families that the page names.
fn families(scrape: &Scrape) -> BTreeSet<&str> {
    scrape.page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

#[test]
fn each_metric_and_each_result_is_explained_and_nothing_else() {
    let (scrape, page) = (scrape(), text(PAGE));
    for family in families(&scrape) {
        assert!(page.contains(&format!("`{family}")), "{PAGE} does not explain {family}");
    }
    for name in ["portcullis_verify_total", "portcullis_login_total"] {
        for result in scrape.labels_of(name, "result") {
            assert!(
                page.contains(&format!("`{result}`")),
                "{PAGE} does not explain {name} {result}"
            );
        }
    }
    let unknown: Vec<_> = missing(&asked(&page), &scrape);
    let known = families(&scrape);
    let unknown: Vec<_> = unknown.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "{PAGE} names what is not there");
}

#[test]
fn each_family_has_help_and_type_and_all_its_series_from_the_start() {
    let scrape = scrape();
    let families = families(&scrape);
    for name in scrape.names() {
        let name = name.split('{').next().unwrap_or(name);
        assert!(families.contains(name) || families.contains(family(name)), "{name} has no TYPE");
    }
    for family in families {
        assert!(scrape.page.contains(&format!("# HELP {family} ")), "{family} has no HELP");
        assert!(
            scrape.names().iter().any(|name| name.starts_with(family)),
            "{family} has no series"
        );
    }
}
