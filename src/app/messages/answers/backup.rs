//! What the commands behind `backup` and `restore` are answered with.

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};
use crate::app::messages::records::Records;

/// All users with their seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct PackedUsers {
    /// When they were packed, by RFC 3339.
    pub created: String,
    /// The users.
    pub records: Records,
    /// How many they are.
    pub users: u64,
}

read_members!(PackedUsers { created, records, users });

/// The users of a backup are in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct UsersRestored {
    /// How many they are.
    pub users: usize,
}

read_members!(UsersRestored { users });
