//! Codes against the vectors of RFC 4226 and RFC 6238; skew, single use, and codes that two users
//! share.

use super::*;
use crate::auth::testing::{Counting, name, user};

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

fn text_of(user: &User, step: TimeStep) -> String {
    user.authenticator.code(step)
}

#[test]
fn the_codes_of_rfc_4226_appendix_d_come_out() {
    let authenticator =
        Authenticator { seed: vector_seed(20), algorithm: Algorithm::Sha1, digits: Digits::Six };
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
                Authenticator { seed: vector_seed(bytes), algorithm, digits: Digits::Eight };
            let step = TimeStep::at(at(secs));
            assert_eq!(authenticator.code(step), expected);
            assert_eq!(authenticator.matching_step(&code(expected), at(secs), 0), Some(step));
        }
    }
}

#[test]
fn only_six_or_eight_ascii_digits_are_a_code() {
    for good in [
        "123456",
        " 123456",
        "123456 ",
        "123 456",
        "1 2 3 4 5 6",
        "12345678",
        "1234 5678",
        "123456\r\n",
        "\t123456",
        "123\u{a0}456",
        "123\u{202f}456",
        "\u{200e}123\u{2009}456\u{202c}",
        "\u{feff}123\u{200b}456",
    ] {
        assert!(Code::parse(good).is_some(), "{good:?}");
    }
    let long = "1".repeat(1_000_000);
    for bad in [
        "",
        " ",
        "12345",
        "1234567",
        "123456789",
        "0123456",
        "+123456",
        "-12345",
        "12345a",
        "abcdef",
        "１２３４５６",
        "123456\0",
        "123\u{ad}456",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        "12345\u{ff16}",
        "123456&code=000000",
        "0x1234",
        "1234.5",
        "\u{31}\u{0}23456",
        long.as_str(),
    ] {
        assert!(Code::parse(bad).is_none(), "{:?}", bad.get(..20).unwrap_or(bad));
    }
}

#[test]
fn spellings_of_one_code_are_one_code() {
    let plain = code("123456");
    for spelling in [" 123456", "123456 ", "123 456", "123\u{a0}456\n", "\u{200b}123456"] {
        assert!(bool::from(plain.same(&code(spelling))));
    }
    assert!(!bool::from(plain.same(&code("12345600"))));
    assert!(!bool::from(plain.same(&code("123457"))));
}

