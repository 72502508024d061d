//! `/verify…` and the other addresses: which client is refused how.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Answer, Ask, Connection, percent_encode};
use crate::support::wait::PATIENCE;

const X_FORWARDED: [&str; 4] = ["/verify", "/verify/caddy", "/verify/traefik", "/verify/haproxy"];

fn gate() -> Daemon {
    Daemon::with(ONE_DOMAIN)
}

fn is_json_refusal(answer: &Answer) -> bool {
    answer.status == 401
        && answer.json()["error"] == "login_required"
        && answer.json()["login_url"]
            .as_str()
            .is_some_and(|l| l.starts_with("https://auth.example.test/login"))
        && answer.header("www-authenticate") == Some("Bearer realm=\"portcullis\"")
        && answer.header("cache-control") == Some("no-store")
        && answer.header("location").is_none()
}

#[test]
fn a_page_load_is_redirected_to_the_login_with_its_whole_address() {
    let gate = gate();
    let asked = "https://app.example.test/a/b?x=1&y=%26&u=%C3%A4&v=a+b&w=https://e.vil/?q";
    for path in X_FORWARDED {
        let answer = Ask::verify(path, asked).by_page_load().send(gate.address);
        assert_eq!(answer.status, 302, "{path}: {answer:?}");
        let wanted = format!("https://auth.example.test/login?next={}", percent_encode(asked));
        assert_eq!(answer.header("location"), Some(wanted.as_str()), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.all("set-cookie").count(), 0, "{path}");
        assert_eq!((answer.header("server"), answer.header("remote-user")), (None, None), "{path}");
    }
}

#[test]
fn the_method_the_visitor_used_decides_between_302_and_303() {
    let gate = gate();
    for path in X_FORWARDED {
        for (method, status) in [
            ("GET", 302),
            ("HEAD", 302),
            ("POST", 303),
            ("PUT", 303),
            ("DELETE", 303),
            ("PATCH", 303),
        ] {
            let ask =
                Ask::verify(path, "https://app.example.test/").set("X-Forwarded-Method", method);
            assert_eq!(ask.by_page_load().send(gate.address).status, status, "{path} {method}");
        }
        let ask = Ask::verify(path, "https://app.example.test/")
            .without("X-Forwarded-Method")
            .by_page_load();
        assert_eq!(ask.send(gate.address).status, 302, "{path}: the method defaults to GET");
    }
}

#[test]
fn scripts_sockets_and_programs_are_told_401_in_json() {
    let gate = gate();
    for path in X_FORWARDED {
        for (name, value) in [
            ("Upgrade", "websocket"),
            ("Upgrade", "WebSocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Mode", "no-cors"),
            ("Sec-Fetch-Mode", "same-origin"),
            ("Sec-Fetch-Mode", "websocket"),
            ("X-Requested-With", "XMLHttpRequest"),
            ("Accept", "application/json"),
            ("Accept", "text/event-stream"),
            ("Accept", "image/avif,image/webp"),
        ] {
            let answer = Ask::verify(path, "https://app.example.test/x")
                .header(name, value)
                .send(gate.address);
            assert!(is_json_refusal(&answer), "{path} {name}: {value}: {answer:?}");
        }
        // The mode decides before Accept does.
        let prefetch =
            Ask::verify(path, "https://app.example.test/x").header("Accept", "text/html");
        let answer = prefetch.header("Sec-Fetch-Mode", "no-cors").send(gate.address);
        assert!(is_json_refusal(&answer), "{path}: {answer:?}");
    }
}

#[test]
fn a_client_that_takes_anything_is_redirected() {
    let gate = gate();
    for path in X_FORWARDED {
        let plain = Ask::verify(path, "https://app.example.test/x");
        assert_eq!(plain.send(gate.address).status, 302, "{path}: no Accept at all");
        for accept in [
            "*/*",
            "text/html",
            "application/json, text/html;q=0.5",
            "application/json, */*;q=0.1",
            "TEXT/HTML",
        ] {
            assert_eq!(
                plain.clone().header("Accept", accept).send(gate.address).status,
                302,
                "{path} {accept}"
            );
        }
        let navigation =
            plain.header("Sec-Fetch-Mode", "navigate").header("Accept", "text/html,*/*;q=0.8");
        assert_eq!(navigation.send(gate.address).status, 302, "{path}");
    }
}

