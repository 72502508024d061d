//! The login page and the form it takes.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Ask, Connection};
use crate::support::wait::PATIENCE;

fn gate() -> Daemon {
    Daemon::with(ONE_DOMAIN)
}

#[test]
fn the_page_carries_its_headers_and_one_field() {
    let gate = gate();
    let page = Ask::get("/login?next=https%3A%2F%2Fapp.example.test%2Fx%3Fa%3D1%26b%3D2")
        .send(gate.address);
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("a policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' https://app.example.test",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
    assert!(
        page.header("content-type")
            .is_some_and(|t| t.to_ascii_lowercase().starts_with("text/html; charset=utf-8"))
    );
    let text = page.text();
    assert!(
        text.contains("<input name=\"otp\" inputmode=\"numeric\" autocomplete=\"one-time-code\""),
        "{text}"
    );
    assert!(text.contains("https://app.example.test/x?a=1&amp;b=2"), "next is kept: {text}");
    let lines: Vec<_> = page.all("set-cookie").collect();
    let [mark] = lines[..] else { panic!("one cookie: {lines:?}") };
    assert!(mark.starts_with("__Host-portcullis_browser="), "{mark}");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(mark.split("; ").any(|p| p == part), "{part} in {mark}");
    }
    assert!(!mark.contains("Domain=") && !mark.contains("Max-Age="), "{mark}");
    let again =
        Ask::get("/login").cookie(MARK, &page.cookie(MARK).expect("a value")).send(gate.address);
    assert_eq!(
        (again.status, again.all("set-cookie").count()),
        (200, 0),
        "a browser keeps its mark"
    );
    let forged = Ask::get("/login").cookie(MARK, "AAAAAAAAAAAAAAAAAAAAAA.x").send(gate.address);
    assert_eq!(forged.all("set-cookie").count(), 1, "and one that is none is replaced");
}

const MARK: &str = "__Host-portcullis_browser";

#[test]
fn one_login_sent_twice_by_one_browser_is_answered_the_same() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let mark = Ask::get("/login").send(gate.address).cookie(MARK).expect("a mark");
    let other = Ask::get("/login").send(gate.address).cookie(MARK).expect("a mark");
    let code = owner.fresh_code();
    let post =
        |mark: &str| gate.login_form(&code, "203.0.113.20").cookie(MARK, mark).send(gate.address);
    let (first, second) = (post(&mark), post(&mark));
    assert_eq!((first.status, second.status), (302, 302), "{second:?}");
    assert_eq!(
        first.all("set-cookie").collect::<Vec<_>>(),
        second.all("set-cookie").collect::<Vec<_>>()
    );
    assert_eq!(first.header("location"), second.header("location"));
    let sessions = gate.place.json(&["session", "list"]);
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "no second session: {sessions}");
    let list = gate.place.json(&["limit", "list"]).to_string();
    assert!(!list.contains("203.0.113.20"), "nothing was counted: {list}");
    // A site below the domain may know the code and set cookies, but not this one.
    let (id, other_mac) =
        (mark.split('.').next().expect("an id"), other.split('.').nth(1).expect("a MAC"));
    for stranger in [other.as_str(), "", "AAAAAAAAAAAAAAAAAAAAAA.x", &format!("{id}.{other_mac}")] {
        assert_eq!(post(stranger).status, 401, "{stranger:?}");
    }
    // What was ended is not given out once more.
    assert_eq!(gate.place.run(&["session", "revoke", "--all"]).status, 0);
    assert_eq!(post(&mark).status, 401);
}

#[test]
fn a_used_code_of_ones_own_leads_on_and_is_not_counted() {
    let gate = gate();
    let (owner, guest) = (gate.place.add_user("owner"), gate.place.add_user("guest"));
    let (code, guests) = (owner.fresh_code(), guest.fresh_code());
    let token = gate.post_code(&code, "203.0.113.20").cookie("auth_token").expect("a session");
    let with = |code: &str, token: &str| {
        gate.login_form(code, "203.0.113.20").cookie("auth_token", token).send(gate.address)
    };
    let answer = with(&code, &token);
    assert_eq!((answer.status, answer.header("location")), (302, Some("/")), "{answer:?}");
    assert_eq!(answer.cookie("auth_token").as_deref(), Some(token.as_str()));
    assert!(!gate.place.json(&["limit", "list"]).to_string().contains("203.0.113.20"));
    assert!(gate.is_open_to(&token), "the session goes on");

    assert_eq!(gate.post_code(&guests, "203.0.113.30").status, 302);
    assert_eq!(with(&guests, &token).status, 401, "a used code of somebody else is a failure");
    assert!(gate.place.json(&["limit", "list"]).to_string().contains("203.0.113.20"));
}

