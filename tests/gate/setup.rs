//! The page on which the first user is made, by whoever has the set-up code.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::codes::Person;
use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place};
use crate::support::http::{Answer, Ask};
use crate::support::scratch::Scratch;
use crate::support::setup::{SetupBrowser, code_of, inputs};

const GIVEN: &str = "ABCD-EFGH-IJKL-MNOP";
const OTHER: &str = "AAAA-AAAA-AAAA-AAAA";

/// A gate that is given its code, and the file with it.
fn given(settings: &str) -> (Daemon, Scratch) {
    let dir = Scratch::new("setup-code");
    let file = code_file(&dir, GIVEN);
    let gate = Place::new(settings).with_environment("PORTCULLIS_SETUP_CODE_FILE", &file).start();
    (gate, dir)
}

fn code_file(dir: &Scratch, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let file = dir.write("code", text);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))
        .expect("a file of ours");
    file.display().to_string()
}

/// Somebody at home who holds the enrolment.
fn holder(gate: &Daemon, code: &str) -> SetupBrowser {
    let mut visitor = SetupBrowser::from(gate, "192.168.1.20");
    let answer = visitor.enter(code);
    assert_eq!(answer.status, 303, "{answer:?}");
    visitor
}

fn is_code_form(answer: &Answer) -> bool {
    inputs(answer).iter().any(|(name, _)| name == "setup_code")
}

fn is_seed_form(answer: &Answer) -> bool {
    inputs(answer).iter().any(|(name, _)| name == "otp")
}

fn names(gate: &Daemon) -> Vec<Value> {
    gate.place
        .json(&["user", "list"])
        .as_array()
        .into_iter()
        .flatten()
        .map(|user| user["name"].clone())
        .collect()
}

#[test]
fn from_the_log_s_code_to_a_session_and_a_page_that_stays_closed() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let mut visitor = SetupBrowser::from(&gate, "192.168.1.20");
    let page = visitor.open_page();
    assert!(page.status == 200 && is_code_form(&page) && !is_seed_form(&page), "{page:?}");
    assert_eq!(page.all("set-cookie").count(), 0);

    let begun = visitor.enter(&code_of(&gate).to_lowercase().replace('-', " "));
    assert_eq!((begun.status, begun.header("location")), (303, Some("/setup")), "{begun:?}");
    let line = begun.set_cookie("portcullis_setup").expect("a cookie");
    for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/setup", "Max-Age=600"] {
        assert!(line.split("; ").any(|p| p == part), "{part} in {line}");
    }
    assert!(!line.contains("Domain"), "host-only: {line}");

    let page = visitor.open_page();
    assert!(page.status == 200 && is_seed_form(&page) && !is_code_form(&page), "{page:?}");
    assert!(
        inputs(&page).contains(&("username".to_owned(), "owner".to_owned())),
        "{:?}",
        inputs(&page)
    );
    let (text, person) = (page.text(), visitor.scan());
    assert!(
        text.contains("<svg") && text.contains("href=\"otpauth://totp/Portcullis:owner?secret="),
        "{text}"
    );
    let secret_shown: String = text
        .split_once("id=\"secret\">")
        .map(|(_, rest)| {
            rest.split("</code>")
                .next()
                .unwrap_or_default()
                .replace("<span>", "")
                .replace("</span>", "")
        })
        .expect("the secret as text");
    assert_eq!(secret_shown, person.secret);
    assert!(
        text.contains("<input name=\"otp\" inputmode=\"numeric\" autocomplete=\"one-time-code\""),
        "{text}"
    );

    let code = person.fresh_code();
    let done = visitor.finish("Anna", &code);
    assert_eq!((done.status, done.header("location")), (302, Some("/")), "{done:?}");
    let first = done.all("set-cookie").next().expect("cookies");
    assert!(first.starts_with("auth_token=") && first.contains("Domain=example.test"), "{first}");
    assert!(done.set_cookie("auth_device").is_some_and(|line| line.contains("Path=/login")));
    assert!(done.set_cookie("portcullis_setup").is_some_and(|line| line.contains("Max-Age=0")));
    assert!(gate.is_open_to(&done.cookie("auth_token").expect("a session")));
    let list = gate.place.json(&["user", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["admin"]), (&json!("anna"), &json!(true)));
    assert_eq!(gate.post_code(&code, "192.168.1.20").status, 401, "the confirming code is spent");
    assert_eq!(gate.post_code(&person.fresh_code(), "192.168.1.20").status, 302);

    for again in [false, true] {
        if again {
            gate.kill();
            gate.start_again();
        }
        let closed = visitor.open_page();
        assert!(closed.status == 403 && inputs(&closed).is_empty(), "{closed:?}");
        assert!(
            closed.text().contains("Set-up is done") && closed.text().contains("/login"),
            "{}",
            closed.text()
        );
        let post =
            visitor.dressed(Ask::form("/setup", &[("setup_code", GIVEN)])).send(gate.address);
        assert_eq!((post.status, post.all("set-cookie").count()), (403, 0), "{post:?}");
    }
    assert!(
        !gate.running.text().contains("set-up code"),
        "no code is made for a closed page: {}",
        gate.running.text()
    );
}

