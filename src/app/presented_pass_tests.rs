//! In which ways a pass may come, and what is none.

use base64::engine::general_purpose::STANDARD as PADDED;

use super::*;
use crate::auth::access_pass::pass_token::PassToken;
use crate::entropy::System;

fn brought(lines: &[(&str, &str)]) -> Option<Result<PresentedPass, PassFault>> {
    presented(&Headers::of(lines.iter().map(|(name, value)| (*name, value.as_bytes()))))
}

fn basic(user_and_password: &str) -> String {
    format!("Basic {}", PADDED.encode(user_and_password))
}

#[test]
fn a_pass_comes_in_one_of_three_ways() {
    let token = PassToken::generate(&mut System);
    let (text, digest) = (token.expose(), token.digest());
    let shown = PassCarrier::Authorization;
    for (name, value, carrier) in [
        ("X-Portcullis-Pass", text.to_owned(), PassCarrier::OwnHeader),
        ("x-portcullis-pass", text.to_owned(), PassCarrier::OwnHeader),
        ("Authorization", format!("Bearer {text}"), shown),
        ("authorization", format!("bearer   {text}"), shown),
        ("Authorization", basic(&format!("anna:{text}")), shown),
        ("Authorization", basic(&format!(":{text}")), shown),
        ("Authorization", basic(&format!("anna:{text}")).replace('=', ""), shown),
        ("Authorization", basic(&format!("anna:{text}")).replacen("Basic", "BASIC", 1), shown),
    ] {
        let found = brought(&[("Host", "a"), (name, &value)]);
        assert_eq!(found, Some(Ok(PresentedPass { digest, carrier })), "{name}: {value}");
    }
}

#[test]
fn an_authorization_that_is_no_pass_is_the_sites_own() {
    let token = PassToken::generate(&mut System);
    let text = token.expose();
    for value in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        text.to_owned(),
        format!("Bearer{text}"),
        format!("Bearer {text}a"),
        format!("Bearer \"{text}\""),
        format!("Bearer {text}, Bearer {text}"),
        format!("Bearer {}", text.to_uppercase()),
        format!("Bearer {}", &text[..41]),
        format!("Digest {text}"),
        format!("Basic {text}"),
        "Basic !!!!".to_owned(),
        basic(text),
        basic(&format!("{text}:")),
        basic(&format!("anna:x:{text}")),
        basic(&format!("anna:{text}\n")),
        basic(&format!("{}:{text}", "a".repeat(LONGEST_BASIC))),
    ] {
        assert_eq!(brought(&[("Authorization", &value)]), None, "{value}");
    }
    let twice = format!("Bearer {text}");
    assert_eq!(brought(&[("Authorization", &twice), ("authorization", &twice)]), None);
}

#[test]
fn the_header_of_the_gate_is_always_meant_for_it() {
    let token = PassToken::generate(&mut System);
    let bearer = format!("Bearer {}", token.expose());
    for value in ["pcp_", "Bearer pcp_", &bearer] {
        let lines = [("X-Portcullis-Pass", value), ("Authorization", bearer.as_str())];
        assert_eq!(brought(&lines), Some(Err(PassFault::Malformed)), "{value}");
    }
    // A proxy may send it empty where there is none.
    let empty = ("X-Portcullis-Pass", "");
    let found = brought(&[empty, ("Authorization", &bearer)]).expect("a pass");
    assert_eq!(found.expect("well-formed").carrier, PassCarrier::Authorization);
    assert_eq!(brought(&[empty]), None);
    let own = ("X-Portcullis-Pass", token.expose());
    assert_eq!(brought(&[own, own]), Some(Err(PassFault::Malformed)));
    let other = PassToken::generate(&mut System);
    let lines = [("Authorization", bearer.as_str()), ("X-Portcullis-Pass", other.expose())];
    let found = brought(&lines).expect("a pass").expect("well-formed");
    assert_eq!((found.digest, found.carrier), (other.digest(), PassCarrier::OwnHeader));
    assert_eq!(brought(&[("X_Portcullis_Pass", token.expose())]), None);
}
