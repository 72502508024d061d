//! The login page itself: what it is made of, how it looks, and that it needs no script.

use super::steps::{CODE, log_in, send_code};
use crate::support::browser::Browser;
use crate::support::test_stack::{ProxyKind, TestStack};
use crate::support::wait;

#[test]
fn the_code_field_has_the_focus_and_what_phones_and_password_managers_look_for() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    stack.gate.place.add_user("owner");
    let browser = Browser::start();
    browser.open(&stack.url("app", "/page"));
    browser.wait_for(CODE);
    assert_eq!(browser.attribute(CODE, "inputmode").as_deref(), Some("numeric"));
    assert_eq!(browser.attribute(CODE, "autocomplete").as_deref(), Some("one-time-code"));
    let visible = "[...document.querySelectorAll('input')].filter(i => i.type != 'hidden').length";
    assert_eq!(browser.value_of(visible), 1, "one field, nothing else to fill in");
    assert_eq!(browser.value_of("document.activeElement.name"), "otp");
    assert_eq!(
        browser
            .value_of("!!document.querySelector('label[for=' + document.activeElement.id + ']')"),
        true
    );
    assert_ne!(
        browser.attribute("html", "lang").unwrap_or_default(),
        "",
        "readers need the language"
    );
    assert_ne!(browser.title(), "");
}

#[test]
fn a_code_typed_without_touching_the_page_logs_in_on_the_last_digit() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let wanted = stack.url("app", "/page?typed=1");
    browser.open(&wanted);
    browser.wait_for(CODE);
    browser.type_blindly(&owner.fresh_code());
    browser.wait_for_url(&wanted);
}

#[test]
fn a_code_pasted_with_blanks_around_and_in_it_logs_in_by_itself() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let wanted = stack.url("app", "/page?pasted=1");
    browser.open(&wanted);
    browser.wait_for(CODE);
    let code = owner.fresh_code();
    let (first, second) = code.split_at(3);
    // What messengers and authenticators put there: no-break, narrow, zero-width, left-to-right.
    let pasted = format!("\u{a0}\u{200e}{first}\u{202f}{second}\u{200b}\t");
    browser.run(&format!("document.execCommand('insertText', false, '{pasted}')"));
    browser.wait_for_url(&wanted);
}

#[test]
fn no_form_is_sent_twice() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    // Sent, unless the page itself holds it back; here it is held back afterwards, so that the page
    // stays.
    let sent = "(() => {
        const form = document.forms[0];
        let sent = 0;
        form.addEventListener('submit', event => { sent += event.defaultPrevented ? 0 : 1; event.preventDefault(); });
        const field = form.querySelector('[name=otp]');
        if (field) field.value = '123456';
        form.requestSubmit();
        form.requestSubmit();
        return sent;
    })()";
    browser.open(&stack.url("auth", "/login"));
    browser.wait_for(CODE);
    assert_eq!(browser.value_of(sent), 1);
    log_in(&browser, &owner, &stack.url("app", "/page"));
    browser.open(&stack.url("auth", "/logout"));
    assert_eq!(browser.value_of(sent), 1);
}

#[test]
fn a_part_of_a_page_stays_asked_for_whatever_stands_in_its_name() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let wanted = stack.url("app", "/page?x=1");
    browser.open(&format!("{wanted}#/a\\b?c=\u{e4}&d[]={{e}}"));
    browser.wait_for(CODE);
    send_code(&browser, &owner.fresh_code());
    browser.wait_for("#target");
    assert_eq!(browser.url(), format!("{wanted}#/a%5Cb?c=%C3%A4&d[]={{e}}"));
}

#[test]
fn the_login_works_with_scripts_switched_off() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    browser.switch_scripts_off();
    let wanted = stack.url("app", "/page?scripts=off");
    browser.open(&wanted);
    browser.wait_for(CODE);
    browser.type_into(CODE, &owner.fresh_code());
    browser.click("button[type=submit]");
    browser.wait_for_url(&wanted);
}

