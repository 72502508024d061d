//! What the loop makes of its worker's outcomes: the worker is the test's own here, so it can say
//! what takes a real one hours.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use portcullis::app::messages::effect::Effect;
use portcullis::app::messages::enrolment::{EnrolmentAnswer, EnrolmentStep, Lack, Refusal};
use portcullis::app::messages::job::{Job, Outcome};
use portcullis::app::messages::limited::Limited;
use portcullis::app::messages::login::{Admission, LoginDenial};
use portcullis::auth::limiter::RetryAfter;
use portcullis::clock;

use crate::support::hanging::{HangingGate, hang};
use crate::support::http::{Answer as Page, Ask};
use crate::support::setup::SetupBrowser;

/// How long the worker lets them wait.
const LEFT: RetryAfter = RetryAfter(Duration::from_secs(17));
/// How long one guess takes to come back.
const REFILL: u64 = 6 * 60 * 60;

fn ask(gate: &HangingGate, from: &str) -> Page {
    let form = Ask::form("/login", &[("otp", "123456")]).header("X-Forwarded-For", from);
    form.header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "auth.example.test")
        .send(gate.address)
}

fn visitor(gate: &HangingGate, from: &str) -> SetupBrowser {
    let proxied = [
        ("X-Forwarded-For", from),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "auth.example.test"),
    ];
    SetupBrowser::with(gate.address, &proxied)
}

fn wait(page: &Page) -> u64 {
    assert_eq!(page.status, 429, "{page:?}");
    page.header("retry-after")
        .and_then(|told| told.parse().ok())
        .unwrap_or_else(|| panic!("no wait: {page:?}"))
}

/// Whoever empties the bucket of all must not be told when its next guess is there.
#[test]
fn the_wait_for_a_bucket_that_many_share_is_told_in_whole_refills() {
    let gate = HangingGate::serve(|hangs, job| match job {
        Job::Login(attempt) => {
            let denial = match attempt.browser.sender.client.to_string().as_str() {
                "203.0.113.1" => LoginDenial::Address(LEFT),
                "203.0.113.2" => LoginDenial::Account(LEFT),
                "203.0.113.3" => {
                    LoginDenial::Strangers(RetryAfter(Duration::from_secs(REFILL + 1)))
                }
                _ => LoginDenial::Strangers(LEFT),
            };
            Outcome::Login(attempt, Admission::Refused(denial), vec![Effect::Setup { open: true }])
        }
        Job::Enrol(enrolment) => {
            let told = match enrolment.step {
                EnrolmentStep::Begin(_) => Some(Refusal::Denied(LoginDenial::Strangers(LEFT))),
                _ => None,
            };
            Outcome::Enrol(enrolment, EnrolmentAnswer::Code(told), Vec::new())
        }
        _ => hang(hangs),
    });
    for (from, told) in [
        ("198.51.100.1", REFILL),
        ("192.168.1.1", REFILL),
        ("203.0.113.3", 2 * REFILL),
        ("203.0.113.2", REFILL),
        // This one is the client's own.
        ("203.0.113.1", 17),
    ] {
        let page = ask(&gate, from);
        assert_eq!(wait(&page), told, "{from}");
        assert!(told == 17 || !page.text().contains("17 seconds"), "{from}: {}", page.text());
    }
    assert!(ask(&gate, "203.0.113.2").text().contains("Try again in 6 hours"));
    for (from, said) in
        [("198.51.100.1", "from your home network"), ("192.168.1.1", "in this home network")]
    {
        let page = visitor(&gate, from).enter("ABCD-EFGH-IJKL-MNOP");
        assert_eq!(wait(&page), REFILL, "{from}");
        assert!(page.text().contains(said), "{from}: {}", page.text());
    }
    gate.end();
}

/// A device at home has a global address where there is IPv6.
#[test]
fn a_prefix_that_the_worker_found_on_this_machine_is_home() {
    let gate = HangingGate::serve(|hangs, job| match job {
        Job::Login(attempt) => {
            let found = vec!["2001:db8:1:2::/64".parse().expect("a prefix")];
            Outcome::Login(
                attempt,
                Admission::Refused(LoginDenial::Strangers(LEFT)),
                vec![Effect::HomePrefixes(found)],
            )
        }
        _ => hang(hangs),
    });
    let is_home = |from: &str| ask(&gate, from).text().contains("in this home network");
    assert!(!is_home("2001:db8:1:2::9"), "nobody has told yet");
    assert!(is_home("2001:db8:1:2::9"));
    assert!(!is_home("2001:db8:1:3::9"), "the neighbour's");
    gate.end();
}

const GUILTY: &str = "203.0.113.66";
/// What the loop says of the wait, or little less, where it answers by itself.
const SENTENCE: Duration = Duration::from_secs(900);

/// Refuses the guilty one and has the loop do so from then on; frees everybody where who is on this
/// machine asks.
fn sentence(hangs: &mut Receiver<()>, job: Job) -> Outcome {
    match job {
        Job::Login(attempt) => {
            let (denial, effect) = match attempt.browser.sender.client.to_string().as_str() {
                GUILTY => {
                    let limited = Limited::Network(GUILTY.parse().expect("an address"));
                    let until = clock::monotonic() + SENTENCE;
                    (LoginDenial::Address(LEFT), Effect::Limited { limited, until })
                }
                "127.0.0.1" => (LoginDenial::WrongCode, Effect::AllFreed),
                _ => (LoginDenial::WrongCode, Effect::Setup { open: true }),
            };
            Outcome::Login(attempt, Admission::Refused(denial), vec![effect])
        }
        Job::Enrol(enrolment) => {
            let told = match enrolment.step {
                EnrolmentStep::Look => None,
                _ => Some(Refusal::Malformed(Lack::SetupCode)),
            };
            Outcome::Enrol(enrolment, EnrolmentAnswer::Code(told), Vec::new())
        }
        _ => hang(hangs),
    }
}

#[test]
fn a_set_up_code_that_a_known_limit_is_sure_to_refuse_does_not_reach_the_worker() {
    let gate = HangingGate::serve(sentence);
    assert_eq!(ask(&gate, "198.51.100.1").status, 401, "from now on there is a set-up");
    let mut guilty = visitor(&gate, GUILTY);
    assert_eq!(
        guilty.enter("ABCD-EFGH-IJKL-MNOP").status,
        401,
        "the worker's answer, as long as it gives no other"
    );
    assert_eq!(ask(&gate, GUILTY).status, 429);
    let told = wait(&guilty.enter("ABCD-EFGH-IJKL-MNOP"));
    assert!(told > LEFT.seconds(), "{told}, the loop's word");
    assert_eq!(
        visitor(&gate, "198.51.100.2").enter("ABCD-EFGH-IJKL-MNOP").status,
        401,
        "another one"
    );
    assert_eq!(guilty.enter("ABCD").status, 401, "what is no code is no guess");
    // Who may hold the enrolment sees how far he is.
    guilty.cookie = Some("perhaps".to_owned());
    assert_eq!(guilty.enter("ABCD-EFGH-IJKL-MNOP").status, 401);
    gate.end();
}

#[test]
fn when_all_are_freed_the_loop_refuses_nobody_by_itself() {
    let gate = HangingGate::serve(sentence);
    assert_eq!(wait(&ask(&gate, GUILTY)), LEFT.seconds(), "the worker");
    assert!(wait(&ask(&gate, GUILTY)) > LEFT.seconds(), "the loop");
    assert_eq!(ask(&gate, "127.0.0.1").status, 401);
    assert_eq!(wait(&ask(&gate, GUILTY)), LEFT.seconds(), "the worker");
    gate.end();
}
