//! What concerns HAProxy alone: which names are sites, whole addresses in request lines, large
//! heads, Cloudflare in front, a Unix socket, and what the gate alone is told.

use std::os::unix::fs::FileTypeExt as _;

use crate::support::caddy::Ports;
use crate::support::curl::Curl;
use crate::support::daemon::{Done, Place};
use crate::support::haproxy::{TO_HTTPS, in_folder, printed, program};
use crate::support::http::Ask;
use crate::support::scratch::Scratch;
use crate::support::site::{Site, values};
use crate::support::test_stack::{ProxyKind, TestStack, with_public_url};

fn behind(settings: &str) -> TestStack {
    TestStack::behind(ProxyKind::Haproxy, settings)
}

/// Everything behind a HAProxy that asks this site, which lets everybody pass.
fn asking(gate: &Site) -> TestStack {
    let ports = Ports::free();
    let place = Place::new(&with_public_url(ports.https, ""));
    let own = place.gate_address();
    TestStack::changed(place, ProxyKind::Haproxy, ports, "app.example.test", |text| {
        text.replace(&own, &gate.address.to_string())
    })
}

/// `req.hdr(host)` would take each of two names between commas.
#[test]
fn the_gate_is_not_asked_about_a_name_that_is_no_site() {
    let gate = Site::start("gate");
    let stack = asking(&gate);
    let (app, other) = (stack.host("app"), stack.host("other"));
    for name in [
        "unknown.example.test",
        "app.example.test.evil.example",
        "xapp.example.test",
        "127.0.0.1",
        "",
        &format!("{app},{other}"),
        &format!("{app}, {other}"),
        &format!("evil.example@{app}"),
        &format!("{app}/{other}"),
    ] {
        let answer = Ask::get("/").header("Host", name).by_page_load().send(stack.http());
        assert!([400, 404].contains(&answer.status), "{name}: {answer:?}");
    }
    let twice = Ask::get("/").header("Host", &app).header("Host", &other).send(stack.http());
    assert_eq!(twice.status, 400, "{twice:?}");
    assert_eq!([gate.seen().len(), stack.app.seen().len(), stack.other.seen().len()], [0; 3]);
    for name in [app.to_uppercase(), "app.example.test".to_owned(), format!("{app}0")] {
        let answer = Ask::get("/").header("Host", &name).by_page_load().send(stack.http());
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
    assert_eq!([gate.seen().len(), stack.app.seen().len(), stack.other.seen().len()], [3, 3, 0]);
}

/// What the site reads of a whole address may be another path than what HAProxy does.
#[test]
fn of_a_whole_address_gate_and_site_are_told_path_and_query_alone() {
    let gate = Site::start("gate");
    let stack = asking(&gate);
    let host = stack.host("app");
    for (target, path) in [
        ("/x?a=1", "/x?a=1"),
        ("/a/../%2e%2e//b", "/a/../%2e%2e//b"),
        ("?x=/private", ""),
        ("", ""),
    ] {
        let ask = Ask::get(&format!("http://{host}{target}")).header("Host", &host);
        let (before, answer) = (stack.app.seen().len(), ask.by_page_load().send(stack.http()));
        let served = stack.app.seen().split_off(before);
        if path.is_empty() && answer.status == 400 {
            assert_eq!(served.len(), 0, "{target}: {answer:?}");
            continue;
        }
        // HAProxy 3.0 reads the path / in an address without one.
        let path = if path.is_empty() { "/" } else { path };
        assert_eq!((answer.status, served.len()), (200, 1), "{target}: {answer:?}");
        assert_eq!(served[0]["target"], path);
        let asked = gate.seen();
        let asked = asked.last().expect("a question");
        assert_eq!(values(asked, "x-forwarded-uri"), [path], "{asked}");
    }
}

#[test]
fn a_request_that_is_no_path_or_too_large_reaches_neither_gate_nor_site() {
    let gate = Site::start("gate");
    let stack = asking(&gate);
    let page = stack.page_load("/");
    let many = (0..110).fold(page.clone(), |ask, n| ask.header(&format!("X-{n}"), "x"));
    for (what, ask) in [
        ("a large head", page.header("X-Large", "x".repeat(20_000))),
        ("many lines", many),
        ("*", Ask::new("OPTIONS", "*").header("Host", stack.host("app"))),
        ("a port", Ask::new("CONNECT", &stack.host("app")).header("Host", stack.host("app"))),
    ] {
        let answer = ask.send(stack.http());
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
    }
    assert_eq!([gate.seen().len(), stack.app.seen().len()], [0; 2]);
}

#[test]
fn the_gate_alone_is_told_of_a_pass_and_of_the_original_request() {
    let gate = Site::start("gate");
    let stack = asking(&gate);
    let ask = stack.page_load("/x").header("X-Portcullis-Pass", "pcp_secret");
    let ask = ask.header("X_Portcullis_Pass", "pcp_other").header("X.Portcullis.Pass", "pcp_other");
    assert_eq!(ask.send(stack.http()).status, 200);
    let (asked, served) = (gate.seen(), stack.app.seen());
    let ([asked], [served]) = (&asked[..], &served[..]) else { panic!("{asked:?} {served:?}") };
    assert_eq!(values(asked, "x-portcullis-pass"), ["pcp_secret"], "{asked}");
    assert_eq!(values(asked, "x-forwarded-uri"), ["/x"], "{asked}");
    assert!(!asked.to_string().contains("pcp_other"), "{asked}");
    assert!(!served.to_string().contains("pcp_"), "{served}");
    for name in ["x-forwarded-uri", "x-forwarded-method"] {
        assert_eq!(values(served, name), [""; 0], "{served}");
    }
}

/// A further proxy before the site would take away what the visitor's line names.
#[test]
fn a_visitors_connection_line_goes_no_further() {
    let stack = behind("");
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let named = "keep-alive, Remote-User, Remote-Groups, X-Forwarded-Host";
    let ask = stack.page_load("/who").cookie("auth_token", &token).header("Connection", named);
    let request = ask.send(stack.http()).json();
    assert_eq!(values(&request, "remote-user"), ["owner"], "{request}");
    let line = values(&request, "connection").concat().to_ascii_lowercase();
    assert!(!line.contains("remote") && !line.contains("forwarded"), "{request}");
}

const BEHIND_CLOUDFLARE: &str = "[proxy]\nclient_ip_header = \"CF-Connecting-IP\"\n\
                                 cloudflare_ranges = [\"127.0.0.2/32\"]\n";

#[test]
fn the_visitors_address_is_taken_from_cloudflare_and_from_nobody_else() {
    let stack = behind(BEHIND_CLOUDFLARE);
    let person = stack.gate.place.add_user("owner");
    let token = stack.gate.log_in(&person);
    let cookie = format!("Cookie: auth_token={token}");
    let url = format!("http://{}/who", stack.host("app"));
    let told = |from: &str, headers: &[&str]| {
        let headers = headers.iter().copied().chain([cookie.as_str()]);
        let words: Vec<_> = headers.flat_map(|header| ["--header", header]).collect();
        let page = Curl::from(stack.ports, from).load(&url, &words);
        let request: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        assert_eq!(values(&request, "cf-connecting-ip"), [""; 0], "{request}");
        ["x-forwarded-for", "x-real-ip"].map(|name| values(&request, name).concat())
    };
    let visitor = "CF-Connecting-IP: 198.51.100.7";
    let forged = "X-Forwarded-For: 6.6.6.6";
    assert_eq!(told("127.0.0.2", &[visitor, forged]), ["198.51.100.7"; 2]);
    assert_eq!(told("127.0.0.2", &["CF-Connecting-IP: 2001:db8::7"]), ["2001:db8::7"; 2]);
    assert_eq!(told("127.0.0.1", &[visitor, forged]), ["127.0.0.1"; 2]);
    for no_address in ["198.51.100.7, 6.6.6.6", "nobody", "300.1.1.1"] {
        let header = format!("CF-Connecting-IP: {no_address}");
        assert_eq!(told("127.0.0.2", &[&header]), ["127.0.0.2"; 2], "{no_address}");
    }
    let wrong = format!("otp={}", person.wrong_code());
    let words = ["--data", &wrong, "--header", visitor];
    let login = stack.url("auth", "/login");
    assert_eq!(Curl::from(stack.ports, "127.0.0.2").load(&login, &words).status, 401);
    let limits = stack.gate.place.json(&["limit", "list"]).to_string();
    assert!(limits.contains("\"198.51.100.7\"") && !limits.contains("127.0.0"), "{limits}");
}

/// What docs/chained-proxies.md has the reader change, with the outer proxy at 127.0.0.2.
fn behind_another_proxy(text: &str) -> String {
    let page = include_str!("../../docs/chained-proxies.md");
    let (_, section) = page.split_once("## HAProxy inside\n").expect("the recipe");
    let lines = section.split_once("```haproxy\n").and_then(|(_, rest)| rest.split_once("```"));
    let lines = lines.expect("its lines").0.replace("192.0.2.10", "127.0.0.2");
    let mut replaced = section.split('`').filter(|quoted| quoted.starts_with("%["));
    let (old, new) = (replaced.next().expect("what"), replaced.next().expect("by what"));
    let at = text.find("    http-request ").expect("the first line");
    let (before, after) = text.split_at(at);
    assert!(after.contains(old), "{old} in\n{text}");
    format!("{before}{lines}{}", after.replace(old, new))
}

#[test]
fn behind_another_proxy_its_word_counts_and_no_visitors() {
    let edit = |text: String| behind_another_proxy(&text);
    let stack = TestStack::behind_changed(ProxyKind::Haproxy, "", edit);
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let cookie = format!("Cookie: auth_token={token}");
    let url = format!("http://{}/real?x=1", stack.host("app"));
    let forwarded = [
        "X-Forwarded-For: 6.6.6.6, 198.51.100.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Uri: /share/open",
        "X-Forwarded-Method: OPTIONS",
        "X-Original-URL: https://app.example.test/share/open",
        "Access-Control-Request-Method: GET",
    ];
    for (from, address, scheme) in
        [("127.0.0.2", "198.51.100.7", "https"), ("127.0.0.3", "127.0.0.3", "http")]
    {
        let visitor = Curl::from(stack.ports, from);
        let words: Vec<_> = forwarded.iter().flat_map(|header| ["--header", header]).collect();
        let stranger = visitor.load(&url, &[&words[..], &["--data", "n=1"]].concat());
        let host = stack.host("app").replace(':', "%3A");
        let next = format!("next={scheme}%3A%2F%2F{host}%2Freal%3Fx%3D1");
        assert_eq!(stranger.status, 303, "{from}: {stranger:?}");
        assert!(stranger.location.ends_with(&next), "{from}: {stranger:?}");

        let inside = visitor.load(&url, &[&words[..], &["--header", &cookie]].concat());
        let request: serde_json::Value = serde_json::from_str(&inside.body).expect("JSON");
        let told = ["x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host"]
            .map(|name| values(&request, name).concat());
        assert_eq!(told, [address, address, scheme, &stack.host("app")], "{from}: {request}");
    }
}

#[test]
fn a_gate_behind_a_unix_socket_is_asked_there() {
    let ports = Ports::free();
    let place = Place::new(&with_public_url(ports.https, ""));
    let socket = place.state().with_file_name("http.sock");
    // The first is printed, and the daemon is waited for there.
    let tcp = place.gate_address();
    let listen = format!("{tcp},unix:{}", socket.display());
    let place = place.with_environment("PORTCULLIS_LISTEN", &listen);
    let stack = TestStack::changed(place, ProxyKind::Haproxy, ports, "app.example.test", |text| {
        assert_eq!(text.matches(&tcp).count(), 2, "{text}");
        text.replace(&tcp, &format!("unix@{}", socket.display()))
    });
    assert!(socket.metadata().is_ok_and(|file| file.file_type().is_socket()));
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let stranger = stack.page_load("/x").send(stack.http());
    assert_eq!(stranger.status, 302, "{stranger:?}");
    let page = Curl::new(stack.ports).load(&stack.url("auth", "/login"), &[]);
    assert!(page.status == 200 && page.body.contains("name=\"otp\""), "{page:?}");
    let inside = stack.page_load("/x").cookie("auth_token", &token).send(stack.http());
    assert_eq!(values(&inside.json(), "remote-user"), ["owner"]);
}

/// In the tests visitors come by http as well, so the line is left out unless it looks different.
#[test]
fn who_comes_by_http_is_led_to_https() {
    let ports = Ports::free();
    let place = Place::new("[session]\ncookie_domain = \"example.test\"\n");
    let stack = TestStack::changed(place, ProxyKind::Haproxy, ports, "app.example.test", |text| {
        assert!(text.contains(TO_HTTPS) && text.contains("\n    bind :80\n"), "{text}");
        text.replace(TO_HTTPS, &TO_HTTPS.replace("http-request ", "http-request  "))
    });
    let answer = Ask::get("/x?a=1").header("Host", "app.example.test").send(stack.http());
    assert_eq!(answer.status, 308, "{answer:?}");
    assert_eq!(answer.header("location"), Some("https://app.example.test/x?a=1"));
    let encrypted = Curl::new(stack.ports).load("https://app.example.test/x?a=1", &[]);
    assert_eq!(encrypted.status, 302, "{encrypted:?}");
    assert_eq!(encrypted.location, "https://app.example.test/login?next=%2Fx%3Fa%3D1");
    assert_eq!(stack.app.seen().len(), 0);
}

#[test]
fn the_printed_configuration_is_what_haproxy_itself_calls_valid() {
    for settings in [with_public_url(8443, ""), with_public_url(443, BEHIND_CLOUDFLARE)] {
        let place = Place::new(&settings);
        let dir = Scratch::new("haproxy");
        let text = in_folder(&dir, &printed(&place, &[]), &printed(&place, &["--lua"]));
        let file = dir.write("haproxy.cfg", &text);
        let checked =
            Done::from(program().arg("-c").arg("-f").arg(file).output().expect("it runs"));
        assert_eq!(checked.status, 0, "{checked:?}");
        assert!(!checked.err.contains("WARNING"), "{checked:?}");
    }
}