#[test]
fn a_preflight_is_no_way_in() {
    let gate = gate();
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/api")
        .set("X-Forwarded-Method", "OPTIONS")
        .header("Access-Control-Request-Method", "POST")
        .header("Origin", "https://app.example.test");
    let answer = ask.send(gate.address);
    assert!((300..500).contains(&answer.status), "{answer:?}");
}

#[test]
fn nginx_is_answered_by_204_401_and_403_alone() {
    let gate = gate();
    let url = "https://app.example.test:443/a?x=1&y=%26";
    let page = Ask::verify_nginx("/verify/nginx", url).by_page_load().send(gate.address);
    assert_eq!(
        (page.status, page.body.len(), page.header("content-length")),
        (401, 0, Some("0")),
        "{page:?}"
    );
    let wanted = format!(
        "https://auth.example.test/login?next={}",
        percent_encode("https://app.example.test/a?x=1&y=%26")
    );
    assert_eq!(page.header("location"), Some(wanted.as_str()), "the default port is dropped");

    let post = Ask::verify_nginx("/verify/nginx", url)
        .set("X-Original-Method", "POST")
        .by_page_load()
        .send(gate.address);
    assert_eq!((post.status, post.header("location").is_some()), (401, true), "{post:?}");

    for (name, value) in
        [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors"), ("Upgrade", "websocket")]
    {
        let script = Ask::verify_nginx("/verify/nginx", url).header(name, value).send(gate.address);
        assert_eq!(
            (script.status, script.body.len(), script.header("location")),
            (401, 0, None),
            "{name}: {script:?}"
        );
        assert_eq!(
            script.header("www-authenticate"),
            Some("Bearer realm=\"portcullis\""),
            "{name}"
        );
    }
    for url in ["https://app.example.test/a, https://b.test/", "gopher://x y/", "https://"] {
        let answer = Ask::verify_nginx("/verify/nginx", url).send(gate.address);
        assert!(matches!(answer.status, 401 | 403), "{url}: {answer:?}");
        assert_eq!(answer.body.len(), 0, "{url}");
    }
    let twice = Ask::verify_nginx("/verify/nginx", url)
        .header("X-Original-URL", "https://other.example.test/");
    assert_eq!(twice.send(gate.address).status, 403, "contradictory headers");
}

#[test]
fn nginx_s_second_question_brings_the_answer_that_the_visitor_sees() {
    let gate = gate();
    let url = "https://app.example.test/a?x=1";
    let refusal = "/verify/nginx/refusal";
    let page = Ask::verify_nginx(refusal, url).by_page_load().send(gate.address);
    assert_eq!((page.status, page.next().as_deref()), (302, Some(url)), "{page:?}");
    let post = Ask::verify_nginx(refusal, url)
        .set("X-Original-Method", "POST")
        .by_page_load()
        .send(gate.address);
    assert_eq!(post.status, 303, "{post:?}");
    let script =
        Ask::verify_nginx(refusal, url).header("Accept", "application/json").send(gate.address);
    assert!(is_json_refusal(&script), "{script:?}");

    let token = gate.log_in(&gate.place.add_user("owner"));
    let passed = Ask::verify_nginx(refusal, url)
        .by_page_load()
        .cookie("auth_token", &token)
        .send(gate.address);
    assert_eq!(
        (passed.status, passed.header("location")),
        (302, Some(url)),
        "never 2xx: {passed:?}"
    );
}

#[test]
fn one_family_of_headers_is_read_and_the_other_is_not() {
    let gate = gate();
    let foreign = [
        ("X-Original-URL", "https://other.example.test/b"),
        ("X-Original-URI", "/b"),
        ("X-Original-Method", "POST"),
    ];
    for path in ["/verify/caddy", "/verify/traefik", "/verify/haproxy"] {
        let mut ask = Ask::verify(path, "https://app.example.test/a").by_page_load();
        for (name, value) in foreign {
            ask = ask.header(name, value);
        }
        let answer = ask.send(gate.address);
        assert_eq!(
            (answer.status, answer.next().as_deref()),
            (302, Some("https://app.example.test/a")),
            "{path}"
        );
    }
    let ask = Ask::verify("/verify/nginx", "https://other.example.test/b")
        .header("X-Original-URL", "https://app.example.test/a")
        .by_page_load();
    assert_eq!(ask.send(gate.address).next().as_deref(), Some("https://app.example.test/a"));

    let both = Ask::verify("/verify", "https://app.example.test/a")
        .header("X-Original-URL", "https://other.example.test/b");
    assert_eq!(both.by_page_load().send(gate.address).status, 400, "where they disagree");
    let both = Ask::verify("/verify", "https://app.example.test/a")
        .header("X-Original-URL", "https://app.example.test/a");
    assert_eq!(both.by_page_load().send(gate.address).status, 302, "where they agree");
}

#[test]
fn a_port_is_taken_from_the_host_and_under_caddy_from_nowhere_else() {
    let gate = gate();
    let next = |path: &str, host: &str, port: &str| {
        let ask = Ask::verify(path, "https://app.example.test/").set("X-Forwarded-Host", host);
        ask.header("X-Forwarded-Port", port).by_page_load().send(gate.address).next()
    };
    assert_eq!(
        next("/verify/traefik", "app.example.test", "8443").as_deref(),
        Some("https://app.example.test:8443/")
    );
    assert_eq!(
        next("/verify/traefik", "app.example.test", "443").as_deref(),
        Some("https://app.example.test/")
    );
    assert_eq!(
        next("/verify/traefik", "app.example.test", "80").as_deref(),
        Some("https://app.example.test/")
    );
    assert_eq!(
        next("/verify/traefik", "app.example.test:9000", "8443").as_deref(),
        Some("https://app.example.test:9000/")
    );
    assert_eq!(
        next("/verify/caddy", "app.example.test", "8443").as_deref(),
        Some("https://app.example.test/")
    );
    assert_eq!(
        next("/verify/caddy", "app.example.test:443", "1").as_deref(),
        Some("https://app.example.test/")
    );
}

#[test]
fn websocket_schemes_count_as_the_web_s() {
    let gate = gate();
    let ask = Ask::verify("/verify/traefik", "https://app.example.test/ws")
        .set("X-Forwarded-Proto", "wss")
        .by_page_load();
    assert_eq!(ask.send(gate.address).next().as_deref(), Some("https://app.example.test/ws"));
}

#[test]
fn a_needed_header_that_is_missing_doubled_or_hostile_never_passes_and_is_named() {
    let gate = gate();
    let token = gate.log_in(&gate.place.add_user("owner"));
    for path in X_FORWARDED {
        for missing in ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"] {
            let ask =
                Ask::verify(path, "https://app.example.test/a").without(missing).by_page_load();
            let answer = ask.clone().send(gate.address);
            assert!(matches!(answer.status, 400 | 401), "{path} without {missing}: {answer:?}");
            assert!(answer.text().contains(missing), "{path} without {missing}: {}", answer.text());
            assert_eq!(answer.header("location"), None, "no redirect is made from Host");
            let answer = ask.cookie("auth_token", &token).send(gate.address);
            assert!(
                matches!(answer.status, 400 | 401),
                "{path} without {missing}, with a session: {answer:?}"
            );
        }
        for (name, value) in [
            ("X-Forwarded-Host", "app.example.test, evil.example"),
            ("X-Forwarded-Host", "a@b"),
            ("X-Forwarded-Host", "a b"),
            ("X-Forwarded-Host", "evil.example/"),
            ("X-Forwarded-Host", ""),
            ("X-Forwarded-Uri", ""),
            ("X-Forwarded-Uri", "no-slash"),
            ("X-Forwarded-Uri", "//evil.example/ x"),
            ("X-Forwarded-Proto", "https, http"),
        ] {
            let ask =
                Ask::verify(path, "https://app.example.test/a").set(name, value).by_page_load();
            let answer = ask.cookie("auth_token", &token).send(gate.address);
            assert_ne!(answer.status, 204, "{path} {name}: {value:?}");
        }
        for name in
            ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri", "X-Forwarded-Method"]
        {
            let ask = Ask::verify(path, "https://app.example.test/a")
                .header(name, "/other")
                .by_page_load();
            let answer = ask.cookie("auth_token", &token).send(gate.address);
            assert_ne!(answer.status, 204, "{path}: {name} twice");
        }
    }
}

