//! Audiences, and the networks of visitors.

use super::*;
use crate::auth::policy::testing::{deny, only, open, session};
use crate::auth::testing::name;

fn audience(users: &[&str], groups: &[&str]) -> Audience {
    Audience {
        users: users.iter().map(|user| name(user)).collect(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
    }
}

fn admits(audience: &Audience, user: &str, groups: &[&str]) -> bool {
    let (name, groups) = (name(user), groups.iter().map(|&group| group.to_owned()));
    audience.admits(&Member { name: &name, groups: &groups.collect::<Vec<_>>() })
}

#[test]
fn an_audience_without_names_is_everybody() {
    assert!(admits(&audience(&[], &[]), "anna", &[]));
}

#[test]
fn users_are_named_and_one_group_is_enough() {
    let users = audience(&["anna", "ben"], &[]);
    assert!(admits(&users, "ben", &[]) && !admits(&users, "carl", &["anna", "ben"]));
    let groups = audience(&[], &["family", "admins"]);
    assert!(admits(&groups, "carl", &["guests", "family"]));
    assert!(!admits(&groups, "family", &["guests", "Family", "famil"]));
    assert!(!admits(&groups, "carl", &[]));
}

#[test]
fn users_and_groups_of_one_rule_must_both_hold() {
    let both = audience(&["anna"], &["family"]);
    assert!(admits(&both, "anna", &["family"]));
    assert!(!admits(&both, "anna", &["guests"]) && !admits(&both, "ben", &["family"]));
}

#[test]
fn an_audience_forbids_only_users_who_are_logged_in() {
    let (anna, ben) = (name("anna"), name("ben"));
    let member = |name| Member { name, groups: &[] };
    let rule = only(&["anna"]);
    assert_eq!(rule.verdict(None), Verdict::Session);
    assert_eq!(rule.verdict(Some(&member(&anna))), Verdict::Session);
    assert_eq!(rule.verdict(Some(&member(&ben))), Verdict::Forbidden);
    for who in [None, Some(&member(&anna))] {
        assert_eq!(open().verdict(who), Verdict::Open);
        assert_eq!(session().verdict(who), Verdict::Session);
        assert_eq!(deny().verdict(who), Verdict::Deny);
    }
}

#[track_caller]
fn is_for(networks: &[&str], client: &str) -> bool {
    open().from(networks).is_for_client(Some(client.parse().expect("an address")))
}

#[test]
fn a_network_holds_its_addresses_and_no_other() {
    let home = ["192.168.1.0/24", "fd00::/8"];
    assert!(is_for(&home, "192.168.1.0") && is_for(&home, "192.168.1.255"));
    assert!(is_for(&home, "fd12:3456::1"));
    for client in ["192.168.2.1", "192.168.0.255", "fe80::1", "203.0.113.7", "127.0.0.1", "::1"] {
        assert!(!is_for(&home, client), "{client}");
    }
    assert!(!is_for(&[], "127.0.0.1"), "a network without ranges holds nobody");
}

#[test]
fn a_mapped_address_is_the_ipv4_address_that_it_is() {
    assert!(is_for(&["192.168.1.0/24"], "::ffff:192.168.1.7"));
    assert!(!is_for(&["192.168.1.0/24"], "::ffff:192.168.2.7"));
    assert!(is_for(&["::ffff:192.168.1.0/120"], "192.168.1.7"));
    assert!(!is_for(&["::ffff:192.168.1.0/120"], "192.168.2.7"));
}

#[test]
fn who_has_no_address_is_in_no_network() {
    for range in ["0.0.0.0/0", "::/0", "127.0.0.0/8", "::1/128"] {
        assert!(!open().from(&[range]).is_for_client(None), "{range}");
    }
    assert!(open().is_for_client(None), "a rule without networks is for everybody");
}
