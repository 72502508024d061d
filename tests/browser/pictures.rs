//! The pictures of the README: what they show is what runs.
//!
//! Drawn anew they lie in `target/screenshots/readme-*.png`; docs/contributing.md says when they go
//! into `docs/pictures`.

use std::path::{Path, PathBuf};

use super::steps::{CODE, log_in, send_code};
use crate::support::browser::Browser;
use crate::support::codes::Person;
use crate::support::setup::code_of;
use crate::support::test_stack::{ProxyKind, TestStack};

const SETUP_CODE: &str = "input[name=setup_code]";
const SUBMIT: &str = "button[type=submit]";

#[test]
fn the_pictures_of_the_readme_show_pages_and_verbs_that_exist() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let browser = Browser::start();

    browser.emulate(390, 844, true, "light");
    browser.open(&stack.url("auth", "/setup"));
    browser.wait_for(SETUP_CODE);
    browser.type_into(SETUP_CODE, &code_of(&stack.gate));
    browser.click(SUBMIT);
    browser.wait_for(".qr");
    is_in_the_readme(&browser, "setup");
    let secret = browser.text("#secret");
    let owner = Person::from_answer(&serde_json::json!({ "name": "owner", "secret": secret }));
    browser.type_into(CODE, &owner.fresh_code());
    browser.click(SUBMIT);
    browser.wait_for_url(&stack.url("auth", "/"));

    browser.forget_cookies();
    browser.emulate(390, 600, true, "light");
    browser.open(&stack.url("app", "/"));
    browser.wait_for(CODE);
    is_in_the_readme(&browser, "login-phone");
    browser.emulate(960, 600, false, "dark");
    browser.open(&stack.url("app", "/"));
    browser.wait_for(CODE);
    is_in_the_readme(&browser, "login-desktop");
    send_code(&browser, &owner.wrong_code());

    let anna = stack.gate.place.add_user("anna");
    browser.forget_cookies();
    log_in(&browser, &anna, &stack.url("app", "/"));
    browser.open("about:blank");
    browser.run(&format!("document.body.innerHTML = {}", serde_json::json!(terminal(&stack))));
    browser.emulate(880, 400, false, "dark");
    is_in_the_readme(&browser, "terminal");
}

/// What an owner sees who asks who is there, as a page.
fn terminal(stack: &TestStack) -> String {
    let verbs: [&[&str]; 3] = [&["user", "list"], &["limit", "list"], &["audit", "show"]];
    let lines = verbs.map(|verb| {
        let shown = stack.gate.place.run(verb);
        assert!(shown.status == 0 && !shown.out.is_empty(), "{verb:?}");
        let escaped = shown.out.replace('&', "&amp;").replace('<', "&lt;");
        format!("<b>$ portcullis {}</b>\n{escaped}", verb.join(" "))
    });
    format!(
        "<style>html {{ background: #16191d }} pre {{ color: #d7dbe0; font: 13px/1.45 monospace; \
         margin: 1em }} b {{ color: #7cc4ff }}</style><pre>{}</pre>",
        lines.join("\n")
    )
}

/// The README shows a picture of this name and these measures.
fn is_in_the_readme(browser: &Browser, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let drawn = browser.save_screenshot(&format!("readme-{name}"));
    let kept = format!("docs/pictures/{name}.png");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("a README");
    assert!(readme.contains(&kept), "{kept} is not in the README");
    assert_eq!(measures(&root.join(&kept)), measures(&drawn), "{kept} is out of date");
}

/// Width and height, the two numbers of a PNG's first chunk (PNG, section 11.2.1).
fn measures(picture: &PathBuf) -> [u32; 2] {
    let png = std::fs::read(picture).unwrap_or_else(|error| panic!("{picture:?}: {error}"));
    let number = |at: usize| {
        let octets = png.get(at..at + 4).and_then(|octets| octets.try_into().ok());
        u32::from_be_bytes(octets.expect("a PNG"))
    };
    [number(16), number(20)]
}
