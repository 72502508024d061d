//! From a closed door to the page asked for, and out again.

use super::steps::{CODE, log_in, log_out, send_code};
use crate::support::browser::Browser;
use crate::support::caddy::Ports;
use crate::support::codes::Person;
use crate::support::daemon::Place;
use crate::support::doctor::Report;
use crate::support::http::{Ask, percent_encode};
use crate::support::site::values;
use crate::support::test_stack::{ProxyKind, TestStack};
use crate::support::wait;

#[test]
fn behind_caddy_a_visitor_logs_in_sees_both_sites_and_logs_out() {
    visit(ProxyKind::Caddy);
}

#[test]
fn behind_nginx_a_visitor_logs_in_sees_both_sites_and_logs_out() {
    visit(ProxyKind::Nginx);
}

#[test]
fn behind_haproxy_a_visitor_logs_in_sees_both_sites_and_logs_out() {
    visit(ProxyKind::Haproxy);
}

#[test]
fn behind_envoy_a_visitor_logs_in_sees_both_sites_and_logs_out() {
    visit(ProxyKind::Envoy);
}

fn visit(kind: ProxyKind) {
    let stack = TestStack::behind(kind, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let wanted =
        stack.url("app", "/page?x=1&y=%26&u=%C3%A4&v=a+b&url=https://else.where/?q=1#part");

    browser.open(&wanted);
    browser.wait_for(CODE);
    assert!(browser.url().starts_with(&stack.url("auth", "/login?next=")), "{}", browser.url());
    assert_eq!(stack.app.seen_at("/page").len(), 0, "nothing of the site was shown");

    send_code(&browser, &owner.wrong_code());
    browser.wait_for(CODE);
    let told = browser.text("body");
    assert!(told.to_lowercase().contains("wrong or already used"), "{told}");
    assert_eq!(stack.app.seen_at("/page").len(), 0);

    send_code(&browser, &owner.fresh_code());
    wait::until("the page asked for", wait::PATIENCE, || browser.has("#target").then_some(()));
    let shown = "/page?x=1&y=%26&u=%C3%A4&v=a+b&url=https://else.where/?q=1";
    assert_eq!(browser.text("#target"), shown, "byte for byte");
    assert_eq!(
        browser.url(),
        stack.url("app", &format!("{shown}#part")),
        "with what no server was told"
    );

    browser.open(&stack.url("other", "/page/2"));
    assert_eq!(browser.text("#target"), "/page/2", "the second site opens without a login");
    let request = stack.other.seen_at("/page/2").pop().expect("the second site was asked");
    assert_eq!(values(&request, "remote-user"), ["owner"]);

    log_out(&stack, &browser);
    browser.open(&stack.url("other", "/page/3"));
    browser.wait_for(CODE);
    assert_eq!(stack.other.seen_at("/page/3").len(), 0, "locked again");
}

#[test]
fn behind_caddy_a_login_that_goes_round_ends_on_a_page_that_names_the_cause() {
    go_round(ProxyKind::Caddy);
}

#[test]
fn behind_nginx_a_login_that_goes_round_ends_on_a_page_that_names_the_cause() {
    go_round(ProxyKind::Nginx);
}

/// The cookie's domain does not hold the site, so the browser keeps the cookie and does not send it
/// there.
fn go_round(kind: ProxyKind) {
    let ports = Ports::free();
    let settings = format!(
        "public_url = \"https://auth.example.test:{}\"\nredirect_hosts = [\"app.example.test\"]\n\
         [session]\ncookie_domain = \"auth.example.test\"\n",
        ports.https
    );
    let stack = TestStack::around(Place::new(&settings), kind, ports);
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let wanted = stack.url("app", "/page?x=1#part");
    browser.open(&wanted);
    browser.wait_for(CODE);
    send_code(&browser, &owner.fresh_code());
    browser.wait_for("h1");
    let told = browser.text("body");
    assert!(told.contains("neither session.cookie_domain nor below it"), "{told}");
    assert_eq!(stack.app.seen_at("/page").len(), 0);
    let report = Report::of(&stack.gate.place);
    assert!(
        report.saying("came back from the login").found.contains("cookie_domain"),
        "{report:#?}"
    );
}

#[test]
fn the_session_cookie_is_out_of_reach_of_scripts_and_of_plain_http() {
    let (stack, browser, _) = logged_in(ProxyKind::Caddy);
    let cookies = browser.cookies();
    let cookie =
        cookies.iter().find(|cookie| cookie["name"] == "auth_token").expect("a session cookie");
    assert_eq!(
        (&cookie["httpOnly"], &cookie["secure"], &cookie["sameSite"]),
        (&true.into(), &true.into(), &"Lax".into())
    );
    assert_eq!(cookie["domain"], ".example.test");
    assert_eq!(browser.value_of("document.cookie"), "");
    drop(stack);
}

/// A test stack, and a browser that shows the page `/page` of `app` to the person who logged in.
fn logged_in(kind: ProxyKind) -> (TestStack, Browser, Person) {
    let stack = TestStack::behind(kind, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    log_in(&browser, &owner, &stack.url("app", "/page"));
    (stack, browser, owner)
}

#[test]
fn behind_caddy_a_fetch_without_a_session_is_told_401_in_json_and_where_to_log_in() {
    fetch(ProxyKind::Caddy);
}

#[test]
fn behind_nginx_a_fetch_without_a_session_is_told_401_in_json_and_where_to_log_in() {
    fetch(ProxyKind::Nginx);
}

#[test]
fn behind_haproxy_a_fetch_without_a_session_is_told_401_in_json_and_where_to_log_in() {
    fetch(ProxyKind::Haproxy);
}

#[test]
fn behind_envoy_a_fetch_without_a_session_is_told_401_in_json_and_where_to_log_in() {
    fetch(ProxyKind::Envoy);
}

fn fetch(kind: ProxyKind) {
    let (stack, browser, _) = logged_in(kind);
    browser.forget_cookies();
    let answer = browser.value_of(
        "fetch('/api/list').then(async r => ({status: r.status, redirected: r.redirected, type: r.headers.get('content-type'), body: await r.json()}))",
    );
    assert_eq!(answer["status"], 401, "{answer}");
    assert_eq!(answer["redirected"], false);
    assert!(answer["type"].as_str().is_some_and(|t| t.starts_with("application/json")), "{answer}");
    assert_eq!(answer["body"]["error"], "login_required");
    let login = answer["body"]["login_url"].as_str().expect("the login address");
    assert!(login.starts_with(&stack.url("auth", "/login")), "{login}");
    assert_eq!(stack.app.seen_at("/api").len(), 0);
}

/// Opens a WebSocket from the page shown, and says how it went.
const WEBSOCKET: &str = "new Promise(done => {
    const socket = new WebSocket(`wss://${location.host}/ws`);
    socket.onopen = () => socket.send('hello');
    socket.onmessage = event => { done('heard ' + event.data); socket.close(); };
    socket.onerror = () => done('refused');
})";