#[test]
fn the_pages_carry_their_headers_and_load_nothing() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let visitor = holder(&gate, GIVEN);
    for page in [SetupBrowser::from(&gate, "192.168.1.21").open_page(), visitor.open_page()] {
        let policy = page.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        // The one script is in the page, and its hash in the policy.
        assert!(!policy.contains("unsafe") && !policy.contains("img-src"), "{policy}");
        assert!(
            policy.contains("script-src 'sha256-") && !page.text().contains("style="),
            "{}",
            page.text()
        );
        assert!(
            !page.text().contains("src=") && page.text().matches("<script>").count() == 1,
            "{}",
            page.text()
        );
        for (name, value) in [
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ] {
            assert_eq!(page.header(name), Some(value));
        }
    }
    let put = Ask::new("PUT", "/setup").send(gate.address);
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, HEAD, POST")));
}

#[test]
fn a_visitor_who_is_refused_is_led_to_the_set_up_page_and_on_to_where_he_wanted() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let wanted = "https://app.example.test/x?a=1&b=%26";
    let refused = Ask::verify("/verify/caddy", wanted).by_page_load().send(gate.address);
    let login = refused
        .header("location")
        .expect("the login page")
        .replace("https://auth.example.test", "");
    let page = Ask::get(&login).send(gate.address);
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("this gate has no user"), "{text}");
    let link = text
        .split("href=\"")
        .find_map(|rest| rest.split('"').next().filter(|l| l.starts_with("/setup")));
    let link = link.expect("a link to the set-up page").to_owned();

    let mut visitor = SetupBrowser::from(&gate, "192.168.1.20");
    let page = visitor.dressed(Ask::get(&link)).send(gate.address);
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.contains("form-action 'self' https://app.example.test"), "{policy}");
    let fields: Vec<_> = inputs(&page);
    let field = |wanted: &str| {
        fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.replace("&amp;", "&"))
    };
    assert_eq!(field("next").as_deref(), Some(wanted));
    let token = field("token").expect("a token");
    let form = [("token", token.as_str()), ("next", wanted), ("setup_code", GIVEN)];
    let begun = visitor.dressed(Ask::form("/setup", &form)).send(gate.address);
    assert_eq!(begun.header("location"), Some(link.as_str()), "{begun:?}");
    visitor.cookie = begun.cookie("portcullis_setup");
    let person = visitor.scan();
    let page = visitor.dressed(Ask::get(&link)).send(gate.address);
    let token = inputs(&page).into_iter().find(|(name, _)| name == "token").expect("a token").1;
    let form = [
        ("token", token.as_str()),
        ("next", wanted),
        ("username", "owner"),
        ("otp", &person.fresh_code()),
    ];
    let done = visitor.dressed(Ask::form("/setup", &form)).send(gate.address);
    assert_eq!((done.status, done.header("location")), (302, Some(wanted)), "{done:?}");
    let page = Ask::get("/login").send(gate.address).text();
    assert!(!page.contains("/setup"), "the login page says it no more: {page}");
}

#[test]
fn a_cookie_that_another_site_set_takes_nothing_from_the_holder() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let mut visitor = holder(&gate, GIVEN);
    let cookie = visitor.cookie.take().expect("a cookie");
    visitor.cookie = Some(format!("garbage; portcullis_setup={cookie}"));
    let person = visitor.scan();
    assert_eq!(visitor.finish("owner", &person.fresh_code()).status, 302);
}