#[test]
fn a_skew_of_one_takes_the_neighbours_and_nothing_beyond_to_the_second() {
    let user = user("anna");
    let step = TimeStep::new(56_000_000);
    for (skew, reach) in [(0u8, 0i64), (1, 1), (2, 2), (200, 2)] {
        for second in [step.start(), step.start().plus(STEP).minus(Duration::from_secs(1))] {
            for offset in -4i64..=4 {
                let other = TimeStep::new(step.number().checked_add_signed(offset).unwrap());
                let found =
                    user.authenticator.matching_step(&code(&text_of(&user, other)), second, skew);
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
    let guess = code(&text_of(&user, TimeStep::new(0)));
    assert_eq!(user.authenticator.matching_step(&guess, at(0), 2), Some(TimeStep::new(0)));
    let _ = user.authenticator.matching_step(&guess, at(u64::MAX), 2);
    assert_eq!(TimeStep::new(u64::MAX).plus(1).number(), u64::MAX);
}

#[test]
fn a_code_is_refused_the_second_time() {
    let mut anna = user("anna");
    let now = at(1_700_000_010);
    let guess = code(&text_of(&anna, TimeStep::at(now)));
    let Verdict::One(Match { step, spent: false, .. }) = who([&anna], &guess, now, 1) else {
        panic!()
    };
    anna.spend(step);
    assert!(matches!(who([&anna], &guess, now, 1), Verdict::One(Match { spent: true, .. })));
    assert!(matches!(
        whether(Some(&anna), &guess, now, 1),
        Verdict::One(Match { spent: true, .. })
    ));
}

#[test]
fn after_a_later_step_was_taken_the_earlier_ones_are_spent() {
    let now = at(1_700_000_010);
    let current = TimeStep::at(now).number();
    let orders: [[i64; 3]; 6] =
        [[-1, 0, 1], [-1, 1, 0], [0, -1, 1], [0, 1, -1], [1, -1, 0], [1, 0, -1]];
    for order in orders {
        let mut anna = user("anna");
        let mut highest = i64::MIN;
        for offset in order {
            let step = TimeStep::new(current.checked_add_signed(offset).unwrap());
            let guess = code(&text_of(&anna, step));
            let Verdict::One(found) = who([&anna], &guess, now, 1) else { panic!("{order:?}") };
            assert_eq!(
                (found.step, found.spent),
                (step, offset <= highest),
                "{order:?} at {offset}"
            );
            anna.spend(step);
            highest = highest.max(offset);
            assert_eq!(
                anna.spent,
                Some(TimeStep::new(current.checked_add_signed(highest).unwrap()))
            );
        }
    }
}

#[test]
fn a_code_taken_before_the_clock_was_set_back_stays_spent() {
    let mut anna = user("anna");
    let now = at(1_700_000_010);
    let guess = code(&text_of(&anna, TimeStep::at(now)));
    anna.spend(TimeStep::at(now));
    let earlier = now.minus(Duration::from_secs(60));
    assert!(matches!(who([&anna], &guess, earlier, 2), Verdict::One(Match { spent: true, .. })));
}

#[test]
fn digits_that_return_within_the_window_are_spent_with_their_first_step() {
    // Found by search: about one step in 500,000 has the digits of one of the two before it.
    let (seed, digits, latest) =
        (Seed::new(vec![5; 20]).unwrap(), "513398", TimeStep::new(370_872));
    let mut anna = user("anna");
    anna.authenticator.seed = seed;
    assert_eq!([text_of(&anna, TimeStep::new(370_870)), text_of(&anna, latest)], [digits, digits]);
    let Verdict::One(found) = who([&anna], &code(digits), latest.start(), 2) else { panic!() };
    assert_eq!((found.step, found.spent), (latest, false));
    anna.spent = Some(TimeStep::new(370_870));
    assert!(matches!(
        who([&anna], &code(digits), latest.start(), 2),
        Verdict::One(Match { spent: true, .. })
    ));
}

#[test]
fn every_user_is_known_by_the_own_code() {
    let now = at(1_700_000_010);
    let users: Vec<User> = (0..100).map(|n| user(&format!("user{n}"))).collect();
    for user in &users {
        let guess = code(&text_of(user, TimeStep::at(now)));
        let Verdict::One(found) = who(&users, &guess, now, 0) else { panic!("{}", user.name) };
        assert_eq!(found.user.name, user.name);
    }
}

#[test]
fn a_code_of_two_users_opens_for_neither_and_names_both() {
    let now = at(1_700_000_010);
    let anna = user("anna");
    let mut bert = user("bert");
    bert.authenticator = anna.authenticator.clone();
    let carl = user("carl");
    let guess = code(&text_of(&anna, TimeStep::at(now)));
    let Verdict::Several(found) = who([&anna, &carl, &bert], &guess, now, 1) else { panic!() };
    let names: Vec<_> = found.iter().map(|found| found.user.name.as_str()).collect();
    assert_eq!(names, ["anna", "bert"]);
    assert!(found.iter().all(|found| found.step == TimeStep::at(now) && !found.spent));
}

#[test]
fn a_spent_code_of_one_of_two_users_still_opens_for_neither() {
    let now = at(1_700_000_010);
    let mut anna = user("anna");
    let mut bert = user("bert");
    bert.authenticator = anna.authenticator.clone();
    anna.spend(TimeStep::at(now));
    let guess = code(&text_of(&bert, TimeStep::at(now)));
    assert!(
        matches!(who([&anna, &bert], &guess, now, 1), Verdict::Several(found) if found.len() == 2)
    );
}

#[test]
fn a_disabled_user_has_no_codes() {
    let now = at(1_700_000_010);
    let mut anna = user("anna");
    anna.enabled = false;
    let guess = code(&text_of(&anna, TimeStep::at(now)));
    assert!(matches!(who([&anna], &guess, now, 1), Verdict::Nobody));
    assert!(matches!(whether(Some(&anna), &guess, now, 1), Verdict::Nobody));
    assert!(matches!(whether(None, &guess, now, 1), Verdict::Nobody));
}

#[test]
fn codes_of_six_and_eight_digits_live_side_by_side() {
    let now = at(1_700_000_010);
    let six = user("six");
    let mut eight = user("eight");
    eight.authenticator.digits = Digits::Eight;
    let long = text_of(&eight, TimeStep::at(now));
    let Verdict::One(found) = who([&six, &eight], &code(&long), now, 1) else { panic!() };
    assert_eq!(found.user.name.as_str(), "eight");
    // The first six digits of a long code are no code of that user.
    assert!(matches!(who([&six, &eight], &code(&long[..6]), now, 1), Verdict::Nobody));
    let short = text_of(&six, TimeStep::at(now));
    assert!(matches!(who([&six, &eight], &code(&format!("{short}00")), now, 1), Verdict::Nobody));
}

#[test]
fn the_url_is_what_authenticators_read() {
    let authenticator =
        Authenticator { seed: vector_seed(20), algorithm: Algorithm::Sha1, digits: Digits::Six };
    assert_eq!(
        authenticator.otpauth_url(&name("anna"), "Portcullis"),
        "otpauth://totp/Portcullis:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Portcullis&algorithm=SHA1&digits=6&period=30"
    );
    let other = Authenticator {
        seed: vector_seed(64),
        algorithm: Algorithm::Sha512,
        digits: Digits::Eight,
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
fn a_seed_has_160_bits_and_survives_base32() {
    let seed = Seed::generate(&mut Counting(7));
    assert_eq!(seed.base32().len(), 32);
    for text in [seed.base32(), seed.base32().to_lowercase(), format!("{}====", seed.base32())] {
        assert!(Seed::from_base32(&text).is_some_and(|read| read == seed));
    }
    let grouped: Vec<_> = seed
        .base32()
        .as_bytes()
        .chunks(4)
        .map(|c| String::from_utf8_lossy(c).into_owned())
        .collect();
    assert!(Seed::from_base32(&grouped.join(" ")).is_some_and(|read| read == seed));
    assert!(Seed::generate(&mut Counting(8)) != seed);
    assert!(Seed::from_base32("ABC1").is_none() && Seed::from_base32("").is_none());
    assert!(Seed::new(vec![1; 15]).is_none() && Seed::new(vec![1; 65]).is_none());
}

#[test]
fn a_stored_authenticator_reads_back_and_a_short_seed_does_not() {
    let anna = user("anna");
    let bytes = postcard::to_allocvec(&anna.authenticator).unwrap();
    let read: Authenticator = postcard::from_bytes(&bytes).unwrap();
    assert!(read == anna.authenticator);
    assert!(postcard::from_bytes::<Seed>(&postcard::to_allocvec(&vec![1u8; 8]).unwrap()).is_err());
    assert!(postcard::from_bytes::<Digits>(&[7]).is_err());
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
    assert_eq!([6, 8].map(|count| Digits::try_from(count).map(u8::from)), [Ok(6), Ok(8)]);
    assert!((0..=255).filter(|count| Digits::try_from(*count).is_ok()).count() == 2);
}
