//! Codes against the vectors of RFC 4226 and RFC 6238; skew, and what is stored and shown.

use std::time::Duration;

use super::*;
use crate::auth::testing::{name, user};

/// RFC 4226 appendix D: the codes of counters 0 to 9 for the seed `12345678901234567890`.
const RFC_4226: [&str; 10] = [
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
    "520489",
];

/// RFC 6238 appendix B: seconds, then the 8-digit codes for SHA-1, SHA-256 and SHA-512.
const RFC_6238: [(u64, [&str; 3]); 6] = [
    (59, ["94287082", "46119246", "90693936"]),
    (1_111_111_109, ["07081804", "68084774", "25091201"]),
    (1_111_111_111, ["14050471", "67062674", "99943326"]),
    (1_234_567_890, ["89005924", "91819424", "93441116"]),
    (2_000_000_000, ["69279037", "90698825", "38618901"]),
    (20_000_000_000, ["65353130", "77737706", "47863826"]),
];

/// The seed of the vectors, as long as the hash (RFC 6238 errata 2866).
fn vector_seed(bytes: usize) -> Seed {
    Seed::new(b"1234567890".iter().copied().cycle().take(bytes).collect()).unwrap()
}

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_unix(secs)
}

#[test]
fn the_codes_of_rfc_4226_appendix_d_come_out() {
    let authenticator = Authenticator {
        seed: vector_seed(20),
        algorithm: Algorithm::Sha1,
        digits: CodeLength::Six,
    };
    for (step, expected) in (0..).zip(RFC_4226) {
        assert_eq!(authenticator.code(TimeStep::new(step)), expected);
        assert_eq!(
            authenticator.matching_step(&code(expected), TimeStep::new(step).start(), 0),
            Some(TimeStep::new(step))
        );
    }
}

#[test]
fn the_codes_of_rfc_6238_appendix_b_come_out() {
    let hashes = [(Algorithm::Sha1, 20), (Algorithm::Sha256, 32), (Algorithm::Sha512, 64)];
    for (secs, codes) in RFC_6238 {
        for ((algorithm, bytes), expected) in hashes.into_iter().zip(codes) {
            let authenticator =
                Authenticator { seed: vector_seed(bytes), algorithm, digits: CodeLength::Eight };
            let step = TimeStep::at(at(secs));
            assert_eq!(authenticator.code(step), expected);
            assert_eq!(authenticator.matching_step(&code(expected), at(secs), 0), Some(step));
        }
    }
}

#[test]
fn a_skew_of_one_takes_the_neighbours_and_nothing_beyond_to_the_second() {
    let user = user("anna");
    let step = TimeStep::new(56_000_000);
    for (skew, reach) in [(0u8, 0i64), (1, 1), (2, 2), (200, 2)] {
        for second in [step.start(), step.start().plus(STEP).minus(Duration::from_secs(1))] {
            for offset in -4i64..=4 {
                let other = TimeStep::new(step.number().checked_add_signed(offset).unwrap());
                let found = user.authenticator.matching_step(
                    &code(&user.authenticator.code(other)),
                    second,
                    skew,
                );
                assert_eq!(
                    found,
                    (offset.abs() <= reach).then_some(other),
                    "skew {skew}, offset {offset}"
                );
            }
        }
    }
}

#[test]
fn the_first_and_the_last_steps_of_time_do_not_overflow() {
    let user = user("anna");
    let guess = code(&user.authenticator.code(TimeStep::new(0)));
    assert_eq!(user.authenticator.matching_step(&guess, at(0), 2), Some(TimeStep::new(0)));
    let _ = user.authenticator.matching_step(&guess, at(u64::MAX), 2);
    assert_eq!(TimeStep::new(u64::MAX).plus(1).number(), u64::MAX);
}

#[test]
fn the_url_is_what_authenticators_read() {
    let authenticator = Authenticator {
        seed: vector_seed(20),
        algorithm: Algorithm::Sha1,
        digits: CodeLength::Six,
    };
    assert_eq!(
        authenticator.otpauth_url(&name("anna"), "Portcullis"),
        "otpauth://totp/Portcullis:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Portcullis&algorithm=SHA1&digits=6&period=30"
    );
    let other = Authenticator {
        seed: vector_seed(64),
        algorithm: Algorithm::Sha512,
        digits: CodeLength::Eight,
    };
    let url = other.otpauth_url(&name("b.c_d-e"), "My Gate & Co: ü");
    assert!(url.starts_with("otpauth://totp/My%20Gate%20%26%20Co%3A%20%C3%BC:b.c_d-e?secret="));
    assert!(
        url.ends_with(
            "&issuer=My%20Gate%20%26%20Co%3A%20%C3%BC&algorithm=SHA512&digits=8&period=30"
        )
    );
}

#[test]
fn a_stored_authenticator_reads_back_and_a_short_seed_does_not() {
    let anna = user("anna");
    let bytes = postcard::to_allocvec(&anna.authenticator).unwrap();
    let read: Authenticator = postcard::from_bytes(&bytes).unwrap();
    assert!(read == anna.authenticator);
    assert!(postcard::from_bytes::<Seed>(&postcard::to_allocvec(&vec![1u8; 8]).unwrap()).is_err());
    assert!(postcard::from_bytes::<CodeLength>(&[7]).is_err());
}

#[test]
fn hash_names_of_other_tools_are_read() {
    for (text, algorithm) in
        [("SHA1", Algorithm::Sha1), ("sha-256", Algorithm::Sha256), ("Sha512", Algorithm::Sha512)]
    {
        assert_eq!(Algorithm::parse(text), Some(algorithm));
    }
    assert_eq!(Algorithm::parse("MD5"), None);
}

#[test]
fn a_code_has_six_or_eight_digits_and_no_other_number_is_stored() {
    assert_eq!([6, 8].map(|count| CodeLength::try_from(count).map(u8::from)), [Ok(6), Ok(8)]);
    assert!((0..=255).filter(|count| CodeLength::try_from(*count).is_ok()).count() == 2);
}
