//! Session tokens: nothing is accepted that the reference refuses, and both read the same in what
//! both accept. Half of the inputs get a genuine header and MAC, so that the claims are reached.

#![cfg_attr(fuzzing, no_main)]

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::keyring::Keyring;
use portcullis::auth::session::{Session, SessionId};
use portcullis::auth::token::{Scratch, verify};
use portcullis::auth::user::UserName;
use portcullis::clock;
use portcullis::secret::Secret;
use sha2::Sha256;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fuzz_target!(|input: (bool, &[u8])| {
    let (signed, bytes) = input;
    let keyring = keyring();
    let token = if signed { sign(bytes) } else { bytes.to_vec() };
    let now = clock::now();
    let mut scratch = Scratch::new();
    let Ok(claims) = verify(&token, keyring, now, &mut scratch) else { return };

    let mut reference = Validation::new(Algorithm::HS256);
    reference.leeway = 0;
    reference.validate_nbf = true;
    let text = core::str::from_utf8(&token).expect("an accepted token is ASCII");
    let read = decode::<serde_json::Value>(text, &DecodingKey::from_secret(SECRET).expect("a secret"), &reference);
    let theirs = read.expect("accepted here, refused by the reference").claims;
    assert_eq!(theirs["sub"], claims.sub);
    assert_eq!(theirs["exp"], claims.exp.unix());
    assert_eq!(theirs["iat"], claims.iat.unix());
    assert_eq!(theirs["jti"], claims.jti.to_string());
    assert_eq!(theirs.as_object().map(|object| object.len()), Some(6), "claims added");
    assert!(UserName::parse(claims.sub).is_ok_and(|name| name.as_str() == claims.sub));
    assert!(claims.exp >= now);
});

fn keyring() -> &'static Keyring {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    KEYRING.get_or_init(|| Keyring::new(&Secret::new(SECRET.to_vec()), None).expect("long enough"))
}

/// The header that the gate issues, these claims, and their MAC.
fn sign(claims: &[u8]) -> Vec<u8> {
    static HEADER: OnceLock<String> = OnceLock::new();
    let header = HEADER.get_or_init(|| {
        let now = clock::now();
        let session = Session {
            id: SessionId::from_bytes([7; SessionId::BYTES]),
            user: UserName::parse("anna").expect("a good name"),
            created: now,
            expires: now.plus(core::time::Duration::from_secs(60)),
            last_seen: now,
            client_ip: core::net::Ipv4Addr::LOCALHOST.into(),
            user_agent: String::new(),
            key: keyring().current_id(),
        };
        let token = keyring().sign(&session).expect("signs");
        token.split('.').next().expect("a header").to_owned()
    });
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())).into_bytes()
}
