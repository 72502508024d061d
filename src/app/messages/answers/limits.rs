//! What commands about limits are answered with.

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};

/// What counts failures now: `limit list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct LimitLine {
    /// So many failures count.
    pub failures: u32,
    /// An address, a network or a name.
    pub key: String,
    /// `address`, `account`, `device` or `strangers`.
    pub kind: String,
    /// When guesses are taken again, by RFC 3339; `None`: they are taken now.
    pub until: Option<String>,
}

read_members!(LimitLine { failures, key, kind, until });

/// Failures are forgotten: `limit clear`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct LimitsCleared {
    /// Those of so many addresses and budgets.
    pub cleared: usize,
}

read_members!(LimitsCleared { cleared });
