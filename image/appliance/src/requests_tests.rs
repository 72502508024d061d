//! Each wish is granted once, reported, and its file gone, with a stand-in for the gate's program.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::testing::Appliance;

fn appliance() -> Appliance {
    let appliance = Appliance::new();
    for folder in [
        appliance.places.run_dir(),
        appliance.places.state.clone(),
        appliance.places.gate_state.clone(),
    ] {
        fs::create_dir_all(folder).unwrap();
    }
    appliance
}

fn results(appliance: &Appliance) -> String {
    serve(&appliance.places).join("\n")
}

#[test]
fn nothing_asked_nothing_done() {
    let appliance = appliance();
    appliance.put(BACKUP, "sealed");
    appliance.gate_program("exit 0");
    assert_eq!(results(&appliance), "");
    assert!(appliance.calls().is_empty() && appliance.on_card(BACKUP).is_some());
}

#[test]
fn enrolling_again_sets_the_store_aside_and_makes_a_new_code() {
    let appliance = appliance();
    let places = &appliance.places;
    setup_code::close(places).unwrap();
    appliance.put("Enroll-Again.txt", "");
    appliance.gate_program("exit 0");
    assert!(results(&appliance).starts_with("enrol-again: done"));
    let state = places.gate_state.display();
    let config = places.gate_settings();
    assert_eq!(
        appliance.calls(),
        [format!("init --again --state-dir {state} --config {}", config.display())]
    );
    assert!(!places.enrolled().exists() && appliance.on_card("Enroll-Again.txt").is_none());
    assert_eq!(results(&appliance), "");
}

#[test]
fn a_wish_that_fails_is_told_and_does_not_come_again() {
    let appliance = appliance();
    setup_code::close(&appliance.places).unwrap();
    appliance.put("enrol-again", "");
    appliance.gate_program("echo 'portcullis: the disk is full' >&2; exit 74");
    assert_eq!(results(&appliance), "enrol-again: NOT done: the disk is full");
    assert!(!appliance.places.enrol_again().exists() && appliance.on_card("enrol-again").is_none());
    assert_eq!(results(&appliance), "");
}

#[test]
fn while_users_are_set_aside_a_marker_stands_for_the_file_and_the_page_is_open() {
    let appliance = appliance();
    let places = &appliance.places;
    setup_code::close(places).unwrap();
    appliance.put("enrol-again", "");
    let (marker, card, enrolled) =
        (places.enrol_again(), places.boot.join("enrol-again"), places.enrolled());
    appliance.gate_program(&format!(
        "[ -e '{}' ] && [ ! -e '{}' ] && [ ! -e '{}' ]",
        marker.display(),
        card.display(),
        enrolled.display()
    ));
    assert!(results(&appliance).starts_with("enrol-again: done"));
    assert!(!marker.exists());
}

#[test]
fn a_power_cut_while_users_are_set_aside_is_made_good_at_the_next_start() {
    let appliance = appliance();
    let places = &appliance.places;
    setup_code::close(places).unwrap();
    fs::write(places.enrol_again(), "").unwrap();
    // A card that cannot be written does not matter: there is nothing to take off.
    fs::create_dir(places.card_lock()).unwrap();
    appliance.gate_program("exit 0");
    assert!(results(&appliance).starts_with("enrol-again: done"));
    assert!(!places.enrolled().exists() && !places.enrol_again().exists());
    assert_eq!((results(&appliance).as_str(), appliance.calls().len()), ("", 1));
}

#[test]
fn what_cannot_be_written_down_is_not_begun() {
    let appliance = appliance();
    appliance.put("enrol-again", "");
    appliance.gate_program("exit 0");
    fs::create_dir_all(appliance.places.enrol_again().join("in the way")).unwrap();
    assert!(results(&appliance).starts_with("enrol-again: NOT done: it could not be written down"));
    assert!(appliance.calls().is_empty());
}

