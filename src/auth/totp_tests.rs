//! Single use, and codes that two users share.

use std::time::Duration;

use super::*;
use crate::auth::testing::user;

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
fn a_code_is_refused_the_second_time() {
    let mut anna = user("anna");
    let now = at(1_700_000_010);
    let guess = code(&text_of(&anna, TimeStep::at(now)));
    let CodeOwner::One(Match { step, spent: false, .. }) = who([&anna], &guess, now, 1) else {
        panic!()
    };
    anna.spend(step);
    assert!(matches!(who([&anna], &guess, now, 1), CodeOwner::One(Match { spent: true, .. })));
    assert!(matches!(
        whether(Some(&anna), &guess, now, 1),
        CodeOwner::One(Match { spent: true, .. })
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
            let CodeOwner::One(found) = who([&anna], &guess, now, 1) else { panic!("{order:?}") };
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
    assert!(matches!(who([&anna], &guess, earlier, 2), CodeOwner::One(Match { spent: true, .. })));
}

#[test]
fn digits_that_return_within_the_window_are_spent_with_their_first_step() {
    // Found by search: about one step in 500,000 has the digits of one of the two before it.
    let (seed, digits, latest) =
        (Seed::new(vec![5; 20]).unwrap(), "513398", TimeStep::new(370_872));
    let mut anna = user("anna");
    anna.authenticator.seed = seed;
    assert_eq!([text_of(&anna, TimeStep::new(370_870)), text_of(&anna, latest)], [digits, digits]);
    let CodeOwner::One(found) = who([&anna], &code(digits), latest.start(), 2) else { panic!() };
    assert_eq!((found.step, found.spent), (latest, false));
    anna.spent = Some(TimeStep::new(370_870));
    assert!(matches!(
        who([&anna], &code(digits), latest.start(), 2),
        CodeOwner::One(Match { spent: true, .. })
    ));
}

#[test]
fn every_user_is_known_by_the_own_code() {
    let now = at(1_700_000_010);
    let users: Vec<User> = (0..100).map(|n| user(&format!("user{n}"))).collect();
    for user in &users {
        let guess = code(&text_of(user, TimeStep::at(now)));
        let CodeOwner::One(found) = who(&users, &guess, now, 0) else { panic!("{}", user.name) };
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
    let CodeOwner::Several(found) = who([&anna, &carl, &bert], &guess, now, 1) else { panic!() };
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
        matches!(who([&anna, &bert], &guess, now, 1), CodeOwner::Several(found) if found.len() == 2)
    );
}

#[test]
fn a_disabled_user_has_no_codes() {
    let now = at(1_700_000_010);
    let mut anna = user("anna");
    anna.enabled = false;
    let guess = code(&text_of(&anna, TimeStep::at(now)));
    assert!(matches!(who([&anna], &guess, now, 1), CodeOwner::Nobody));
    assert!(matches!(whether(Some(&anna), &guess, now, 1), CodeOwner::Nobody));
    assert!(matches!(whether(None, &guess, now, 1), CodeOwner::Nobody));
}

#[test]
fn codes_of_six_and_eight_digits_live_side_by_side() {
    let now = at(1_700_000_010);
    let six = user("six");
    let mut eight = user("eight");
    eight.authenticator.digits = CodeLength::Eight;
    let long = text_of(&eight, TimeStep::at(now));
    let CodeOwner::One(found) = who([&six, &eight], &code(&long), now, 1) else { panic!() };
    assert_eq!(found.user.name.as_str(), "eight");
    // The first six digits of a long code are no code of that user.
    assert!(matches!(who([&six, &eight], &code(&long[..6]), now, 1), CodeOwner::Nobody));
    let short = text_of(&six, TimeStep::at(now));
    assert!(matches!(who([&six, &eight], &code(&format!("{short}00")), now, 1), CodeOwner::Nobody));
}
