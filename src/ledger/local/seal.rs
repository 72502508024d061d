//! Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439) with a random nonce of 24
//! bytes, so that no counter has to survive a pulled plug. Three keys are derived from the store's
//! key, each for one purpose.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::ledger::local::schema::{Fingerprint, RecordKey, RecordKind, SCHEMA};
use crate::ledger::local::store_key::StoreKey;

const NONCE: usize = 24;

/// What opens and closes records.
pub(super) struct Vault {
    cipher: XChaCha20Poly1305,
    names: Hmac<Sha256>,
    digests: Hmac<Sha256>,
    fingerprint: Fingerprint,
    entropy: Box<dyn Entropy + Send>,
}

impl Vault {
    pub(super) fn new(key: &StoreKey, entropy: impl Entropy + Send + 'static) -> Self {
        let derive = |purpose: &str| {
            let mut derived = Zeroizing::new([0; 32]);
            derived.copy_from_slice(&authenticate(
                mac(key.expose()),
                &[b"portcullis store ", purpose.as_bytes()],
            ));
            derived
        };
        let mut fingerprint = [0; 8];
        fingerprint.iter_mut().zip(*derive("fingerprint")).for_each(|(to, from)| *to = from);
        Self {
            cipher: XChaCha20Poly1305::new((&*derive("seal")).into()),
            names: mac(derive("names").as_slice()),
            digests: mac(derive("digests").as_slice()),
            fingerprint,
            entropy: Box::new(entropy),
        }
    }

    /// Tells which key this is, and nothing about it.
    pub(super) const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Where the record of this kind and identity is kept.
    pub(super) fn key(&self, kind: RecordKind, identity: &[u8]) -> RecordKey {
        let kind = [kind.byte()];
        let named = authenticate(self.names.clone(), &[&kind, identity]);
        let mut key = [0; 17];
        key.iter_mut().zip(kind.iter().chain(&named)).for_each(|(to, from)| *to = *from);
        key
    }

    /// What a record adds to the manifest's digest.
    pub(super) fn digest(&self, key: &RecordKey, sealed: &[u8]) -> [u8; 32] {
        authenticate(self.digests.clone(), &[key, sealed])
    }

    /// Vouches for the number of a commit, and for what is told with it.
    pub(super) fn vouch(&self, numbers: &[&[u8; 8]]) -> [u8; 32] {
        let numbers = numbers.iter().map(|number| number.as_slice());
        authenticate(
            self.digests.clone(),
            &[b"commit".as_slice()].into_iter().chain(numbers).collect::<Vec<_>>(),
        )
    }

    /// Seals a record for the place `context`. `None` only for one of more than 256 GiB.
    pub(super) fn seal(&mut self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        self.entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(plain.len() + NONCE + 16);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let data = associated(SCHEMA, context);
        let body = sealed.get_mut(NONCE..)?;
        let tag =
            self.cipher.encrypt_inout_detached(&XNonce::from(nonce), &data, body.into()).ok()?;
        sealed.extend_from_slice(&tag);
        Some(sealed)
    }

    /// The record that was sealed for the place `context`; `None` for anything else.
    pub(super) fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.unseal_as(SCHEMA, context, sealed)
    }

    /// The same for a record that was sealed under an older schema.
    pub(super) fn unseal_as(
        &self,
        schema: u32,
        context: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let mut plain = Zeroizing::new(body.to_vec());
        self.cipher
            .decrypt_in_place(&XNonce::from(nonce), &associated(schema, context), &mut *plain)
            .ok()?;
        Some(plain)
    }

    /// Fresh random bytes.
    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

fn associated(schema: u32, context: &[u8]) -> Vec<u8> {
    [b"portcullis store".as_slice(), &schema.to_le_bytes(), context].concat()
}

/// HMAC under a key of at most 64 bytes: a shorter one is padded with zeros (RFC 2104 section 2), a
/// longer one cut.
fn mac(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new((&*block).into())
}

fn authenticate(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
