//! What `doctor` is answered with.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};

/// All that was found, subject by subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct DoctorReport {
    /// One for each thing that was looked at, or more.
    pub findings: Vec<Finding>,
    /// The worst of them.
    pub worst: Severity,
}

read_members!(DoctorReport { findings, worst });

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct Finding {
    /// The subject.
    pub check: Cow<'static, str>,
    /// What was found.
    pub found: String,
    /// What to do: lines to copy.
    pub remedy: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

read_members!(Finding { check, found, remedy, severity });

/// How bad a finding is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl Severity {
    /// As it is written in an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