#[test]
fn a_foreign_return_address_is_not_followed() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let visitor = holder(&gate, GIVEN);
    let person = visitor.scan();
    for evil in ["https://evil.example/", "//evil.example", "/setup", "javascript:alert(1)"] {
        let page = visitor.dressed(Ask::get(&format!("/setup?next={evil}"))).send(gate.address);
        assert!(!page.text().contains("evil"), "{evil}");
    }
    let form = visitor.filled(&[("otp", &person.fresh_code()), ("next", "https://evil.example/")]);
    let done = form.send(gate.address);
    assert_eq!((done.status, done.header("location")), (302, Some("/")), "{done:?}");
}

/// As on a card that has a domain, before or while the domain leads to it.
#[test]
fn who_enrolls_by_another_name_goes_to_the_gate_s_own_address() {
    for (host, home) in [
        ("portcullis.local", "https://auth.example.test/"),
        ("auth.example.test", "/"),
        ("X.Example.Test:8443", "/"),
    ] {
        let (gate, _dir) = given(ONE_DOMAIN);
        let headers = [
            ("X-Forwarded-For", "192.168.1.20"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", host),
        ];
        let mut visitor = SetupBrowser::with(gate.address, &headers);
        let here = format!("https://{host}");
        // Old browsers say no more than the origin.
        let begun =
            visitor.filled(&[("setup_code", GIVEN)]).header("Origin", &here).send(gate.address);
        assert_eq!(begun.status, 303, "{host}: {begun:?}");
        visitor.cookie = begun.cookie("portcullis_setup");
        let page = visitor.open_page();
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        assert_eq!(
            policy.contains("form-action 'self' https://auth.example.test;"),
            home != "/",
            "{host}: {policy}"
        );
        let person = visitor.scan();
        let ask = visitor.filled(&[("username", "owner"), ("otp", &person.fresh_code())]);
        assert_eq!(
            ask.clone().header("Origin", "https://evil.example").send(gate.address).status,
            403
        );
        let done = ask.header("Origin", &here).send(gate.address);
        assert_eq!((done.status, done.header("location")), (302, Some(home)), "{host}: {done:?}");
    }
}

#[test]
fn the_page_lets_the_form_lead_to_an_address_that_its_policy_cannot_name() {
    let (gate, _dir) = given("public_url = \"https://[fd00::1]:8443\"");
    let headers = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "portcullis.local")];
    let mut visitor = SetupBrowser::with(gate.address, &headers);
    let begun = visitor.filled(&[("setup_code", GIVEN)]).send(gate.address);
    assert_eq!(begun.status, 303, "{begun:?}");
    visitor.cookie = begun.cookie("portcullis_setup");
    let page = visitor.open_page();
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
}

#[test]
fn the_code_is_taken_from_a_form_alone() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let page = Ask::get(&format!("/setup?setup_code={GIVEN}&code={GIVEN}")).send(gate.address);
    assert!(is_code_form(&page) && page.all("set-cookie").count() == 0, "{page:?}");
    let state = gate.place.json(&["init"]);
    assert_eq!(state["tries_left"], 10, "{state}");
}

#[test]
fn of_two_browsers_at_once_one_holds_the_enrolment() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let asks: Vec<_> = (0..8)
        .map(|n| {
            SetupBrowser::from(&gate, &format!("192.168.1.{n}")).filled(&[("setup_code", GIVEN)])
        })
        .collect();
    let mut answers = at_once(&gate, asks);
    answers.sort_unstable();
    assert_eq!(answers, [303, 409, 409, 409, 409, 409, 409, 409]);
}

#[test]
fn of_many_confirmations_at_once_one_makes_the_user() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let visitor = holder(&gate, GIVEN);
    let code = visitor.scan().fresh_code();
    let asks: Vec<_> = (0..8)
        .map(|n| visitor.filled(&[("username", &format!("user{n}")), ("otp", &code)]))
        .collect();
    let mut answers = at_once(&gate, asks);
    answers.sort_unstable();
    assert_eq!(answers, [302, 403, 403, 403, 403, 403, 403, 403]);
    assert_eq!(names(&gate).len(), 1);
    assert_eq!(gate.place.json(&["session", "list"]).as_array().map(Vec::len), Some(1));
}

/// The statuses of requests that are sent at the same moment.
fn at_once(gate: &Daemon, asks: Vec<Ask>) -> Vec<u16> {
    let to = gate.address;
    let threads: Vec<_> =
        asks.into_iter().map(|ask| std::thread::spawn(move || ask.send(to).status)).collect();
    threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
}

