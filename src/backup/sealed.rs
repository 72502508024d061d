//! A sealed file as it lies there: what stands in the clear before the seal, and what of it is
//! believed.

use super::cost::Cost;
use super::file_error::FileError;
use super::format::{HEADER, LONGEST, MAGIC, NONCE, SALT, VERSION, octets};

/// What stands before the seal.
pub(super) struct BackupHeader {
    pub(super) cost: Cost,
    pub(super) salt: [u8; SALT],
    pub(super) nonce: [u8; NONCE],
    /// Octets of the sealed part.
    pub(super) length: u32,
}

impl BackupHeader {
    pub(super) fn write(&self) -> Vec<u8> {
        let Self { cost, salt, nonce, length } = self;
        let cost = [&cost.memory_kib.to_le_bytes()[..], &[cost.passes, cost.lanes]].concat();
        [&MAGIC[..], &[VERSION], &cost, salt, nonce, &length.to_le_bytes()].concat()
    }

    /// Reads it from the front of a file, with what follows.
    fn read(file: &[u8]) -> Result<(Self, &[u8]), FileError> {
        let (magic, rest) = file.split_first_chunk().ok_or(FileError::NotABackup)?;
        if magic != MAGIC {
            return Err(FileError::NotABackup);
        }
        let short = || FileError::Short { has: octets(file.len()), of: octets(HEADER) };
        // The version says how long the rest is, so nothing behind it is looked at first.
        let ([version], rest) = rest.split_first_chunk().ok_or_else(short)?;
        if *version != VERSION {
            return Err(FileError::Newer(*version));
        }
        let (memory, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let ([passes, lanes], rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (salt, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let cost = Cost { memory_kib: u32::from_le_bytes(*memory), passes: *passes, lanes: *lanes };
        let length = u32::from_le_bytes(*length);
        Ok((Self { cost, salt: *salt, nonce: *nonce, length }, rest))
    }
}

/// A file that looks like a backup; what is in it only the passphrase tells.
pub struct Sealed<'f> {
    pub(super) header: BackupHeader,
    /// The octets of the header, as they are authenticated.
    pub(super) associated_data: &'f [u8],
    pub(super) body: &'f [u8],
}

impl<'f> Sealed<'f> {
    /// Looks at the outer form.
    ///
    /// # Errors
    /// All of [`FileError`] but [`FileError::Unopened`] for a wrong passphrase and
    /// [`FileError::NoMemory`].
    pub fn parse(file: &'f [u8]) -> Result<Self, FileError> {
        let (header, body) = BackupHeader::read(file)?;
        if !header.cost.is_bearable() {
            return Err(FileError::Costly);
        }
        let whole = octets(HEADER).saturating_add(header.length.into());
        let has = octets(file.len());
        match has {
            _ if whole > LONGEST => Err(FileError::Long),
            _ if has < whole => Err(FileError::Short { has, of: whole }),
            // Something hangs on it that was not sealed.
            _ if has > whole => Err(FileError::Unopened),
            _ => Ok(Self { header, associated_data: file.get(..HEADER).unwrap_or_default(), body }),
        }
    }
}