#[test]
fn a_missing_program_is_a_failure_like_others() {
    let appliance = appliance();
    appliance.put("enrol-again", "");
    assert!(results(&appliance).starts_with("enrol-again: NOT done: the gate's program: "));
    assert!(appliance.on_card("enrol-again").is_none());
}

#[test]
fn a_backup_lies_on_the_card_and_its_passphrase_nowhere() {
    let appliance = appliance();
    appliance.put("backup-passphrase.txt", "\u{FEFF}correct horse \r\n\r\n");
    appliance.gate_program("printf 'sealed by <%s>' \"$(cat \"$4\")\" >\"$2\"");
    let results = results(&appliance);
    assert!(
        results.starts_with("backup-passphrase.txt: done") && !results.contains("horse"),
        "{results}"
    );
    assert_eq!(appliance.on_card(BACKUP).unwrap(), "sealed by <correct horse >");
    let bench = appliance.places.workbench();
    let calls = appliance.calls();
    assert!(calls[0].starts_with(&format!(
        "backup {0}/{BACKUP} --passphrase-file {0}/passphrase ",
        bench.display()
    )));
    assert!(!calls[0].contains("horse") && !bench.exists());
    assert!(appliance.on_card("backup-passphrase.txt").is_none());
}

#[test]
fn the_passphrase_is_gone_whatever_comes_of_it() {
    for (content, script, words) in [
        ("correct horse", "exit 1", "failed without a word"),
        ("", "exit 0", "the file is empty"),
        ("one\ntwo\n", "exit 0", "several lines"),
        ("correct horse", "exit 0", "the gate wrote no file"),
    ] {
        let appliance = appliance();
        appliance.put("backup-passphrase.txt", content);
        appliance.gate_program(script);
        let results = results(&appliance);
        assert!(
            results.starts_with("backup-passphrase.txt: NOT done: ") && results.contains(words),
            "{results}"
        );
        assert!(
            appliance.on_card("backup-passphrase.txt").is_none()
                && !appliance.places.workbench().exists()
        );
    }
}

/// As a power cut leaves it, between the wiping and the removal.
#[test]
fn a_file_that_was_wiped_is_no_passphrase_and_goes() {
    for (content, words) in [
        ("\0\0\0\0\0\0\0", "put the file there again"),
        ("\0\0\0\0\0\0\0 horse\n", "more than letters"),
        ("correct\thorse", "more than letters"),
    ] {
        for file in ["backup-passphrase.txt", "restore-passphrase.txt"] {
            let appliance = appliance();
            appliance.put(file, content);
            appliance.gate_program("exit 0");
            let results = results(&appliance);
            assert!(
                results.starts_with(&format!("{file}: NOT done: ")) && results.contains(words),
                "{results}"
            );
            assert!(appliance.calls().is_empty() && appliance.on_card(file).is_none());
        }
    }
}

#[test]
fn a_backup_that_is_on_the_card_is_not_overwritten() {
    let appliance = appliance();
    appliance.put("backup-passphrase.txt", "correct horse");
    appliance.put(BACKUP, "the only copy");
    appliance.gate_program("echo sealed >\"$2\"");
    assert!(
        results(&appliance)
            .contains("NOT done: there is a portcullis-backup.bin on the card already")
    );
    assert_eq!(appliance.on_card(BACKUP).unwrap(), "the only copy");
    assert!(appliance.calls().is_empty() && appliance.on_card("backup-passphrase.txt").is_none());
}

#[test]
fn the_passphrase_file_is_for_its_reader_alone() {
    let appliance = appliance();
    appliance.put("backup-passphrase.txt", "correct horse");
    appliance
        .gate_program("stat -c '%a' \"$4\" >\"$2\"; stat -c '%a' \"$(dirname \"$4\")\" >>\"$2\"");
    results(&appliance);
    assert_eq!(appliance.on_card(BACKUP).unwrap(), "600\n700\n");
    assert_eq!(
        fs::metadata(appliance.places.run_dir()).unwrap().permissions().mode() & 0o700,
        0o700
    );
}

