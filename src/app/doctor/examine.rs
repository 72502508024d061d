//! All checks together.

use super::facts::Facts;
use super::{
    clock, files, limits, passes, people, process, proxies, rules, secret, settings, store,
};
use crate::app::messages::answers::doctor::{DoctorReport, Finding, Severity};

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
        findings.extend(passes::findings(facts, config));
        findings.extend(rules::findings(facts, config));
        findings.extend(facts.limits.iter().flat_map(|limits| limits::findings(limits, config)));
        findings.extend(facts.proxies.iter().flat_map(|seen| proxies::findings(seen, config)));
    }
    findings
}

/// The same as the answer of `doctor`.
pub fn report(facts: &Facts) -> DoctorReport {
    let findings = examine(facts);
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok);
    DoctorReport { findings, worst }
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