#[test]
fn a_right_code_gives_a_session_and_leads_on() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let next = "https://app.example.test/x?a=1&b=%26";
    let ask = Ask::form("/login", &[("otp", &owner.fresh_code()), ("next", next)])
        .header("X-Forwarded-For", "198.51.100.1");
    let answer = ask
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "auth.example.test")
        .send(gate.address);
    assert_eq!((answer.status, answer.header("location")), (302, Some(next)), "{answer:?}");

    let first = answer.all("set-cookie").next().expect("a cookie");
    assert!(first.starts_with("auth_token="), "the session comes first: {first}");
    for part in
        ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Domain=example.test", "Max-Age=86400"]
    {
        assert!(first.split("; ").any(|p| p == part), "{part} in {first}");
    }
    assert!(first.len() < 4096);
    let device = answer.set_cookie("auth_device").expect("a device cookie");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/login", "Max-Age=15552000"] {
        assert!(device.split("; ").any(|p| p == part), "{part} in {device}");
    }
    assert!(!device.contains("Domain"), "host-only: {device}");
    assert!(gate.is_open_to(&answer.cookie("auth_token").expect("a value")));
}

#[test]
fn wrong_spent_and_malformed_codes_get_the_same_page_with_a_message() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let good = owner.fresh_code();
    assert_eq!(gate.post_code(&good, "198.51.100.1").status, 302);
    let spent = gate.post_code(&good, "198.51.100.2");
    let wrong = gate.post_code(&owner.wrong_code(), "198.51.100.2");
    for answer in [&spent, &wrong] {
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(answer.all("set-cookie").count(), 0, "{answer:?}");
        assert!(
            answer.text().to_lowercase().contains("wrong or already used"),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("name=\"otp\""), "the form is there again");
    }
    assert_eq!(spent.headers, wrong.headers, "nobody learns that the code was right once");
    assert_eq!(spent.body, wrong.body);
    for malformed in [
        "",
        "12345",
        "1234567890",
        "abcdef",
        "12345a",
        "+12345",
        "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
        "123456\0",
        "-12345",
        "1e5555",
    ] {
        let answer = gate.post_code(malformed, "198.51.100.3");
        assert!(matches!(answer.status, 400 | 401), "{malformed:?}: {answer:?}");
        assert_eq!(answer.all("set-cookie").count(), 0);
    }
    let limits = gate.place.json(&["limit", "list"]).to_string();
    assert!(!limits.contains("198.51.100.3"), "malformed codes count nothing: {limits}");
}

#[test]
fn spaces_in_a_code_are_stripped() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let code = owner.fresh_code();
    let (a, b) = code.split_at(3);
    assert_eq!(gate.post_code(&format!(" {a} {b} "), "198.51.100.1").status, 302);
    for again in [&code, &format!("{code} "), &format!(" {code}"), &format!("{a} {b}")] {
        assert_eq!(gate.post_code(again, "198.51.100.2").status, 401, "{again:?} is no new code");
    }
}

#[test]
fn a_doubled_or_broken_form_lets_nobody_in() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let code = owner.fresh_code();
    let post = |body: String| Ask::new("POST", "/login").body(body.as_bytes());
    let form =
        |body: String| post(body).header("Content-Type", "application/x-www-form-urlencoded");
    let doubled = form(format!("otp={code}&otp={code}")).send(gate.address);
    assert!(matches!(doubled.status, 400 | 401), "{doubled:?}");
    assert_eq!(
        post(format!("{{\"otp\":\"{code}\"}}"))
            .header("Content-Type", "application/json")
            .send(gate.address)
            .status,
        415
    );
    assert_eq!(post(format!("otp={code}")).send(gate.address).status, 415, "no type at all");
    assert!(matches!(form("otp=%zz%".to_owned()).send(gate.address).status, 400 | 401));
    assert_eq!(form(format!("otp={code}&x={}", "a".repeat(70_000))).send(gate.address).status, 413);
    let token = gate
        .post_code(&code, "198.51.100.1")
        .cookie("auth_token")
        .expect("the code was not spent by any of that");
    assert!(gate.is_open_to(&token));
}

#[test]
fn a_form_with_a_charset_in_its_type_is_a_form() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let ask = gate.login_form(&owner.fresh_code(), "198.51.100.1");
    let ask = ask.set("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8");
    assert_eq!(ask.send(gate.address).status, 302);
}

