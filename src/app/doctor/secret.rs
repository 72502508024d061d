//! Is the session secret one that nobody guesses?

use crate::app::doctor::facts::{NoSecret, Strength};
use crate::app::doctor::finding::Subject;
use crate::app::messages::answers::doctor::Finding;

const SECRET: Subject = Subject("secret");

/// Makes a good one.
const GOOD: &str = "openssl rand -base64 48";

/// Words that stand in examples all over the internet.
const EXAMPLES: [&str; 10] = [
    "changeme",
    "change-me",
    "change_me",
    "your-secret",
    "your_secret",
    "mysecret",
    "my-secret",
    "secret",
    "password",
    "example",
];

impl Strength {
    /// What can be said of `secret`, which was found in `source`.
    pub fn of(secret: &[u8], source: String, in_environment: bool) -> Self {
        let distinct = (0..=u8::MAX).filter(|byte| secret.contains(byte)).count();
        let repeats = |period: usize| {
            secret.iter().zip(secret.iter().skip(period)).all(|(one, next)| one == next)
        };
        let period = (1..secret.len()).find(|period| repeats(*period)).unwrap_or(secret.len());
        let pairs = secret.iter().zip(secret.iter().skip(1));
        let runs = pairs.filter(|(one, next)| one.abs_diff(**next) <= 1).count();
        let lower = zeroize::Zeroizing::new(secret.to_ascii_lowercase());
        let holds = |word: &&&str| lower.windows(word.len()).any(|part| part == word.as_bytes());
        let example = EXAMPLES.iter().find(holds).copied();
        Self { source, in_environment, length: secret.len(), distinct, period, runs, example }
    }
}

pub(super) fn findings(secret: &Result<Strength, NoSecret>) -> Vec<Finding> {
    let secret = match secret {
        Ok(secret) => secret,
        Err(none) => {
            return vec![
                SECRET.error(format!("the gate cannot start: {}", none.why), none.remedy.as_str()),
            ];
        }
    };
    let source = &secret.source;
    let weak = |why: String| {
        let found = format!(
            "the session secret of {source} can be guessed, and with it every session forged: {why}"
        );
        SECRET.error(found, format!("{GOOD}  # put this in the place of it; all sessions end"))
    };
    let strength = if secret.period.saturating_mul(2) <= secret.length {
        weak(format!("it repeats the same {} bytes", secret.period))
    } else if secret.distinct <= 8 {
        weak(format!("it holds only {} different bytes", secret.distinct))
    } else if secret.runs.saturating_mul(2) > secret.length {
        weak("most of its bytes follow each other as on a keyboard or in the alphabet".to_owned())
    } else if let Some(word) = secret.example {
        weak(format!("it holds {word:?}, as examples do"))
    } else {
        SECRET.ok(format!("the session secret of {source} has {} bytes", secret.length))
    };
    let seen = secret.in_environment.then(|| {
        let found =
            "JWT_SECRET stands in the environment, which other programs of the same user and core dumps can read";
        SECRET.note(
            found,
            Some("JWT_SECRET_FILE=/etc/portcullis/jwt.secret  # mode 0600, instead of JWT_SECRET".to_owned()),
        )
    });
    [Some(strength), seen].into_iter().flatten().collect()
}
