//! Secrets inside of records, as their bytes: for serde's `with`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::Secret;

pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    Vec::deserialize(deserializer).map(Secret::new)
}

/// The same for a secret that may be missing.
pub(super) fn serialize_option<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

/// What [`serialize_option`] wrote.
pub(super) fn deserialize_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<Vec<u8>>::deserialize(deserializer)?.map(Secret::new))
}
