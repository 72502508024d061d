//! Buckets of guesses over hours, days and a year.

use super::*;
use crate::auth::testing::name;

const HOUR: Duration = Duration::from_secs(3600);

fn start() -> Timestamp {
    Timestamp::from_unix(1_700_000_000)
}

fn emptied(now: Timestamp) -> Bucket {
    let mut bucket = Bucket::default();
    for _ in 0..CAPACITY {
        assert!(bucket.take(now).is_ok());
    }
    bucket
}

/// How many guesses there were; never more than a full bucket holds.
fn take_all(bucket: &mut Bucket, now: Timestamp) -> u32 {
    let mut taken = 0;
    while bucket.take(now).is_ok() {
        taken += 1;
        assert!(taken <= CAPACITY, "more than a full bucket holds");
    }
    taken
}

#[test]
fn a_bucket_gives_a_hundred_guesses_and_then_none() {
    let mut bucket = emptied(start());
    assert_eq!(bucket.available(start()), 0);
    assert_eq!(bucket.take(start()), Err(RetryAfter(REFILL)));
    assert_eq!(bucket.retry_after(start()), REFILL);
    assert_eq!(bucket.spent(start()), CAPACITY);
}

#[test]
fn one_guess_comes_back_every_six_hours_and_no_more() {
    let mut bucket = emptied(start());
    let almost = start().plus(REFILL).minus(Duration::from_secs(1));
    assert_eq!(bucket.take(almost), Err(RetryAfter(Duration::from_secs(1))));
    assert_eq!(bucket.available(start().plus(REFILL)), 1);
    assert!(bucket.take(start().plus(REFILL)).is_ok());
    assert!(bucket.take(start().plus(REFILL)).is_err());
    assert_eq!(bucket.available(start().plus(HOUR * 24)), 3);
    assert_eq!(bucket.available(start().plus(HOUR * 24 * 365)), CAPACITY);
}

#[test]
fn a_guess_does_not_delay_the_refill() {
    let mut bucket = Bucket::default();
    let mut now = start();
    let mut taken = 0;
    // Ten days of trying every hour: a hundred at once, then four a day.
    for _ in 0..240 {
        taken += take_all(&mut bucket, now);
        now = now.plus(HOUR);
    }
    assert_eq!(taken, 100 + 39);
}

#[test]
fn the_guesses_of_a_year_are_1560() {
    let mut bucket = Bucket::default();
    let mut taken = 0;
    for hour in 0..=365 * 24u32 {
        taken += take_all(&mut bucket, start().plus(HOUR * hour));
    }
    assert_eq!(taken, 1560);
    assert_eq!(most_within(HOUR * 24 * 365), 1560);
}

#[test]
fn a_clock_set_back_neither_frees_nor_freezes_a_bucket() {
    let bucket = emptied(start());
    let back = start().minus(HOUR * 24 * 30);
    let restored = bucket.capped(back);
    assert_eq!(restored.available(back), 0);
    assert_eq!(restored.retry_after(back), REFILL);
    assert_eq!(restored.available(back.plus(REFILL)), 1);
}

#[test]
fn a_bucket_survives_being_stored() {
    let bucket = emptied(start());
    let read: Bucket = postcard::from_bytes(&postcard::to_allocvec(&bucket).unwrap()).unwrap();
    assert_eq!(read, bucket);
}

#[test]
fn every_spelling_of_a_name_spends_one_bucket() {
    let mut budgets = Budgets::new();
    for spelling in ["User", "user", "USER"] {
        budgets.failed(BudgetKey::Account(UserName::parse(spelling).unwrap()), start());
    }
    assert_eq!(budgets.available(&BudgetKey::Account(name("user")), start()), CAPACITY - 3);
    assert_eq!(budgets.entries().count(), 1);
}

#[test]
fn an_account_is_closed_after_a_hundred_failures_from_anywhere() {
    let mut budgets = Budgets::new();
    let account = BudgetKey::Account(name("anna"));
    for _ in 0..CAPACITY {
        assert!(budgets.check(&account, start()).is_ok());
        budgets.failed(account.clone(), start());
    }
    assert_eq!(budgets.check(&account, start()), Err(RetryAfter(REFILL)));
    // The owner's device and everybody else are not touched.
    assert!(budgets.check(&BudgetKey::Device(name("anna")), start()).is_ok());
    assert!(budgets.check(&BudgetKey::Account(name("bert")), start()).is_ok());
    budgets.failed(account.clone(), start());
    assert_eq!(budgets.check(&account, start()), Err(RetryAfter(REFILL)));
}

