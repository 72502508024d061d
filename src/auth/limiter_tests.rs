//! The limiter over time, and under a flood of addresses.

use std::net::IpAddr;

use super::*;

const QUARTER: Duration = Duration::from_secs(15 * 60);

fn start() -> Timestamp {
    Timestamp::from_unix(1_700_000_000)
}

fn after(secs: u64) -> Timestamp {
    start().plus(Duration::from_secs(secs))
}

fn address(text: &str) -> AddressKey {
    AddressKey::from(text.parse::<IpAddr>().unwrap())
}

fn wait(secs: u64) -> Result<(), RetryAfter> {
    Err(RetryAfter(Duration::from_secs(secs)))
}

/// The n-th of many addresses, each in a /64 of its own.
fn invented(n: u64) -> AddressKey {
    AddressKey::V6(0x2001_0db8_0000_0000 | n)
}

#[test]
fn the_sixth_try_within_the_window_waits_for_the_time_left() {
    let mut limiter = Limiter::new(5, QUARTER);
    let client = address("203.0.113.7");
    for second in 0..5 {
        assert_eq!(limiter.check(client, after(second)), Ok(()));
        limiter.failed(client, after(second));
    }
    assert_eq!(limiter.check(client, after(4)), wait(896));
    assert_eq!(limiter.check(client, after(899)), wait(1));
    assert_eq!(limiter.check(client, after(900)), Ok(()));
    assert_eq!(limiter.check(address("203.0.113.8"), after(4)), Ok(()));
    assert_eq!(limiter.limited(after(4)), 1);
    assert_eq!(limiter.limited(after(900)), 0);
}

#[test]
fn no_fifteen_minutes_hold_more_than_five_failures() {
    let mut limiter = Limiter::new(5, QUARTER);
    let client = address("203.0.113.7");
    let mut failures = Vec::new();
    // Tries as often as it is let, at an uneven pace, for four hours.
    let mut second = 0u64;
    while second < 4 * 3600 {
        if limiter.check(client, after(second)).is_ok() {
            limiter.failed(client, after(second));
            failures.push(second);
        }
        second += 1 + second % 97;
    }
    assert!(failures.len() > 60);
    for six in failures.windows(6) {
        assert!(six[5] - six[0] >= 900, "{six:?}");
    }
}

#[test]
fn a_success_clears_the_failures_before_it() {
    let mut limiter = Limiter::new(5, QUARTER);
    let client = address("203.0.113.7");
    (0..4).for_each(|second| drop(limiter.failed(client, after(second))));
    assert!(limiter.succeeded(client));
    assert!(!limiter.succeeded(client));
    (5..9).for_each(|second| drop(limiter.failed(client, after(second))));
    assert_eq!(limiter.check(client, after(9)), Ok(()));
}

#[test]
fn a_check_counts_nothing() {
    let limiter = Limiter::new(1, QUARTER);
    for _ in 0..100 {
        assert_eq!(limiter.check(address("203.0.113.7"), start()), Ok(()));
    }
}

#[test]
fn an_ipv4_address_and_its_mapped_form_are_one_client() {
    for form in ["::ffff:1.2.3.4", "::ffff:102:304", "0:0:0:0:0:ffff:0102:0304"] {
        assert_eq!(address(form), address("1.2.3.4"));
    }
    assert_eq!(address("::ffff:1.2.3.4").to_string(), "1.2.3.4");
}

