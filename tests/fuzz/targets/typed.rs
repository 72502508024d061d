//! What people type or operators give: names, codes, set-up codes, texts of a profile. Each has one
//! spelling, and the URL for the authenticator says exactly what went in.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::seed::Seed;
use portcullis::auth::setup_code::SetupCode;
use portcullis::auth::totp::{Algorithm, Authenticator, Code, CodeLength};
use portcullis::auth::user::{UserName, check_display_name, check_email, check_groups};
use portcullis::entropy::Entropy;
use url::Url;

fuzz_target!(|input: (&str, &str, [u8; 20])| {
    let (text, issuer, octets) = input;
    if let Ok(name) = UserName::parse(text) {
        assert_eq!(UserName::parse(name.as_str()).as_ref(), Ok(&name));
        assert_eq!(UserName::from_canonical(name.as_str()).as_ref(), Some(&name));
        assert!(name.as_str().eq_ignore_ascii_case(text) && UserName::is_canonical(name.as_str()));
        url(&name, issuer, octets);
    }
    assert_eq!(
        UserName::is_canonical(text),
        UserName::parse(text).is_ok_and(|name| name.as_str() == text)
    );

    if let Some(code) = SetupCode::parse(text) {
        let shown = code.to_string();
        assert!(shown.len() == 19 && shown.bytes().all(|byte| byte.is_ascii_graphic()));
        let again = SetupCode::parse(&shown).expect("what is shown can be typed");
        assert!(code.digest().is_of(&again) && again.to_string() == shown);
        assert!(
            SetupCode::parse(&shown.to_lowercase().replace('-', " "))
                .is_some_and(|lower| code.digest().is_of(&lower))
        );
    }
    let digits: Vec<_> = text.chars().filter(|letter| *letter != ' ').collect();
    let is_code = matches!(digits.len(), 6 | 8) && digits.iter().all(char::is_ascii_digit);
    assert_eq!(Code::parse(text).is_some(), is_code);

    if check_display_name(text).is_ok()
        && check_email(text).is_ok()
        && check_groups(&[text.to_owned()]).is_ok()
    {
        assert!(text.matches('@').count() <= 1 && !text.contains(['\r', '\n', ',', '\0']));
    }
});

struct Fixed([u8; 20]);

impl Entropy for Fixed {
    fn fill(&mut self, room: &mut [u8]) {
        room.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
    }
}

/// Read as any URL is read, it has this name, issuer and seed.
fn url(name: &UserName, issuer: &str, octets: [u8; 20]) {
    let algorithm =
        [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512][usize::from(octets[0] % 3)];
    let digits = if octets[1] & 1 == 0 { CodeLength::Six } else { CodeLength::Eight };
    let authenticator = Authenticator::generate_with(algorithm, digits, &mut Fixed(octets));
    let written = authenticator.otpauth_url(name, issuer);
    let read = Url::parse(&written).expect("a URL");
    assert_eq!((read.scheme(), read.host_str()), ("otpauth", Some("totp")), "{written}");
    let pairs: Vec<_> = read.query_pairs().into_owned().collect();
    let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["secret", "issuer", "algorithm", "digits", "period"], "{written}");
    assert_eq!(pairs[0].1, authenticator.seed.base32().as_str());
    assert_eq!(pairs[1].1, issuer);
    assert_eq!(pairs[2].1, algorithm.as_str());
    assert_eq!(pairs[3].1, digits.count().to_string());
    assert!(read.path().ends_with(&format!(":{name}")), "{written}");
    let _: &Seed = &authenticator.seed;
}