#[test]
fn a_restored_card_is_enrolled_and_keeps_the_backup() {
    let appliance = appliance();
    appliance.put("restore-passphrase.txt", "correct horse");
    appliance.put("PORTCULLIS-BACKUP.BIN", "sealed");
    appliance.gate_program(
        "[ \"$1\" = restore ] && [ \"$(cat \"$2\")\" = sealed ] && [ \"$(cat \"$4\")\" = 'correct horse' ]",
    );
    let results = results(&appliance);
    assert!(results.starts_with("restore-passphrase.txt: done"), "{results}");
    assert!(
        appliance.places.enrolled().exists()
            && appliance.on_card("PORTCULLIS-BACKUP.BIN").is_some()
    );
}

#[test]
fn without_a_backup_nothing_is_restored() {
    let appliance = appliance();
    appliance.put("restore-passphrase.txt", "correct horse");
    appliance.gate_program("exit 0");
    assert!(results(&appliance).contains("NOT done: there is no portcullis-backup.bin"));
    assert!(appliance.calls().is_empty() && !appliance.places.enrolled().exists());
}

#[test]
fn wishes_are_granted_in_the_order_that_loses_nothing() {
    let appliance = appliance();
    for name in
        ["rescue-shell.txt", "restore-passphrase.txt", "enrol-again", "backup-passphrase.txt"]
    {
        appliance.put(name, "correct horse");
    }
    appliance.gate_program("[ \"$1\" != backup ] || echo sealed >\"$2\"");
    assert_eq!(serve(&appliance.places).len(), 4);
    let verbs: Vec<_> =
        appliance.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(verbs, ["backup", "init", "restore"]);
    assert!(appliance.places.rescue_shell().exists());
}

#[test]
fn nothing_that_a_backup_was_to_hold_is_set_aside_or_replaced_when_it_fails() {
    let appliance = appliance();
    for name in ["restore-passphrase.txt", "enrol-again", "backup-passphrase.txt"] {
        appliance.put(name, "correct horse");
    }
    appliance.put(BACKUP, "the only copy");
    appliance.gate_program("exit 0");
    let results = results(&appliance);
    assert!(results.contains("enrol-again: NOT done: the backup failed"), "{results}");
    assert!(results.contains("restore-passphrase.txt: NOT done: the backup failed"), "{results}");
    assert!(appliance.calls().is_empty() && !appliance.places.enrol_again().exists());
}

#[test]
fn a_power_cut_during_the_backup_sets_nobody_aside() {
    let appliance = appliance();
    appliance.put("enrol-again", "");
    appliance.put("backup-passphrase.txt", "correct horse");
    let marker = appliance.places.enrol_again();
    let kept = appliance.places.state.join("kept");
    let copy = format!(
        "[ \"$1\" != backup ] || {{ cp '{}' '{}'; echo sealed >\"$2\"; }}",
        marker.display(),
        kept.display()
    );
    appliance.gate_program(&copy);
    assert!(results(&appliance).contains("enrol-again: done"));
    // As it stood while the backup was made.
    fs::copy(kept, &marker).unwrap();
    assert_eq!(results(&appliance), "enrol-again: NOT done: the backup failed");
    assert_eq!((appliance.calls().len(), marker.exists()), (2, false));
}

#[test]
fn what_cannot_be_taken_off_the_card_is_not_done_but_a_rescue_shell_is() {
    let appliance = appliance();
    appliance.put("enrol-again", "");
    appliance.put("rescue-shell", "");
    appliance.gate_program("exit 0");
    // A lock that cannot be made stands for a card whose switch is at "lock".
    fs::create_dir(appliance.places.card_lock()).unwrap();
    let results = results(&appliance);
    assert!(
        results.contains("enrol-again: NOT done: the file could not be taken off the card"),
        "{results}"
    );
    assert!(results.contains("rescue-shell: done") && appliance.calls().is_empty());
    assert!(appliance.on_card("enrol-again").is_some() && !appliance.places.enrol_again().exists());
}
