//! What operators are given to watch the gate by: the dashboard for Grafana and the alert rules for
//! Prometheus in `docs/monitoring`, held against a real scrape and tried with Prometheus' own
//! `promtool`.

mod hanging;
mod names;
mod promtool;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const ALERTS: &str = "docs/monitoring/alerts.yml";
const ALERT_TESTS: &str = "tests/monitoring/alerts_test.yml";
const DASHBOARD: &str = "docs/monitoring/dashboard.json";
const PAGE: &str = "docs/metrics.md";
