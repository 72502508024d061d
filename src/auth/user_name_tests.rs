//! What is a name, and what only looks like one.

use super::*;
use crate::auth::testing::name;

#[test]
fn a_name_has_one_spelling() {
    for spelling in ["user", "User", "USER", "uSeR"] {
        assert_eq!(UserName::parse(spelling).unwrap().as_str(), "user");
    }
}

#[test]
fn names_that_only_look_alike_are_refused() {
    for alias in [
        " user",
        "user ",
        "us er",
        "user\n",
        "user\0",
        "\u{feff}user",
        "user\u{200b}",
        "ｕｓｅｒ",
        "us\u{0435}r",
        "jose\u{301}",
        "jos\u{e9}",
        "a@b",
        "a@b@c",
        "user@example.com",
        "a,b",
        "a:b",
        "a/b",
        "a\\b",
        "a%41",
        "a+b",
        "a\"b",
        "a<b",
        "\u{130}",
        "\u{212a}elvin",
    ] {
        assert!(UserName::parse(alias).is_err(), "{alias:?}");
        assert!(!UserName::is_canonical(alias), "{alias:?}");
    }
}

#[test]
fn a_name_has_1_to_64_letters_and_starts_with_letter_or_digit() {
    let longest = "a".repeat(64);
    for good in ["a", "0", "a.b-c_d", "9.", longest.as_str()] {
        assert_eq!(UserName::parse(good).unwrap().as_str(), good);
        assert!(UserName::is_canonical(good));
    }
    let longer = "a".repeat(65);
    for (bad, error) in [
        ("", NameError::Empty),
        (longer.as_str(), NameError::TooLong),
        (".a", NameError::Start),
        ("-a", NameError::Start),
        ("_a", NameError::Start),
        ("..", NameError::Start),
        ("a b", NameError::Character),
    ] {
        assert_eq!(UserName::parse(bad), Err(error), "{bad:?}");
        assert!(!UserName::is_canonical(bad));
    }
    assert!(!UserName::is_canonical("User"));
}

#[test]
fn a_stored_name_is_checked_when_it_is_read() {
    assert_eq!(serde_json::to_string(&name("anna")).unwrap(), "\"anna\"");
    assert_eq!(serde_json::from_str::<UserName>("\"anna\"").unwrap(), name("anna"));
    assert!(serde_json::from_str::<UserName>("\"an na\"").is_err());
    let bytes = postcard::to_allocvec(&name("anna")).unwrap();
    assert_eq!(postcard::from_bytes::<UserName>(&bytes).unwrap(), name("anna"));
    assert!(postcard::from_bytes::<UserName>(&postcard::to_allocvec("a\r\nb").unwrap()).is_err());
}

#[test]
fn every_refused_name_is_told_what_would_be_taken() {
    let long = "a".repeat(65);
    let names = [
        ("", "missing"),
        ("-a", "starts with"),
        ("a b", "a-z, 0-9"),
        (long.as_str(), "64 letters"),
    ];
    for (typed, said) in names {
        let message = UserName::parse(typed).expect_err(typed).to_string();
        assert!(message.contains(said), "{message}");
    }
}