#[test]
fn a_first_try_without_any_proxy_is_answered_too() {
    let gate = gate();
    let stranger = Ask::get("/verify").header("Accept", "*/*").send(gate.address);
    assert_eq!(stranger.status, 302, "{stranger:?}");
    assert_eq!(stranger.next().as_deref(), Some("/"), "{stranger:?}");
    let token = gate.log_in(&gate.place.add_user("owner"));
    assert_eq!(Ask::get("/verify").cookie("auth_token", &token).send(gate.address).status, 204);
}

#[test]
fn from_a_peer_that_is_not_trusted_every_forwarding_header_is_worth_nothing() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[proxy]\ntrust = \"192.0.2.1\"\n"));
    let answer =
        Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load().send(gate.address);
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.text().contains("proxy.trust"), "{}", answer.text());
}

#[test]
fn with_a_proxy_required_strangers_at_the_port_get_403_but_health() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[proxy]\nrequired = true\n"));
    for path in ["/login", "/verify", "/logout", "/"] {
        assert_eq!(Ask::get(path).send(gate.address).status, 403, "{path}");
    }
    let asked = Ask::get("/verify/nginx").send(gate.address);
    assert_eq!(
        (asked.status, asked.body.len()),
        (403, 0),
        "nginx drops a body and the connection with it"
    );
    let asked = Ask::get("/verify").header("Accept", "application/json").send(gate.address);
    assert_eq!((asked.status, &asked.json()["error"]), (403, &"proxy_required".into()));
    assert_eq!(Ask::get("/health").send(gate.address).status, 200);
    let asked =
        Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load().send(gate.address);
    assert_eq!(asked.status, 302, "{asked:?}");
}