#[test]
fn the_pages_break_no_rule_of_their_own_content_security_policy() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    browser.open(&stack.url("app", "/page"));
    browser.wait_for(CODE);
    send_code(&browser, &owner.wrong_code());
    browser.wait_for(CODE);
    send_code(&browser, &owner.fresh_code());
    browser.wait_for("#target");
    for own in ["/", "/logout", "/login"] {
        browser.open(&stack.url("auth", own));
    }
    // The 401 beside the wrong code is the answer asked for; Chromium notes every such status as a
    // failed load.
    let complaints: Vec<_> = browser
        .console()
        .into_iter()
        .filter(|line| {
            !(line.contains("the server responded with a status of 401") && line.contains("/login"))
        })
        .filter(|line| !line.contains("favicon.ico"))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn the_login_page_refuses_to_be_framed_by_a_site() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    log_in(&browser, &owner, &stack.url("app", "/page"));
    browser.forget_cookies();
    let frame = format!(
        "(() => {{ const frame = document.createElement('iframe'); frame.src = '{}'; document.body.append(frame);
            return new Promise(done => {{ frame.onload = () => done('loaded'); setTimeout(() => done('late'), 10000); }}); }})()",
        stack.url("auth", "/login")
    );
    browser.value_of(&frame);
    let console = wait::until("the browser's refusal to frame", wait::PATIENCE, || {
        let lines = browser.console();
        lines.iter().any(|line| line.contains("frame")).then_some(lines)
    });
    assert!(
        console
            .iter()
            .any(|line| line.contains("frame-ancestors") || line.contains("X-Frame-Options")),
        "{console:#?}"
    );
}

/// Whether the page is wider than the screen, which means scrolling sideways.
pub const TOO_WIDE: &str =
    "document.documentElement.scrollWidth > document.documentElement.clientWidth";

#[test]
fn the_login_page_is_readable_on_phones_and_desktops_in_light_and_dark() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let screens = [
        ("phone-320", 320, 640, true),
        ("phone-390", 390, 844, true),
        ("desktop", 1280, 900, false),
        ("zoom-200", 640, 450, false),
    ];
    for (screen, width, height, phone) in screens {
        for scheme in ["light", "dark"] {
            browser.emulate(width, height, phone, scheme);
            browser.open(&stack.url("app", "/page"));
            browser.wait_for(CODE);
            assert_eq!(browser.value_of(TOO_WIDE), false, "{screen} {scheme}");
            browser.save_screenshot(&format!("login-{screen}-{scheme}"));
            if screen == "phone-320" || scheme == "light" && screen == "desktop" {
                let low = browser.value_of(LOW_CONTRAST);
                assert_eq!(low, serde_json::json!([]), "WCAG AA wants 4.5 to 1: {screen} {scheme}");
            }
        }
    }
    browser.emulate(390, 844, true, "dark");
    send_code(&browser, &owner.wrong_code());
    browser.wait_for(CODE);
    assert_eq!(browser.value_of(TOO_WIDE), false);
    assert_eq!(
        browser.value_of("!!document.querySelector('[aria-live], [role=alert]')"),
        true,
        "readers are told of the error"
    );
    browser.save_screenshot("login-phone-390-dark-wrong-code");
    browser.emulate(320, 640, true, "light");
    browser.save_screenshot("login-phone-320-light-wrong-code");
}

/// Texts with less than 4.5 to 1 against the nearest painted background (WCAG 2.2, 1.4.3).
pub const LOW_CONTRAST: &str = "(() => {
    const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const parse = colour => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
        return [...paint.getImageData(0, 0, 1, 1).data]; };
    const light = ([r, g, b]) => { const part = [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; };
    const ground = element => { for (let e = element; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; }
        return matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme.includes('dark')
            ? [18, 18, 18] : [255, 255, 255]; };
    const low = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !element.getClientRects().length || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
        const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) low.push(walk.currentNode.data.trim() + ': ' + ratio.toFixed(2));
    }
    return low;
})()";
