//! What commands about the audit log are answered with.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};

/// Lines of the log, the oldest first: `audit show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct AuditPage {
    /// As many as one answer holds.
    pub entries: Vec<AuditLine>,
    /// There are older ones that were asked for and are left out.
    pub more: bool,
}

read_members!(AuditPage { entries, more });

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct AuditLine {
    /// What was done, in one word.
    pub action: String,
    /// By whom.
    pub actor: String,
    /// From which address.
    pub client: Option<IpAddr>,
    /// SHA-256 over this line and all before it, in hexadecimal digits.
    pub hash: String,
    /// Counted from 1.
    pub number: u64,
    /// `ok` or `refused`.
    pub result: String,
    /// To whom or what.
    pub subject: Option<String>,
    /// When, by RFC 3339.
    pub time: String,
    /// The reason, where there is one.
    pub why: Option<String>,
}

read_members!(AuditLine { action, actor, client, hash, number, result, subject, time, why });

/// What a walk along the whole log showed: `audit verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct AuditVerdict {
    /// Lines that were read.
    pub entries: u64,
    /// Number of the first of them.
    pub first: Option<u64>,
    /// Time of the first of them, by RFC 3339.
    pub from: Option<String>,
    /// Hash of the newest line, in hexadecimal digits.
    pub head: String,
    /// Number of the last line that was read.
    pub last: Option<u64>,
    /// Lines that were lost with the database.
    pub missing: Vec<MissingLines>,
    /// What is wrong; `None` where the log is whole.
    pub problem: Option<AuditProblem>,
    /// Number of the last line that was removed because of its age; 0 if none was.
    pub pruned: u64,
    /// Time of the last line that was read, by RFC 3339.
    pub to: Option<String>,
    /// Whether nothing is wrong.
    pub whole: bool,
}

read_members!(AuditVerdict {
    entries,
    first,
    from,
    head,
    last,
    missing,
    problem,
    pruned,
    to,
    whole
});

/// Numbers of lines that were lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct MissingLines {
    /// The first of them; `None`: nobody knows.
    pub first: Option<u64>,
    /// The last of them; `None`: nobody knows.
    pub last: Option<u64>,
}

read_members!(MissingLines { first, last });

/// What is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct AuditProblem {
    /// The line where it shows, if it shows at one.
    pub number: Option<u64>,
    /// In words.
    pub what: String,
}

read_members!(AuditProblem { number, what });
