//! What these tests do again and again in a browser.

use crate::support::browser::Browser;
use crate::support::codes::Person;
use crate::support::test_stack::TestStack;
use crate::support::wait;

/// The input that takes the code, whatever else is on the page.
pub const CODE: &str = "input[name=otp]";

/// Opens `url`, which must lead to the login page, and logs in there.
pub fn log_in(browser: &Browser, person: &Person, url: &str) {
    browser.open(url);
    browser.wait_for(CODE);
    send_code(browser, &person.fresh_code());
    browser.wait_for_url(url);
}

/// Types a code and sends the form, where the page does not do so itself on the last digit.
pub fn send_code(browser: &Browser, code: &str) {
    let before = browser.page_began();
    let sends_itself = browser.attribute(CODE, "data-digits").is_some();
    browser.clear(CODE);
    browser.type_into(CODE, code);
    if !sends_itself {
        browser.click("button[type=submit]");
    }
    wait::until("the answer to the form", wait::PATIENCE, || {
        browser.page_began().is_some_and(|now| Some(now) != before).then_some(())
    });
}

/// Goes to the logout page and confirms.
pub fn log_out(stack: &TestStack, browser: &Browser) {
    browser.open(&stack.url("auth", "/logout"));
    browser.click("form button[type=submit]");
    wait::until("the session's end", wait::PATIENCE, || {
        let cookies = browser.cookies();
        cookies.iter().all(|cookie| cookie["name"] != "auth_token").then_some(())
    });
}