#[test]
fn any_method_may_ask_and_no_body_is_waited_for() {
    let gate = gate();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
        let mut ask =
            Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load().bytes();
        ask.splice(..3, method.bytes());
        let mut connection = Connection::open(gate.address);
        connection.send(&ask);
        assert_eq!(
            connection.try_answer(method == "HEAD").expect("an answer").status,
            302,
            "{method}"
        );
    }
    for announced in ["Content-Length: 3", "Transfer-Encoding: chunked"] {
        let (name, value) = announced.split_once(": ").expect("a header line");
        let ask = Ask::verify("/verify/caddy", "https://app.example.test/")
            .by_page_load()
            .header(name, value);
        let mut connection = Connection::open(gate.address);
        connection.send(&ask.bytes());
        let answer = connection.answer();
        assert_eq!(answer.status, 302, "{announced}: answered without the body");
        assert_eq!(answer.header("connection"), Some("close"), "{announced}");
        assert!(connection.is_ended_within(PATIENCE), "{announced}: and then closed");
    }
    let expecting = Ask::verify("/verify/caddy", "https://app.example.test/")
        .by_page_load()
        .header("Expect", "100-continue");
    let mut connection = Connection::open(gate.address);
    connection.send(&expecting.bytes());
    assert_eq!(connection.head().expect("an answer").status, 302, "Expect is ignored");
}

#[test]
fn the_query_of_the_question_itself_is_not_read() {
    let gate = gate();
    let path = "/verify/caddy?next=https://evil.example/&rd=x&user=admin&auth_token=x";
    let answer = Ask::verify(path, "https://app.example.test/").by_page_load().send(gate.address);
    assert_eq!((answer.status, answer.next().as_deref()), (302, Some("https://app.example.test/")));
}

#[test]
fn raw_bytes_and_long_addresses_are_encoded_or_left_out() {
    let gate = gate();
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/")
        .set("X-Forwarded-Uri", b"/q?\xC3\xB6\xFF=#x\"<>");
    let answer = ask.by_page_load().send(gate.address);
    assert_eq!(answer.status, 302, "{answer:?}");
    assert_eq!(
        answer.next().as_deref(),
        Some("https://app.example.test/q?%C3%B6%FF=%23x%22%3C%3E")
    );

    let long = format!("https://app.example.test/{}", "a".repeat(9000));
    let answer = Ask::verify("/verify", &long).by_page_load().send(gate.address);
    assert_eq!(
        answer.header("location"),
        Some("https://auth.example.test/login"),
        "next is left out"
    );
}

