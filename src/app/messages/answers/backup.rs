//! What the commands behind `backup` and `restore` are answered with.

use serde::{Deserialize, Serialize};

use super::object::Object;
use crate::app::messages::records::Records;

/// All users with their seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct PackedUsers {
    /// When they were packed, by RFC 3339.
    pub created: String,
    /// How many passes are among the records.
    pub passes: usize,
    /// The users and their passes.
    pub records: Records,
    /// How many users they are.
    pub users: u64,
}

impl TryFrom<Object> for PackedUsers {
    type Error = String;

    fn try_from(mut object: Object) -> Result<Self, String> {
        Ok(Self {
            created: object.take("created")?,
            passes: object.take_or_default("passes")?,
            records: object.take("records")?,
            users: object.take("users")?,
        })
    }
}

/// The users of a backup are in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct UsersRestored {
    /// How many passes came with them.
    pub passes: usize,
    /// How many they are.
    pub users: usize,
}

impl TryFrom<Object> for UsersRestored {
    type Error = String;

    fn try_from(mut object: Object) -> Result<Self, String> {
        Ok(Self { passes: object.take_or_default("passes")?, users: object.take("users")? })
    }
}
