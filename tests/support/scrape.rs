//! A scrape, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::daemon::Daemon;
use super::http::Ask;
use super::wait::{self, PATIENCE};

/// The setting that opens a listener for metrics on a free port.
pub const WITH_METRICS: &str = "[metrics]\nlisten = \"127.0.0.1:0\"\n";

/// One page: its series, with what they are worth.
pub struct Scrape {
    pub page: String,
    series: BTreeMap<String, String>,
}

impl Scrape {
    /// Where the daemon says that its metrics are.
    pub fn address(gate: &Daemon) -> SocketAddr {
        // Its line comes behind that of the gate's own address.
        wait::until("the address of the metrics", PATIENCE, || {
            let text = gate.running.text();
            let line = text.lines().find_map(|line| line.strip_suffix(" for=metrics"))?;
            line.split_once("address=")?.1.parse().ok()
        })
    }

    /// What is there now.
    pub fn of(metrics: SocketAddr) -> Self {
        let answer = Ask::get("/metrics").send(metrics);
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.text();
        let mut series = BTreeMap::new();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) =
                line.rsplit_once(' ').unwrap_or_else(|| panic!("no series: {line:?}"));
            let twice = series.insert(name.to_owned(), value.to_owned());
            assert_eq!(twice, None, "{name} stands there twice");
        }
        Self { page, series }
    }

    /// The value of a series, as it is written.
    pub fn text(&self, series: &str) -> &str {
        self.series.get(series).unwrap_or_else(|| panic!("no {series} in\n{}", self.page))
    }

    pub fn value(&self, series: &str) -> f64 {
        self.text(series).parse().unwrap_or_else(|_| panic!("{series} is no number"))
    }

    /// The values of a family by one of its labels.
    pub fn by_label(&self, family: &str, label: &str) -> BTreeMap<String, f64> {
        let start = format!("{family}{{{label}=\"");
        let found = self.series.iter().filter_map(|(name, value)| {
            let is = name.strip_prefix(&start)?.strip_suffix("\"}")?;
            Some((is.to_owned(), value.parse().expect("a number")))
        });
        found.collect()
    }

    /// The values that a label of a family has.
    pub fn labels_of(&self, family: &str, label: &str) -> BTreeSet<String> {
        let start = format!("{family}{{{label}=\"");
        let found =
            self.series.keys().filter_map(|name| name.strip_prefix(&start)?.strip_suffix("\"}"));
        found.map(str::to_owned).collect()
    }

    /// All series.
    pub fn names(&self) -> BTreeSet<&str> {
        self.series.keys().map(String::as_str).collect()
    }
}
