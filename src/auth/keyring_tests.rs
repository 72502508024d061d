//! What a key signs and accepts, to the byte.

use super::*;
use crate::auth::testing::{Counting, keyring, secret, session};
use crate::clock::Timestamp;

#[test]
fn a_key_issues_exactly_the_header_it_accepts_one_block_long() {
    let keyring = keyring(1);
    let session = session(
        "anna",
        Timestamp::from_unix(1_700_000_000),
        keyring.current_id(),
        &mut Counting(1),
    );
    let token = keyring.sign(&session).unwrap();
    let (header, _) = token.split_once('.').unwrap();
    assert_eq!(header.len() + 1, SigningKey::HEADER);
    assert!(keyring.key_of(token.as_bytes()).is_some());
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(text, format!(r#"{{"typ":"JWT","alg":"HS256","kid":"{}"}}"#, keyring.current_id()));
}

#[test]
fn the_claims_are_those_of_the_specification() {
    let keyring = keyring(1);
    let session = session(
        "anna",
        Timestamp::from_unix(1_700_000_000),
        keyring.current_id(),
        &mut Counting(1),
    );
    let token = keyring.sign(&session).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(
        String::from_utf8(claims).unwrap(),
        format!(
            r#"{{"iss":"portcullis","sub":"anna","iat":1700000000,"exp":1700086400,"jti":"{}","rlm":"default"}}"#,
            session.id
        )
    );
}

#[test]
fn the_mac_key_is_the_secret_as_it_is() {
    // Longer than a block too, where RFC 2104 hashes the key first.
    for length in [32, 64, 65, 200] {
        let secret = Secret::new((0..length).collect());
        let keyring = Keyring::new(&secret, None).unwrap();
        let session = session(
            "anna",
            Timestamp::from_unix(1_700_000_000),
            keyring.current_id(),
            &mut Counting(1),
        );
        let token = keyring.sign(&session).unwrap();
        let (message, mac) = token.rsplit_once('.').unwrap();
        let expected = Hmac::<Sha256>::new_from_slice(secret.expose())
            .unwrap()
            .chain_update(message)
            .finalize();
        assert_eq!(mac, URL_SAFE_NO_PAD.encode(expected.into_bytes()));
    }
}

#[test]
fn a_secret_under_32_bytes_is_refused() {
    assert!(Keyring::new(&Secret::new(vec![1; 31]), None).is_err());
    assert!(Keyring::new(&secret(1), Some(&Secret::new(vec![1; 31]))).is_err());
    assert!(Keyring::new(&Secret::new(vec![1; 32]), None).is_ok());
}

#[test]
fn the_previous_key_verifies_until_it_is_forgotten_and_never_signs() {
    let (old, new) = (keyring(1).current_id(), keyring(2).current_id());
    assert_ne!(old, new);
    let mut rotated = Keyring::new(&secret(2), Some(&secret(1))).unwrap();
    assert_eq!((rotated.current_id(), rotated.previous_id()), (new, Some(old)));
    assert!(rotated.contains(old) && rotated.contains(new));
    let session = session("anna", Timestamp::from_unix(1_700_000_000), old, &mut Counting(1));
    assert_eq!(rotated.sign(&session), Err(SignError::OtherKey));
    rotated.forget_previous();
    assert!(!rotated.contains(old));
}

#[test]
fn the_provider_knows_no_other_algorithm() {
    install_provider();
    install_provider();
    let key = EncodingKey::from_secret(&[1; 64]).expect("a secret");
    for algorithm in
        [Algorithm::HS384, Algorithm::HS512, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]
    {
        assert!((PROVIDER.signer_factory)(&algorithm, &key).is_err());
        assert!(
            (PROVIDER.verifier_factory)(
                &algorithm,
                &DecodingKey::from_secret(&[1; 64]).expect("a secret")
            )
            .is_err()
        );
    }
    let rsa = DecodingKey::from_rsa_der(&[1; 64]);
    assert!((PROVIDER.verifier_factory)(&Algorithm::HS256, &rsa).is_err());
}

#[test]
fn a_secret_that_is_refused_is_told_how_to_make_a_better_one() {
    let short = Keyring::new(&Secret::new(vec![7; WeakKey::MIN_BYTES - 1]), None);
    let message = short.err().expect("31 bytes are too few").to_string();
    assert!(message.contains("32 bytes") && message.contains("/dev/urandom"), "{message}");
    assert!(Keyring::new(&Secret::new(vec![7; WeakKey::MIN_BYTES]), None).is_ok());
    assert!(SignError::OtherKey.to_string().contains("log in again"));
    assert!(SignError::Refused("no key".to_owned()).to_string().contains("no key"));
}

#[test]
fn what_is_lent_to_the_library_refuses_a_wrong_mac() {
    let keyring = keyring(1);
    let now = crate::clock::now();
    let token =
        keyring.sign(&session("anna", now, keyring.current_id(), &mut Counting(1))).expect("signs");
    let read = |token: &str, number: u8| {
        let key = DecodingKey::from_secret(secret(number).expose()).expect("a secret");
        jsonwebtoken::decode::<serde_json::Value>(
            token,
            &key,
            &jsonwebtoken::Validation::new(Algorithm::HS256),
        )
        .is_ok()
    };
    assert!(read(&token, 1) && !read(&token, 2));
    let (front, _) = token.rsplit_once('.').expect("three parts");
    assert!(!read(&format!("{front}.{}", URL_SAFE_NO_PAD.encode([0; 32])), 1));
}
