//! The seal: a passphrase is stretched to a key by Argon2id (RFC 9106), under which
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439) closes the contents.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use super::form::{Header, Sealed, octets};
use super::{Backup, FileError, LONGEST};
use crate::entropy::Entropy;
use crate::secret::Secret;

pub(super) const SALT: usize = 16;
pub(super) const NONCE: usize = 24;
const TAG: usize = 16;

/// What stretching a passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u8,
    pub(super) lanes: u8,
}

impl Cost {
    /// The second recommendation of RFC 9106 section 4, with one lane for its four: a board of 512
    /// MB has to bear it beside everything else, and nothing here computes lanes side by side.
    pub(super) const USUAL: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// The most that a file may ask for: a later release may double what this one takes. On a small
    /// board it is half a minute, on no machine is it a flood.
    const MOST: Self = Self { memory_kib: 128 * 1024, passes: 8, lanes: 4 };

    /// Whether a file may ask for it.
    pub(super) fn is_bearable(self) -> bool {
        let Self { memory_kib, passes, lanes } = Self::MOST;
        (1..=lanes).contains(&self.lanes)
            && (1..=passes).contains(&self.passes)
            && (8 * u32::from(self.lanes)..=memory_kib).contains(&self.memory_kib)
    }
}

pub(super) fn seal(
    backup: &Backup,
    passphrase: &Secret,
    cost: Cost,
    entropy: &mut impl Entropy,
) -> Result<Vec<u8>, FileError> {
    let plain = backup.encode().ok_or(FileError::Long)?;
    let length = u32::try_from(plain.len().saturating_add(TAG)).map_err(|_| FileError::Long)?;
    let header = Header { cost, salt: entropy.bytes(), nonce: entropy.bytes(), length };
    let mut file = header.write();
    let start = file.len();
    if octets(start).saturating_add(length.into()) > LONGEST {
        return Err(FileError::Long);
    }
    let said = file.clone();
    file.reserve_exact(plain.len().saturating_add(TAG));
    file.extend_from_slice(&plain);
    let body = file.get_mut(start..).ok_or(FileError::Long)?;
    let cipher = stretch(passphrase, &header)?;
    let tag = cipher.encrypt_inout_detached(&XNonce::from(header.nonce), &said, body.into());
    file.extend_from_slice(&tag.map_err(|_| FileError::Long)?);
    Ok(file)
}

impl Sealed<'_> {
    /// What is in it. Takes as long as sealing it.
    ///
    /// # Errors
    /// [`FileError::Unopened`], [`FileError::NoMemory`].
    pub fn open(&self, passphrase: &Secret) -> Result<Backup, FileError> {
        let cipher = stretch(passphrase, &self.header)?;
        let mut plain = Zeroizing::new(self.body.to_vec());
        let nonce = XNonce::from(self.header.nonce);
        cipher.decrypt_in_place(&nonce, self.said, &mut *plain).map_err(|_| FileError::Unopened)?;
        Backup::decode(&plain).ok_or(FileError::Unopened)
    }
}

/// The cipher under the key that belongs to the passphrase.
fn stretch(passphrase: &Secret, header: &Header) -> Result<XChaCha20Poly1305, FileError> {
    let Cost { memory_kib, passes, lanes } = header.cost;
    let params = Params::new(memory_kib, passes.into(), lanes.into(), Some(32))
        .map_err(|_| FileError::Costly)?;
    let mut blocks = Vec::new();
    // A board that has not so much left is told so, instead of ending the program.
    blocks.try_reserve_exact(params.block_count()).map_err(|_| FileError::NoMemory)?;
    blocks.resize(params.block_count(), Block::new());
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon2.hash_password_into_with_memory(
        passphrase.expose(),
        &header.salt,
        key.as_mut_slice(),
        &mut blocks,
    );
    blocks.iter_mut().for_each(Zeroize::zeroize);
    done.map_err(|_| FileError::Costly)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}
