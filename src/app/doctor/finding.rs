//! What a check finds, and the words that findings are made with.

use serde::Serialize;

use crate::config::advice::Advice;

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
pub(super) struct Subject(pub(super) &'static str);

impl Subject {
    pub(super) fn ok(self, found: impl Into<String>) -> Finding {
        Finding { check: self.0, severity: Severity::Ok, found: found.into(), remedy: None }
    }

    pub(super) fn note(self, found: impl Into<String>, remedy: Option<String>) -> Finding {
        Finding { check: self.0, severity: Severity::Note, found: found.into(), remedy }
    }

    pub(super) fn warning(self, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            check: self.0,
            severity: Severity::Warning,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub(super) fn error(self, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            check: self.0,
            severity: Severity::Error,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }
}

/// A word of the shell that means this path.
pub(super) fn word(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `1 user`, `2 users`.
pub(super) fn count<N: std::fmt::Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    if number == N::from(1) { format!("{number} {one}") } else { format!("{number} {one}s") }
}

/// The lines of the file, with a comment if there is one; where they would be refused, what says
/// why.
pub(super) fn written(advice: Option<Advice>, remark: &str) -> String {
    advice.map_or_else(
        || "portcullis config check".to_owned(),
        |advice| advice.remarked(remark).to_string(),
    )
}
