//! The first user, made in the browser: from a closed door through the set-up page to the page
//! asked for.

use std::process::Command;

use super::page::{LOW_CONTRAST, TOO_WIDE};
use super::steps::CODE;
use crate::support::browser::Browser;
use crate::support::codes::Person;
use crate::support::setup::code_of;
use crate::support::test_stack::{ProxyKind, TestStack};
use crate::support::wait;

const SETUP_CODE: &str = "input[name=setup_code]";
const SUBMIT: &str = "button[type=submit]";

#[test]
fn behind_caddy_the_first_user_is_made_in_the_browser_and_led_on() {
    enrol(ProxyKind::Caddy);
}

#[test]
fn behind_nginx_the_first_user_is_made_in_the_browser_and_led_on() {
    enrol(ProxyKind::Nginx);
}

/// No page here has a script, and the browser runs none.
fn enrol(kind: ProxyKind) {
    let stack = TestStack::behind(kind, "");
    let browser = Browser::start();
    browser.switch_scripts_off();
    let wanted = stack.url("app", "/page?x=1&y=%26");
    browser.open(&wanted);
    browser.wait_for(CODE);
    browser.click(".note a");
    browser.wait_for(SETUP_CODE);

    browser.type_into(SETUP_CODE, "AAAA-AAAA-AAAA-AAAA");
    browser.click(SUBMIT);
    browser.wait_for_text("#error", "Wrong code");
    browser.clear(SETUP_CODE);
    browser.type_into(SETUP_CODE, &code_of(&stack.gate).to_lowercase());
    browser.click(SUBMIT);
    browser.wait_for(".qr");

    let url = scanned(&browser, &format!("setup-{kind:?}"));
    assert_eq!(
        Some(url.as_str()),
        browser.attribute("a[href^=otpauth]", "href").as_deref(),
        "picture and link agree"
    );
    let secret =
        url.split_once("?secret=").and_then(|(_, rest)| rest.split('&').next()).expect("a secret");
    assert_eq!(browser.text("#secret"), secret, "and the text");
    let person = Person::from_answer(&serde_json::json!({ "name": "anna", "secret": secret }));

    browser.clear("#username");
    browser.type_into("#username", "Anna");
    browser.type_into(CODE, &person.wrong_code());
    browser.click(SUBMIT);
    browser.wait_for_text("#error", "Wrong code");
    assert_eq!(
        browser.attribute("#username", "value").as_deref(),
        Some("Anna"),
        "the name is kept"
    );
    assert!(scanned(&browser, &format!("setup-{kind:?}-wrong")).contains(secret), "and the seed");
    browser.clear(CODE);
    browser.type_into(CODE, &person.fresh_code());
    browser.click(SUBMIT);
    browser.wait_for_url(&wanted);
    assert_eq!(stack.gate.place.json(&["user", "list"])[0]["name"], "anna");
    assert!(browser.cookies().iter().all(|cookie| cookie["name"] != "portcullis_setup"));

    browser.open(&stack.url("auth", "/setup"));
    assert!(browser.text("body").contains("Set-up is done"), "{}", browser.text("body"));
    assert!(!browser.has("form"));
}

/// What a phone's camera reads from the screen.
fn scanned(browser: &Browser, name: &str) -> String {
    let picture = browser.save_screenshot(name);
    let read = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&picture).output();
    let read = read.expect("zbarimg runs; tests/run installs what is missing");
    let text = String::from_utf8_lossy(&read.stdout).trim().to_owned();
    assert!(text.starts_with("otpauth://"), "no code on {}: {text:?}", picture.display());
    text
}

#[test]
fn the_set_up_pages_are_readable_everywhere_and_break_no_rule_of_their_own() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let code = code_of(&stack.gate);
    let browser = Browser::start();
    let screens = [
        ("phone-320", 320, 1_000, true),
        ("phone-390", 390, 844, true),
        ("desktop", 1280, 900, false),
    ];
    for (screen, width, height, phone) in screens {
        for scheme in ["light", "dark"] {
            browser.emulate(width, height, phone, scheme);
            let looks_well = |page: &str| {
                let here = format!("{page} {screen} {scheme}");
                assert_eq!(browser.value_of(TOO_WIDE), false, "{here}");
                assert_eq!(
                    browser.value_of(LOW_CONTRAST),
                    serde_json::json!([]),
                    "WCAG AA wants 4.5 to 1: {here}"
                );
                browser.save_screenshot(&format!("{page}-{screen}-{scheme}"))
            };
            if !browser.cookies().iter().any(|cookie| cookie["name"] == "portcullis_setup") {
                browser.open(&stack.url("auth", "/login"));
                browser.wait_for(".note a");
                looks_well("login-no-user");
                browser.open(&stack.url("auth", "/setup"));
                browser.wait_for(SETUP_CODE);
                assert_eq!(browser.value_of("document.activeElement.name"), "setup_code");
                looks_well("setup-code");
            }
            if !browser.has(".qr") {
                browser.type_into(SETUP_CODE, &code);
                browser.click(SUBMIT);
                browser.wait_for(".qr");
            }
            looks_well("setup-seed");
            scanned(&browser, &format!("setup-seed-{screen}-{scheme}"));
        }
    }
    let complaints: Vec<_> =
        browser.console().into_iter().filter(|line| !line.contains("favicon.ico")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert_eq!(browser.value_of("document.cookie"), "");

    let other = Browser::start();
    other.open(&stack.url("auth", "/setup"));
    other.wait_for_text("#error", "Another browser");
    other.type_into(SETUP_CODE, &code);
    let before = other.page_began();
    other.click(SUBMIT);
    wait::until("the answer", wait::PATIENCE, || {
        other.page_began().is_some_and(|now| Some(now) != before).then_some(())
    });
    other.wait_for_text("#error", "Another browser");
    assert!(!other.has(".qr"));
}
