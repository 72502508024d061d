//! How an answer is read from JSON: member by member out of an object. Code that serde derives for
//! this costs several kilobytes a type, this a few hundred bytes.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON object whose members are taken out one by one. Those that nobody takes are passed over.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Takes a member out. One that is missing is like `null`.
    ///
    /// # Errors
    /// The value has another form; the message names the member.
    #[inline(never)]
    pub(super) fn take<T: DeserializeOwned>(&mut self, member: &str) -> Result<T, String> {
        let value = self.0.remove(member).unwrap_or_default();
        T::deserialize(value).map_err(|error| format!("{member}: {error}"))
    }

    /// The same for a member that daemons of older releases do not send.
    ///
    /// # Errors
    /// As of [`Object::take`].
    pub(super) fn take_or_default<T: DeserializeOwned + Default>(
        &mut self,
        member: &str,
    ) -> Result<T, String> {
        self.take::<Option<T>>(member).map(Option::unwrap_or_default)
    }
}

/// Reads these members, which must be all that the type has.
macro_rules! read_members {
    ($answer:ident { $($member:ident),* $(,)? }) => {
        impl TryFrom<Object> for $answer {
            type Error = String;

            fn try_from(mut object: Object) -> Result<Self, String> {
                Ok(Self { $($member: object.take(stringify!($member))?,)* })
            }
        }
    };
}

pub(super) use read_members;
