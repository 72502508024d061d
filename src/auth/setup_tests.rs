//! Who may enrol first, as times alone decide.

use super::*;
use crate::auth::testing::Counting;

const START: Timestamp = Timestamp::from_unix(1_800_000_000);

fn at(minutes: u64, seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(minutes * 60 + seconds))
}

struct Fixture {
    setup: Setup,
    good: SetupCode,
    entropy: Counting,
}

impl Fixture {
    fn new() -> Self {
        let mut entropy = Counting(7);
        let good = SetupCode::generate(&mut entropy);
        Self { setup: Setup::open(&good, START, &mut entropy), good, entropy }
    }

    fn enter(&mut self, code: &SetupCode, holder: Option<&str>, now: Timestamp) -> SetupOutcome {
        self.setup.enrolment.settle(now, &mut self.entropy);
        let holders: Vec<_> = holder.map(|value| value.as_bytes().to_vec()).into_iter().collect();
        self.setup.enter(code, &holders, now, &mut self.entropy)
    }

    fn good(&mut self, holder: Option<&str>, now: Timestamp) -> SetupOutcome {
        self.enter(&self.good.clone(), holder, now)
    }

    fn begin(&mut self, now: Timestamp) -> String {
        let SetupOutcome::Begun(cookie) = self.good(None, now) else {
            panic!("the enrolment does not begin")
        };
        cookie
    }

    fn wrong(&mut self, now: Timestamp) -> SetupOutcome {
        let other = SetupCode::generate(&mut self.entropy);
        self.enter(&other, None, now)
    }

    fn seed(&self) -> String {
        self.setup.enrolment.authenticator().seed.base32()
    }
}

#[test]
fn the_first_browser_with_the_code_holds_the_enrolment_for_ten_minutes() {
    let mut f = Fixture::new();
    let seed = f.seed();
    let cookie = f.begin(at(1, 0));
    assert!(
        f.setup.enrolment.is_holder(cookie.as_bytes())
            && !f.setup.enrolment.is_holder(b"")
            && !f.setup.enrolment.is_holder(b"other")
    );
    assert_eq!(f.seed(), seed, "the seed that a console may have shown already");
    assert!(
        matches!(f.good(None, at(2, 0)), SetupOutcome::Held(left) if left == Duration::from_secs(9 * 60))
    );
    assert!(
        matches!(f.good(Some("other"), at(10, 59)), SetupOutcome::Held(left) if left == Duration::from_secs(1))
    );
    assert!(matches!(f.good(Some(&cookie), at(10, 59)), SetupOutcome::Yours));
    assert_eq!(f.seed(), seed);
}

#[test]
fn after_a_hold_the_next_browser_gets_another_seed() {
    let mut f = Fixture::new();
    let (first, seed) = (f.begin(at(1, 0)), f.seed());
    let second = f.begin(at(11, 0));
    assert!(first != second && f.seed() != seed);
    assert!(
        f.setup.enrolment.is_holder(second.as_bytes())
            && !f.setup.enrolment.is_holder(first.as_bytes())
    );
}

#[test]
fn a_code_is_good_for_thirty_minutes_and_a_hold_lasts_beyond_them() {
    let mut f = Fixture::new();
    assert_eq!(f.setup.code(at(29, 59)), Ok((at(30, 0), 10)));
    let cookie = f.begin(at(29, 59));
    assert!(matches!(f.good(None, at(30, 0)), SetupOutcome::Void(Void::Late)));
    f.setup.enrolment.settle(at(39, 58), &mut f.entropy);
    assert!(f.setup.enrolment.is_holder(cookie.as_bytes()));
    f.setup.enrolment.settle(at(39, 59), &mut f.entropy);
    assert!(!f.setup.enrolment.is_holder(cookie.as_bytes()));
    assert!(matches!(f.good(None, at(40, 0)), SetupOutcome::Void(Void::Late)));
}

#[test]
fn after_ten_wrong_tries_the_right_code_is_worth_nothing_either() {
    let mut f = Fixture::new();
    for left in (0..10).rev() {
        assert!(matches!(f.wrong(at(1, 0)), SetupOutcome::Wrong));
        assert_eq!(f.setup.code(at(1, 0)).map(|(_, tries)| tries).unwrap_or(0), left);
    }
    assert!(matches!(f.good(None, at(1, 1)), SetupOutcome::Void(Void::Guessed)));
    assert!(matches!(f.wrong(at(1, 1)), SetupOutcome::Void(Void::Guessed)));
}

#[test]
fn wrong_tries_do_not_end_a_hold() {
    let mut f = Fixture::new();
    let cookie = f.begin(at(1, 0));
    for _ in 0..12 {
        let _ = f.wrong(at(2, 0));
    }
    assert!(f.setup.enrolment.is_holder(cookie.as_bytes()));
    assert!(f.setup.enrolment.held(at(2, 0)).is_some());
}
