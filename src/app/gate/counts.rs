//! `/metrics`, on a listener of its own: what the gate has counted, for an operator who wants to
//! see an attack.
//!
//! Guarantees: a page asks neither the worker nor the store, so a disk that hangs or a full queue
//! does not silence it; every series is there from the start; label values are words of this file.
//! Counting is a plain addition on the loop's own thread; what the worker knows comes over in
//! [`Gauges`]. Without a listener for it nothing is counted, and no clock is read.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::guess_budget::CAPACITY;
use crate::auth::policy::rules::Rules;
use crate::auth::policy::ruling::Ruling;
use crate::clock::Clock;
use crate::telemetry::log;
use crate::telemetry::metrics::{BoolSample, Histogram, MetricFamily, MetricKind, Page};
use crate::telemetry::process::{self, ProcessStart};

use crate::app::gate::rule_counts::RuleCounters;
use crate::app::messages::gauges::{GaugeReadings, Gauges};
use crate::app::messages::login::Admission;
use crate::app::verify::{Answered, PassHolder};
use crate::proxies::reverse_proxy::PassForm;

/// What became of a posted login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// Let in.
    Ok,
    /// The same submission once more, or a used code of one who is signed in.
    Repeated,
    /// A well-formed code that lets nobody in.
    WrongCode,
    /// Too many failures from the address.
    LimitedAddress,
    /// The strangers' bucket is empty.
    LimitedStrangers,
    /// The account's or device's bucket is empty.
    LimitedAccount,
    /// The time is not known.
    Clock,
    /// The store took no change.
    Store,
    /// No code, or no name.
    Malformed,
    /// A form that another site's page has sent.
    CrossSite,
    /// No form at all, or not ours.
    BadForm,
}

impl LoginResult {
    const WORDS: [(Self, &str); 11] = [
        (Self::Ok, "ok"),
        (Self::Repeated, "repeated"),
        (Self::WrongCode, "wrong_code"),
        (Self::LimitedAddress, "limited_address"),
        (Self::LimitedStrangers, "limited_strangers"),
        (Self::LimitedAccount, "limited_account"),
        (Self::Clock, "clock"),
        (Self::Store, "store"),
        (Self::Malformed, "malformed"),
        (Self::CrossSite, "cross_site"),
        (Self::BadForm, "bad_form"),
    ];

    /// What the worker has decided.
    pub const fn of(admission: &Admission) -> Self {
        use crate::app::messages::login::LoginDenial as Kept;
        match admission {
            Admission::Admitted { .. } => Self::Ok,
            Admission::Repeated { .. } | Admission::In(_) => Self::Repeated,
            Admission::Refused(Kept::WrongCode) => Self::WrongCode,
            Admission::Refused(Kept::Address(_)) => Self::LimitedAddress,
            Admission::Refused(Kept::Strangers(_)) => Self::LimitedStrangers,
            Admission::Refused(Kept::Account(_)) => Self::LimitedAccount,
            Admission::Refused(Kept::Clock(_)) => Self::Clock,
            Admission::Refused(Kept::Store(_)) => Self::Store,
        }
    }
}

/// The word of a verify that passes; a denial's is
/// [`VerifyDenial::word`](crate::app::denial::VerifyDenial::word).
const PASS: &str = "pass";

/// The word of one that passes by a program's token.
const TOKEN: &str = "token";

/// The word of one that passes because the place is open.
const OPEN: &str = "open";

/// What a verify comes to.
const VERIFY_WORDS: [&str; 19] = [
    PASS,
    TOKEN,
    OPEN,
    "no_cookie",
    "login_loop",
    "bad_token",
    "session_ended",
    "unknown_user",
    "bad_pass",
    "pass_of_another",
    "sessions_disagree",
    "clock",
    "preflight",
    "denied",
    "forbidden",
    "wiring",
    "untrusted_peer",
    "proxy_required",
    "forged_identity",
];

