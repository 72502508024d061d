//! `jsonwebtoken::decode` is the reference: what it refuses is never accepted here, whatever was
//! changed in a token.
//!
//! What only this refuses, each with a genuine MAC unless said otherwise. [`ONLY_OURS`] holds an
//! example of each, and the test of mutations counts a difference only where [`reason_of_ours`]
//! finds one of these in the token:
//!
//! 1. a header text other than the key's own: members added, reordered, spaced or escaped, another
//!    `kid` or `typ`
//! 2. a claim that is missing, or that we do not issue (`nbf` and `aud` too, also when they would
//!    be satisfied)
//! 3. a number that is not a plain unsigned integer: fraction, exponent
//! 4. white space between the claims
//! 5. an escape in a string or a member's name
//! 6. a letter outside of ASCII
//! 7. another issuer or realm, a subject that is no user name in its one spelling, a `jti` that is
//!    not 128 bits
//! 8. `iat` more than 60 s ahead
//! 9. a claim of another type where decode does not look: `iat`, `jti`, `rlm`
//! 10. longer than any token of ours
//! 11. a claim given twice where decode does not look: `iat`, `jti`, `rlm`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sha2::Sha256;

use super::*;
use crate::auth::testing::{Counting, keyring, secret, session};
use crate::clock;

/// As `jsonwebtoken` would be used if it were used: everything it can check is checked.
fn reference(token: &[u8], key: u8) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.validate_exp = true;
    validation.validate_nbf = true;
    validation.validate_aud = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    let key = DecodingKey::from_secret(secret(key).expose()).expect("a secret");
    jsonwebtoken::decode::<serde_json::Value>(token, &key, &validation).is_ok()
}

fn ours(token: &[u8], keyring: &Keyring, now: Timestamp) -> Result<String, TokenError> {
    verify(token, keyring, now, &mut Scratch::new()).map(|claims| claims.sub.to_owned())
}

/// A token with these texts as header and claims, and a genuine MAC.
fn forge(header: &[u8], claims: &[u8]) -> Vec<u8> {
    sign_text(
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)).as_bytes(),
    )
}

fn sign_text(message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret(1).expose())
        .unwrap()
        .chain_update(message)
        .finalize();
    [message, b".", URL_SAFE_NO_PAD.encode(mac.into_bytes()).as_bytes()].concat()
}

/// Header and claims of a token, decoded.
fn texts(token: &str) -> (String, String) {
    let part = |n| {
        String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(n).unwrap()).unwrap())
            .unwrap()
    };
    (part(0), part(1))
}

struct Fixture {
    keyring: Keyring,
    now: Timestamp,
    token: String,
    header: String,
    claims: String,
}

fn fixture() -> Fixture {
    // decode asks the system for the time, so the tokens live around that.
    let (keyring, now) = (keyring(1), clock::now());
    let token =
        keyring.sign(&session("anna", now, keyring.current_id(), &mut Counting(1))).unwrap();
    let (header, claims) = texts(&token);
    Fixture { keyring, now, token, header, claims }
}

#[test]
fn a_token_of_ours_says_what_was_issued() {
    let Fixture { keyring, now, .. } = fixture();
    let long = "z".repeat(UserName::MAX_BYTES);
    for user in ["a", "anna", "b.c_d-e", long.as_str()] {
        let session = session(user, now, keyring.current_id(), &mut Counting(9));
        let token = keyring.sign(&session).unwrap();
        assert!(token.len() <= MAX_TOKEN && reference(token.as_bytes(), 1));
        let mut scratch = Scratch::new();
        let claims = verify(token.as_bytes(), &keyring, now, &mut scratch).unwrap();
        let expected = Claims {
            sub: user,
            iat: session.created,
            exp: session.expires,
            jti: session.id,
            key: session.key,
        };
        assert_eq!(claims, expected);
    }
}

