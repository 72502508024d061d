//! What Prometheus itself says: `promtool`, which `tests/run` fetches.

use std::io::Write;
use std::process::{Command, Stdio};

use super::names::expressions;
use super::{ALERT_TESTS, ALERTS, PAGE, file, text};
use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::scrape::{Scrape, WITH_METRICS};
use crate::support::scratch::Scratch;
use crate::support::tools;

/// `$PROMTOOL`, else what `tests/run` fetched.
fn promtool() -> Command {
    Command::new(tools::named_or_fetched("PROMTOOL", "promtool"))
}

fn succeeds(command: &mut Command) -> String {
    let done =
        command.output().unwrap_or_else(|error| panic!("promtool ({error}); tests/run brings it"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success(), "{said}");
    said
}

#[test]
fn prometheus_takes_the_page_and_has_nothing_to_say_against_it() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}{WITH_METRICS}"));
    let owner = gate.place.add_user("owner");
    let session = gate.log_in(&owner);
    gate.ask_with(&session);
    let page = Scrape::of(Scrape::address(&gate)).page;
    let mut command = promtool();
    command
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("promtool ({error}); tests/run brings it"));
    child.stdin.take().expect("piped").write_all(page.as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success() && said.trim().is_empty(), "{said}\n{page}");
}

#[test]
fn prometheus_takes_the_alerts() {
    let said = succeeds(
        promtool().args(["check", "rules", "--lint=all", "--lint-fatal"]).arg(file(ALERTS)),
    );
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
fn prometheus_understands_what_the_dashboard_asks() {
    let folder = Scratch::new("dashboard");
    let rules: String = expressions()
        .iter()
        .enumerate()
        // What Grafana puts in.
        .map(|(at, asked)| (at, asked.replace("$__rate_interval", "1m").replace("$instance", ".*")))
        .map(|(at, asked)| format!("      - record: asked:{at}\n        expr: '{asked}'\n"))
        .collect();
    assert!(rules.matches("record").count() > 20 && !rules.contains('$'), "{rules}");
    let file =
        folder.write("rules.yml", &format!("groups:\n  - name: dashboard\n    rules:\n{rules}"));
    succeeds(promtool().args(["check", "rules"]).arg(file));
}

#[test]
fn prometheus_takes_the_configuration_that_the_page_shows() {
    let page = text(PAGE);
    let (_, rest) = page.split_once("```yaml\n").expect("a configuration");
    let folder = Scratch::new("prometheus");
    folder.write("alerts.yml", &text(ALERTS));
    let file = folder.write("prometheus.yml", rest.split("```").next().expect("its end"));
    let said = succeeds(promtool().args(["check", "config"]).arg(file));
    assert!(said.contains("rules found"), "{said}");
}

#[test]
fn each_alert_fires_when_it_should_and_no_other() {
    succeeds(promtool().args(["test", "rules"]).arg(file(ALERT_TESTS)));
}

#[test]
fn each_alert_is_tried_and_names_what_to_do() {
    let (rules, tests) = (text(ALERTS), text(ALERT_TESTS));
    let alerts: Vec<&str> = rules.split("\n      - alert: ").skip(1).collect();
    assert!(alerts.len() >= 12, "{}", alerts.len());
    for alert in alerts {
        let name = alert.lines().next().expect("a name");
        assert!(tests.contains(&format!("alertname=\"{name}\"")), "{name} is never tried");
        for part in ["severity: ", "summary: ", "description: >-"] {
            assert!(alert.contains(part), "{name} has no {part}");
        }
        let (_, description) = alert.split_once("description: >-").expect("a description");
        assert!(description.trim().len() > 80, "{name} does not say what to do");
    }
}
