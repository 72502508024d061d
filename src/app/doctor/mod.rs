//! `doctor`: is everything about this gate as it should be, and if not, what is to be done?
//!
//! [`gather`] looks at the machine, the store and the gate; every check is a pure function from
//! those [`facts`] to [`Finding`]s, one file a subject. Guarantees: orders no change, shows no
//! secret, and looks at no network; where no gate runs a start is tried with a copy of the store.
//! Each finding that is worse than a note has a remedy, as a line to copy.

mod clock;
mod emptied;
pub mod facts;
mod files;
pub mod gather;
mod limits;
mod people;
mod process;
mod proxies;
mod secret;
mod settings;
mod store;

use serde::Serialize;
use serde_json::{Value, json};

use facts::Facts;

/// How bad a finding is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Works, but not for long, not for all, or not as safely as it could.
    Warning,
    /// Does not work, or is not safe.
    Error,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The subject.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub found: String,
    /// What to do: lines to copy.
    pub remedy: Option<String>,
}

/// Makes the findings of one subject.
#[derive(Clone, Copy)]
struct Subject(&'static str);

impl Subject {
    fn ok(self, found: impl Into<String>) -> Finding {
        Finding { check: self.0, severity: Severity::Ok, found: found.into(), remedy: None }
    }

    fn note(self, found: impl Into<String>, remedy: Option<String>) -> Finding {
        Finding { check: self.0, severity: Severity::Note, found: found.into(), remedy }
    }

    fn warning(self, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            check: self.0,
            severity: Severity::Warning,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    fn error(self, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            check: self.0,
            severity: Severity::Error,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }
}

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

/// A word of the shell that means this path.
fn word(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `1 user`, `2 users`.
fn count<N: std::fmt::Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    if number == N::from(1) { format!("{number} {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
