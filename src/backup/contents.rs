//! What a backup holds, and the record that is sealed.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What a backup holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Backup {
    /// When it was made, as RFC 3339 has it.
    pub created: String,
    /// How many users are in it.
    pub users: u64,
    /// The users and their passes, as the store packed them.
    pub records: Zeroizing<Vec<u8>>,
    /// The text of the configuration file, if there was one.
    pub configuration: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct BackupRecord<'c> {
    created: &'c str,
    users: u64,
    records: &'c [u8],
    configuration: Option<&'c str>,
}

impl Backup {
    /// The contents as they are sealed; `None` if they are too long for a file.
    pub fn encode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let Self { created, users, records, configuration } = self;
        let configuration = configuration.as_deref();
        // Room for all of it at once: growing would leave copies behind.
        let room = records.len() + created.len() + configuration.map_or(0, str::len) + 64;
        let contents = BackupRecord { created, users: *users, records, configuration };
        postcard::to_extend(&contents, Vec::with_capacity(room)).ok().map(Zeroizing::new)
    }

    /// Reads contents that were unsealed; `None` for anything that [`Backup::encode`] does not
    /// write.
    pub fn decode(plain: &[u8]) -> Option<Self> {
        let (BackupRecord { created, users, records, configuration }, []) =
            postcard::take_from_bytes(plain).ok()?
        else {
            return None;
        };
        Some(Self {
            created: created.to_owned(),
            users,
            records: Zeroizing::new(records.to_vec()),
            configuration: configuration.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_with_something_behind_them_are_refused() {
        let backup = Backup {
            created: "2026-01-31T23:59:59Z".to_owned(),
            users: 2,
            records: Zeroizing::new(vec![1, 2, 3, 250]),
            configuration: Some("listen = []\n".to_owned()),
        };
        let plain = backup.encode().expect("encodes");
        assert!(Backup::decode(&plain) == Some(backup));
        assert!(Backup::decode(&[plain.as_slice(), &[0]].concat()).is_none());
        for length in 0..plain.len() {
            assert!(Backup::decode(&plain[..length]).is_none(), "{length}");
        }
    }
}
