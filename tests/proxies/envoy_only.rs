//! What concerns Envoy alone: it sends no header that it was not told to send, takes 200 alone for
//! a pass, and refuses some requests by itself.

use std::process::Command;

use crate::support::caddy::Ports;
use crate::support::curl::Curl;
use crate::support::daemon::{Done, Place, bare_command};
use crate::support::doctor::Report;
use crate::support::envoy::program;
use crate::support::http::{Answer, Ask, Connection};
use crate::support::scratch::Scratch;
use crate::support::site::{Site, values};
use crate::support::test_stack::{ProxyKind, TestStack, with_public_url};

fn stack(settings: &str) -> (TestStack, String) {
    let stack = TestStack::behind(ProxyKind::Envoy, settings);
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    (stack, token)
}

/// The answer to these bytes, which need be no good request.
fn answer_to(stack: &TestStack, bytes: &[u8]) -> Answer {
    let mut connection = Connection::open(stack.http());
    connection.send(bytes);
    connection.answer()
}

/// What is printed for a gate with these settings and no other.
fn printed(dir: &Scratch, settings: &str) -> String {
    let file = dir.write("portcullis.toml", settings);
    let mut command = bare_command(&["proxy", "print", "envoy", "--config"]);
    let done = Done::from(command.arg(file).output().expect("the built program runs"));
    assert_eq!(done.status, 0, "{}", done.err);
    done.out
}

#[test]
fn the_printed_configuration_is_what_envoy_itself_calls_valid() {
    let dir = Scratch::new("envoy-valid");
    for listen in ["127.0.0.1:3000", "[::1]:3000", "unix:/run/portcullis/http.sock"] {
        for public_url in ["", "public_url = \"http://[::1]:8000\"\n"] {
            let settings = format!("listen = [\"{listen}\"]\n{public_url}");
            let text = printed(&dir, &format!("{settings}[session]\nsecure = false\n"));
            let mut command = Command::new(program());
            command.args(["--mode", "validate", "--disable-hot-restart", "--config-path"]);
            let done = command.arg(dir.write("envoy.yaml", &text)).output().expect("Envoy runs");
            let done = Done::from(done);
            assert_eq!(done.status, 0, "{settings}: {}\n{text}", done.err);
            // A field that is no longer liked is told in a warning.
            assert!(!done.err.contains("[warning]"), "{settings}: {}", done.err);
        }
    }
}

/// What the printed list leaves out when it is not there: all.
#[test]
fn without_allowed_headers_the_gate_names_the_line_and_nobody_passes() {
    let stack = TestStack::behind_changed(ProxyKind::Envoy, "", |text| {
        let (before, rest) = text.split_once("              allowed_headers:\n").expect("the list");
        let (_, after) = rest.split_once("              http_service:\n").expect("its end");
        format!("{before}              http_service:\n{after}")
    });
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let answer = stack.page_load("/").cookie("auth_token", &token).send(stack.http());
    assert_eq!(answer.status, 400, "{answer:?}");
    let line = "allowed_headers: {patterns: [{prefix: accept},";
    assert!(answer.text().contains(line), "{}", answer.text());
    assert_eq!(stack.app.seen().len(), 0);
    let report = Report::of(&stack.gate.place);
    let missing = report.saying("/verify/envoy: X-Forwarded-Proto is missing");
    assert_eq!(missing.severity, "error");
    assert!(missing.remedy.starts_with(line), "{}", missing.remedy);
}

/// A 204 would go to the visitor, with the identity headers in it.
#[test]
fn every_answer_of_the_gates_is_200_or_a_refusal_below_500() {
    let (stack, token) = stack("[[rule]]\npaths = [\"/share/*\"]\naccess = \"open\"\n");
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
        for (target, cookie, passes) in
            [("/who", Some(&token), true), ("/share/x", None, true), ("/who", None, false)]
        {
            let mut ask = Ask::new(method, target).header("Host", stack.host("app"));
            if let Some(token) = cookie {
                ask = ask.cookie("auth_token", token);
            }
            let before = stack.app.seen().len();
            let mut connection = Connection::open(stack.http());
            connection.send(&ask.bytes());
            let answer = connection.try_answer(method == "HEAD").expect("an answer");
            let told = format!("{method} {target}: {answer:?}");
            assert_eq!(stack.app.seen().len(), before + usize::from(passes), "{told}");
            let is_refusal = [302, 303, 401].contains(&answer.status);
            assert!(if passes { answer.status == 200 } else { is_refusal }, "{told}");
            assert_eq!(
                (answer.header("remote-user"), answer.status == 204),
                (None, false),
                "{told}"
            );
        }
    }
}

#[test]
fn a_refused_head_has_no_body_and_the_next_request_of_the_connection_is_answered() {
    let (stack, token) = stack("");
    let host = stack.host("app");
    let mut connection = Connection::open(stack.http());
    for accept in ["text/html", "application/json"] {
        let ask = Ask::new("HEAD", "/who").header("Host", &host).header("Accept", accept);
        connection.send(&ask.bytes());
        let refused = connection.try_answer(true).expect("an answer");
        assert!([302, 401].contains(&refused.status), "{refused:?}");
        connection.send(&stack.page_load("/who").cookie("auth_token", &token).bytes());
        assert_eq!(connection.answer().json()["target"], "/who", "{accept}");
    }
}