#[test]
fn a_form_posted_from_another_site_is_refused_and_not_counted() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let code = owner.fresh_code();
    let ask = gate.login_form(&code, "198.51.100.9");
    for foreign in [
        ask.clone().header("Sec-Fetch-Site", "cross-site"),
        ask.clone().header("Sec-Fetch-Site", "same-site"),
        ask.clone().header("Origin", "https://evil.example"),
        ask.clone().header("Origin", "https://app.example.test"),
        ask.clone().header("Origin", "http://auth.example.test"),
        ask.clone().header("Origin", "null"),
        ask.clone()
            .header("Sec-Fetch-Site", "cross-site")
            .header("Origin", "https://auth.example.test"),
    ] {
        let answer = foreign.send(gate.address);
        assert_eq!((answer.status, answer.all("set-cookie").count()), (403, 0), "{answer:?}");
    }
    assert!(!gate.place.json(&["limit", "list"]).to_string().contains("198.51.100.9"));
    let own =
        ask.header("Sec-Fetch-Site", "same-origin").header("Origin", "https://auth.example.test");
    assert_eq!(own.send(gate.address).status, 302, "and the code was not spent");
}

/// A name of the attacker's that leads to the gate by DNS makes his page one of the same origin.
#[test]
fn a_form_posted_by_dns_rebinding_is_refused() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let fields = [("otp", owner.fresh_code())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let port = gate.address.port();
    let by = |host: &str| {
        let ask =
            Ask::form("/login", &fields).set("Host", host).header("Sec-Fetch-Site", "same-origin");
        ask.header("Origin", format!("http://{host}"))
    };
    let proxied =
        gate.login_form(fields[0].1, "192.168.1.9").set("X-Forwarded-Host", "evil.example");
    for rebound in [
        by("evil.example"),
        by(&format!("evil.example:{port}")),
        proxied.header("Sec-Fetch-Site", "same-origin").header("Origin", "https://evil.example"),
        by("127.0.0.1").set("Origin", "http://evil.example"),
    ] {
        let answer = rebound.send(gate.address);
        assert_eq!((answer.status, answer.all("set-cookie").count()), (403, 0), "{answer:?}");
    }
    let direct = by(&format!("127.0.0.1:{port}")).send(gate.address);
    assert_eq!(direct.status, 302, "an address cannot be rebound: {direct:?}");
}

#[test]
fn who_hides_where_his_form_came_from_learns_what_hid_it() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let ask = gate.login_form(&owner.fresh_code(), "198.51.100.9").header("Origin", "null");
    for ask in [ask.clone(), ask.header("Sec-Fetch-Site", "same-origin")] {
        let answer = ask.send(gate.address);
        assert_eq!((answer.status, answer.all("set-cookie").count()), (403, 0), "{answer:?}");
        assert!(answer.text().contains("Referrer-Policy: no-referrer"), "{answer:?}");
    }
    let report = crate::support::doctor::Report::of(&gate.place);
    let finding = report.saying("Origin: null");
    assert_eq!(finding.severity, "warning");
    assert!(finding.remedy.contains("Referrer-Policy same-origin"), "{finding:?}");
}

#[test]
fn a_login_ends_the_session_it_came_with_and_adopts_nothing() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let first = gate.log_in(&owner);
    let ask = gate.login_form(&owner.fresh_code(), "198.51.100.1").cookie("auth_token", &first);
    let second = ask.send(gate.address).cookie("auth_token").expect("a session");
    assert_ne!(first, second);
    assert!(!gate.is_open_to(&first) && gate.is_open_to(&second));
}

#[test]
fn a_body_that_is_too_big_is_refused_while_it_is_still_being_sent() {
    let gate = gate();
    let mut connection = Connection::open(gate.address);
    connection.send(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(connection.head().expect("an answer").status, 413, "no 100 before it");
    assert!(connection.is_ended_within(PATIENCE) || connection.try_send(&[b'x'; 65536]).is_err());
}

#[test]
fn with_a_name_asked_for_the_code_belongs_to_that_name() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[login]\nask_username = true\n"));
    let (one, two) = (gate.place.add_user("one"), gate.place.add_user("two"));
    let page = Ask::get("/login").send(gate.address).text();
    assert!(
        page.contains("name=\"username\"") && page.contains("autocomplete=\"username\""),
        "{page}"
    );
    let post = |name: &str, code: &str| {
        Ask::form("/login", &[("username", name), ("otp", code)])
            .header("X-Forwarded-For", "198.51.100.1")
            .send(gate.address)
            .status
    };
    let code = one.fresh_code();
    assert_eq!(post("two", &code), 401, "another one's code");
    assert_eq!(post("nobody", &code), 401);
    assert_eq!(post("ONE", &code), 302, "names are lower-cased");
    assert_eq!(post("two", &two.fresh_code()), 302);
}
