//! Since when strangers have had no guess left, and where the wrong codes came from: read out of
//! the audit log, which is where both are kept.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::auth::audit::AuditEntry;
use crate::auth::event::Action;
use crate::auth::guess_budget::REFILL;
use crate::clock::Timestamp;

/// Networks that are named.
const MOST_NETWORKS: usize = 3;
/// How long before the bucket ran empty its wrong codes are looked for.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
/// Bits of the networks that addresses are told by: what one customer or one household has at most.
const BITS: (u8, u8) = (24, 48);

/// An empty bucket of strangers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emptied {
    /// Since when, but for the guesses that came back and were used up at once.
    pub since: Timestamp,
    /// Where the wrong codes came from and how many, the most first.
    pub networks: Vec<(IpNet, u32)>,
}

impl Emptied {
    /// What the log tells of the bucket with this key, from its newest entry on. `concerns`:
    /// failures from there are taken from it.
    pub fn read(
        newest_first: impl Iterator<Item = AuditEntry>,
        key: &str,
        concerns: impl Fn(IpAddr) -> bool,
    ) -> Option<Self> {
        let (mut since, mut networks) = (None, BTreeMap::<IpNet, u32>::new());
        for entry in newest_first {
            if since.is_some_and(|since: Timestamp| entry.time.plus(BEFORE) < since) {
                break;
            }
            let is = |action: Action| entry.action == action.as_str();
            let of_it = entry.subject == key;
            if is(Action::LimitsCleared)
                && (of_it || matches!(entry.subject.as_str(), "all" | "strangers"))
            {
                break;
            }
            // A guess comes back in one refill; used up later than in the next, the bucket was not
            // empty all the time.
            let goes_on =
                since.is_none_or(|since| since.since(entry.time) <= REFILL.saturating_mul(2));
            if is(Action::LimitReached) && of_it && goes_on {
                since = Some(entry.time);
            }
            let guess = is(Action::Login) || is(Action::SetupCode) || is(Action::Enrolment);
            if let Some(client) = entry
                .client
                .filter(|client| guess && entry.result == "refused" && concerns(*client))
            {
                let failures = networks.entry(network(client)).or_default();
                *failures = failures.saturating_add(1);
            }
        }
        let mut networks: Vec<_> = networks.into_iter().collect();
        networks.sort_by_key(|(_, failures)| std::cmp::Reverse(*failures));
        networks.truncate(MOST_NETWORKS);
        since.map(|since| Self { since, networks })
    }

    /// As it stands in a sentence, behind what has happened.
    pub(super) fn told(&self) -> String {
        let networks: Vec<_> = self
            .networks
            .iter()
            .map(|(network, failures)| format!("{network} ({failures})"))
            .collect();
        match networks.as_slice() {
            [] => format!(" since {}", self.since),
            named => format!(" since {}, most of them from {}", self.since, named.join(", ")),
        }
    }
}

fn network(client: IpAddr) -> IpNet {
    let client = client.to_canonical();
    let bits = if client.is_ipv4() { BITS.0 } else { BITS.1 };
    IpNet::new(client, bits).map_or_else(|_| client.into(), |net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::audit::{Hash, Mark};
    use crate::auth::event::{Actor, Event};

    const HOUR: u64 = 3_600;
    const START: Timestamp = Timestamp::from_unix(2_000_000_000);

    /// A log of these events, each so many hours after the start, newest first.
    fn log(events: &[(u64, Event)]) -> Vec<AuditEntry> {
        let before = Mark { number: 0, hash: Hash::default() };
        let time = |hours: u64| START.plus(Duration::from_secs(hours * HOUR));
        events
            .iter()
            .rev()
            .map(|(hours, event)| AuditEntry::after(before, event, time(*hours)))
            .collect()
    }

    fn wrong(from: &str) -> Event {
        Event::new(Action::Login, Actor::Visitor)
            .from(from.parse().expect("an address"))
            .because("wrong-code")
            .refused()
    }

    fn empty(key: &str) -> Event {
        Event::new(Action::LimitReached, Actor::Gate).about(key)
    }

    fn read(events: &[(u64, Event)]) -> Option<Emptied> {
        Emptied::read(log(events).into_iter(), "internet", |client| !client.is_loopback())
    }

    #[test]
    fn a_bucket_that_is_kept_empty_has_been_so_since_the_first_time() {
        let events = [
            (0, empty("internet")),
            (40, wrong("203.0.113.7")),
            (41, wrong("203.0.113.99")),
            (42, wrong("2001:db8:1:2::3")),
            (42, wrong("127.0.0.1")),
            (42, empty("internet")),
            (43, empty("home")),
            (48, empty("internet")),
            (55, wrong("2001:db8:1:9::3")),
            (55, wrong("2001:db8:1:8::3")),
            (55, empty("internet")),
        ];
        let found = read(&events).expect("it is empty");
        assert_eq!(found.since, START.plus(Duration::from_secs(42 * HOUR)));
        assert!(
            found.told().ends_with("most of them from 2001:db8:1::/48 (3), 203.0.113.0/24 (2)"),
            "{}",
            found.told()
        );
    }

    #[test]
    fn what_was_cleared_is_no_more_told() {
        let cleared =
            |what: &str| Event::new(Action::LimitsCleared, Actor::Operator(0)).about(what);
        for what in ["all", "strangers", "internet"] {
            let events = [(0, empty("internet")), (1, cleared(what)), (2, wrong("203.0.113.7"))];
            assert_eq!(read(&events), None, "{what}");
        }
        let other = [(0, empty("internet")), (1, cleared("home"))];
        assert_eq!(read(&other).expect("it is empty").since, START);
    }
}