#[test]
fn the_question_is_the_visitors_request_with_the_listed_headers_and_no_body() {
    let gate = Site::start("gate");
    let ports = Ports::free();
    let place = Place::new(&with_public_url(ports.https, ""));
    let own = place.gate_address();
    let port = own.rsplit(':').next().expect("a port").to_owned();
    let stack = TestStack::changed(place, ProxyKind::Envoy, ports, "app.example.test", |text| {
        let (old, new) = (format!("port_value: {port}}}"), gate.address.port());
        assert_eq!(text.matches(&old).count(), 1, "{text}");
        text.replace(&old, &format!("port_value: {new}}}"))
    });
    let ask = Ask::form("/post?q=1&r=%2F", &[("n", "1")])
        .header("Host", stack.host("app"))
        .by_page_load()
        .header("Authorization", "Bearer pcp_x")
        .header("X-Portcullis-Pass", "pcp_y")
        .header("Accept-Language", "de")
        .header("Access-Control-Request-Method", "PUT")
        .header("Sec-Purpose", "prefetch")
        .header("X-Requested-With", "XMLHttpRequest")
        .header("Origin", "https://app.example.test")
        .header("Referer", "https://app.example.test/secret")
        .cookie("a", "b");
    assert_eq!(ask.send(stack.http()).status, 200);
    let (asked, served) = (gate.seen(), stack.app.seen());
    let ([asked], [served]) = (&asked[..], &served[..]) else { panic!("{asked:?} {served:?}") };
    assert_eq!(asked["method"], "POST");
    assert_eq!(asked["target"], "/verify/envoy/post?q=1&r=%2F");
    assert_eq!((&asked["body_length"], &served["body_length"]), (&0.into(), &3.into()));
    for (name, value) in [
        ("host", stack.host("app").as_str()),
        ("content-length", "0"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("authorization", "Bearer pcp_x"),
        ("x-portcullis-pass", "pcp_y"),
        ("accept-language", "de"),
        ("access-control-request-method", "PUT"),
        ("sec-purpose", "prefetch"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("x-requested-with", "XMLHttpRequest"),
        ("origin", "https://app.example.test"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", "a=b"),
    ] {
        assert_eq!(values(asked, name), [value], "{name}: {asked}");
    }
    assert_eq!(values(asked, "referer").len(), 0, "{asked}");
    // A pass is for the gate alone; what an application may own stays.
    assert_eq!(values(served, "x-portcullis-pass").len(), 0, "{served}");
    assert_eq!(values(served, "authorization"), ["Bearer pcp_x"], "{served}");
}

#[test]
fn on_https_the_scheme_is_https_and_http_2_and_its_cookie_crumbs_are_understood() {
    let (stack, token) = stack("");
    let visitor = Curl::new(stack.ports);
    let cookie = format!("auth_token={token}");
    let words = ["--http2", "--header", "Cookie: a=b", "--header"];
    let cookie = format!("Cookie: {cookie}");
    let inside = visitor.load(&stack.url("app", "/who"), &[&words[..], &[&cookie]].concat());
    assert_eq!(inside.status, 200, "{inside:?}");
    let seen = stack.app.seen();
    assert_eq!(values(&seen[0], "x-forwarded-proto"), ["https"], "{seen:?}");
    assert_eq!(values(&seen[0], "remote-user"), ["owner"], "{seen:?}");
    let stranger = visitor.load(&stack.url("app", "/x?a=1"), &["--http2"]);
    let next = format!("next=https%3A%2F%2Fapp.example.test%3A{}%2Fx%3Fa%3D1", stack.ports.https);
    assert!(stranger.location.ends_with(&next), "{stranger:?}");
}

/// Envoy joins them by commas for the question: browsers send one line.
#[test]
fn several_cookie_lines_are_no_session() {
    let (stack, token) = stack("");
    let ask = stack.page_load("/who").header("Cookie", "a=b");
    let one = ask.clone().set("Cookie", format!("a=b; auth_token={token}"));
    assert_eq!(one.send(stack.http()).status, 200);
    let several = ask.header("Cookie", format!("auth_token={token}")).header("Cookie", "c=d");
    assert_eq!(several.send(stack.http()).status, 302);
}

/// What it refuses by itself never reaches gate or site.
#[test]
fn what_envoy_refuses_by_itself_reaches_nobody() {
    let (stack, token) = stack("");
    let host = stack.host("app");
    let request = |start: &str, host: &str| {
        format!("{start}\r\nHost: {host}\r\nCookie: auth_token={token}\r\n\r\n").into_bytes()
    };
    for (start, status) in [
        ("GET /%00 HTTP/1.1", 400),
        ("GET /\u{f6} HTTP/1.1", 400),
        ("GET /a#b HTTP/1.1", 400),
        ("FOO / HTTP/1.1", 400),
        ("GET / HTTP/1.0", 426),
        ("OPTIONS * HTTP/1.1", 404),
    ] {
        let answer = answer_to(&stack, &request(start, &host));
        assert_eq!(answer.status, status, "{start}: {answer:?}");
    }
    let dotted = host.replace(".test:", ".test.:");
    let answer = answer_to(&stack, &request("GET / HTTP/1.1", &dotted));
    assert_eq!(answer.status, 404, "{dotted}: {answer:?}");
    let large = stack.page_load("/").header("X-Large", "x".repeat(70_000));
    assert_eq!(large.cookie("auth_token", &token).send(stack.http()).status, 431);
    assert_eq!(stack.app.seen().len(), 0, "{:?}", stack.app.seen());
}

#[test]
fn a_gate_that_is_down_is_503_at_once_and_the_site_is_not_reached() {
    let (mut stack, token) = stack("[[rule]]\npaths = [\"/share/*\"]\naccess = \"open\"\n");
    let ask = |target: &str| stack.page_load(target).cookie("auth_token", &token);
    let asks = [ask("/"), ask("/share/x")];
    stack.gate.kill();
    for ask in &asks {
        let answer = ask.send(stack.http());
        assert_eq!((answer.status, answer.body.len()), (503, 0), "{answer:?}");
    }
    assert_eq!(stack.app.seen().len(), 0);
    stack.gate.start_again();
    assert_eq!(asks[0].send(stack.http()).status, 200);
}

#[test]
fn a_gate_on_a_unix_socket_is_asked_below_a_prefix() {
    let ports = Ports::free();
    let settings = format!(
        "path_prefix = \"/.portcullis\"\npublic_url = \"https://app.example.test:{}\"\n",
        ports.https
    );
    let dir = Scratch::new("envoy-socket");
    let socket = format!("unix:{}", dir.path().join("http.sock").display());
    let text = printed(&dir, &format!("listen = [\"{socket}\"]\n{settings}"));
    assert!(text.contains("pipe: {path: "), "{text}");
    let place = Place::new(&settings);
    let listen = format!("{},{socket}", place.gate_address());
    let place = place.with_environment("PORTCULLIS_LISTEN", &listen);
    let edit = |_| text.clone();
    let stack = TestStack::changed(place, ProxyKind::Envoy, ports, "app.example.test", edit);
    let login = format!("https://app.example.test:{}/.portcullis/login?next=", ports.https);
    for target in ["/x?a=1", "/login", "/.portcullisx"] {
        let answer = stack.page_load(target).send(stack.http());
        assert!(answer.header("location").is_some_and(|to| to.starts_with(&login)), "{answer:?}");
    }
    let page = stack.page_load("/.portcullis/login").send(stack.http());
    assert!(page.status == 200 && page.text().contains("name=\"otp\""), "{page:?}");
}

/// Where the other proxy speaks from. All of 127.0.0.0/8 is this machine.
const OUTER: &str = "127.0.0.2";

/// What docs/envoy.md has the reader write into the settings.
fn trust_of_the_other() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/envoy.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("## Behind another proxy\n").expect("the recipe");
    let (_, lines) = section.split_once("```toml\n").expect("the settings");
    let (lines, _) = lines.split_once("```").expect("their end");
    // Here both proxies are on loopback, which as a whole would hold the outer one as well.
    lines.replace("192.0.2.10", OUTER).replace("\"loopback\"", "\"127.0.0.1\"")
}

/// The two changes that the page names: the line that removes the chain is gone, and the address
/// that connects is appended to it.
fn with_the_chain(text: &str) -> String {
    let removal = text.lines().find(|line| line.contains("\"x.forwarded.for\"")).expect("a line");
    let (before, after) = text.split_once("key: x-forwarded-for").expect("the address");
    assert!(after.contains("OVERWRITE_IF_EXISTS_OR_ADD"), "{text}");
    let after = after.replacen("OVERWRITE_IF_EXISTS_OR_ADD", "APPEND_IF_EXISTS_OR_ADD", 1);
    format!("{before}key: x-forwarded-for{after}").replace(&format!("{removal}\n"), "")
}

#[test]
fn behind_another_proxy_every_visitor_has_a_counter_of_his_own() {
    let stack = TestStack::behind_changed(ProxyKind::Envoy, &trust_of_the_other(), |text| {
        with_the_chain(&text)
    });
    let owner = stack.gate.place.add_user("owner");
    let login = stack.url("auth", "/login");
    let wrong = format!("otp={}", owner.wrong_code());
    let post = |from: &str, claimed: &str| {
        let claimed = format!("X-Forwarded-For: {claimed}");
        let words = ["--data", &wrong, "--header", &claimed];
        Curl::from(stack.ports, from).load(&login, &words).status
    };
    for last in 1..=6 {
        assert_eq!(post(OUTER, &format!("6.6.6.6, 198.51.100.{last}")), 401, "{last}");
    }
    // And who is not that proxy is not believed.
    assert_eq!(post("127.0.0.3", "198.51.100.77"), 401);
    let mut wanted: Vec<_> = (1..=6).map(|last| format!("198.51.100.{last}")).collect();
    wanted.insert(0, "127.0.0.3".to_owned());
    assert_eq!(stack.counted_addresses(), wanted);
}