#[test]
fn a_genuine_token_is_remembered_and_a_forged_one_is_not() {
    let Fixture { keyring, now, token, .. } = fixture();
    let mut forged = token.clone().into_bytes();
    forged[70] ^= 1;
    let mut scratch = Scratch::new();
    let mut is_remembered = |token: &[u8]| {
        let _ = verify(token, &keyring, now, &mut scratch);
        scratch
            .cache
            .place(token)
            .is_some_and(|place| place.as_ref().is_some_and(|genuine| genuine.is(token)))
    };
    assert!(!is_remembered(&forged) && is_remembered(token.as_bytes()));
    // It has the MAC of the genuine one, so it looks in the same place, and leaves that alone.
    assert!(!is_remembered(&forged));
    assert!(scratch.cache.place(token.as_bytes()).is_some_and(|place| place.is_some()));
}

#[test]
fn the_longest_claims_we_can_issue_fit() {
    let keyring = keyring(1);
    let mut session =
        session(&"z".repeat(64), Timestamp::default(), keyring.current_id(), &mut Counting(9));
    session.created = Timestamp::from_unix(u64::MAX);
    session.expires = Timestamp::from_unix(u64::MAX);
    let token = keyring.sign(&session).unwrap();
    assert!(ours(token.as_bytes(), &keyring, Timestamp::from_unix(u64::MAX)).is_ok());
}

#[test]
fn a_token_ends_with_the_second_of_its_exp() {
    let Fixture { keyring, now, token, .. } = fixture();
    let day = Duration::from_secs(86_400);
    assert!(ours(token.as_bytes(), &keyring, now.plus(day)).is_ok());
    assert_eq!(
        ours(token.as_bytes(), &keyring, now.plus(day).plus(Duration::from_secs(1))),
        Err(TokenError::Expired)
    );
}

#[test]
fn a_token_from_the_future_is_taken_within_a_minute_only() {
    let Fixture { keyring, now, token, .. } = fixture();
    assert!(ours(token.as_bytes(), &keyring, now.minus(Duration::from_secs(60))).is_ok());
    assert_eq!(
        ours(token.as_bytes(), &keyring, now.minus(Duration::from_secs(61))),
        Err(TokenError::NotYet)
    );
}

#[test]
fn a_token_of_another_or_a_forgotten_key_is_refused() {
    let Fixture { now, token, .. } = fixture();
    assert_eq!(ours(token.as_bytes(), &keyring(2), now), Err(TokenError::Header));
    let mut rotated = Keyring::new(&secret(2), Some(&secret(1))).unwrap();
    assert!(ours(token.as_bytes(), &rotated, now).is_ok());
    rotated.forget_previous();
    assert_eq!(ours(token.as_bytes(), &rotated, now), Err(TokenError::Header));
}

#[test]
fn the_mac_is_looked_at_before_the_claims() {
    let Fixture { keyring, now, header, .. } = fixture();
    let mut token = forge(header.as_bytes(), b"no json");
    assert_eq!(ours(&token, &keyring, now), Err(TokenError::Claims));
    let last = token.len() - 3;
    token[last] = if token[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(ours(&token, &keyring, now), Err(TokenError::Mac));
}

#[test]
fn a_token_that_was_found_genuine_is_judged_anew() {
    let Fixture { now, token, .. } = fixture();
    let mut keyring = Keyring::new(&secret(2), Some(&secret(1))).unwrap();
    let mut scratch = Scratch::new();
    for _ in 0..2 {
        assert!(
            verify(token.as_bytes(), &keyring, now, &mut scratch)
                .is_ok_and(|claims| claims.sub == "anna")
        );
    }
    let later = now.plus(Duration::from_secs(86_401));
    assert_eq!(verify(token.as_bytes(), &keyring, later, &mut scratch), Err(TokenError::Expired));
    let earlier = now.minus(Duration::from_secs(61));
    assert_eq!(verify(token.as_bytes(), &keyring, earlier, &mut scratch), Err(TokenError::NotYet));
    // Every other text is checked from the start, the nearest ones too.
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut changed = token.clone().into_bytes();
            changed[at] ^= 1 << bit;
            assert!(verify(&changed, &keyring, now, &mut scratch).is_err());
        }
        assert!(verify(&token.as_bytes()[..at], &keyring, now, &mut scratch).is_err());
        assert!(verify(&token.as_bytes()[at + 1..], &keyring, now, &mut scratch).is_err());
    }
    assert!(verify(token.as_bytes(), &keyring, now, &mut scratch).is_ok());
    keyring.forget_previous();
    assert_eq!(verify(token.as_bytes(), &keyring, now, &mut scratch), Err(TokenError::Header));
}

