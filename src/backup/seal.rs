//! The seal: a passphrase is stretched to a key by Argon2id (RFC 9106), under which
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439) closes the contents.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use super::contents::Backup;
use super::cost::Cost;
use super::file_error::FileError;
use super::format::{LONGEST, octets};
use super::sealed::{BackupHeader, Sealed};
use crate::entropy::Entropy;
use crate::secret::Secret;

const TAG: usize = 16;

impl Backup {
    /// The whole file. Takes about a second on a small board, and 64 MiB of memory.
    ///
    /// # Errors
    /// No memory, or more contents than a file may have.
    pub fn seal(
        &self,
        passphrase: &Secret,
        entropy: &mut impl Entropy,
    ) -> Result<Vec<u8>, FileError> {
        seal(self, passphrase, Cost::USUAL, entropy)
    }
}

/// The whole file, at this cost.
fn seal(
    backup: &Backup,
    passphrase: &Secret,
    cost: Cost,
    entropy: &mut impl Entropy,
) -> Result<Vec<u8>, FileError> {
    let plain = backup.encode().ok_or(FileError::Long)?;
    let length = u32::try_from(plain.len().saturating_add(TAG)).map_err(|_| FileError::Long)?;
    let header = BackupHeader { cost, salt: entropy.bytes(), nonce: entropy.bytes(), length };
    let mut file = header.write();
    let start = file.len();
    if octets(start).saturating_add(length.into()) > LONGEST {
        return Err(FileError::Long);
    }
    let associated_data = file.clone();
    file.reserve_exact(plain.len().saturating_add(TAG));
    file.extend_from_slice(&plain);
    let body = file.get_mut(start..).ok_or(FileError::Long)?;
    let cipher = stretch(passphrase, &header)?;
    let tag =
        cipher.encrypt_inout_detached(&XNonce::from(header.nonce), &associated_data, body.into());
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
        cipher
            .decrypt_in_place(&nonce, self.associated_data, &mut *plain)
            .map_err(|_| FileError::Unopened)?;
        Backup::decode(&plain).ok_or(FileError::Unopened)
    }
}

/// The cipher under the key that belongs to the passphrase.
fn stretch(passphrase: &Secret, header: &BackupHeader) -> Result<XChaCha20Poly1305, FileError> {
    let Cost { memory_kib, passes, lanes } = header.cost;
    let params = Params::new(memory_kib, passes.into(), lanes.into(), Some(32))
        .map_err(|_| FileError::Costly)?;
    let mut blocks = Vec::new();
    // Too little memory is an error, and not the end of the program.
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

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