#[test]
fn nothing_else_is_served_and_known_addresses_name_their_methods() {
    let gate = gate();
    for path in [
        "/metrics",
        "/debug",
        "/debug/pprof",
        "/command",
        "/admin/x",
        "/verify/",
        "/verifyx",
        "/login/../x",
        "/.env",
        "/index.html",
    ] {
        assert_eq!(Ask::get(path).send(gate.address).status, 404, "{path}");
    }
    for (method, path) in [
        ("PUT", "/login"),
        ("DELETE", "/logout"),
        ("POST", "/health"),
        ("POST", "/ready"),
        ("TRACE", "/login"),
    ] {
        let answer = Ask::new(method, path).send(gate.address);
        assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
        assert!(
            answer.header("allow").is_some_and(|allow| allow.contains("GET")),
            "{method} {path}: {answer:?}"
        );
    }
}

#[test]
fn head_is_answered_wherever_get_is() {
    let gate = gate();
    for path in ["/login", "/logout", "/setup", "/health", "/ready", "/"] {
        let get = Ask::get(path).send(gate.address);
        let mut connection = Connection::open(gate.address);
        connection.send(&Ask::new("HEAD", path).bytes());
        let head = connection.answer_to_head();
        assert_eq!(
            (head.status, head.header("content-length")),
            (get.status, get.header("content-length")),
            "{path}"
        );
        connection.send(&Ask::get("/health").bytes());
        assert_eq!(connection.answer().status, 200, "{path}: no body came after the HEAD");
    }
}

#[test]
fn health_and_readiness_are_told() {
    let gate = gate();
    assert_eq!(Ask::get("/health").send(gate.address).status, 200);
    let ready = Ask::get("/ready").send(gate.address);
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert!(ready.text().lines().count() >= 3, "one line a check: {}", ready.text());
}

#[test]
fn below_a_prefix_nothing_lies_outside_it() {
    let gate = Daemon::with(&format!("path_prefix = \"/.gate\"\n{ONE_DOMAIN}"));
    // The harness' own question after health lies below the prefix too.
    for path in ["/login", "/verify", "/verify/caddy", "/", "/.gatelogin", "/.gate/../login"] {
        assert_eq!(Ask::get(path).send(gate.address).status, 404, "{path}");
    }
    let answer = Ask::verify("/.gate/verify/caddy", "https://app.example.test/x")
        .by_page_load()
        .send(gate.address);
    assert!(
        answer
            .header("location")
            .is_some_and(|l| l.starts_with("https://auth.example.test/.gate/login?next=")),
        "{answer:?}"
    );
    let page = Ask::get("/.gate/login").send(gate.address);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("action=\"/.gate/login\""), "{}", page.text());
}

#[test]
fn with_no_public_address_the_login_is_on_the_protected_host_itself() {
    let gate = Daemon::with("");
    let answer = Ask::verify("/verify/caddy", "https://app.example.test:8443/a?b=1&c=2")
        .by_page_load()
        .send(gate.address);
    assert_eq!(answer.status, 302, "{answer:?}");
    let location = answer.header("location").unwrap_or_default();
    assert_eq!(location, "https://app.example.test:8443/login?next=%2Fa%3Fb%3D1%26c%3D2");
}

/// What a browser does that keeps the session cookie at the login page and does not send it to the
/// site.
#[test]
fn a_login_that_goes_round_ends_on_a_page() {
    let gate = Daemon::with(
        "public_url = \"https://auth.example.test\"\nredirect_hosts = [\"app.example.test\"]\n\
         [session]\ncookie_domain = \"auth.example.test\"\n",
    );
    let token = gate.log_in(&gate.place.add_user("owner"));
    let url = "https://app.example.test/x?a=1";
    let led = || {
        let login = format!("/login?next={}", percent_encode(url));
        let ask =
            Ask::get(&login).header("X-Forwarded-For", "198.51.100.1").cookie("auth_token", &token);
        assert_eq!(ask.send(gate.address).header("location"), Some(url));
    };
    let page = || Ask::verify("/verify/caddy", url).by_page_load();
    for _ in 0..2 {
        led();
        assert_eq!(page().send(gate.address).status, 302);
    }
    led();
    let nginx = Ask::verify_nginx("/verify/nginx", url).by_page_load().send(gate.address);
    assert_eq!((nginx.status, nginx.body.len()), (403, 0), "{nginx:?}");
    let shown = Ask::verify_nginx("/verify/nginx/refusal", url).by_page_load().send(gate.address);
    assert_eq!((shown.status, shown.header("location")), (400, None), "{shown:?}");
    assert!(shown.text().contains("session.cookie_domain"), "{}", shown.text());
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    // Others are not concerned, and neither is another page.
    assert_eq!(page().set("X-Forwarded-For", "198.51.100.2").send(gate.address).status, 302);
    assert_eq!(page().set("X-Forwarded-Uri", "/y").send(gate.address).status, 302);
    // Who is led round cannot fix it: the operator is told.
    let report = crate::support::doctor::Report::of(&gate.place);
    let told = report.saying("came back from the login without the session cookie again and again");
    assert!(told.found.contains("neither session.cookie_domain nor below it"), "{told:?}");
}

