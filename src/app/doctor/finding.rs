//! How findings are made, and the words that they are made with.

use crate::app::messages::answers::doctor::{Finding, Severity};
use crate::config::advice::Advice;

/// Makes the findings of one subject.
#[derive(Clone, Copy)]
pub(super) struct Subject(pub(super) &'static str);

impl Subject {
    pub(super) fn ok(self, found: impl Into<String>) -> Finding {
        Finding { check: self.0.into(), severity: Severity::Ok, found: found.into(), remedy: None }
    }

    pub(super) fn note(self, found: impl Into<String>, remedy: Option<String>) -> Finding {
        Finding { check: self.0.into(), severity: Severity::Note, found: found.into(), remedy }
    }

    pub(super) fn warning(self, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            check: self.0.into(),
            severity: Severity::Warning,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub(super) fn error(self, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            check: self.0.into(),
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
