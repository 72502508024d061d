//! All checks together.

use serde_json::{Value, json};

use super::facts::Facts;
use super::finding::{Finding, Severity};
use super::{clock, files, limits, people, process, proxies, secret, settings, store};

/// Everything that is to be said of these facts, subject by subject.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = process::findings(facts);
    findings.extend(settings::findings(facts));
    findings.extend(facts.clock.iter().flat_map(clock::findings));
    findings.extend(facts.secret.iter().flat_map(secret::findings));
    findings.extend(files::findings(facts));
    findings.extend(store::findings(facts));
    if let Ok(config) = &facts.config {
        findings.extend(facts.people.iter().flat_map(|people| people::findings(people, config)));
        findings.extend(facts.limits.iter().flat_map(|limits| limits::findings(limits, config)));
        findings.extend(facts.wiring.iter().flat_map(|wiring| proxies::findings(wiring, config)));
    }
    findings
}

/// The answer in the shape that scripts rely on:
/// `{"findings":[{"check","severity","found","remedy"}],"worst"}`.
pub fn report(facts: &Facts) -> Value {
    let findings = examine(facts);
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok);
    json!({ "findings": findings, "worst": worst })
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
