//! What the loop knows of the limits that the worker keeps: a post that is sure to be refused takes
//! no place in the worker's queue, so a flood of such posts keeps nobody out.
//!
//! Guarantees: nothing is refused here that the worker did not refuse a moment ago, nor for longer
//! than it said. The loop learns from the worker's refusals; what it does not know, the worker
//! judges.

use crate::app::messages::limited::Limited;
use std::collections::HashMap;
use std::time::Duration;

use crate::auth::guess_budget::BudgetKey;
use crate::auth::limiter::{AddressKey, CAPACITY, Network, RetryAfter};

use crate::app::messages::login::{Browser, LoginDenial};

/// Who may not guess, and until when by the monotonic clock.
#[derive(Default)]
pub struct KnownLimits {
    until: HashMap<Limited, Duration>,
}

impl KnownLimits {
    /// They may not guess until then.
    pub fn learn(&mut self, limited: Limited, until: Duration, now: Duration) {
        if self.until.len() >= CAPACITY {
            self.until.retain(|_, until| *until > now);
        }
        // Where there is no room the worker goes on refusing by itself.
        if self.until.len() < CAPACITY {
            self.until.insert(limited, until);
        }
    }

    /// This address has failures no more; the networks around it have fewer.
    pub fn forget_address(&mut self, address: AddressKey) {
        for network in Network::all_of(address) {
            self.until.remove(&Limited::Network(network));
        }
    }

    /// This budget has guesses again.
    pub fn forget_budget(&mut self, budget: BudgetKey) {
        self.until.remove(&Limited::Budget(budget));
    }

    /// Other limits hold from now on.
    pub fn forget_all(&mut self) {
        self.until.clear();
    }

    /// Why the worker would refuse a code of this browser. `account`: whose budget it draws on,
    /// where a name was asked for.
    pub fn refuse(
        &self,
        browser: &Browser,
        account: Option<BudgetKey>,
        now: Duration,
    ) -> Option<LoginDenial> {
        let networks = Network::all_of(AddressKey::from(browser.sender.client));
        if let Some(wait) =
            networks.filter_map(|network| self.wait(&Limited::Network(network), now)).max()
        {
            return Some(LoginDenial::Address(wait));
        }
        if browser.sender.device.is_some() {
            return None;
        }
        let empty = |budget| self.wait(&Limited::Budget(budget), now);
        let strangers = empty(BudgetKey::from(browser.sender.origin)).map(LoginDenial::Strangers);
        strangers.or_else(|| account.and_then(empty).map(LoginDenial::Account))
    }

    fn wait(&self, limited: &Limited, now: Duration) -> Option<RetryAfter> {
        let left = self.until.get(limited)?.saturating_sub(now);
        (!left.is_zero()).then_some(RetryAfter(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::device::Device;

    use crate::auth::user::UserName;

    fn browser(client: &str, known: bool) -> Browser {
        let mut browser = Browser::of(client);
        browser.sender.device = known.then(Device::default);
        browser
    }

    const NOW: Duration = Duration::from_secs(1_000);
    const LATER: Duration = Duration::from_secs(1_060);

    fn network(text: &str) -> Limited {
        Limited::Network(text.parse().expect("a network"))
    }

    #[test]
    fn a_network_waits_as_long_as_the_worker_said_known_devices_too() {
        let mut known = KnownLimits::default();
        known.learn(network("203.0.113.7"), LATER, NOW);
        known.learn(network("2001:db8:1:200::/56"), LATER, NOW);
        for client in ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8:1:2ff::1"] {
            let refused = known.refuse(&browser(client, true), None, NOW);
            let Some(LoginDenial::Address(RetryAfter(wait))) = refused else { panic!("{client}") };
            assert_eq!(wait, LATER - NOW, "{client}");
            assert!(known.refuse(&browser(client, true), None, LATER).is_none(), "{client}");
        }
        for client in ["203.0.113.8", "2001:db8:1:300::1"] {
            assert!(known.refuse(&browser(client, false), None, NOW).is_none(), "{client}");
        }
        known.forget_address("2001:db8:1:2aa::9".parse().expect("an address"));
        assert!(known.refuse(&browser("2001:db8:1:2ff::1", false), None, NOW).is_none());
    }

    #[test]
    fn strangers_wait_each_for_their_own_bucket_and_known_devices_do_not() {
        let mut known = KnownLimits::default();
        known.learn(Limited::Budget(BudgetKey::StrangersInternet), LATER, NOW);
        assert!(matches!(
            known.refuse(&browser("203.0.113.7", false), None, NOW),
            Some(LoginDenial::Strangers(_))
        ));
        assert!(known.refuse(&browser("203.0.113.7", true), None, NOW).is_none());
        assert!(known.refuse(&browser("192.168.1.2", false), None, NOW).is_none());
        known.forget_budget(BudgetKey::StrangersInternet);
        assert!(known.refuse(&browser("203.0.113.7", false), None, NOW).is_none());
    }

    #[test]
    fn an_account_that_is_closed_is_so_for_strangers_of_everywhere_and_for_no_other_name() {
        let account = |name| Some(BudgetKey::Account(UserName::parse(name).expect("a name")));
        let mut known = KnownLimits::default();
        known.learn(Limited::Budget(account("anna").expect("one")), LATER, NOW);
        for client in ["203.0.113.7", "192.168.1.2"] {
            let refused = known.refuse(&browser(client, false), account("anna"), NOW);
            assert!(matches!(refused, Some(LoginDenial::Account(_))), "{client}");
            for other in [account("ben"), Some(BudgetKey::UnknownAccounts), None] {
                assert!(known.refuse(&browser(client, false), other, NOW).is_none(), "{client}");
            }
            assert!(
                known.refuse(&browser(client, true), account("anna"), NOW).is_none(),
                "a device has its own"
            );
        }
    }

    #[test]
    fn a_flood_of_limited_addresses_takes_no_more_room_than_the_worker_s_table() {
        let mut known = KnownLimits::default();
        let many = u32::try_from(CAPACITY).expect("a number") * 2;
        for n in 0..many {
            known.learn(network(&std::net::Ipv4Addr::from(n).to_string()), LATER, NOW);
        }
        assert_eq!(known.until.len(), CAPACITY);
        known.learn(network("203.0.113.7"), LATER * 2, LATER);
        assert_eq!(known.until.len(), 1, "what is over gives way");
    }
}