#[test]
fn the_first_user_survives_a_kill_right_after_the_answer() {
    for _ in 0..3 {
        let (mut gate, _dir) = given(ONE_DOMAIN);
        let visitor = holder(&gate, GIVEN);
        let person = visitor.scan();
        let done = visitor.finish("owner", &person.fresh_code());
        gate.kill();
        assert_eq!(done.status, 302, "{done:?}");
        gate.start_again();
        assert_eq!(names(&gate), ["owner"]);
        assert!(gate.is_open_to(&done.cookie("auth_token").expect("a session")));
        assert_eq!(visitor.open_page().status, 403);
        gate.log_in(&person);
    }
}

#[test]
fn a_restart_before_the_end_forgets_the_holder_and_makes_another_code_and_seed() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let code = code_of(&gate);
    let visitor = holder(&gate, &code);
    let secret = visitor.scan().secret;
    gate.kill();
    gate.start_again();
    assert!(is_code_form(&visitor.open_page()));
    assert_ne!(code_of(&gate), code);
    let mut next = SetupBrowser::from(&gate, "192.168.1.20");
    assert_eq!(next.enter(&code).status, 401, "the old code");
    assert_eq!(next.enter(&code_of(&gate)).status, 303);
    assert_ne!(next.scan().secret, secret);
}

#[test]
fn wrong_codes_count_for_address_and_strangers_and_malformed_ones_do_not() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let mut visitor = SetupBrowser::from(&gate, "203.0.113.7");
    for malformed in
        ["", "ABCD", "ABCD-EFGH-IJKL-MNO1", "ABCD-EFGH-IJKL-MNOP-Q", "\u{ff21}BCD-EFGH-IJKL-MNOP"]
    {
        let answer = visitor.enter(malformed);
        assert!(answer.status == 401 && is_code_form(&answer), "{malformed:?}: {answer:?}");
    }
    assert_eq!(gate.place.json(&["limit", "list"]), json!([]));
    for _ in 0..5 {
        let answer = visitor.enter(OTHER);
        assert!(answer.status == 401 && is_code_form(&answer), "{answer:?}");
        assert!(answer.text().contains("Wrong code") && answer.all("set-cookie").count() == 0);
    }
    let limited = visitor.enter(GIVEN);
    assert_eq!((limited.status, limited.all("set-cookie").count()), (429, 0), "{limited:?}");
    assert!(limited.header("retry-after").is_some());
    assert_eq!(
        gate.post_code("123456", "203.0.113.7").status,
        429,
        "a login from there waits as well"
    );
    let list = gate.place.json(&["limit", "list"]);
    let of = |kind: &str| {
        list.as_array().into_iter().flatten().find(|entry| entry["kind"] == kind).cloned()
    };
    assert_eq!(of("address").map(|entry| entry["failures"].clone()), Some(json!(5)), "{list}");
    assert_eq!(
        of("strangers").map(|entry| entry["key"].clone()),
        Some(json!("internet")),
        "{list}"
    );
    assert_eq!(gate.place.json(&["init"])["tries_left"], 5);
}

#[test]
fn ten_wrong_tries_from_anywhere_end_the_code_until_a_restart() {
    let (mut gate, _dir) = given(ONE_DOMAIN);
    for n in 0..10 {
        assert_eq!(SetupBrowser::from(&gate, &format!("203.0.113.{n}")).enter(OTHER).status, 401);
    }
    let mut visitor = SetupBrowser::from(&gate, "192.168.1.20");
    let page = visitor.open_page();
    assert!(
        page.status == 200 && !is_code_form(&page) && page.text().contains("guessed at too often"),
        "{page:?}"
    );
    let token = inputs(&SetupBrowser::from(&gate, "192.168.1.20").open_page());
    assert!(token.is_empty());
    gate.kill();
    gate.start_again();
    assert_eq!(visitor.enter(GIVEN).status, 303, "a code that was given is good again");
}

