//! What commands about passes are answered with.

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};
use crate::app::messages::secret_text::SecretText;

/// A new pass: `pass create`. Times are written by RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct PassCreated {
    /// When it was made.
    pub created: String,
    /// When it ends.
    pub expires: String,
    /// Where it is good: hosts, or `*.example.com`.
    pub hosts: Vec<String>,
    /// Eight letters.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// From where it is good; empty: from anywhere.
    pub networks: Vec<String>,
    /// Patterns of the paths for which it is good; empty: all.
    pub paths: Vec<String>,
    /// Whether it is taken in `Authorization`, which its site sees.
    pub taken_in_authorization: bool,
    /// What a program sends. It is shown this once.
    pub token: SecretText,
    /// Whose it is.
    pub user: String,
    /// What keeps it from being useful, if something does.
    pub warnings: Vec<String>,
}

read_members!(PassCreated {
    created,
    expires,
    hosts,
    id,
    name,
    networks,
    paths,
    taken_in_authorization,
    token,
    user,
    warnings
});

/// One living pass: `pass list`. Times are written by RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct PassLine {
    /// When it was made.
    pub created: String,
    /// When it ends.
    pub expires: String,
    /// Where it is good: hosts, or `*.example.com`.
    pub hosts: Vec<String>,
    /// Eight letters.
    pub id: String,
    /// When it last let a request pass, to the hour; `None`: never.
    pub last_used: Option<String>,
    /// What it is for.
    pub name: String,
    /// From where it is good; empty: from anywhere.
    pub networks: Vec<String>,
    /// Patterns of the paths for which it is good; empty: all.
    pub paths: Vec<String>,
    /// Whose it is.
    pub user: String,
}

read_members!(PassLine { created, expires, hosts, id, last_used, name, networks, paths, user });

/// Passes have ended: `pass revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct PassesRevoked {
    /// So many.
    pub revoked: usize,
}

read_members!(PassesRevoked { revoked });
