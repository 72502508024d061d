//! What commands about sessions are answered with.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};

/// One living session: `session list`. Times are written by RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct SessionLine {
    /// Where the login came from.
    pub client_ip: IpAddr,
    /// When it began.
    pub created: String,
    /// When it ends, however much it is used.
    pub expires: String,
    /// 22 characters of base64url.
    pub id: String,
    /// When it was last used.
    pub last_seen: String,
    /// Whose it is.
    pub user: String,
    /// What the browser called itself.
    pub user_agent: String,
}

read_members!(SessionLine { client_ip, created, expires, id, last_seen, user, user_agent });

/// Sessions have ended: `session revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct SessionsRevoked {
    /// So many.
    pub revoked: usize,
}

read_members!(SessionsRevoked { revoked });