#[test]
fn a_wrong_code_of_the_app_shows_the_same_page_with_a_message_and_counts() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let visitor = holder(&gate, GIVEN);
    let person = visitor.scan();
    for (name, code) in
        [("owner", "12345"), ("owner", ""), ("a b", "123456"), ("", "123456"), ("a@b", "123456")]
    {
        let answer = visitor.finish(name, code);
        assert!(answer.status == 401 && is_seed_form(&answer), "{name:?} {code:?}: {answer:?}");
    }
    assert_eq!(gate.place.json(&["limit", "list"]), json!([]));
    let wrong = visitor.finish("anna", &person.wrong_code());
    assert!(
        wrong.status == 401 && is_seed_form(&wrong) && wrong.text().contains("Wrong code"),
        "{wrong:?}"
    );
    assert!(
        inputs(&wrong).contains(&("username".to_owned(), "anna".to_owned())),
        "the name is kept"
    );
    assert!(
        wrong.text().contains(&format!("Portcullis:anna?secret={}", person.secret)),
        "and the seed"
    );
    assert_eq!(gate.place.json(&["limit", "list"]).as_array().map(Vec::len), Some(2));
    assert_eq!(visitor.finish("anna", &person.fresh_code()).status, 302);
    let left = gate.place.json(&["limit", "list"]);
    assert!(
        left.as_array().is_some_and(|list| list.iter().all(|entry| entry["kind"] == "strangers")),
        "{left}"
    );
}

#[test]
fn a_form_from_another_site_or_without_its_token_does_nothing() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let mut visitor = SetupBrowser::from(&gate, "192.168.1.20");
    let first = visitor.filled(&[("setup_code", GIVEN)]);
    let foreign = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "https://app.example.test"),
        ("Origin", "null"),
    ];
    for (name, value) in foreign {
        let answer = first.clone().header(name, value).send(gate.address);
        assert_eq!((answer.status, answer.all("set-cookie").count()), (403, 0), "{name}: {value}");
    }
    for fields in [&[("setup_code", GIVEN)][..], &[("setup_code", GIVEN), ("token", "x")]] {
        let bare =
            visitor.dressed(Ask::form("/setup", fields)).header("Sec-Fetch-Site", "same-origin");
        assert_eq!(bare.send(gate.address).status, 403, "{fields:?}");
    }
    assert_eq!(first.header("Origin", "https://auth.example.test").send(gate.address).status, 303);
    gate.place.json(&["init", "--new-code"]);
    let code =
        gate.place.json(&["init", "--new-code"])["code"].as_str().expect("a code").to_owned();
    assert_eq!(visitor.enter(&code).status, 303);
    let person = visitor.scan();
    let second = visitor.filled(&[("otp", &person.fresh_code())]);
    for (name, value) in foreign {
        assert_eq!(
            second.clone().header(name, value).send(gate.address).status,
            403,
            "{name}: {value}"
        );
    }
    let no_token = visitor
        .dressed(Ask::form("/setup", &[("username", "owner"), ("otp", &person.fresh_code())]));
    assert_eq!(no_token.send(gate.address).status, 403);
    assert_eq!(names(&gate), [] as [Value; 0]);
    let doubled = visitor.filled(&[]).body(b"otp=1&otp=2&token=x").send(gate.address);
    assert!(matches!(doubled.status, 400 | 403), "{doubled:?}");
    assert_eq!(second.header("Sec-Fetch-Site", "same-origin").send(gate.address).status, 302);
}

#[test]
fn a_user_added_by_the_command_line_closes_the_page_at_once() {
    let (gate, _dir) = given(ONE_DOMAIN);
    let visitor = holder(&gate, GIVEN);
    let person = visitor.scan();
    let form = visitor.filled(&[("otp", &person.fresh_code())]);
    gate.place.add_user("anna");
    assert_eq!(form.send(gate.address).status, 403);
    assert_eq!(visitor.open_page().status, 403);
    assert_eq!(names(&gate), ["anna"]);
    gate.place.json(&["user", "remove", "anna"]);
    assert_eq!(visitor.open_page().status, 403, "there was a user");
}

#[test]
fn a_code_that_was_given_is_not_repeated_and_a_broken_one_is_refused() {
    let (gate, dir) = given(ONE_DOMAIN);
    let said = gate.running.text();
    assert!(
        said.contains("https://auth.example.test/setup") && said.contains("user add"),
        "{said}"
    );
    assert!(!said.contains("ABCD") && !said.contains("MNOP"), "{said}");
    drop(gate);

    let file = code_file(&dir, "not a code");
    let place = Place::new(ONE_DOMAIN).with_environment("PORTCULLIS_SETUP_CODE_FILE", &file);
    let said = place.refused_start();
    assert!(
        said.contains("set-up code") && said.contains(&file) && !said.contains("not a code"),
        "{said}"
    );
    assert_eq!(place.run(&["serve"]).status, 78);
    place.add_user("owner");
    let gate = place.start();
    assert_eq!(
        Ask::get("/health").send(gate.address).status,
        200,
        "where it is not needed it is not looked at"
    );
}

