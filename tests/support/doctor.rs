//! `portcullis doctor --json`, read.

use serde_json::Value;

use super::daemon::{Done, Place};

/// What doctor said of a gate.
#[derive(Debug)]
pub struct Report {
    pub status: i32,
    pub worst: String,
    pub findings: Vec<Finding>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: String,
    pub severity: String,
    pub found: String,
    pub remedy: String,
}

impl Report {
    /// Of the gate that lives there, whether it runs or not.
    pub fn of(place: &Place) -> Self {
        Self::read(&place.run(&["doctor", "--json"]))
    }

    pub fn read(done: &Done) -> Self {
        let said: Value = serde_json::from_str(&done.out)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {done:?}"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let finding = |value: &Value| Finding {
            check: text(&value["check"]),
            severity: text(&value["severity"]),
            found: text(&value["found"]),
            remedy: text(&value["remedy"]),
        };
        let findings = said["findings"].as_array().expect("a list").iter().map(finding).collect();
        let report = Self { status: done.status, worst: text(&said["worst"]), findings };
        let code = match report.worst.as_str() {
            "error" => 2,
            "warning" => 1,
            _ => 0,
        };
        assert_eq!(report.status, code, "the exit code is that of the worst finding: {report:#?}");
        report
    }

    /// The warnings and errors that are not the machine's that runs the tests: it may run them as
    /// root, or in a container.
    pub fn complaints(&self) -> Vec<&Finding> {
        let machines = ["runs as root", "lies in"];
        let bad = self
            .findings
            .iter()
            .filter(|finding| ["warning", "error"].contains(&finding.severity.as_str()));
        bad.filter(|finding| !machines.iter().any(|text| finding.found.contains(text))).collect()
    }

    /// The only complaint there is: of this severity, saying this.
    pub fn only(&self, severity: &str, found: &str) -> &Finding {
        let complaints = self.complaints();
        let [complaint] = complaints.as_slice() else {
            panic!("not one complaint ({found}): {complaints:#?}")
        };
        assert_eq!(complaint.severity, severity, "{complaint:?}");
        assert!(complaint.found.contains(found), "{found}: {complaint:?}");
        complaint
    }

    /// The finding that says this.
    pub fn saying(&self, found: &str) -> &Finding {
        let finding = self.findings.iter().find(|finding| finding.found.contains(found));
        finding.unwrap_or_else(|| panic!("nothing says {found:?}: {:#?}", self.findings))
    }
}