/// Whoever wired one proxy does not look for his line among those of three others.
#[test]
fn a_refusal_tells_the_lines_of_the_program_that_asks_alone() {
    let gate = gate();
    let programs = ["Caddy: ", "nginx: ", "Traefik: ", "HAProxy: "];
    let missing =
        |path: &str| Ask::verify(path, "https://app.example.test/").without("X-Forwarded-Uri");
    let own_page = |path: &str| Ask::verify(path, "https://auth.example.test/login");
    let of_nginx = "/verify/nginx/refusal";
    for (ask, program, line) in [
        (missing("/verify/caddy"), "Caddy: ", "header_up X-Forwarded-Uri {http.request.orig_uri}"),
        (missing("/verify/traefik"), "Traefik: ", "forwardAuth.trustForwardHeader = false"),
        (
            missing("/verify/haproxy"),
            "HAProxy: ",
            "http-request set-header X-Forwarded-Uri %[pathq]",
        ),
        (own_page("/verify/caddy"), "Caddy: ", "reverse_proxy 127.0.0.1:3000"),
        (own_page("/verify/traefik"), "Traefik: ", "middlewares = []"),
        (own_page("/verify/haproxy"), "HAProxy: ", "unless portcullis_pages"),
        (
            Ask::verify_nginx(of_nginx, "https://app.example.test/").without("X-Original-URL"),
            "nginx: ",
            "proxy_set_header X-Original-URL $scheme",
        ),
        (
            Ask::verify_nginx(of_nginx, "https://app.example.test/")
                .header("X-Original-URI", "/other"),
            "nginx: ",
            "proxy_set_header X-Original-URI",
        ),
        (
            Ask::verify_nginx(of_nginx, "https://auth.example.test/login"),
            "nginx: ",
            "auth_request off;",
        ),
    ] {
        for accept in ["text/html", "application/json"] {
            let answer = ask.clone().header("Accept", accept).send(gate.address);
            assert_eq!(answer.status, 400, "{program}: {answer:?}");
            assert!(answer.text().contains(line), "{program}: {}", answer.text());
            for other in programs {
                assert_eq!(
                    answer.text().contains(other),
                    other == program,
                    "{program}: {}",
                    answer.text()
                );
            }
        }
    }
    let unknown = missing("/verify").send(gate.address).text();
    assert!(programs.iter().all(|program| unknown.contains(program)), "{unknown}");
}

/// Envoy asks with the visitor's own method and a length of nothing, over connections that it
/// keeps.
#[test]
fn a_copied_request_of_any_method_keeps_its_connection_and_a_head_has_no_body() {
    let gate = gate();
    let token = gate.log_in(&gate.place.add_user("owner"));
    let mut connection = Connection::open(gate.address);
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "FOO"] {
        for (accept, session) in [("text/html", false), ("application/json", false), ("*/*", true)]
        {
            let ask = Ask::new(method, "/verify/envoy/a/b?x=1&y=%26")
                .header("Host", "app.example.test")
                .header("Content-Length", "0")
                .header("X-Forwarded-For", "198.51.100.1")
                .header("X-Forwarded-Proto", "https")
                .header("Accept", accept);
            let ask = if session { ask.cookie("auth_token", &token) } else { ask };
            connection.send(&ask.bytes());
            let answer = connection.try_answer(method == "HEAD").expect("an answer");
            let told = format!("{method} {accept}: {answer:?}");
            assert!(if session { answer.status == 200 } else { answer.status < 500 }, "{told}");
            assert_eq!(answer.header("connection"), None, "{told}");
            if answer.status == 302 || answer.status == 303 {
                let next = answer.next();
                assert_eq!(
                    next.as_deref(),
                    Some("https://app.example.test/a/b?x=1&y=%26"),
                    "{told}"
                );
            }
        }
    }
}