#[test]
fn a_credential_gives_the_code() {
    let dir = Scratch::new("credentials");
    dir.write("setup_code", "qrst-uvwx-yz23-4567\n");
    let place = Place::new(ONE_DOMAIN)
        .with_environment("CREDENTIALS_DIRECTORY", &dir.path().display().to_string());
    let gate = place.start();
    holder(&gate, "QRSTUVWXYZ234567");
    assert!(!gate.running.text().to_lowercase().contains("qrst"));
}

#[test]
fn init_tells_root_s_console_how_it_stands() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let state = gate.place.json(&["init"]);
    let mut members: Vec<_> = state.as_object().expect("an object").keys().cloned().collect();
    members.sort_unstable();
    assert_eq!(members, ["address", "code", "expires", "open", "otpauth_url", "tries_left"]);
    assert_eq!(
        (&state["open"], &state["code"], &state["tries_left"]),
        (&json!(true), &json!(null), &json!(10))
    );
    assert_eq!(state["address"], "https://auth.example.test/setup");
    let expires = state["expires"].as_str().expect("a time");
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");
    assert_eq!(
        gate.place.json(&["init"])["otpauth_url"],
        state["otpauth_url"],
        "it changes nothing"
    );

    let made = gate.place.json(&["init", "--new-code"]);
    let code = made["code"].as_str().expect("a code").to_owned();
    assert!(!gate.running.text().contains(&code), "it is told to who asked alone");
    let visitor = holder(&gate, &code);
    let person = visitor.scan();
    assert!(
        made["otpauth_url"].as_str().is_some_and(|url| url.contains(&person.secret)),
        "the seed of the page"
    );

    let text = gate.place.run(&["init"]);
    assert_eq!(text.status, 0, "{text:?}");
    assert!(
        text.out.contains("https://auth.example.test/setup") && !text.out.contains("otpauth"),
        "{text:?}"
    );
    let again = gate.place.run(&["init", "--again"]);
    assert!(again.status == 69 && again.err.contains("stop it first"), "{again:?}");

    assert_eq!(visitor.finish("owner", &person.fresh_code()).status, 302);
    let closed = json!({"open": false, "address": null, "code": null, "expires": null, "tries_left": 0, "otpauth_url": null});
    assert_eq!(gate.place.json(&["init"]), closed);
    assert_eq!(gate.place.run(&["init", "--new-code"]).status, 69);
    assert!(gate.place.run(&["init"]).out.contains("init --again"));

    gate.stop();
    assert_eq!(gate.place.run(&["init", "--new-code"]).status, 69, "no daemon");
    assert_eq!(gate.place.run(&["init", "--again"]).status, 0);
    gate.start_again();
    assert_eq!(gate.place.json(&["init"])["open"], true, "and it is open again");
    assert!(is_code_form(&SetupBrowser::from(&gate, "192.168.1.20").open_page()));
}

#[test]
fn on_a_terminal_init_draws_the_picture_without_the_secret_as_text() {
    let gate = Daemon::with(ONE_DOMAIN);
    let words = ["--quiet", "--return", "--command"];
    let line = |verb: &str| {
        let (state, config) = (gate.place.state(), gate.place.config_file());
        let program = env!("CARGO_BIN_EXE_portcullis");
        format!("{program} {verb} --state-dir {} --config {}", state.display(), config.display())
    };
    let shown = Done::from(
        Command::new("script")
            .args(words)
            .arg(line("init"))
            .arg("/dev/null")
            .env("TERM", "xterm")
            .output()
            .expect("runs"),
    );
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(
        shown.out.contains("https://auth.example.test/setup") && shown.out.contains('█'),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains("otpauth://"), "{}", shown.out);
}

