//! What a session cookie is worth, and until when.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;

const SECRET: &str = "a secret for tests, longer than thirty-two bytes";

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

fn sign(header: &Value, claims: &Value) -> String {
    let signed = [header, claims].map(|v| URL_SAFE_NO_PAD.encode(v.to_string())).join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[test]
fn a_token_says_what_it_must_and_nothing_that_was_changed_is_accepted() {
    let gate = Place::new(ONE_DOMAIN).with_environment("JWT_SECRET", SECRET).start();
    let token = gate.log_in(&gate.place.add_user("owner"));
    gate.place.add_user("admin");
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(
        (&header["alg"], &claims["iss"], &claims["sub"], &claims["rlm"]),
        (&json!("HS256"), &json!("portcullis"), &json!("owner"), &json!("default"))
    );
    let (iat, exp) = (claims["iat"].as_u64().expect("iat"), claims["exp"].as_u64().expect("exp"));
    assert_eq!(exp - iat, 86_400);
    let jti = claims["jti"].as_str().expect("jti");
    assert_eq!(URL_SAFE_NO_PAD.decode(jti).map(|bytes| bytes.len()), Ok(16), "128 random bits");
    assert!(gate.is_open_to(&token));

    let changed = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        sign(&header, &claims)
    };
    let without = |key: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().expect("an object").remove(key);
        sign(&header, &claims)
    };
    let (front, tail) = token.rsplit_once('.').expect("three parts");
    let mut forged = vec![
        changed("sub", json!("admin")),
        changed("exp", json!("never")),
        changed("exp", json!(exp + 1_000_000)),
        changed("exp", json!(iat)),
        changed("iat", json!(iat + 3600)),
        changed("jti", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        changed("iss", json!("other")),
        changed("rlm", json!("admin")),
        changed("aud", json!("x")),
        changed("nbf", json!(exp)),
        changed("extra", json!(1)),
        sign(&json!({"alg": "none"}), &claims),
        sign(&json!({"alg": "HS512", "typ": "JWT"}), &claims),
        format!("{front}."),
        format!("{front}.{}", tail.to_ascii_uppercase()),
        format!("{token}="),
        format!("\"{token}\""),
        format!("{token}.{tail}"),
        format!("{}..", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}")),
        token.to_ascii_lowercase(),
        ".".repeat(5000),
        String::new(),
    ];
    forged.extend(["sub", "exp", "iat", "jti", "iss", "rlm"].map(without));
    for token in &forged {
        assert!(!gate.is_open_to(token), "{token}");
    }
    assert!(gate.is_open_to(&token), "the true one still is");
}

#[test]
fn of_several_cookies_the_bad_ones_are_skipped_and_two_people_at_once_are_nobody() {
    let gate = Daemon::with(ONE_DOMAIN);
    let (one, two) =
        (gate.log_in(&gate.place.add_user("one")), gate.log_in(&gate.place.add_user("two")));
    let ask = |cookies: &[String]| {
        let mut ask = Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load();
        for line in cookies {
            ask = ask.header("Cookie", line);
        }
        ask.send(gate.address)
    };
    let line = |values: &[&str]| {
        values.iter().map(|v| format!("auth_token={v}")).collect::<Vec<_>>().join("; ")
    };
    for cookies in [
        vec![line(&["rubbish", &one])],
        vec![line(&[&one, "rubbish"])],
        vec![line(&["rubbish"]), line(&[&one])],
        vec![format!("a=b; {}; c", line(&[&one]))],
        vec![line(&[&one, &one])],
    ] {
        let answer = ask(&cookies);
        assert_eq!(
            (answer.status, answer.header("remote-user")),
            (204, Some("one")),
            "{cookies:?}"
        );
    }
    for cookies in [vec![line(&[&one, &two])], vec![line(&[&two]), line(&[&one])]] {
        assert_eq!(ask(&cookies).status, 302, "{cookies:?}");
    }
    for broken in [
        "auth_token",
        "auth_token=",
        "=;;=;auth_token",
        "\u{1}auth_token=x",
        "auth_token=\"",
        "Auth_Token=x; ;; =",
    ] {
        let answer = ask(&[broken.to_owned()]);
        assert_ne!(answer.status, 204, "{broken:?}");
    }
}

#[test]
fn a_session_ends_at_the_next_request_after_its_revocation() {
    let gate = Daemon::with(ONE_DOMAIN);
    let (one, two) = (gate.place.add_user("one"), gate.place.add_user("two"));
    let (first, second, other) = (gate.log_in(&one), gate.log_in(&one), gate.log_in(&two));
    let list = gate.place.json(&["session", "list"]);
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 3);
    let id = part(&first, 1)["jti"].as_str().expect("jti").to_owned();
    assert!(list.iter().any(|session| session["id"] == id.as_str()), "{id} in {list:?}");

    gate.place.json(&["session", "revoke", &id]);
    assert!(!gate.is_open_to(&first) && gate.is_open_to(&second) && gate.is_open_to(&other));
    gate.place.json(&["session", "revoke", "--user", "one"]);
    assert!(!gate.is_open_to(&second) && gate.is_open_to(&other));
    gate.place.json(&["session", "revoke", "--all"]);
    assert!(!gate.is_open_to(&other));
}

#[test]
fn disabling_removing_and_rotating_a_user_end_his_sessions() {
    let gate = Daemon::with(ONE_DOMAIN);
    for verb in ["disable", "remove", "rotate"] {
        let person = gate.place.add_user(verb);
        let token = gate.log_in(&person);
        assert!(gate.is_open_to(&token));
        gate.place.json(&["user", verb, verb]);
        assert!(!gate.is_open_to(&token), "{verb}");
        assert_eq!(
            gate.post_code(&person.fresh_code(), "198.51.100.1").status,
            401,
            "{verb}: the old code is worth nothing"
        );
    }
    gate.place.json(&["user", "enable", "disable"]);
}

#[test]
fn the_host_prefix_binds_the_cookie_to_one_host() {
    let gate = Daemon::with("[session]\ncookie_prefix = \"host\"\n");
    let answer = gate.post_code(&gate.place.add_user("owner").fresh_code(), "198.51.100.1");
    let line = answer.set_cookie("__Host-auth_token").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(
        line.contains("Secure") && line.contains("Path=/;") && !line.contains("Domain"),
        "{line}"
    );
    let token = answer.cookie("__Host-auth_token").expect("a value");
    let ask = Ask::verify("/verify/caddy", "https://auth.example.test/x").by_page_load();
    assert_eq!(ask.clone().cookie("__Host-auth_token", &token).send(gate.address).status, 204);
    assert_eq!(
        ask.cookie("auth_token", &token).send(gate.address).status,
        302,
        "the bare name is another cookie"
    );
}
