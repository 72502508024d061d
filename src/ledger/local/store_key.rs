//! The store's own key: a file beside the database, or a credential. Never derived from the session
//! secret, so that changing that one ends sessions only.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::state_dir::{self, StateDir};
use crate::secret::Secret;

/// 32 random bytes that everything in the store is sealed under. Whoever has them and a copy of the
/// database has all seeds.
#[derive(Clone)]
pub struct StoreKey(Secret);

impl StoreKey {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// The key with these bytes, or `None` if they are not 32.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let secret = Secret::new(bytes);
        (secret.expose().len() == Self::BYTES).then_some(Self(secret))
    }

    /// The bytes, for deriving the keys that are used.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// The key of the store in `dir`: `credential` if given (the 32 bytes as they are), else the file
/// `store.key`, which is made, mode 0600, if there is neither key nor store yet. Makes the
/// directory, mode 0700, if it is missing.
///
/// # Errors
/// [`StoreError::KeyMissing`] beside an existing store, [`StoreError::BadKey`] for a wrong length
/// or a file that others can read, [`StoreError::Locked`] if another process is making one at this
/// moment.
pub fn load_or_create_key(
    dir: &Path,
    credential: Option<&[u8]>,
    entropy: &mut impl Entropy,
) -> Result<StoreKey, StoreError> {
    if let Some(bytes) = credential {
        return given(bytes);
    }
    let state_dir = StateDir::prepare(dir)?;
    if let Some(key) = load(&state_dir)? {
        return Ok(key);
    }
    // Two first starts at one moment must not make two keys.
    let _lock = state_dir.lock()?;
    if let Some(key) = load(&state_dir)? {
        return Ok(key);
    }
    let path = state_dir.path(state_dir::KEY);
    if state_dir.holds_a_store() {
        return Err(StoreError::KeyMissing(path));
    }
    let mut bytes = Zeroizing::new([0; StoreKey::BYTES]);
    entropy.fill(bytes.as_mut_slice());
    state_dir.write(state_dir::KEY, bytes.as_slice())?;
    StoreKey::new(bytes.to_vec())
        .ok_or_else(|| StoreError::BadKey("it has not 32 bytes".to_owned()))
}

/// The key of a store that is there, without making one.
///
/// # Errors
/// [`StoreError::KeyMissing`], or the key is none.
pub fn existing_key(dir: &Path, credential: Option<&[u8]>) -> Result<StoreKey, StoreError> {
    if let Some(bytes) = credential {
        return given(bytes);
    }
    let state_dir = StateDir::prepare(dir)?;
    load(&state_dir)?.ok_or_else(|| StoreError::KeyMissing(state_dir.path(state_dir::KEY)))
}

/// The key that a credential is.
pub(super) fn given(bytes: &[u8]) -> Result<StoreKey, StoreError> {
    StoreKey::new(bytes.to_vec()).ok_or_else(|| {
        StoreError::BadKey(format!(
            "the credential has {} bytes instead of 32; `head -c 32 /dev/urandom` makes one",
            bytes.len()
        ))
    })
}

/// The key in its file; `None` if there is none.
pub(super) fn load(state_dir: &StateDir) -> Result<Option<StoreKey>, StoreError> {
    let path = state_dir.path(state_dir::KEY);
    let failed = |error: io::Error| StoreError::io("reading", &path, &error);
    let mut file = match state_dir.open(state_dir::KEY, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(StoreError::BadKey(format!(
            "{path} can be read by others: run `chmod 600 {path}`"
        )));
    }
    // One byte more than a key has tells a longer file apart, whatever its length.
    let most = StoreKey::BYTES + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    file.by_ref()
        .take(u64::try_from(most).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match StoreKey::new(bytes.to_vec()) {
        Some(key) => Ok(Some(key)),
        None => Err(StoreError::BadKey(format!(
            "{} has not 32 bytes: put the right one back, or begin anew with `portcullis init --again`, which keeps the old store aside, and bring the users of a backup back with `portcullis restore`",
            path.display()
        ))),
    }
}