#[test]
fn a_member_of_the_control_socket_s_group_is_not_told_the_seed() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let gate = Daemon::with(ONE_DOMAIN);
    // Group 0 owns the socket here; nobody (65534) in that group may give orders, but is not the
    // owner.
    let open = |path: &std::path::Path, mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("ours");
    };
    let state = gate.place.state();
    for dir in [state.as_path(), state.parent().expect("a directory")] {
        open(dir, 0o755);
    }
    let socket = state.join("control.sock");
    let ask = |command: &str| {
        let mut curl = Command::new("setpriv");
        curl.args([
            "--reuid",
            "65534",
            "--regid",
            "0",
            "--clear-groups",
            "curl",
            "--silent",
            "--max-time",
            "20",
        ]);
        curl.arg("--unix-socket").arg(&socket).args([
            "--data",
            command,
            "http://portcullis/command",
        ]);
        Done::from(curl.output().expect("setpriv and curl run")).out
    };
    assert_eq!(ask(r#"{"verb":"user-list"}"#), "[]", "orders are taken");
    let refused = ask(r#"{"verb":"setup","new_code":false}"#);
    assert!(refused.contains("77") && !refused.contains("otpauth"), "{refused}");
    gate.place.add_user("anna");
    let refused = ask(r#"{"verb":"user-export","name":"anna"}"#);
    assert!(refused.contains("77") && !refused.contains("otpauth"), "of nobody: {refused}");
}

#[test]
fn a_first_try_without_a_proxy_works_as_a_login_does() {
    let dir = Scratch::new("setup-code");
    let file = code_file(&dir, GIVEN);
    let gate = Place::new("").with_environment("PORTCULLIS_SETUP_CODE_FILE", &file).start();
    let said = gate.running.text();
    assert!(said.contains("/setup"), "{said}");
    let host = gate.address.to_string();
    let mut visitor =
        SetupBrowser::with(gate.address, &[("Host", &host), ("Origin", &format!("http://{host}"))]);
    assert_eq!(visitor.enter(GIVEN).status, 303);
    let person = visitor.scan();
    let done = visitor.finish("owner", &person.fresh_code());
    assert_eq!(done.status, 302, "{done:?}");
    assert_eq!(gate.place.json(&["session", "list"])[0]["user"], "owner");
}

#[test]
fn below_a_prefix_page_cookie_and_links_have_it() {
    let (gate, _dir) = given(&format!("path_prefix = \"/.gate\"\n{ONE_DOMAIN}"));
    assert_eq!(Ask::get("/setup").send(gate.address).status, 404);
    assert!(gate.running.text().contains("https://auth.example.test/.gate/setup"));
    let page = Ask::get("/.gate/setup").send(gate.address);
    assert!(page.text().contains("action=\"/.gate/setup\""), "{}", page.text());
    let token = inputs(&page).into_iter().find(|(name, _)| name == "token").expect("a token").1;
    let begun =
        Ask::form("/.gate/setup", &[("token", &token), ("setup_code", GIVEN)]).send(gate.address);
    assert_eq!((begun.status, begun.header("location")), (303, Some("/.gate/setup")), "{begun:?}");
    assert!(
        begun.set_cookie("portcullis_setup").is_some_and(|line| line.contains("Path=/.gate/setup")),
        "{begun:?}"
    );
    assert!(Ask::get("/.gate/login").send(gate.address).text().contains("href=\"/.gate/setup\""));
}

#[test]
fn no_code_seed_or_cookie_of_the_enrolment_is_logged_but_the_code_that_the_log_is_to_tell() {
    let mut gate = Daemon::with(&format!("{ONE_DOMAIN}[log]\nlevel = \"trace\"\n"));
    let generated = code_of(&gate);
    let code =
        gate.place.json(&["init", "--new-code"])["code"].as_str().expect("a code").to_owned();
    let mut visitor = SetupBrowser::from(&gate, "203.0.113.7");
    visitor.enter(OTHER);
    assert_eq!(visitor.enter(&code).status, 303);
    let person: Person = visitor.scan();
    visitor.finish("owner", &person.wrong_code());
    let good = person.fresh_code();
    let done = visitor.finish("owner", &good);
    assert_eq!(done.status, 302);
    gate.stop();
    let log = gate.running.text();
    assert_eq!(log.matches(&generated).count(), 1, "{log}");
    assert!(log.contains("user added name=owner") && log.contains("by=setup"), "{log}");
    let cookie = visitor.cookie.clone().expect("one");
    let session = done.cookie("auth_token").expect("one");
    for secret in [&code, OTHER, &code.replace('-', ""), &person.secret, &good, &cookie, &session] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