#[test]
fn strangers_from_the_internet_cannot_spend_the_budget_of_home() {
    let mut budgets = Budgets::new();
    for _ in 0..1000 {
        budgets.failed(NetworkZone::of("198.51.100.1".parse().unwrap()).into(), start());
    }
    assert!(budgets.check(&BudgetKey::StrangersInternet, start()).is_err());
    assert!(
        budgets.check(&NetworkZone::of("192.168.1.20".parse().unwrap()).into(), start()).is_ok()
    );
}

#[test]
fn home_is_loopback_link_local_and_private() {
    for local in [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "169.254.1.1",
        "fe80::1",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "fc00::1",
        "fd12:3456::1",
        "::ffff:192.168.0.1",
    ] {
        assert_eq!(NetworkZone::of(local.parse().unwrap()), NetworkZone::Local, "{local}");
    }
    for stranger in [
        "198.51.100.1",
        "172.32.0.1",
        "172.15.0.1",
        "192.169.0.1",
        "11.0.0.1",
        "100.64.0.1",
        "2001:db8::1",
        "fec0::1",
        "::ffff:8.8.8.8",
        "0.0.0.0",
        "::",
        "255.255.255.255",
    ] {
        assert_eq!(NetworkZone::of(stranger.parse().unwrap()), NetworkZone::Internet, "{stranger}");
    }
}

#[test]
fn budgets_survive_a_restart_and_what_refilled_is_forgotten() {
    let mut budgets = Budgets::new();
    budgets.failed(BudgetKey::UnknownAccounts, start());
    budgets.failed(BudgetKey::Device(name("anna")), start());
    budgets.failed(BudgetKey::Device(name("anna")), start());
    let stored: Vec<_> = budgets.entries().map(|(key, bucket)| (key.clone(), *bucket)).collect();
    let mut restored = Budgets::restore(stored, start().plus(REFILL));
    assert_eq!(restored.available(&BudgetKey::Device(name("anna")), start()), CAPACITY - 2);
    assert_eq!(restored.forget_full(start().plus(REFILL)), [BudgetKey::UnknownAccounts]);
    assert_eq!(restored.entries().count(), 1);
    assert!(restored.clear(&BudgetKey::Device(name("anna"))));
    assert!(!restored.clear(&BudgetKey::Device(name("anna"))));
}

#[test]
fn a_budget_can_begin_with_few_guesses() {
    let mut bucket = Bucket::with_left(1, start());
    assert_eq!(bucket.available(start()), 1);
    assert!(bucket.take(start()).is_ok() && bucket.take(start()).is_err());
    assert!(Bucket::with_left(0, start()).take(start()).is_err());
    assert!(Bucket::with_left(CAPACITY + 1, start()).is_full(start()));
}

#[test]
fn a_bucket_that_was_stored_takes_the_place_of_what_was_counted() {
    let key = BudgetKey::Account(name("anna"));
    let mut budgets = Budgets::new();
    budgets.put(key.clone(), Bucket::with_left(3, start()));
    assert_eq!(budgets.available(&key, start()), 3);
    budgets.put(key.clone(), Bucket::with_left(0, start()));
    assert_eq!(budgets.check(&key, start()), Err(RetryAfter(REFILL)));
}

#[test]
fn clearing_one_budget_leaves_the_others_and_clearing_all_leaves_none() {
    let (anna, strangers) = (BudgetKey::Account(name("anna")), BudgetKey::StrangersInternet);
    let mut budgets = Budgets::restore(
        [(anna.clone(), emptied(start())), (strangers.clone(), emptied(start()))],
        start(),
    );
    assert!(budgets.clear(&anna) && !budgets.clear(&anna));
    assert_eq!(
        (budgets.available(&anna, start()), budgets.available(&strangers, start())),
        (CAPACITY, 0)
    );
    budgets.clear_all();
    assert_eq!(budgets.available(&strangers, start()), CAPACITY);
    assert_eq!(budgets.entries().count(), 0);
}

#[test]
fn a_budget_is_shown_by_the_name_that_clears_it() {
    let keys = [
        BudgetKey::Account(name("anna")),
        BudgetKey::Device(name("ben")),
        BudgetKey::UnknownAccounts,
    ];
    assert_eq!(keys.each_ref().map(BudgetKey::kind), ["account", "device", "account"]);
    assert_eq!(BudgetKey::StrangersLocal.kind(), "strangers");
    assert_eq!(keys.map(|key| key.to_string()), ["anna", "ben", "unknown"]);
    assert_eq!(BudgetKey::from(NetworkZone::Internet).to_string(), "internet");
    assert_eq!(BudgetKey::from(NetworkZone::Local).to_string(), "home");
}
