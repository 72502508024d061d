//! What commands about sessions are answered with.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One living session: `session list`. Times are written by RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Sessions have ended: `session revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsRevoked {
    /// So many.
    pub revoked: usize,
}
