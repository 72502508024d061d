//! The keys that session tokens are signed with: HMAC-SHA-256 alone (`HS256`, RFC 7518 section
//! 3.2).
//!
//! `jsonwebtoken` signs, through a provider of our own that knows nothing but HS256. For
//! verification each key keeps the one header text that it issues and the state of the MAC after
//! that text. With its key identifier the header is made to be 63 characters long: with the dot
//! behind it that is one block of SHA-256, computed once instead of per request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header};
use serde::Serialize;
use sha2::Sha256;

use crate::auth::session::Session;
use crate::secret::Secret;

pub use crate::auth::key_id::KeyId;

/// `iss` of every token.
pub const ISSUER: &str = "portcullis";

/// `rlm` of every token: the one realm there is.
pub const REALM: &str = "default";

/// Why a secret cannot sign tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeakKey;

impl WeakKey {
    /// RFC 7518 section 3.2: a key as long as the hash.
    pub const MIN_BYTES: usize = 32;
}

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the secret is shorter than {} bytes: make one with `head -c 48 /dev/urandom | base64 -w 0`",
            Self::MIN_BYTES
        )
    }
}

impl std::error::Error for WeakKey {}

/// Why a session was not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The session names another key than the current one.
    OtherKey,
    /// `jsonwebtoken` refused; what it says.
    Refused(String),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKey => f.write_str("the signing key was changed meanwhile: log in again"),
            Self::Refused(reason) => write!(f, "the session could not be signed: {reason}"),
        }
    }
}

impl std::error::Error for SignError {}

/// The current key, and the one before it while sessions of it live.
#[derive(Clone)]
pub struct Keyring {
    current: SigningKey,
    previous: Option<SigningKey>,
}

impl Keyring {
    /// A keyring of secrets, whose bytes are the MAC keys as they are. Installs the provider that
    /// signs.
    pub fn new(current: &Secret, previous: Option<&Secret>) -> Result<Self, WeakKey> {
        install_provider();
        Ok(Self {
            current: SigningKey::new(current)?,
            previous: previous.map(SigningKey::new).transpose()?,
        })
    }

    /// The key that new sessions are signed with.
    pub fn current_id(&self) -> KeyId {
        self.current.id
    }

    /// The key before it, if it still verifies.
    pub fn previous_id(&self) -> Option<KeyId> {
        self.previous.as_ref().map(|key| key.id)
    }

    /// Whether tokens signed with `id` still verify.
    pub fn contains(&self, id: KeyId) -> bool {
        self.keys().any(|key| key.id == id)
    }

    /// Ends the previous key: its sessions are gone, or are to be.
    pub fn forget_previous(&mut self) {
        self.previous = None;
    }

    /// The token of `session`, which must have begun under the current key.
    pub fn sign(&self, session: &Session) -> Result<String, SignError> {
        if session.key != self.current.id {
            return Err(SignError::OtherKey);
        }
        let claims = Issued {
            iss: ISSUER,
            sub: session.user.as_str(),
            iat: session.created.unix(),
            exp: session.expires.unix(),
            jti: session.id.to_string(),
            rlm: REALM,
        };
        jsonwebtoken::encode(&self.current.jwt_header(), &claims, &self.current.signing)
            .map_err(|error| SignError::Refused(error.to_string()))
    }

    /// The key whose header text `token` begins with, and what follows the header's dot.
    pub(super) fn key_of<'t>(&self, token: &'t [u8]) -> Option<(&SigningKey, &'t [u8])> {
        self.keys().find_map(|key| token.strip_prefix(&key.header).map(|rest| (key, rest)))
    }

    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

/// The claims in the order in which they are written.
#[derive(Serialize)]
struct Issued<'s> {
    iss: &'s str,
    sub: &'s str,
    iat: u64,
    exp: u64,
    jti: String,
    rlm: &'s str,
}

/// One key, ready for use.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) id: KeyId,
    header: [u8; SigningKey::HEADER],
    /// The MAC after the header and its dot.
    mac: Hmac<Sha256>,
    signing: EncodingKey,
}

impl SigningKey {
    /// Length of the encoded header with its dot: one block of SHA-256.
    pub(super) const HEADER: usize = 64;

    fn new(secret: &Secret) -> Result<Self, WeakKey> {
        let secret = secret.expose();
        if secret.len() < WeakKey::MIN_BYTES {
            return Err(WeakKey);
        }
        let keyed = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| WeakKey)?;
        let [a, b, c, d, e, f, g, h, ..] =
            keyed.clone().chain_update("portcullis key id").finalize().into_bytes().0;
        let id = KeyId::new(u64::from_be_bytes([a, b, c, d, e, f, g, h]));

        let text = format!(r#"{{"typ":"JWT","alg":"HS256","kid":"{id}"}}"#);
        let mut header = [b'.'; Self::HEADER];
        URL_SAFE_NO_PAD.encode_slice(text, &mut header).map_err(|_| WeakKey)?;
        let mac = keyed.chain_update(header);
        Ok(Self {
            id,
            header,
            mac,
            signing: EncodingKey::from_secret(secret).map_err(|_| WeakKey)?,
        })
    }

    /// The MAC of a token of this key, as far as the header's dot.
    pub(super) fn mac_after_header(&self) -> Hmac<Sha256> {
        self.mac.clone()
    }

    fn jwt_header(&self) -> Header {
        Header { kid: Some(self.id.to_string()), ..Header::new(Algorithm::HS256) }
    }
}

/// Makes `jsonwebtoken` compute HS256 by our own means and refuse every other algorithm. May be
/// called again.
///
/// Its own `rust_crypto` feature would bring an RSA implementation with an open advisory
/// (RUSTSEC-2023-0071).
pub fn install_provider() {
    // An error says that a provider is there already, and no other than this one is ever installed.
    let _ = PROVIDER.install_default();
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(Box::new(Hs256::new(key.as_bytes())?)),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
    verifier_factory: |algorithm, key: &DecodingKey| match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => {
            Ok(Box::new(Hs256::new(key.try_get_as_bytes()?)?))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// HMAC-SHA-256 in the form that `jsonwebtoken` asks for.
struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(key: &[u8]) -> Result<Self, Error> {
        Hmac::new_from_slice(key).map(Self).map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], mac: &Vec<u8>) -> Result<(), signature::Error> {
        self.0
            .clone()
            .chain_update(message)
            .verify_slice(mac)
            .map_err(signature::Error::from_source)
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
