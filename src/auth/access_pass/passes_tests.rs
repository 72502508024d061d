//! What the table says of passes.

use std::net::IpAddr;

use super::*;
use crate::auth::access_pass::pass_token::PassToken;
use crate::auth::testing::{T0, pass_for};

fn place(host: &str) -> Place<'_> {
    Place {
        host,
        port: 443,
        path: Some(b"/"),
        method: None,
        client: Some(IpAddr::from([192, 168, 1, 7])),
        may_open: true,
    }
}

fn admit<'p>(
    passes: &'p AccessPasses,
    token: &PassToken,
    carrier: PassCarrier,
    host: &str,
    now: Timestamp,
) -> Result<&'p AccessPass, PassFault> {
    passes.admit(&token.digest(), carrier, &place(host), now, &mut PathReadings::default())
}

#[test]
fn a_pass_is_good_until_its_last_second_and_not_after_its_end() {
    let (token, pass) = pass_for("anna", &["photos.example.com"]);
    let (id, expires) = (pass.id, pass.expires);
    let mut passes = AccessPasses::default();
    let own = PassCarrier::OwnHeader;
    assert_eq!(admit(&passes, &token, own, "photos.example.com", T0), Err(PassFault::Unknown));
    passes.insert(pass);
    assert!(admit(&passes, &token, own, "photos.example.com", expires).is_ok());
    let late = expires.plus(Duration::from_secs(1));
    assert_eq!(admit(&passes, &token, own, "photos.example.com", late), Err(PassFault::Expired));
    let elsewhere = admit(&passes, &token, own, "other.example.com", T0);
    assert_eq!(elsewhere, Err(PassFault::OutOfScope(OutOfScope::Host)));
    passes.remove(id);
    assert_eq!(admit(&passes, &token, own, "photos.example.com", T0), Err(PassFault::Unknown));
    assert!(passes.is_empty());
}

#[test]
fn what_the_site_sees_is_taken_only_from_a_pass_for_one_host() {
    let mut passes = AccessPasses::default();
    for (hosts, good) in [
        (vec!["a.example.com"], true),
        (vec!["a.example.com", "b.example.com"], false),
        (vec!["*.example.com"], false),
    ] {
        let (token, pass) = pass_for("anna", &hosts);
        passes.insert(pass);
        let shown = admit(&passes, &token, PassCarrier::Authorization, "a.example.com", T0);
        assert_eq!(shown.is_ok(), good, "{hosts:?}");
        assert!(admit(&passes, &token, PassCarrier::OwnHeader, "a.example.com", T0).is_ok());
    }
}

#[test]
fn the_networks_of_a_pass_are_those_of_the_settings() {
    let (token, mut pass) = pass_for("anna", &["photos.example.com"]);
    pass.scope.networks = vec!["home".to_owned()];
    let mut passes = AccessPasses::default();
    passes.insert(pass);
    let asked = |passes: &AccessPasses| {
        admit(passes, &token, PassCarrier::OwnHeader, "photos.example.com", T0).map(drop)
    };
    let elsewhere = Err(PassFault::OutOfScope(OutOfScope::Network));
    assert_eq!(asked(&passes), elsewhere);
    for (range, good) in [("192.168.1.0/24", true), ("10.0.0.0/8", false)] {
        let home = vec![range.parse().expect("a range")];
        passes.know_networks(&BTreeMap::from([("home".to_owned(), home)]));
        assert_eq!(asked(&passes), if good { Ok(()) } else { elsewhere }, "{range}");
    }
}

#[test]
fn those_that_have_expired_are_not_counted_as_living() {
    let mut passes = AccessPasses::default();
    for days in [1, 2] {
        let (_, mut pass) = pass_for("anna", &["photos.example.com"]);
        pass.expires = T0.plus(Duration::from_secs(days * 86_400));
        passes.insert(pass);
    }
    let after = |days: u64, seconds: u64| T0.plus(Duration::from_secs(days * 86_400 + seconds));
    assert_eq!(
        [after(1, 0), after(1, 1), after(2, 1)].map(|now| passes.count_living(now)),
        [2, 1, 0]
    );
}

#[test]
fn a_use_is_given_out_once_an_hour() {
    let (_, pass) = pass_for("anna", &["photos.example.com"]);
    let id = pass.id;
    let mut passes = AccessPasses::default();
    passes.insert(pass);
    passes.touch(id, T0);
    passes.touch(id, T0.plus(Duration::from_secs(3_599)));
    assert_eq!(passes.take_touched(), [(id, T0)]);
    assert_eq!(passes.take_touched(), []);
    let later = T0.plus(LAST_USE_EVERY);
    passes.touch(id, later);
    assert_eq!(passes.take_touched(), [(id, later)]);
}
