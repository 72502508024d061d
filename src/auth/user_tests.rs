//! The texts that go into headers, and the steps that were spent.

use super::*;
use crate::auth::testing::{Counting, user};

#[test]
fn no_text_of_a_user_can_split_or_forge_a_header() {
    let good = user("anna").with_profile(
        "Anna Müller (Küche)".into(),
        "anna@example.com".into(),
        vec!["admins".into(), "photo friends".into()],
    );
    assert!(good.is_ok());
    let with = |display: &str, email: &str, group: &str| {
        user("anna").with_profile(display.into(), email.into(), vec![group.into()]).map(|_| ())
    };
    for text in [
        "a\r\nRemote-User: root",
        "a\0b",
        "a\x1b[2J",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{202e}b",
        " a",
        "a\t",
    ] {
        assert_eq!(with(text, "", "g"), Err(ProfileError::DisplayName), "{text:?}");
        assert_eq!(with("", "", text), Err(ProfileError::Groups), "{text:?}");
        assert_eq!(
            with("", &format!("{text}@example.com"), "g"),
            Err(ProfileError::Email),
            "{text:?}"
        );
    }
    for email in ["a@b@c", "anna", "@b", "a@", "a b@c", "a@b,c@d", "a@b>c", "ä@b", "\"a\"@b"] {
        assert_eq!(with("", email, "g"), Err(ProfileError::Email), "{email:?}");
    }
    for group in ["", "a,b", &"g".repeat(65)] {
        assert_eq!(with("", "", group), Err(ProfileError::Groups), "{group:?}");
    }
    assert_eq!(with(&"a".repeat(257), "", "g"), Err(ProfileError::DisplayName));
    assert!(check_groups(&vec!["g".to_owned(); 65]).is_err());
    assert!(check_email(&format!("a@{}", "b".repeat(253))).is_err());
}

#[test]
fn a_stored_user_reads_back_whole_and_a_forged_one_does_not() {
    let mut anna = user("anna")
        .with_profile("Anna".into(), "anna@example.com".into(), vec!["admins".into()])
        .unwrap();
    anna.spend(TimeStep::new(57));
    let bytes = postcard::to_allocvec(&anna).unwrap();
    assert!(postcard::from_bytes::<User>(&bytes).unwrap() == anna);
    anna.display_name = "a\nb".into();
    assert!(postcard::from_bytes::<User>(&postcard::to_allocvec(&anna).unwrap()).is_err());
}

#[test]
fn the_last_spent_step_never_decreases() {
    let mut anna = user("anna");
    assert!(!anna.has_spent(TimeStep::new(0)));
    for (step, highest) in [(5, 5), (4, 5), (6, 6), (0, 6)] {
        anna.spend(TimeStep::new(step));
        assert_eq!(anna.spent, Some(TimeStep::new(highest)));
    }
    assert!(anna.has_spent(TimeStep::new(6)) && !anna.has_spent(TimeStep::new(7)));
}

#[test]
fn a_second_user_of_the_same_name_has_another_generation() {
    let anna = user("anna");
    let again =
        User::new(anna.name.clone(), anna.authenticator.clone(), anna.created, &mut Counting(99));
    assert_ne!(anna.generation, again.generation);
}

#[test]
fn the_seed_is_not_in_the_debug_text() {
    let anna = user("anna");
    let text = format!("{anna:?}");
    assert!(
        text.contains("anna")
            && !text.contains(&anna.authenticator.seed.base32())
            && !text.contains("seed")
    );
}

#[test]
fn while_the_time_is_unknown_every_step_counts_as_used() {
    let mut user = user("anna");
    user.spend_all();
    for step in [0, 60_000_000, u64::MAX] {
        assert!(user.has_spent(TimeStep::new(step)));
    }
    user.spend(TimeStep::new(7));
    assert!(user.awaits_time(), "a login that comes later does not end it");
    user.spend_up_to(TimeStep::new(60_000_000));
    assert!(!user.awaits_time() && user.has_spent(TimeStep::new(60_000_000)));
    assert!(!user.has_spent(TimeStep::new(60_000_001)));
    user.spend_up_to(TimeStep::new(5));
    assert!(user.has_spent(TimeStep::new(60_000_000)), "and what is known never goes back");
}

#[test]
fn every_refused_text_is_told_what_would_be_taken() {
    assert!(check_display_name(" a").expect_err("a space").to_string().contains("full name"));
    assert!(check_email("a@b@c").expect_err("two").to_string().contains("anna@example.com"));
    assert!(
        check_groups(&["a,b".to_owned()]).expect_err("two").to_string().contains("without comma")
    );
}
