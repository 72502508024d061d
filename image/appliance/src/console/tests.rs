//! The screen at its smallest, and what happens when somebody enrols.

use std::fs;
use std::net::IpAddr;
use std::os::unix::net::UnixListener;

use portcullis::app::messages::answers::setup::SetupStatus;
use portcullis::entropy::System;

use super::frame::{SCREEN, draw};
use super::*;
use crate::accepted::Origin;
use crate::report::Report;
use crate::settings::Settings;
use crate::testing::Appliance;

const URL: &str = "otpauth://totp/Portcullis:owner?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portcullis&algorithm=SHA1&digits=6&period=30";

fn appliance() -> Appliance {
    let appliance = Appliance::new();
    let places = &appliance.places;
    for folder in
        [places.run_dir(), places.state.clone(), places.control().parent().unwrap().to_owned()]
    {
        fs::create_dir_all(folder).unwrap();
    }
    setup_code::hand_over(places, &mut System).unwrap();
    appliance
}

fn status(appliance: &Appliance) -> CardStatus {
    CardStatus {
        settings: Settings::default(),
        report: Report {
            origin: Origin::File,
            problems: Vec::new(),
            results: Vec::new(),
            failures: Vec::new(),
        },
        code: setup_code::present(&appliance.places).unwrap(),
        clock_is_set: false,
        last_set: None,
        addresses: vec![("eth0".to_owned(), IpAddr::from([192, 168, 1, 5]))],
        authority: None,
    }
}

fn open() -> SetupStatus {
    SetupStatus {
        open: true,
        tries_left: 10,
        otpauth_url: Some(URL.to_owned().into()),
        ..SetupStatus::default()
    }
}

/// Lines as they stand on the screen.
fn seen(frame: &str) -> Vec<String> {
    frame
        .replace("\u{1b}[97;40m", "")
        .replace("\u{1b}[0m", "")
        .split("\r\n")
        .map(str::to_owned)
        .collect()
}

fn fits(frame: &str) {
    let lines = seen(frame);
    assert!(lines.len() <= SCREEN.1, "{} lines", lines.len());
    for line in lines {
        assert!(line.chars().count() <= SCREEN.0 && !line.contains(char::is_control), "{line:?}");
    }
}

#[test]
fn the_picture_stands_beside_the_words_on_the_smallest_screen() {
    let appliance = appliance();
    let status = status(&appliance);
    let frame = draw(&status, Some(&open()), SCREEN);
    fits(&frame);
    let text = seen(&frame).join("\n");
    let code = status.code.unwrap().to_string();
    assert!(
        text.contains("█")
            && text.contains(&code)
            && text.contains("https://portcullis.local/setup"),
        "{text}"
    );
    assert!(!text.contains("JBSWY3DP"), "{text}");
    let picture = portcullis::cli::qr::draw(URL, portcullis::cli::qr::Ink::Colours).unwrap();
    assert!(
        picture.lines().zip(frame.split("\r\n")).all(|(drawn, line)| line.starts_with(drawn)),
        "{text}"
    );
}

#[test]
fn without_an_open_set_up_there_is_no_picture() {
    let appliance = appliance();
    for setup in [
        None,
        Some(SetupStatus { open: false, ..open() }),
        Some(SetupStatus { otpauth_url: None, ..open() }),
    ] {
        let frame = draw(&status(&appliance), setup.as_ref(), SCREEN);
        fits(&frame);
        assert!(!frame.contains('█') && !frame.contains('\u{1b}'), "{frame}");
    }
    let spent = draw(
        &status(&appliance),
        Some(&SetupStatus { tries_left: 0, otpauth_url: None, ..open() }),
        SCREEN,
    );
    assert!(seen(&spent).join(" ").contains("good no more"), "{spent}");
}

#[test]
fn however_much_there_is_to_tell_it_fits_and_commands_nothing() {
    let appliance = appliance();
    let mut status = status(&appliance);
    status.report.problems =
        (0..40).map(|n| format!("line {n}: \u{1b}[2J {}", "x".repeat(300))).collect();
    status.settings.gate.host = format!("{}.example.org", "a".repeat(63));
    status.addresses = (0..30).map(|n| (format!("eth{n}"), IpAddr::from([10, 0, 0, n]))).collect();
    for setup in [None, Some(open())] {
        let frame = draw(&status, setup.as_ref(), SCREEN);
        fits(&frame);
        assert!(
            seen(&frame).iter().any(|line| line.contains("... portcullis-status.txt")),
            "{frame}"
        );
    }
}

#[test]
fn it_is_drawn_when_something_changed_and_now_and_then() {
    let appliance = appliance();
    let mut watch = Watch::default();
    let mut at = |seconds| {
        let mut out = Vec::new();
        watch.refresh(&appliance.places, Duration::from_secs(seconds), &mut out).unwrap();
        !out.is_empty()
    };
    assert_eq!([at(0), at(2), at(4), at(31), at(33)], [true, false, false, true, false]);
    setup_code::close(&appliance.places).unwrap();
    assert_eq!([at(35), at(37)], [true, false]);
}

#[test]
fn the_first_enrolment_closes_what_stood_open_for_it() {
    let appliance = appliance();
    let places = &appliance.places;
    let _gate = UnixListener::bind(places.control()).unwrap();
    appliance.gate_program(&format!(
        "echo '{{\"open\":true,\"tries_left\":10,\"code\":null,\"otpauth_url\":\"{URL}\"}}'"
    ));
    let mut watch = Watch::default();
    let mut out = Vec::new();
    watch.refresh(places, Duration::ZERO, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains('█'));
    let code = setup_code::present(places).unwrap().unwrap().to_string();
    assert!(appliance.on_card(status::FILE).unwrap().contains(&code));

    appliance.gate_program(
        "echo '{\"open\":false,\"address\":null,\"code\":null,\"expires\":null,\"tries_left\":0,\"otpauth_url\":null}'",
    );
    let mut out = Vec::new();
    watch.refresh(places, Duration::from_secs(2), &mut out).unwrap();
    let drawn = String::from_utf8(out).unwrap();
    assert!(!drawn.contains('█') && !drawn.contains(&code), "{drawn}");
    assert!(
        places.enrolled().exists()
            && !places.setup_code().exists()
            && !places.credential().exists()
    );
    assert!(!appliance.on_card(status::FILE).unwrap().contains(&code));
    let calls = appliance.calls().len();
    watch.refresh(places, Duration::from_secs(4), &mut Vec::new()).unwrap();
    assert_eq!(appliance.calls().len(), calls, "nobody is asked any more");
}

#[test]
fn the_gates_program_is_not_called_while_no_gate_listens() {
    let appliance = appliance();
    appliance.gate_program("exit 0");
    assert!(gate::ask(&appliance.places).is_none() && appliance.calls().is_empty());
}

#[test]
fn nothing_is_shown_on_what_is_no_virtual_terminal() {
    let mut out = Vec::new();
    let refused = run(&Appliance::new().places, false, &mut out).unwrap_err();
    assert!(refused.to_string().contains("no virtual terminal") && out.is_empty());
}