#[test]
fn an_ipv6_network_of_64_bits_is_one_client() {
    assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    assert_eq!(address("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    assert_eq!(address("2001:db8:1:2::1").address(), "2001:db8:1:2::".parse::<IpAddr>().unwrap());
    assert_eq!(address("203.0.113.7").address(), "203.0.113.7".parse::<IpAddr>().unwrap());
}

#[test]
fn an_address_is_cleared_as_it_is_listed_or_typed() {
    for text in ["203.0.113.7", "2001:db8:1:2::/64", "2001:db8:1:2::7"] {
        assert!(text.parse::<AddressKey>().is_ok());
    }
    assert_eq!("2001:db8:1:2::/64".parse(), Ok(address("2001:db8:1:2::7")));
    for bad in ["", "anna", "203.0.113.7/64", "203.0.113", "2001:db8::/48", "1.2.3.4:80", "[::1]"] {
        assert_eq!(bad.parse::<AddressKey>(), Err(NoAddress), "{bad:?}");
    }
}

#[test]
fn a_flood_of_addresses_moves_no_real_counter_and_memory_stays_flat() {
    let mut limiter = Limiter::new(5, QUARTER);
    let (attacker, victim) = (address("198.51.100.66"), address("203.0.113.7"));
    (0..5).for_each(|_| drop(limiter.failed(attacker, start())));
    (0..2).for_each(|_| drop(limiter.failed(victim, start())));
    for n in 0..100_000 {
        let counted = limiter.failed(invented(n), after(n / 1000));
        assert!(counted.forgotten.len() <= 1 && counted.counter.is_some());
    }
    assert_eq!(limiter.table.len(), CAPACITY);
    assert!(limiter.singles.len() <= 2 * CAPACITY);
    assert!(limiter.check(attacker, after(100)).is_err());
    assert_eq!(
        limiter.table.get(&victim).map(|counter| counter.failures(QUARTER, after(100))),
        Some(2)
    );
    // Nobody else is locked.
    for n in 200_000..201_000 {
        assert_eq!(limiter.check(invented(n), after(100)), Ok(()));
    }
}

#[test]
fn a_flood_that_fails_five_times_each_pushes_nobody_out_and_stays_bounded() {
    let mut limiter = Limiter::new(5, QUARTER);
    let attacker = address("198.51.100.66");
    (0..4).for_each(|_| drop(limiter.failed(attacker, start())));
    for n in 0..20_000 {
        (0..5).for_each(|_| drop(limiter.failed(invented(n), after(1))));
    }
    assert_eq!(limiter.table.len(), CAPACITY);
    assert_eq!(limiter.overflow.len(), OVERFLOW);
    limiter.failed(attacker, after(1));
    assert!(limiter.check(attacker, after(1)).is_err());
    // Those that found no place are limited all the same.
    assert!((0..20_000).all(|n| limiter.check(invented(n), after(1)).is_err()));
    // All of it is over when the window is, and the places are free again.
    assert_eq!(limiter.check(invented(3), after(901)), Ok(()));
    let counted = limiter.failed(invented(30_000), after(901));
    assert!(counted.counter.is_some_and(|counter| counter.failures(QUARTER, after(901)) == 1));
    assert_eq!(counted.forgotten.len(), CAPACITY);
    assert_eq!(limiter.table.len(), 1);
}

#[test]
fn a_place_that_gets_free_frees_nobody_who_was_counted_without_one() {
    let mut limiter = Limiter::with_capacity(3, QUARTER, 2);
    for n in 0..2 {
        (0..2).for_each(|_| drop(limiter.failed(invented(n), start())));
    }
    for second in 0..2 {
        assert_eq!(limiter.failed(invented(9), after(second)).counter, None);
    }
    limiter.succeeded(invented(0));
    limiter.failed(invented(9), after(2));
    assert!(limiter.check(invented(9), after(2)).is_err());
}

#[test]
fn with_one_attempt_allowed_a_single_failure_keeps_its_place() {
    let mut limiter = Limiter::with_capacity(1, QUARTER, 2);
    for n in 0..10 {
        limiter.failed(invented(n), start());
    }
    assert!(limiter.check(invented(0), after(1)).is_err());
    assert!(limiter.check(invented(1), after(1)).is_err());
    assert!(limiter.check(invented(9), after(1)).is_err());
}

#[test]
fn an_expired_counter_goes_before_one_that_counts() {
    let mut limiter = Limiter::with_capacity(5, QUARTER, 2);
    (0..3).for_each(|_| drop(limiter.failed(invented(1), start())));
    limiter.failed(invented(2), after(800));
    let counted = limiter.failed(invented(3), after(900));
    assert_eq!(counted.forgotten, [invented(1)]);
    assert!(limiter.table.contains_key(&invented(2)));
}

#[test]
fn counters_survive_a_restart_and_a_clock_set_back_freezes_nobody() {
    let mut limiter = Limiter::new(5, QUARTER);
    let client = address("203.0.113.7");
    (0..5).for_each(|_| drop(limiter.failed(client, start())));
    let stored: Vec<_> =
        limiter.entries(start()).map(|(key, window)| (key, window.clone())).collect();
    let bytes = postcard::to_allocvec(&stored).unwrap();
    let stored: Vec<(AddressKey, Window)> = postcard::from_bytes(&bytes).unwrap();

    let mut same = Limiter::new(5, QUARTER);
    same.restore(stored.clone(), after(100));
    assert_eq!(same.check(client, after(100)), wait(800));

    let long_ago = start().minus(Duration::from_secs(86_400 * 30));
    let mut back = Limiter::new(5, QUARTER);
    back.restore(stored.clone(), long_ago);
    assert_eq!(back.check(client, long_ago), wait(900));
    assert_eq!(back.check(client, long_ago.plus(QUARTER)), Ok(()));

    let mut later = Limiter::new(5, QUARTER);
    later.restore(stored, after(900));
    assert_eq!(later.entries(after(900)).count(), 0);
}

#[test]
fn a_table_that_was_stored_larger_keeps_the_guiltiest() {
    let mut limiter = Limiter::with_capacity(5, QUARTER, 10);
    for n in 0..10 {
        (0..=n % 3).for_each(|_| drop(limiter.failed(invented(n), start())));
    }
    let stored: Vec<_> =
        limiter.entries(start()).map(|(key, window)| (key, window.clone())).collect();
    let mut smaller = Limiter::with_capacity(5, QUARTER, 6);
    smaller.restore(stored, start());
    assert_eq!(smaller.table.len(), 6);
    assert!([1, 2, 4, 5, 7, 8].iter().all(|n| smaller.table.contains_key(&invented(*n))));
}

#[test]
fn fewer_attempts_after_a_change_of_settings_limit_at_once() {
    let mut limiter = Limiter::new(5, QUARTER);
    (0..5).for_each(|second| drop(limiter.failed(invented(1), after(second))));
    let stored: Vec<_> =
        limiter.entries(after(5)).map(|(key, window)| (key, window.clone())).collect();
    let mut stricter = Limiter::new(3, QUARTER);
    stricter.restore(stored, after(5));
    assert_eq!(stricter.check(invented(1), after(5)), wait(897));
}

#[test]
fn everything_can_be_cleared() {
    let mut limiter = Limiter::with_capacity(1, QUARTER, 1);
    (0..10).for_each(|n| drop(limiter.failed(invented(n), start())));
    limiter.clear();
    assert!((0..10).all(|n| limiter.check(invented(n), start()).is_ok()));
}

#[test]
fn retry_after_is_whole_seconds_and_never_zero() {
    for (wait, seconds) in
        [(Duration::ZERO, 1), (Duration::from_millis(1), 1), (Duration::from_millis(1500), 2)]
    {
        assert_eq!(RetryAfter(wait).seconds(), seconds);
    }
    assert_eq!(RetryAfter(Duration::from_secs(900)).seconds(), 900);
}

#[test]
fn a_window_is_over_when_its_latest_failure_is() {
    let limit = Limit { attempts: 5, window: QUARTER };
    let mut window = Window::default();
    assert_eq!(window.until(QUARTER), None);
    window.add(&limit, start());
    window.add(&limit, after(60));
    assert_eq!(window.until(QUARTER), Some(after(60 + 15 * 60)));
    assert_eq!(
        (window.failures(QUARTER, after(15 * 60)), window.failures(QUARTER, after(16 * 60))),
        (1, 0)
    );
}

#[test]
fn a_text_that_is_no_address_is_told_how_one_is_written() {
    let message = "anna".parse::<AddressKey>().expect_err("a name").to_string();
    assert!(message.contains("203.0.113.7") && message.contains("/64"), "{message}");
}

#[test]
fn a_limiter_tells_the_window_it_counts_in() {
    assert_eq!(Limiter::new(5, QUARTER).window(), QUARTER);
}

#[test]
fn what_succeeds_again_and_again_leaves_nothing_behind() {
    let mut limiter = Limiter::new(5, QUARTER);
    for n in 0..3 * u64::try_from(CAPACITY).unwrap() {
        limiter.failed(invented(n), start());
        assert!(limiter.succeeded(invented(n)));
        assert!(limiter.singles.len() <= 2 * CAPACITY, "{n}");
    }
}

#[test]
fn while_there_is_room_a_failure_looks_at_no_other_counter() {
    let mut limiter = Limiter::new(5, QUARTER);
    limiter.failed(invented(1), start());
    let long_after = after(10_000);
    assert!(limiter.failed(invented(2), long_after).forgotten.is_empty());
    assert_eq!(limiter.forget_expired(long_after), [invented(1)]);
}

#[test]
fn an_innocent_without_a_counter_meets_a_limited_place_by_bad_luck_only() {
    let mut limiter = Limiter::with_capacity(2, QUARTER, 1);
    for n in 0..2 {
        (0..2).for_each(|_| drop(limiter.failed(invented(n), start())));
    }
    assert!((0..2).all(|n| limiter.check(invented(n), start()).is_err()));
    // One place of 1,024 is limited: of two thousand others two are expected, and twenty are out of
    // the question.
    let unlucky = (2..2_002).filter(|n| limiter.check(invented(*n), start()).is_err()).count();
    assert!(unlucky < 20, "{unlucky}");
}

#[test]
fn a_slash_56_has_three_times_the_failures_of_an_address_and_a_slash_48_six_times() {
    let mut limiter = Limiter::new(5, QUARTER);
    let try_each = |limiter: &mut Limiter, clients: &mut dyn Iterator<Item = String>| {
        let mut failures = 0;
        for client in clients {
            let client = address(&client);
            if limiter.check(client, after(failures)).is_ok() {
                limiter.failed(client, after(failures));
                failures += 1;
            }
        }
        failures
    };
    // One failure of each of 20 in the same /56, then of many others of the /48.
    assert_eq!(try_each(&mut limiter, &mut (0..20).map(|n| format!("2001:db8:1:2{n:02x}::1"))), 15);
    assert_eq!(
        limiter.check(address("2001:db8:1:2ff::1"), after(20)),
        wait(880),
        "until the first is old enough"
    );
    assert_eq!(
        try_each(&mut limiter, &mut (0..40).map(|n| format!("2001:db8:1:{n:02x}00::1"))),
        15
    );
    assert!(limiter.check(address("2001:db8:1:ff00::1"), after(20)).is_err());
    // Neither reaches beyond the network, nor to IPv4.
    for other in ["2001:db8:2:200::1", "203.0.113.7"] {
        assert_eq!(limiter.check(address(other), after(20)), Ok(()), "{other}");
    }
    let listed: Vec<_> = limiter
        .wider_entries(after(20))
        .into_iter()
        .map(|(network, n, _)| (network.to_string(), n))
        .collect();
    assert!(listed.contains(&("2001:db8:1:200::/56".to_owned(), 15)), "{listed:?}");
    assert!(listed.contains(&("2001:db8:1::/48".to_owned(), 30)), "{listed:?}");
    // A success takes its own failures out of the /48 as well, and time takes all.
    limiter.succeeded(address("2001:db8:1:200::1"));
    assert_eq!(limiter.check(address("2001:db8:1:ff00::1"), after(20)), Ok(()));
    assert_eq!(limiter.check(address("2001:db8:1:2ff::1"), after(1_000)), Ok(()));
}

#[test]
fn wider_networks_are_counted_again_after_a_restart() {
    let mut limiter = Limiter::new(5, QUARTER);
    for n in 0..15 {
        limiter.failed(address(&format!("2001:db8:1:2{n:02x}::1")), start());
    }
    let stored = limiter.entries(start()).map(|(key, window)| (key, window.clone())).collect();
    let mut restored = Limiter::new(5, QUARTER);
    restored.restore(stored, start());
    assert_eq!(restored.check(address("2001:db8:1:2ff::1"), start()), wait(900));
}

#[test]
fn a_network_is_written_as_it_is_read_and_holds_its_own() {
    for text in ["203.0.113.7", "2001:db8:1:2::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"] {
        let network: Network = text.parse().expect(text);
        assert_eq!(network.to_string(), text);
        assert!(
            network.contains(*network.clients().end())
                && !network.contains(address("2001:db8:2::1")),
            "{text}"
        );
    }
    for bad in ["2001:db8::/32", "2001:db8::/064", "203.0.113.0/24", "2001:db8::/", "/64"] {
        assert_eq!(bad.parse::<Network>(), Err(NoAddress), "{bad}");
    }
}
