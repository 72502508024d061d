//! What concerns Caddy alone: TLS checked by an ordinary client, and a gate behind a Unix socket.

use std::process::Command;

use crate::support::caddy::Ports;
use crate::support::curl;
use crate::support::daemon::{Done, Place};
use crate::support::http::Ask;
use crate::support::test_stack::{ProxyKind, RunningProxy, TestStack, with_public_url};

#[test]
fn an_ordinary_client_that_checks_certificates_is_led_to_the_login() {
    let stack = TestStack::behind(ProxyKind::Caddy, "");
    let RunningProxy::Caddy(caddy) = &stack.proxy else { panic!("not behind Caddy") };
    let url = stack.url("app", "/x?a=1&b=2");
    let mut command = curl::command();
    command.args(["--dump-header", "-", "--cacert"]).arg(caddy.authority());
    command.args(["--resolve", &format!("app.example.test:{}:127.0.0.1", stack.ports.https), &url]);
    let done = curl::run(&mut command);
    assert_eq!(done.status, 0, "{}", done.err);
    let wanted = format!(
        "location: {}?next=https%3A%2F%2Fapp.example.test%3A{}%2Fx%3Fa%3D1%26b%3D2",
        stack.url("auth", "/login"),
        stack.ports.https
    );
    assert!(done.out.starts_with("HTTP/2 302"), "{}", done.out);
    assert!(done.out.contains(&wanted), "{}", done.out);
}

#[test]
fn a_site_below_a_prefix_of_its_own_shares_its_host_with_the_login_page() {
    let ports = Ports::free();
    let place = Place::new(&format!(
        "path_prefix = \"/.portcullis\"\npublic_url = \"https://app.example.test:{}\"\n",
        ports.https
    ));
    let stack = TestStack::around(place, ProxyKind::Caddy, ports);
    let answer = stack.page_load("/login?the=applications_own").send(stack.http());
    let login = format!("https://app.example.test:{}/.portcullis/login?next=", ports.https);
    assert!(answer.header("location").is_some_and(|l| l.starts_with(&login)), "{answer:?}");
    let page = stack.page_load("/.portcullis/login").send(stack.http());
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text().contains("name=\"otp\""), "{}", page.text());
}

#[test]
fn the_printed_configuration_is_what_caddy_itself_calls_valid() {
    let place = Place::new(&with_public_url(8443, ""));
    let printed = place.run(&["proxy", "print", "caddy"]);
    let file = place.state().with_file_name("Caddyfile");
    std::fs::write(&file, &printed.out).expect("the test's own directory");
    let mut command = Command::new(crate::support::caddy::program());
    command
        .args(["adapt", "--adapter", "caddyfile", "--config"])
        .arg(&file)
        .env("HOME", place.state());
    let done = Done::from(command.output().expect("caddy runs"));
    assert_eq!(done.status, 0, "{}\n{}", printed.out, done.err);
}

/// What a site's own lines make of the address is between Caddy and the site: the visitor wants to
/// go where he asked.
#[test]
fn the_question_is_about_the_original_request_whatever_changed_it_before() {
    let changes = [
        ("handle_path /api/* {", "}"),
        ("handle /api/* {\nrewrite * /elsewhere?b=2", "}"),
        ("handle /api/* {\nuri strip_prefix /api", "}"),
        ("handle /api/* {\nuri replace /api /open\nuri query -a", "}"),
        ("handle /api/* {\nmethod GET", "}"),
        ("rewrite /api/* /elsewhere", ""),
    ];
    for (before, after) in changes {
        let stack = TestStack::behind_changed(ProxyKind::Caddy, "", |text| {
            let lines = "\timport portcullis\n\treverse_proxy 127.0.0.1:8080\n";
            assert!(text.contains(lines), "{text}");
            let changed = before.replace('{', "{\n") + "\n" + lines + after + "\n";
            text.replace(
                lines,
                &changed.lines().map(|line| format!("\t{}\n", line.trim())).collect::<String>(),
            )
        });
        let asked = "/api/x?a=1";
        let page = stack.page_load(asked).send(stack.http());
        assert_eq!(
            (page.status, page.next()),
            (302, Some(format!("http://{}{asked}", stack.host("app")))),
            "{before}"
        );
        let post = Ask::form(asked, &[("n", "1")])
            .header("Host", stack.host("app"))
            .by_page_load()
            .send(stack.http());
        assert_eq!(
            (post.status, post.next()),
            (303, Some(format!("http://{}{asked}", stack.host("app")))),
            "{before}"
        );
        assert_eq!(stack.app.seen().len(), 0, "{before}");
        let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
        let inside = stack.page_load(asked).cookie("auth_token", &token).send(stack.http());
        assert_eq!(inside.status, 200, "{before}: {inside:?}");
    }
}

/// Where nothing but one host is there, the printed configuration lets its login page through and
/// guards the rest.
#[test]
fn one_host_alone_is_guarded_and_opened_by_its_own_login_page() {
    for settings in ["", "public_url = \"https://app.example.test:PORT\"\n"] {
        let ports = Ports::free();
        let settings = settings.replace("PORT", &ports.https.to_string());
        let stack = TestStack::around(Place::new(&settings), ProxyKind::Caddy, ports);
        let owner = stack.gate.place.add_user("owner");
        let stranger = stack.page_load("/x?a=1").send(stack.http());
        assert_eq!(stranger.status, 302, "{settings:?}: {stranger:?}");
        let page = stack.page_load("/login?next=%2Fx").send(stack.http());
        assert!(
            page.status == 200 && page.text().contains("name=\"otp\""),
            "{settings:?}: {page:?}"
        );
        let form = Ask::form("/login", &[("otp", &owner.fresh_code()), ("next", "/x?a=1")]);
        let answer = form.header("Host", stack.host("app")).send(stack.http());
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, Some("/x?a=1")),
            "{settings:?}: {answer:?}"
        );
        let token = answer.cookie("auth_token").expect("a session");
        let inside = stack.page_load("/x?a=1").cookie("auth_token", &token).send(stack.http());
        assert_eq!(inside.status, 200, "{settings:?}: {inside:?}");
    }
}