#[test]
fn behind_caddy_a_websocket_opens_with_a_session_and_is_refused_without() {
    open_websocket(ProxyKind::Caddy);
}

#[test]
fn behind_nginx_a_websocket_opens_with_a_session_and_is_refused_without() {
    open_websocket(ProxyKind::Nginx);
}

#[test]
fn behind_haproxy_a_websocket_opens_with_a_session_and_is_refused_without() {
    open_websocket(ProxyKind::Haproxy);
}

#[test]
fn behind_envoy_a_websocket_opens_with_a_session_and_is_refused_without() {
    open_websocket(ProxyKind::Envoy);
}

fn open_websocket(kind: ProxyKind) {
    let (stack, browser, _) = logged_in(kind);
    assert_eq!(browser.value_of(WEBSOCKET), "heard hello");
    browser.forget_cookies();
    assert_eq!(browser.value_of(WEBSOCKET), "refused");
    assert_eq!(stack.app.seen_at("/ws").len(), 1, "the refused one never reached the site");
}

#[test]
fn behind_caddy_a_form_posted_after_the_session_ended_leads_to_the_login_and_is_not_sent_again() {
    post_late(ProxyKind::Caddy);
}

#[test]
fn behind_nginx_a_form_posted_after_the_session_ended_leads_to_the_login_and_is_not_sent_again() {
    post_late(ProxyKind::Nginx);
}

#[test]
fn behind_haproxy_a_form_posted_after_the_session_ended_leads_to_the_login_and_is_not_sent_again() {
    post_late(ProxyKind::Haproxy);
}

#[test]
fn behind_envoy_a_form_posted_after_the_session_ended_leads_to_the_login_and_is_not_sent_again() {
    post_late(ProxyKind::Envoy);
}

fn post_late(kind: ProxyKind) {
    let (stack, browser, owner) = logged_in(kind);
    let post = "const form = document.createElement('form'); form.method = 'post'; form.action = '/order?id=7&n=2';
        document.body.append(form); form.submit();";
    browser.run(post);
    wait::until("the first order", wait::PATIENCE, || {
        (stack.app.seen_at("/order").len() == 1).then_some(())
    });

    browser.open(&stack.url("app", "/page"));
    browser.forget_cookies();
    browser.run(post);
    browser.wait_for(CODE);
    send_code(&browser, &owner.fresh_code());
    browser.wait_for_url(&stack.url("app", "/order?id=7&n=2"));
    let methods: Vec<_> =
        stack.app.seen_at("/order").iter().map(|request| request["method"].to_string()).collect();
    assert_eq!(
        methods,
        ["\"POST\"", "\"GET\""],
        "after the login the address is opened, the form is not replayed"
    );
}

#[test]
fn twenty_requests_at_once_do_not_change_where_the_login_leads() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let owner = stack.gate.place.add_user("owner");
    let browser = Browser::start();
    let wanted = stack.url("app", "/page?keep=this");
    browser.open(&wanted);
    browser.wait_for(CODE);
    for n in 0..20 {
        Ask::get(&format!("/script-{n}.js")).header("Host", stack.host("app")).send(stack.http());
    }
    send_code(&browser, &owner.fresh_code());
    browser.wait_for_url(&wanted);
}

#[test]
fn a_person_who_is_logged_in_is_sent_straight_on_from_the_login_page() {
    let (stack, browser, _) = logged_in(ProxyKind::Caddy);
    let wanted = stack.url("other", "/page?straight=on&x=1");
    let login = stack.url("auth", &format!("/login?next={}", percent_encode(&wanted)));
    browser.open(&login);
    browser.wait_for_url(&wanted);
}
