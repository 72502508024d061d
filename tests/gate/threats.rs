//! Attacks that no other file is about: on the machine rather than on the door, and on the owner's
//! own way in.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;
use crate::support::scratch::Scratch;

/// Whoever has taken over the gate waits for root with links in the state directory. Skipped
/// without root.
#[test]
fn a_verb_of_root_follows_no_link_that_the_stores_owner_has_laid() {
    const NOBODY: u32 = 65_534;
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: needs root to be somebody else's victim");
        return;
    }
    let victims = Scratch::new("victims");
    for link in [
        "store.lock",
        "store.key",
        "store.id",
        "store.seq",
        "snapshot.new",
        "snapshot",
        "db",
        "db.new",
    ] {
        let place = Place::new(ONE_DOMAIN);
        let victim = victims.write(link, "root's own\n");
        fs::set_permissions(&victim, Permissions::from_mode(0o600)).expect("our file");
        fs::create_dir(place.state()).expect("a new folder");
        symlink(&victim, place.state().join(link)).expect("a link");
        chown(place.state(), Some(NOBODY), Some(NOBODY)).expect("root gives it away");
        // Whether it succeeds is not the question.
        place.run(&["user", "add", "anna"]);
        place.run(&["init", "--again"]);
        place.run(&["user", "list"]);
        let about = fs::metadata(&victim).expect("still there");
        assert_eq!((about.uid(), about.mode() & 0o7777), (0, 0o600), "{link}");
        assert_eq!(fs::read_to_string(&victim).expect("still ours"), "root's own\n", "{link}");
    }
}

/// With names an account's budget is one for all strangers, those of the house included: what is
/// left to its owner is his browser, and the command line.
#[test]
fn with_names_a_flood_from_the_internet_leaves_the_owner_his_known_device() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[login]\nask_username = true\n"));
    let owner = gate.place.add_user("owner");
    let post = |code: &str, from: &str, device: Option<&str>| {
        let ask = Ask::form("/login", &[("username", "owner"), ("otp", code)])
            .header("X-Forwarded-For", from);
        device
            .into_iter()
            .fold(ask, |ask, device| ask.cookie("auth_device", device))
            .send(gate.address)
    };
    let device = post(&owner.fresh_code(), "192.168.1.2", None)
        .cookie("auth_device")
        .expect("a device cookie");
    let wrong = owner.wrong_code();
    for n in 0..100 {
        assert_eq!(post(&wrong, &format!("203.0.113.{}", n / 4), None).status, 401, "guess {n}");
    }
    assert_eq!(post(&wrong, "203.0.113.200", None).status, 429, "the stranger");
    let code = owner.fresh_code();
    assert_eq!(post(&code, "192.168.1.3", None).status, 429, "an unknown browser of the house");
    assert_eq!(
        post(&code, "198.51.100.9", Some(&device)).status,
        302,
        "the known browser, wherever it is"
    );
    gate.place.json(&["limit", "clear", "owner"]);
    assert_eq!(
        post(&owner.fresh_code(), "192.168.1.3", None).status,
        302,
        "after a word of the operator"
    );
}

/// A way in that is not there cannot be left open.
#[test]
fn pages_that_this_version_does_not_have_are_not_there() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    for path in ["/admin", "/admin/users", "/enroll", "/api", "/recover"] {
        for ask in [Ask::get(path), Ask::form(path, &[("otp", "123456")])] {
            let answer = ask.cookie("auth_token", &token).send(gate.address);
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
        }
    }
}
