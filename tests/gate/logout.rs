//! Leaving.

use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::{Answer, Ask};

fn token_of(page: &Answer) -> Vec<(String, String)> {
    let text = page.text();
    let mut fields = Vec::new();
    for input in text.split("<input ").skip(1).filter_map(|rest| rest.split('>').next()) {
        let value = |name: &str| {
            Some(input.split_once(&format!("{name}=\""))?.1.split('"').next()?.to_owned())
        };
        if let (Some(name), Some(content)) = (value("name"), value("value")) {
            fields.push((name, content));
        }
    }
    fields
}

/// Opens the logout page with that session and sends its form, `all` included where asked for.
fn log_out(gate: &Daemon, token: &str, all: bool) -> Answer {
    let page = Ask::get("/logout").cookie("auth_token", token).send(gate.address);
    assert_eq!(page.status, 200, "{page:?}");
    let mut fields = token_of(&page);
    fields.retain(|(name, _)| name != "all");
    if all {
        fields.push(("all".to_owned(), "1".to_owned()));
    }
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ask::form("/logout", &fields).cookie("auth_token", token).send(gate.address)
}

#[test]
fn a_get_asks_and_changes_nothing() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    let page = Ask::get("/logout?all=1").cookie("auth_token", &token).send(gate.address);
    assert_eq!((page.status, page.all("set-cookie").count()), (200, 0));
    assert!(page.text().contains("method=\"post\""), "{}", page.text());
    assert!(gate.is_open_to(&token));
}

#[test]
fn a_post_ends_the_session_and_clears_the_cookie_with_the_same_path_and_domain() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    let answer = log_out(&gate, &token, false);
    assert!(matches!(answer.status, 200 | 302 | 303), "{answer:?}");
    let line = answer.set_cookie("auth_token").expect("the cookie is cleared");
    for part in ["auth_token=", "Max-Age=0", "Path=/", "Domain=example.test", "HttpOnly", "Secure"]
    {
        assert!(line.split("; ").any(|p| p == part), "{part} in {line}");
    }
    assert!(!gate.is_open_to(&token), "the old cookie is worth nothing");
}

#[test]
fn all_ends_every_session_of_this_person_and_of_nobody_else() {
    let gate = Daemon::with(ONE_DOMAIN);
    let (one, two) = (gate.place.add_user("one"), gate.place.add_user("two"));
    let (phone, laptop, other) = (gate.log_in(&one), gate.log_in(&one), gate.log_in(&two));
    log_out(&gate, &phone, true);
    assert!(!gate.is_open_to(&phone) && !gate.is_open_to(&laptop) && gate.is_open_to(&other));
}

#[test]
fn without_the_form_s_token_or_from_another_site_nothing_ends() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    let bare = Ask::form("/logout", &[("all", "1")]).cookie("auth_token", &token);
    assert_eq!(
        bare.send(gate.address).status,
        403,
        "no token, no header that tells where it came from"
    );
    for (name, value) in
        [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Origin", "null")]
    {
        let answer = bare.clone().header(name, value).send(gate.address);
        assert_eq!((answer.status, answer.all("set-cookie").count()), (403, 0), "{name}: {value}");
    }
    let page = Ask::get("/logout").cookie("auth_token", &token).send(gate.address);
    let fields = token_of(&page);
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let foreign = Ask::form("/logout", &fields)
        .cookie("auth_token", &token)
        .header("Sec-Fetch-Site", "cross-site");
    assert_eq!(foreign.send(gate.address).status, 403, "not even with the token");
    assert!(gate.is_open_to(&token));
}

#[test]
fn another_session_s_token_does_not_count() {
    let gate = Daemon::with(ONE_DOMAIN);
    let (one, two) =
        (gate.log_in(&gate.place.add_user("one")), gate.log_in(&gate.place.add_user("two")));
    let page = Ask::get("/logout").cookie("auth_token", &two).send(gate.address);
    let fields = token_of(&page);
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        Ask::form("/logout", &fields).cookie("auth_token", &one).send(gate.address).status,
        403
    );
    assert!(gate.is_open_to(&one) && gate.is_open_to(&two));
}

#[test]
fn the_account_page_says_who_one_is_and_sends_strangers_to_the_login() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    let page = Ask::get("/").cookie("auth_token", &token).send(gate.address);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("owner") && page.text().contains("/logout"), "{}", page.text());
    let stranger = Ask::get("/").by_page_load().send(gate.address);
    assert!(matches!(stranger.status, 302 | 303), "{stranger:?}");
    assert!(stranger.header("location").is_some_and(|l| l.contains("/login")), "{stranger:?}");
}