#[test]
fn many_tokens_in_turn_are_never_taken_for_each_other() {
    let Fixture { keyring, now, .. } = fixture();
    let (mut scratch, mut entropy) = (Scratch::new(), Counting(3));
    let tokens: Vec<_> = (0..1000)
        .map(|n| {
            let session = session(&format!("user{n}"), now, keyring.current_id(), &mut entropy);
            (keyring.sign(&session).unwrap(), session)
        })
        .collect();
    for _ in 0..2 {
        for (token, session) in &tokens {
            let claims = verify(token.as_bytes(), &keyring, now, &mut scratch).unwrap();
            assert_eq!((claims.sub, claims.jti), (session.user.as_str(), session.id));
        }
    }
}

#[test]
fn tokens_of_the_well_known_attacks_are_refused() {
    let Fixture { keyring, now, token, header, claims } = fixture();
    let unsigned = |header: &str| {
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&claims))
    };
    let genuine_mac = token.rsplit('.').next().unwrap();
    let mut attacks: Vec<Vec<u8>> = vec![
        Vec::new(),
        b".".to_vec(),
        b"..".to_vec(),
        vec![b'.'; 100_000],
        vec![b'a'; 1 << 20],
        unsigned(r#"{"alg":"none"}"#).into_bytes(),
        unsigned(&header).into_bytes(),
        format!("{token}.").into_bytes(),
        format!(".{token}").into_bytes(),
        format!("{token}.{genuine_mac}").into_bytes(),
        format!("{token}=").into_bytes(),
        format!("{token}\n").into_bytes(),
        format!(" {token}").into_bytes(),
        format!("\"{token}\"").into_bytes(),
        token.replacen('.', "..", 1).into_bytes(),
        token.get(..token.len() - 1).unwrap().as_bytes().to_vec(),
        forge(header.as_bytes(), b""),
        forge(header.as_bytes(), b"{}"),
        forge(header.as_bytes(), b"null"),
        forge(header.as_bytes(), b"[]"),
    ];
    // The other alphabet of base64; the MAC of most tokens has one of its letters.
    attacks.extend(
        Some(token.replace('-', "+").replace('_', "/").into_bytes())
            .filter(|other| other != token.as_bytes()),
    );
    for algorithm in
        ["none", "None", "NONE", "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""]
    {
        attacks.push(forge(header.replace("HS256", algorithm).as_bytes(), claims.as_bytes()));
    }
    // CVE-2026-25537: an exp of another type counted as none.
    for exp in [
        "\"never\"",
        "null",
        "true",
        "[]",
        "{}",
        "-1",
        "99999999999999999999",
        "1e400",
        "0x7fffffff",
        "+1",
    ] {
        let exp_at = format!("\"exp\":{}", now.plus(Duration::from_secs(86_400)).unix());
        assert!(claims.contains(&exp_at));
        attacks.push(forge(
            header.as_bytes(),
            claims.replace(&exp_at, &format!("\"exp\":{exp}")).as_bytes(),
        ));
    }
    for attack in attacks {
        assert!(
            ours(&attack, &keyring, now).is_err(),
            "{}",
            String::from_utf8_lossy(&attack[..attack.len().min(200)])
        );
    }
}

/// Text in a genuine token, and what it is replaced by before it is signed: accepted by decode,
/// refused here. `IAT`, `EXP`, `JTI` and `KID` stand for the values in the token.
const ONLY_OURS: &[(&str, &str)] = &[
    // 1, in the header
    (r#""typ":"JWT","alg":"HS256""#, r#""alg":"HS256","typ":"JWT""#),
    (r#""typ":"JWT","alg""#, r#""alg""#),
    (r#"{"typ""#, r#"{ "typ""#),
    (r#""kid":"KID""#, r#""kid":"KI""#),
    (r#""kid":"KID""#, r#""kid":"KID","x":1"#),
    (r#""alg":"HS256""#, r#""alg":"HS\u003256""#),
    // 2
    (r#","rlm":"default""#, ""),
    (r#","jti":"JTI""#, ""),
    (r#""iat":IAT,"#, ""),
    (r#""rlm":"default""#, r#""rlm":"default","nbf":1"#),
    (r#""rlm":"default""#, r#""rlm":"default","aud":null"#),
    (r#""rlm":"default""#, r#""rlm":"default","admin":true"#),
    // 3
    (r#""exp":EXP"#, r#""exp":EXP.0"#),
    (r#""exp":EXP"#, r#""exp":EXPe0"#),
    (r#""exp":EXP"#, r#""exp":EXPE+1"#),
    // 4
    (r#"{"iss""#, r#"{ "iss""#),
    (r#""default"}"#, "\"default\"}\n"),
    (r#","sub":"#, ",\t\"sub\" : "),
    // 5
    (r#""sub":"anna""#, r#""sub":"\u0061nna""#),
    (r#""sub":"#, r#""s\u0075b":"#),
    // 6
    (r#""sub":"anna""#, r#""sub":"änna""#),
    // 7
    (r#""sub":"anna""#, r#""sub":"Anna""#),
    (r#""sub":"anna""#, r#""sub":"""#),
    (r#""sub":"anna""#, r#""sub":"../anna""#),
    (r#""rlm":"default""#, r#""rlm":"other""#),
    (r#""iss":"portcullis""#, r#""iss":["portcullis"]"#),
    (r#""jti":"JTI""#, r#""jti":"JTIA""#),
    (r#""jti":"JTI""#, r#""jti":"JTI==""#),
    (r#""jti":"JTI""#, r#""jti":"""#),
    // 8
    (r#""iat":IAT"#, r#""iat":99999999999"#),
    // 9
    (r#""iat":IAT"#, r#""iat":"IAT""#),
    (r#""iat":IAT"#, r#""iat":-1"#),
    (r#""iat":IAT"#, r#""iat":null"#),
    (r#""jti":"JTI""#, r#""jti":7"#),
    (r#""rlm":"default""#, r#""rlm":null"#),
    // 11
    (r#""iat":IAT"#, r#""iat":IAT,"iat":IAT"#),
    (r#""rlm":"default""#, r#""rlm":"default","rlm":"default""#),
];

#[test]
fn what_only_we_refuse_is_on_the_list_and_nothing_else() {
    let Fixture { keyring, now, header, claims, .. } = fixture();
    let read: serde_json::Value = serde_json::from_str(&claims).unwrap();
    let kid = keyring.current_id().to_string();
    let fill = |text: &str| {
        text.replace("IAT", &read["iat"].to_string())
            .replace("EXP", &read["exp"].to_string())
            .replace("JTI", read["jti"].as_str().unwrap())
            .replace("KID", &kid)
    };
    for (from, to) in ONLY_OURS {
        let to = if to.contains("KI\"") {
            to.replace("KI\"", &format!("{}\"", &kid[..10]))
        } else {
            fill(to)
        };
        let from = fill(from);
        assert!(header.contains(&from) || claims.contains(&from), "{from}");
        let token =
            forge(header.replace(&from, &to).as_bytes(), claims.replace(&from, &to).as_bytes());
        assert!(reference(&token, 1), "decode refuses too: {to}");
        assert!(ours(&token, &keyring, now).is_err(), "{to}");
    }
    // 10
    let token =
        forge(header.as_bytes(), claims.replace('}', &format!("{}}}", " ".repeat(200))).as_bytes());
    assert!(token.len() > MAX_TOKEN && reference(&token, 1));
    assert_eq!(ours(&token, &keyring, now), Err(TokenError::Malformed));
}

#[test]
fn a_token_with_the_longest_claims_has_the_longest_length_and_is_read() {
    let Fixture { keyring, now, header, .. } = fixture();
    let token = forge(header.as_bytes(), &[b'x'; MAX_CLAIMS]);
    assert_eq!(token.len(), MAX_TOKEN);
    assert_eq!(ours(&token, &keyring, now), Err(TokenError::Claims));
}

#[test]
fn of_sixty_thousand_changed_tokens_none_is_accepted_that_decode_refuses() {
    let Fixture { keyring, now, token, header, claims } = fixture();
    let mut entropy = Counting(20_260_101);
    let (mut accepted, mut refused_by_both, mut only_ours) = (0u32, 0u32, 0u32);
    // One for all, as in the daemon: what was found genuine before must not help what comes after.
    let mut scratch = Scratch::new();
    for round in 0..60_000 {
        let changed = match round % 4 {
            // Without the key: anything may happen to the text.
            0 => mutate(token.as_bytes(), &mut entropy, TOKEN_PIECES),
            // With the key, but only the encoding changed.
            1 => {
                let message = token.rsplit_once('.').unwrap().0;
                sign_text(&mutate(message.as_bytes(), &mut entropy, TOKEN_PIECES))
            }
            // With the key: header or claims changed.
            2 => forge(&mutate(header.as_bytes(), &mut entropy, JSON_PIECES), claims.as_bytes()),
            _ => forge(header.as_bytes(), &mutate(claims.as_bytes(), &mut entropy, JSON_PIECES)),
        };
        let theirs = reference(&changed, 1);
        let here =
            verify(&changed, &keyring, now, &mut scratch).map(|claims| claims.sub.to_owned());
        match (theirs, here) {
            (true, Ok(sub)) => {
                assert!(UserName::is_canonical(&sub));
                accepted += 1;
            }
            (false, Err(_)) => refused_by_both += 1,
            (true, Err(_)) => {
                assert!(
                    reason_of_ours(&changed, &header, now),
                    "{}",
                    String::from_utf8_lossy(&changed)
                );
                only_ours += 1;
            }
            (false, Ok(_)) => panic!("decode refuses {}", String::from_utf8_lossy(&changed)),
        }
    }
    // The mutations reach all three: without that the test would show nothing.
    assert!(
        accepted > 100 && only_ours > 100 && refused_by_both > 10_000,
        "{accepted} {only_ours} {refused_by_both}"
    );
}

/// Pieces that are put into the text of a token.
const TOKEN_PIECES: &[&str] =
    &[".", "=", "==", "A", "_", "-", "+", "/", " ", "\n", "%2E", "\"", "\0", "e30", "eyJ"];

/// Pieces that are put into JSON.
const JSON_PIECES: &[&str] = &[
    " ",
    "\t",
    "\n",
    "\r",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u0061",
    "\\n",
    "\\\"",
    "0",
    "1",
    "9",
    "-",
    "+",
    ".",
    "e",
    "1e1",
    "null",
    "true",
    "\0",
    "\x01",
    "\u{7f}",
    "\u{feff}",
    "ä",
    "A",
    "a",
    "//",
    "/**/",
    "'",
    "\"sub\":\"root\",",
    "\"exp\":1,",
    "\"exp\":9999999999,",
    "\"nbf\":1,",
    "\"nbf\":9999999999,",
    "\"aud\":\"x\",",
    "\"aud\":[],",
    "\"iss\":\"portcullis\",",
    "\"iat\":1,",
    ",\"x\":{}",
    ",\"x\":[[[]]]",
    "\"kid\":null,",
    "\"alg\":\"none\",",
    "\"crit\":[\"x\"],",
    "\"typ\":null,",
];

/// One to three changes: bit flips, bytes, cuts, doubled and moved pieces, pieces of other syntax.
fn mutate(text: &[u8], entropy: &mut Counting, pieces: &[&str]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=entropy.below(3) {
        let at = entropy.below(text.len().max(1));
        let end = (at + entropy.below(12)).min(text.len());
        match entropy.below(9) {
            0 if !text.is_empty() => text[at] ^= 1 << entropy.below(8),
            1 if !text.is_empty() => text[at] = u8::try_from(entropy.below(256)).unwrap(),
            2 => drop(text.drain(at.min(end)..end)),
            3 => {
                let piece = text[at.min(end)..end].to_vec();
                let to = entropy.below(text.len() + 1);
                drop(text.splice(to..to, piece));
            }
            4 if !text.is_empty() => text[at] = b'0' + u8::try_from(entropy.below(10)).unwrap(),
            5 | 6 => {
                // At a seam of the syntax, where a piece has the best chance to be taken.
                let seams: Vec<usize> =
                    (0..text.len()).filter(|at| b"{},:.\"".contains(&text[*at])).collect();
                if let Some(seam) = seams.get(entropy.below(seams.len().max(1))) {
                    let piece = pieces[entropy.below(pieces.len())];
                    drop(text.splice(seam + 1..seam + 1, piece.bytes()));
                }
            }
            7 => {
                // A whole member doubled, moved or dropped.
                let members: Vec<Vec<u8>> =
                    text.split(|byte| *byte == b',').map(<[u8]>::to_vec).collect();
                let (one, other) = (entropy.below(members.len()), entropy.below(members.len()));
                let mut members = members;
                match entropy.below(3) {
                    0 => members.swap(one, other),
                    1 => members.insert(other, members[one].clone()),
                    _ => drop(members.remove(one)),
                }
                text = members.join(&b',');
            }
            _ => {
                let piece = pieces[entropy.below(pieces.len())];
                drop(text.splice(at.min(text.len())..end.max(at.min(text.len())), piece.bytes()));
            }
        }
    }
    text
}

/// Whether a token that decode accepts shows one of the listed reasons to refuse it.
fn reason_of_ours(token: &[u8], own_header: &str, now: Timestamp) -> bool {
    let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    let text = |n: usize| URL_SAFE_NO_PAD.decode(parts[n]).unwrap();
    if token.len() > MAX_TOKEN || text(0) != own_header.as_bytes() {
        return true;
    }
    let claims = text(1);
    if claims.iter().any(|byte| !byte.is_ascii_graphic() || *byte == b'\\') {
        return true;
    }
    let read: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&claims).unwrap();
    let plain = |name: &str| read.get(name).and_then(serde_json::Value::as_u64);
    let string = |name: &str| read.get(name).and_then(serde_json::Value::as_str);
    let names: Vec<&str> = read.keys().map(String::as_str).collect();
    let doubled = ["iat", "jti", "rlm"]
        .iter()
        .any(|name| String::from_utf8_lossy(&claims).matches(&format!("\"{name}\":")).count() > 1);
    let genuine = names.len() == 6
        && !doubled
        && ["exp", "iat", "iss", "jti", "rlm", "sub"].iter().all(|name| names.contains(name))
        && plain("exp").is_some()
        && plain("iat").is_some_and(|iat| Timestamp::from_unix(iat) <= now.plus(IAT_LEEWAY))
        && string("iss") == Some(ISSUER)
        && string("rlm") == Some(REALM)
        && string("sub").is_some_and(UserName::is_canonical)
        && string("jti").and_then(SessionId::parse).is_some();
    !genuine
}

#[test]
fn every_refused_token_says_why() {
    use TokenError::{Claims, Expired, Header, Mac, Malformed, NotYet};
    let all = [Malformed, Header, Mac, Claims, Expired, NotYet].map(|why| why.to_string());
    let different: std::collections::BTreeSet<_> =
        all.iter().filter(|why| !why.is_empty()).collect();
    assert_eq!(different.len(), all.len());
}
