//! What the holder of the card reads.

use portcullis::entropy::System;

use super::*;
use crate::report::Report;
use crate::setup_code;
use crate::testing::Appliance;

fn status() -> CardStatus {
    CardStatus {
        settings: Settings::default(),
        report: Report {
            origin: Origin::File,
            problems: Vec::new(),
            results: Vec::new(),
            failures: Vec::new(),
        },
        code: None,
        clock_is_set: true,
        last_set: None,
        addresses: vec![("eth0".to_owned(), "192.168.1.5".parse().unwrap())],
        authority: None,
    }
}

fn appliance() -> Appliance {
    let appliance = Appliance::new();
    for folder in [appliance.places.run_dir(), appliance.places.state.clone()] {
        std::fs::create_dir_all(folder).unwrap();
    }
    appliance
}

#[test]
fn the_set_up_code_is_told_until_somebody_has_enrolled() {
    let appliance = appliance();
    setup_code::hand_over(&appliance.places, &mut System).unwrap();
    let code = setup_code::present(&appliance.places).unwrap();
    let shown = code.as_ref().unwrap().to_string();
    let page = text(&CardStatus { code, ..status() });
    assert!(page.contains(&format!("2. Type the set-up code:  {shown}\n")), "{page}");
    assert!(page.contains("1. Open https://portcullis.local/setup in a browser.\n"), "{page}");
    assert!(!text(&status()).contains("First set-up"));
}

#[test]
fn problems_results_and_failures_are_told_word_for_word() {
    let mut status = status();
    status.report.origin = Origin::LastGood;
    status.report.problems = vec!["line 3: gate.host: no".to_owned()];
    status.report.results = vec!["enrol-again: done".to_owned()];
    status.report.failures = vec!["the Caddyfile: no space".to_owned()];
    let page = text(&status);
    for line in [
        "line 3: gate.host: no\n",
        "enrol-again: done\n",
        "the Caddyfile: no space\n",
        "the last settings that were good",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
}

#[test]
fn the_clock_is_told_in_all_its_states() {
    let mut status = status();
    assert_eq!(clock(&status), "The clock is set.");
    status.clock_is_set = false;
    assert!(clock(&status).contains("never been set"));
    status.last_set = Some("2026-11-22T10:00:00Z".to_owned());
    assert!(clock(&status).contains("Last set 2026-11-22T10:00:00Z"));
}

#[test]
fn the_file_on_the_card_has_the_line_ends_of_windows_and_is_written_only_when_it_changes() {
    let appliance = appliance();
    let places = &appliance.places;
    publish_as(places, &status()).unwrap();
    let there = appliance.on_card(FILE).unwrap();
    assert!(there.starts_with("Portcullis appliance ") && there.lines().count() > 10);
    assert_eq!(there.matches('\n').count(), there.matches("\r\n").count());
    // With a lock that cannot be made the card cannot be written: then nothing was to be written.
    std::fs::remove_file(places.card_lock()).unwrap();
    std::fs::create_dir(places.card_lock()).unwrap();
    publish_as(places, &status()).unwrap();
    assert!(publish_as(places, &CardStatus { clock_is_set: false, ..status() }).is_err());
}

#[test]
fn the_authority_goes_to_the_card_and_never_a_key() {
    let appliance = appliance();
    let places = &appliance.places;
    std::fs::create_dir_all(places.authority().parent().unwrap()).unwrap();
    for (content, goes) in [
        ("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n", true),
        ("-----BEGIN EC PRIVATE KEY-----\n", false),
        ("-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n", false),
        ("", false),
    ] {
        std::fs::write(places.authority(), content).unwrap();
        let _ = std::fs::remove_file(places.boot.join(AUTHORITY));
        publish(places).unwrap();
        assert_eq!(appliance.on_card(AUTHORITY).is_some(), goes, "{content}");
    }
}