/// A counter for each result, and its word.
struct ResultCounters<R, const N: usize>([(R, &'static str, u64); N]);

impl<R: Copy + PartialEq, const N: usize> ResultCounters<R, N> {
    fn of(words: [(R, &'static str); N]) -> Self {
        Self(words.map(|(result, word)| (result, word, 0)))
    }

    /// Counts a result of the list; there is no other.
    fn count(&mut self, result: R) {
        if let Some((.., count)) = self.0.iter_mut().find(|(own, ..)| *own == result) {
            *count = count.wrapping_add(1);
        }
    }

    fn show(&self, mut family: MetricFamily<'_>) {
        for (_, word, count) in &self.0 {
            family.labelled("result", word, count);
        }
    }
}

/// What lets visitors in at this moment.
#[derive(Default)]
pub(super) struct ActiveCounts {
    /// Sessions that open something.
    pub sessions: usize,
    /// Passes that have not expired.
    pub passes: usize,
    /// Users who can log in.
    pub users: usize,
}

/// What the gate counts. It lives on the loop's thread and belongs to nobody else.
pub struct GateMetrics {
    clock: Arc<dyn Clock>,
    verify: ResultCounters<&'static str, { VERIFY_WORDS.len() }>,
    verify_time: Histogram,
    rules: RuleCounters,
    login: ResultCounters<LoginResult, { LoginResult::WORDS.len() }>,
    busy: u64,
    connections: (usize, usize),
    gauges: Arc<Gauges>,
    start: ProcessStart,
}

impl GateMetrics {
    /// All zero. `gauges` are the worker's.
    pub fn new(gauges: Arc<Gauges>, clock: Arc<dyn Clock>) -> Self {
        Self {
            start: ProcessStart::at(clock.now(), clock.monotonic()),
            clock,
            verify: ResultCounters::of(VERIFY_WORDS.map(|word| (word, word))),
            verify_time: Histogram::default(),
            rules: RuleCounters::default(),
            login: ResultCounters::of(LoginResult::WORDS),
            busy: 0,
            connections: (0, 0),
            gauges,
        }
    }

    /// Counts by these rules from now on.
    pub fn judge_by(&mut self, rules: &Rules) {
        self.rules = RuleCounters::of(rules);
    }

    /// A request that the worker had no time for.
    pub fn was_busy(&mut self) {
        self.busy = self.busy.saturating_add(1);
    }

    /// How many connections are held, of how many that there is room for.
    pub fn holds(&mut self, held: usize, most: usize) {
        self.connections = (held, most);
    }

    /// A login that came to its end.
    pub fn logged_in(&mut self, result: LoginResult) {
        self.login.count(result);
    }

    /// A verify that began at the monotonic time `began` was answered. What a proxy asks a second
    /// time about one refusal ([`PassForm::SendBack`]) was counted the first time.
    #[inline(never)] // Off, it costs a verify one comparison.
    pub fn verified(
        &mut self,
        form: PassForm,
        answered: &Answered,
        ruling: Ruling,
        began: Duration,
    ) {
        let word = match answered {
            _ if form == PassForm::SendBack => return,
            Answered::SentBack => return,
            Answered::Passed(PassHolder::Session(_)) => PASS,
            Answered::Passed(PassHolder::Token(_)) => TOKEN,
            Answered::Passed(PassHolder::Anonymous) => OPEN,
            Answered::Refused(denial) => denial.word(),
        };
        self.verify.count(word);
        self.rules.count(ruling);
        self.verify_time.observe(self.clock.monotonic().saturating_sub(began));
    }

    /// The page, in an order that stays.
    pub(super) fn page(&mut self, active: &ActiveCounts) -> String {
        let gauges = self.gauges.read();
        let mut page = Page::default();
        page.family(
            "portcullis_build_info",
            MetricKind::Gauge,
            "Always 1; the label tells the version.",
        )
        .labelled("version", env!("CARGO_PKG_VERSION"), 1);
        self.write_requests(&mut page);
        write_active(&mut page, active);
        write_limits(&mut page, &gauges);
        page.family(
            "portcullis_clock_synchronised",
            MetricKind::Gauge,
            "Whether a time source has set the clock since the start of the machine; NaN where nobody tells.",
        )
        .value(BoolSample(self.clock.synchronised()));
        write_store(&mut page, &gauges);
        page.family(
            "portcullis_log_lines_left_out_total",
            MetricKind::Counter,
            "Log lines that nobody read in time.",
        )
        .value(log::left_out());
        self.write_connections(&mut page);
        let start = self.start.by(self.clock.now(), self.clock.monotonic());
        process::write(&mut page, start);
        page.finish()
    }

    fn write_requests(&self, page: &mut Page) {
        let help = "Questions of the proxy, by what they came to.";
        self.verify.show(page.family("portcullis_verify_total", MetricKind::Counter, help));
        page.family(
            "portcullis_verify_duration_seconds",
            MetricKind::Histogram,
            "From the whole head of a question to its answer.",
        )
        .histogram(&self.verify_time);
        self.rules.show(page);
        let help = "Posted logins, by what they came to.";
        self.login.show(page.family("portcullis_login_total", MetricKind::Counter, help));
        page.family(
            "portcullis_busy_total",
            MetricKind::Counter,
            "Requests turned away because the worker had too much to do.",
        )
        .value(self.busy);
    }

    fn write_connections(&self, page: &mut Page) {
        let (held, most) = self.connections;
        page.family(
            "portcullis_connections_active",
            MetricKind::Gauge,
            "Connections held, this one included.",
        )
        .value(held);
        page.family(
            "portcullis_connections_most",
            MetricKind::Gauge,
            "Connections that there is room for.",
        )
        .value(most);
    }
}

fn write_active(page: &mut Page, active: &ActiveCounts) {
    let names = [
        ("portcullis_sessions_active", "Sessions that open something.", active.sessions),
        ("portcullis_passes_active", "Passes that have not expired.", active.passes),
        ("portcullis_users", "Users who can log in.", active.users),
    ];
    for (name, help, value) in names {
        page.family(name, MetricKind::Gauge, help).value(value);
    }
}

fn write_limits(page: &mut Page, gauges: &GaugeReadings) {
    page.family(
        "portcullis_limited_active",
        MetricKind::Gauge,
        "Addresses that have to wait after too many wrong codes.",
    )
    .value(gauges.limited);
    let mut guesses = page.family(
        "portcullis_guesses_left",
        MetricKind::Gauge,
        "Wrong codes that strangers may still try, all together.",
    );
    guesses.labelled("kind", "internet", gauges.guesses_internet);
    guesses.labelled("kind", "local", gauges.guesses_local);
    page.family(
        "portcullis_guesses_most",
        MetricKind::Gauge,
        "Wrong codes that strangers may try with a full budget.",
    )
    .value(CAPACITY);
}

fn write_store(page: &mut Page, gauges: &GaugeReadings) {
    page.family(
        "portcullis_store_writes_total",
        MetricKind::Counter,
        "Changes brought to the disk.",
    )
    .value(gauges.store_writes);
    page.family(
        "portcullis_store_bytes_written_total",
        MetricKind::Counter,
        "Bytes that these changes cost the disk, in whole blocks.",
    )
    .value(gauges.store_bytes);
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::app::denial::VerifyDenial;
    use crate::auth::access_pass::passes::PassFault;
    use crate::auth::sessions::NotLive;
    use crate::auth::token::TokenError;
    use crate::auth::trusted_time::ClockFault;
    use crate::clock::Timestamp;
    use crate::clock::testing::TestClock;
    use crate::original::problem::ForwardingProblem;

    #[test]
    fn each_denial_has_its_word_in_the_list() {
        for denial in [
            VerifyDenial::NoCookie,
            VerifyDenial::LoginLoop(crate::app::rounds::Cause::Unknown),
            VerifyDenial::BadToken(TokenError::Malformed),
            VerifyDenial::NotLive(NotLive::Idle),
            VerifyDenial::UnknownUser,
            VerifyDenial::BadPass(PassFault::Unknown),
            VerifyDenial::PassOfAnother,
            VerifyDenial::SessionsDisagree,
            VerifyDenial::Clock(ClockFault::BehindFloor),
            VerifyDenial::Preflight,
            VerifyDenial::Denied(None),
            VerifyDenial::Forbidden(None),
            VerifyDenial::Forwarding(ForwardingProblem::LoginHost),
            VerifyDenial::UntrustedPeer(ForwardingProblem::UntrustedPeer(IpAddr::from([
                192, 0, 2, 1,
            ]))),
            VerifyDenial::ProxyRequired,
            VerifyDenial::ForgedIdentity("Remote-User"),
        ] {
            assert!(VERIFY_WORDS.contains(&denial.word()), "{denial:?}");
        }
    }

    #[test]
    fn a_page_has_all_its_series_before_anything_has_happened() {
        let page = GateMetrics::new(Arc::default(), Arc::new(TestClock::at(Timestamp::default())))
            .page(&ActiveCounts::default());
        for word in VERIFY_WORDS {
            assert!(
                page.contains(&format!("portcullis_verify_total{{result=\"{word}\"}} 0\n")),
                "{word}\n{page}"
            );
        }
        for (_, word) in LoginResult::WORDS {
            assert!(
                page.contains(&format!("portcullis_login_total{{result=\"{word}\"}} 0\n")),
                "{word}\n{page}"
            );
        }
        assert!(page.contains("portcullis_verify_duration_seconds_count 0\n"), "{page}");
        assert!(page.len() < 16_384, "{} bytes", page.len());
    }
}
