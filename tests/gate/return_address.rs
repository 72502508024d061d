//! Where a login may lead. The whole table is tested beside the code; here, that the pages obey it.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Ask, percent_encode};

#[test]
fn a_hostile_address_becomes_the_start_page_and_is_shown_nowhere() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    for hostile in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/ /evil.example",
        "/./\\evil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/%09/evil.example\u{0}",
        "https://badexample.test/",
        "https://example.test.evil.example/",
        "https://auth.example.test@evil.example/",
        "https://evil.example#.example.test/",
        "https://evil.example\\.example.test/",
        "https:evil.example",
        "https:///evil.example",
        "http://app.example.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        "app.example.test/",
        "https://app.example.test:99999/",
        "https://app.example.test:/x\r\nSet-Cookie: a=b",
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://app..example.test/",
        "https://\u{e4}pp.example.test/",
        "https://app.example.test/\u{202e}x",
        "",
    ] {
        let target = format!("/login?next={}", percent_encode(hostile));
        // Over https: a visitor who came by http may go on by http.
        let ask = Ask::get(&target)
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "auth.example.test");
        let page = ask.send(gate.address);
        assert_eq!(page.status, 200, "{hostile:?}");
        assert!(!page.text().contains("evil"), "{hostile:?} is shown: {}", page.text());
        assert!(
            !page.header("content-security-policy").unwrap_or_default().contains("evil"),
            "{hostile:?}"
        );
        let on = ask.cookie("auth_token", &token).send(gate.address);
        assert_eq!((on.status, on.header("location")), (302, Some("/")), "{hostile:?}");
    }
    let twice = "/login?next=%2Fa&next=https%3A%2F%2Fapp.example.test%2F";
    assert_eq!(
        Ask::get(twice).cookie("auth_token", &token).send(gate.address).header("location"),
        Some("/")
    );
}

#[test]
fn honest_addresses_stay_as_they_are() {
    let gate = Daemon::with(&format!("redirect_hosts = [\"wiki.other.test\"]\n{ONE_DOMAIN}"));
    let token = gate.log_in(&gate.place.add_user("owner"));
    for honest in [
        "/",
        "/a//b",
        "/x?y=https://evil.example/&z=//evil.example",
        "https://app.example.test/",
        "https://APP.Example.TEST:8443/a?b=c&d=%26#e",
        "https://example.test/",
        "https://a.b.c.example.test/x?url=https://evil.example/",
        "https://wiki.other.test/Page",
        "https://app.example.test/login",
    ] {
        for name in ["next", "rd", "redirect_uri"] {
            let target = format!("/login?{name}={}", percent_encode(honest));
            let on = Ask::get(&target).cookie("auth_token", &token).send(gate.address);
            assert_eq!((on.status, on.header("location")), (302, Some(honest)), "{name}");
        }
    }
    for own in [
        "/login",
        "/logout",
        "/login?x",
        "https://auth.example.test/logout",
        "https://auth.example.test/verify/caddy",
        "/setup",
        "/enroll",
    ] {
        let target = format!("/login?next={}", percent_encode(own));
        let on = Ask::get(&target).cookie("auth_token", &token).send(gate.address);
        assert_eq!(on.header("location"), Some("/"), "{own}: Portcullis' own pages");
    }
}

#[test]
fn the_form_is_judged_again_whatever_the_page_said() {
    let gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let ask =
        Ask::form("/login", &[("otp", &owner.fresh_code()), ("next", "https://evil.example/")]);
    let answer = ask.send(gate.address);
    assert_eq!((answer.status, answer.header("location")), (302, Some("/")), "{answer:?}");
}

#[test]
fn the_way_that_a_refusal_offers_leads_back_whatever_the_host_is_called() {
    for (settings, url) in [
        ("public_url = \"https://192.168.1.10:8443\"", "https://192.168.1.10:9000/x?a=b"),
        ("public_url = \"https://[fd00:0::1]:8443\"", "https://[fd00::1]:9000/x"),
        ("public_url = \"https://nas\"", "https://nas:9000/"),
        (ONE_DOMAIN, "https://my_app.example.test/x"),
        ("", "https://192.168.1.10:8443/x"),
        ("", "https://my_nas/x"),
    ] {
        let gate = Daemon::with(settings);
        let token = gate.log_in(&gate.place.add_user("owner"));
        let refused = Ask::verify("/verify/caddy", url).send(gate.address);
        let next = refused.next().expect("a way to the login");
        let host = url.split('/').nth(2).expect("a host");
        let page = Ask::get(&format!("/login?next={}", percent_encode(&next)))
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", host)
            .cookie("auth_token", &token);
        assert_eq!(
            page.send(gate.address).header("location"),
            Some(next.as_str()),
            "{settings} {url}"
        );
        assert!(url.ends_with(&next), "{url}: {next}");
    }
}
