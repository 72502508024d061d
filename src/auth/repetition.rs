//! Logins that a browser sends twice: the code's last digit sends the form, and Enter sends it
//! again while the first answer is on its way. The browser shows the second answer alone, so it
//! must be the first one once more, not "already used".
//!
//! Guarantees: only the same code, with the same name, from the same [`BrowserId`], within
//! [`WITHIN`] of its success is a repetition. Nothing is spent, counted or written by one, and it
//! begins no session.

use std::collections::VecDeque;
use std::time::Duration;

use crate::auth::code::Code;
use crate::auth::session::Session;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

/// How long a success can be repeated.
pub const WITHIN: Duration = Duration::from_secs(10);

/// How many successes are remembered; the oldest goes first.
const MOST: usize = 64;

/// A browser that has seen the login page: 128 random bits that nobody else knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BrowserId(pub [u8; 16]);

/// The latest successes.
#[derive(Default)]
pub struct Repetitions {
    recent: VecDeque<Success>,
}

/// A login that succeeded, and what was answered.
pub struct Success {
    /// Who posted it.
    pub browser: BrowserId,
    /// The name, where one was asked for.
    pub name: Option<UserName>,
    /// The code, spent by now.
    pub code: Code,
    /// What began with it.
    pub session: Session,
    /// The value of the device cookie that came with it.
    pub device: String,
    /// When, by a steady clock.
    pub at: Timestamp,
}

impl Repetitions {
    /// Remembers a success.
    pub fn remember(&mut self, success: Success) {
        let now = success.at;
        self.recent.retain(|earlier| is_recent(earlier, now));
        if self.recent.len() >= MOST {
            self.recent.pop_front();
        }
        self.recent.push_back(success);
    }

    /// The success that such a login repeats.
    pub fn find(
        &self,
        browser: BrowserId,
        name: Option<&UserName>,
        code: &Code,
        now: Timestamp,
    ) -> Option<&Success> {
        let is_same = |success: &&Success| {
            success.browser == browser
                && success.name.as_ref() == name
                && success.code.is_same(code)
        };
        self.recent.iter().filter(|success| is_recent(success, now)).find(is_same)
    }
}

fn is_recent(success: &Success, now: Timestamp) -> bool {
    now.since(success.at) <= WITHIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key_id::KeyId;
    use crate::auth::testing::Counting;

    const T0: Timestamp = Timestamp::from_unix(2_000_000_000);

    fn code(text: &str) -> Code {
        Code::parse(text).expect("a code")
    }

    fn success(browser: u8, text: &str, at: u64) -> Success {
        let user = UserName::parse("anna").expect("a name");
        let (now, client) = (T0.plus(Duration::from_secs(at)), [192, 0, 2, 1].into());
        let session = Session::begin(
            user,
            now,
            WITHIN,
            client,
            b"",
            KeyId::new(1),
            &mut Counting(browser.into()),
        );
        let browser = BrowserId([browser; 16]);
        Success {
            browser,
            name: None,
            code: code(text),
            session,
            device: "device".to_owned(),
            at: now,
        }
    }

    #[test]
    fn only_the_same_login_of_the_same_browser_within_ten_seconds_is_a_repetition() {
        let mut repetitions = Repetitions::default();
        repetitions.remember(success(1, "123456", 0));
        let anna = UserName::parse("anna").expect("a name");
        let found = |browser: u8, name: Option<&UserName>, text: &str, at: u64| {
            let now = T0.plus(Duration::from_secs(at));
            repetitions.find(BrowserId([browser; 16]), name, &code(text), now).is_some()
        };
        assert!(found(1, None, "123456", 0) && found(1, None, "123 456", 10));
        assert!(!found(1, None, "123456", 11), "too late");
        assert!(!found(2, None, "123456", 1), "another browser");
        assert!(!found(1, None, "123457", 1), "another code");
        assert!(!found(1, None, "12345600", 1), "a longer code");
        assert!(!found(1, Some(&anna), "123456", 1), "with a name");
    }

    #[test]
    fn a_flood_of_logins_takes_a_fixed_room() {
        let mut repetitions = Repetitions::default();
        for browser in 0..200 {
            repetitions.remember(success(browser, "123456", 0));
        }
        assert_eq!(repetitions.recent.len(), MOST);
        assert!(repetitions.find(BrowserId([199; 16]), None, &code("123456"), T0).is_some());
        repetitions.remember(success(1, "123456", 60));
        assert_eq!(repetitions.recent.len(), 1, "what cannot be repeated any more is forgotten");
    }
}
