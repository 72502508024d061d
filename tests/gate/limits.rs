//! How often one may guess, and that nobody can be locked out of his own house by it.

use crate::support::codes::Person;
use crate::support::daemon::{Daemon, ONE_DOMAIN};
use crate::support::http::Ask;

fn gate() -> Daemon {
    Daemon::with(ONE_DOMAIN)
}

fn guess(gate: &Daemon, person: &Person, from: &str, times: usize) -> Vec<u16> {
    let code = person.wrong_code();
    (0..times).map(|_| gate.post_code(&code, from).status).collect()
}

#[test]
fn a_success_clears_the_address() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 4), [401; 4]);
    assert_eq!(gate.post_code(&owner.fresh_code(), "203.0.113.7").status, 302);
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 5), [401; 5]);
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 1), [429]);
}

#[test]
fn all_of_a_slash_64_is_one_client_and_so_are_the_forms_of_one_address() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    for n in 0..5 {
        guess(&gate, &owner, &format!("2001:db8:1:2::{n:x}"), 1);
    }
    assert_eq!(guess(&gate, &owner, "2001:db8:1:2:ffff:ffff:ffff:ffff", 1), [429]);
    assert_eq!(guess(&gate, &owner, "2001:db8:1:3::1", 1), [401]);
    for from in
        ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109", "203.0.113.9:4711", "203.0.113.9"]
    {
        guess(&gate, &owner, from, 1);
    }
    assert_eq!(guess(&gate, &owner, "203.0.113.9", 1), [429]);
    let list = gate.place.json(&["limit", "list"]);
    let keys: Vec<_> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["kind"] == "address")
        .map(|e| e["key"].clone())
        .collect();
    assert!(
        keys.contains(&"2001:db8:1:2::/64".into()) && keys.contains(&"203.0.113.9".into()),
        "{list}"
    );
}

#[test]
fn whoever_has_a_slash_56_has_three_times_the_guesses_of_one_address() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let code = owner.wrong_code();
    let statuses: Vec<_> =
        (0..20).map(|n| gate.post_code(&code, &format!("2001:db8:1:2{n:02x}::1")).status).collect();
    assert_eq!(statuses, [[401; 15].as_slice(), &[429; 5]].concat());
    let list = gate.place.json(&["limit", "list"]);
    let whole =
        list.as_array().expect("a list").iter().find(|one| one["key"] == "2001:db8:1:200::/56");
    let whole = whole.expect("the whole network is listed");
    assert!(
        whole["kind"] == "address" && whole["failures"] == 15 && whole["until"].is_string(),
        "{whole}"
    );
    gate.place.run(&["limit", "clear", "2001:db8:1:200::/56"]);
    assert_eq!(gate.post_code(&owner.fresh_code(), "2001:db8:1:2ff::1").status, 302);
}

#[test]
fn what_a_visitor_writes_left_of_his_address_changes_nothing() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    for n in 0..5 {
        guess(&gate, &owner, &format!("198.18.0.{n}, 203.0.113.7"), 1);
    }
    assert_eq!(guess(&gate, &owner, "198.18.9.9, 203.0.113.7", 1), [429]);
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 1), [429]);
}

#[test]
fn counters_survive_kill_9_and_a_restart() {
    let mut gate = gate();
    let owner = gate.place.add_user("owner");
    guess(&gate, &owner, "203.0.113.7", 5);
    gate.kill();
    gate.start_again();
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 1), [429]);
    gate.stop();
    gate.start_again();
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 1), [429]);
    gate.place.json(&["limit", "clear", "203.0.113.7"]);
    assert_eq!(guess(&gate, &owner, "203.0.113.7", 1), [401]);
}

/// Empties the bucket of all strangers from the internet: five failures from each of many
/// addresses.
fn spend_strangers(gate: &Daemon, owner: &Person) {
    let mut failures = 0;
    for n in 0..30 {
        failures += guess(gate, owner, &format!("203.0.113.{n}"), 5)
            .iter()
            .filter(|status| **status == 401)
            .count();
    }
    assert_eq!(failures, 100, "the bucket holds 100");
}

#[test]
fn with_the_strangers_bucket_spent_the_owner_gets_in_from_the_lan_from_a_known_device_and_by_command_line()
 {
    let gate = Daemon::with(ONE_DOMAIN);
    let (owner, guest) = (gate.place.add_user("owner"), gate.place.add_user("guest"));
    let known = gate
        .post_code(&owner.fresh_code(), "203.0.113.200")
        .cookie("auth_device")
        .expect("a device cookie");
    spend_strangers(&gate, &owner);

    let code = owner.fresh_code();
    let stranger = gate.post_code(&code, "198.51.100.77");
    assert_eq!(stranger.status, 429, "a stranger from the internet: {stranger:?}");
    assert!(stranger.header("retry-after").is_some());
    let device =
        gate.login_form(&code, "198.51.100.77").cookie("auth_device", &known).send(gate.address);
    assert_eq!(device.status, 302, "a known device: {device:?}");
    let other = gate
        .login_form(&guest.fresh_code(), "198.51.100.77")
        .cookie("auth_device", &known)
        .send(gate.address);
    // For the gate that is a wrong code of the owner's device, or a stranger's: both keep the guest
    // out.
    assert!(
        matches!(other.status, 401 | 429),
        "the device is known for its own users only: {other:?}"
    );
    assert_eq!(other.all("set-cookie").count(), 0);

    for (n, lan) in
        ["192.168.1.20", "10.1.2.3", "fd00::1", "127.0.0.1", "169.254.1.1"].into_iter().enumerate()
    {
        let person = gate.place.add_user(&format!("family{n}"));
        assert_eq!(gate.post_code(&person.fresh_code(), lan).status, 302, "from the LAN: {lan}");
    }
    gate.place.json(&["limit", "clear", "strangers"]);
    assert_eq!(
        gate.post_code(&gate.place.add_user("late").fresh_code(), "198.51.100.78").status,
        302,
        "by command line"
    );
}

#[test]
fn strangers_of_the_lan_cannot_spend_the_internets_bucket_nor_the_other_way_round() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    for n in 0..30 {
        guess(&gate, &owner, &format!("192.168.1.{n}"), 5);
    }
    assert_eq!(
        gate.post_code(&owner.fresh_code(), "192.168.1.200").status,
        429,
        "the LAN's own bucket is spent"
    );
    assert_eq!(gate.post_code(&owner.fresh_code(), "203.0.113.1").status, 302);
}

/// The address of a VPN, which is nobody's home by itself.
const VPN: &str = "100.64.7.7";

#[test]
fn at_home_is_what_the_settings_say_too_and_never_who_has_no_address() {
    for (setting, status) in [("", 429), ("[limits]\nlocal = [\"100.64.0.0/10\"]\n", 302)] {
        let gate = Daemon::with(&format!("{ONE_DOMAIN}{setting}"));
        let owner = gate.place.add_user("owner");
        spend_strangers(&gate, &owner);
        let vpn = gate.post_code(&owner.fresh_code(), VPN);
        assert_eq!(vpn.status, status, "{setting}: {vpn:?}");
        assert_eq!(vpn.text().contains("limits.local"), status == 429, "{vpn:?}");
        let late = gate.place.add_user("late");
        for what in ["", "unknown"] {
            let form = gate.login_form(&late.fresh_code(), "").set("X-Forwarded-For", what);
            let form = if what.is_empty() { form.without("X-Forwarded-For") } else { form };
            assert_eq!(
                form.send(gate.address).status,
                429,
                "the proxy says {what:?} of the visitor's address"
            );
        }
        assert_eq!(gate.post_code(&late.fresh_code(), "192.168.1.20").status, 302);
    }
}

#[test]
fn who_comes_by_a_proxy_that_is_not_believed_or_does_not_say_it_all_is_not_at_home() {
    for (trust, chain) in [
        // Not trusted, so it counts by its own address: loopback here, a container's elsewhere.
        ("\"192.0.2.1\"", "203.0.113.9"),
        // A trusted one behind another that hides the visitor.
        ("[\"loopback\", \"192.168.1.5\"]", "unknown, 192.168.1.5"),
    ] {
        let gate = Daemon::with(&format!("{ONE_DOMAIN}[proxy]\ntrust = {trust}\n"));
        let owner = gate.place.add_user("owner");
        assert_eq!(gate.post_code(&owner.wrong_code(), chain).status, 401, "{chain}");
        let list = gate.place.json(&["limit", "list"]);
        let listed =
            |key: &str| list.as_array().expect("a list").iter().any(|one| one["key"] == key);
        assert!(listed("internet") && !listed("home"), "{chain}: {list}");
    }
}

#[test]
fn an_empty_bucket_tells_each_visitor_what_still_works_and_nobody_when_to_come_back() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let code = owner.wrong_code();
    for n in 0..20 {
        assert_eq!(guess(&gate, &owner, &format!("192.168.1.{n}"), 5), [401; 5]);
    }
    spend_strangers(&gate, &owner);
    for (from, said, unsaid) in [
        ("198.51.100.7", "from your home network", "limit clear home"),
        ("192.168.1.200", "limit clear home", "from your home network"),
        (VPN, "limits.local", "limit clear home"),
    ] {
        let answer = gate.post_code(&code, from);
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("21600")), "{from}");
        let text = answer.text();
        assert!(text.contains(said) && !text.contains(unsaid), "{from}: {text}");
        assert!(text.contains("where you have signed in before"), "{from}: {text}");
    }
    let list = gate.place.json(&["limit", "list"]);
    let listed = |key: &str| {
        list.as_array()
            .expect("a list")
            .iter()
            .any(|one| one["kind"] == "strangers" && one["key"] == key)
    };
    assert!(listed("internet") && listed("home"), "{list}");
    assert_eq!(gate.place.json(&["limit", "clear", "home"])["cleared"], 1);
    assert_eq!(gate.post_code(&owner.fresh_code(), "192.168.1.201").status, 302);
    assert_eq!(
        gate.post_code(&code, "198.51.100.7").status,
        429,
        "the internet's own is left alone"
    );
}

#[test]
fn a_forged_device_cookie_is_a_stranger() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let answer = gate.post_code(&owner.fresh_code(), "192.168.1.1");
    let (device, session) =
        (answer.cookie("auth_device").expect("one"), answer.cookie("auth_token").expect("one"));
    spend_strangers(&gate, &owner);
    let mut changed = device.clone();
    let last = changed.pop().expect("not empty");
    changed.push(if last == 'A' { 'B' } else { 'A' });
    // Refused before it is looked at, so it stays good for the next try.
    let code = owner.fresh_code();
    for forged in [changed.as_str(), &session, "", "owner", &device[..device.len() / 2]] {
        let ask = gate.login_form(&code, "198.51.100.5").cookie("auth_device", forged);
        assert_eq!(ask.send(gate.address).status, 429, "{forged:?}");
    }
}

/// Another site below the domain can set cookies of our names, which browsers may send before ours.
#[test]
fn a_cookie_that_another_site_set_takes_nothing_from_a_known_device() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let device = gate
        .post_code(&owner.fresh_code(), "192.168.1.1")
        .cookie("auth_device")
        .expect("a device cookie");
    spend_strangers(&gate, &owner);
    let tossed = |count: usize| format!("{}{device}", "garbage; auth_device=".repeat(count));
    let code = owner.fresh_code();
    let ask = |cookie: &str| {
        gate.login_form(&code, "198.51.100.5").cookie("auth_device", cookie).send(gate.address)
    };
    assert_eq!(ask(&tossed(8)).status, 429, "eight are looked at");
    assert_eq!(ask(&tossed(7)).status, 302);
}

#[test]
fn a_device_s_failures_count_per_user_over_all_his_devices() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[limits]\nattempts = 1000\n"));
    let owner = gate.place.add_user("owner");
    let cookies: Vec<_> = (0..2)
        .map(|_| {
            gate.post_code(&owner.fresh_code(), "192.168.1.1")
                .cookie("auth_device")
                .expect("a device cookie")
        })
        .collect();
    let code = owner.wrong_code();
    let mut failures = 0;
    for n in 0..110 {
        let ask = gate.login_form(&code, "198.51.100.5").cookie("auth_device", &cookies[n % 2]);
        failures += usize::from(ask.send(gate.address).status == 401);
    }
    // What a known device may not guess any more, it may guess as any stranger.
    assert!((100..=110).contains(&failures), "{failures}");
    let list = gate.place.json(&["limit", "list"]);
    let device = list.as_array().into_iter().flatten().find(|entry| entry["kind"] == "device");
    assert_eq!(
        device.map(|entry| (&entry["key"], &entry["failures"])),
        Some((&"owner".into(), &100.into())),
        "{list}"
    );
}

#[test]
fn with_names_an_account_has_a_budget_of_its_own_and_unknown_names_share_one() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[login]\nask_username = true\n"));
    let (owner, guest) = (gate.place.add_user("owner"), gate.place.add_user("guest"));
    let code = owner.wrong_code();
    let post = |name: &str, code: &str, n: usize| {
        // From the LAN, each time from another address; that bucket is emptied by the command line
        // meanwhile.
        let from = format!("10.1.{}.{}", n / 250, n % 250);
        Ask::form("/login", &[("username", name), ("otp", code)])
            .header("X-Forwarded-For", from)
            .send(gate.address)
            .status
    };
    for n in 0..100 {
        let name = ["owner", "OWNER", "Owner"][n % 3];
        assert_eq!(post(name, &code, n), 401, "guess {n}");
        if n % 50 == 49 {
            gate.place.json(&["limit", "clear", "strangers"]);
        }
    }
    assert_eq!(post("owner", &owner.fresh_code(), 101), 429, "spellings share one counter");
    assert_eq!(post("guest", &guest.fresh_code(), 102), 302, "others do not");
    gate.place.json(&["limit", "clear", "owner"]);
    assert_eq!(post("owner", &owner.fresh_code(), 103), 302);

    for n in 0..100 {
        assert_eq!(post(&format!("nobody{n}"), &code, 200 + n), 401, "guess {n}");
        if n % 50 == 49 {
            gate.place.json(&["limit", "clear", "strangers"]);
        }
    }
    assert_eq!(post("nobody-else", &code, 400), 429);
    assert_eq!(post("guest", &guest.fresh_code(), 401), 302);
}

#[test]
fn a_flood_of_invented_addresses_pushes_no_real_counter_out_and_asks_for_no_memory() {
    let gate = Daemon::with(&format!("{ONE_DOMAIN}[limits]\nattempts = 5\n"));
    let owner = gate.place.add_user("owner");
    guess(&gate, &owner, "192.168.7.7", 6);
    let before = resident(gate.running.id());
    let code = owner.wrong_code();
    let mut connection = crate::support::http::Connection::open(gate.address);
    for n in 0..3000_u32 {
        connection.send(
            &gate.login_form(&code, &format!("2001:db8:{:x}:{:x}::1", n / 1000, n % 1000)).bytes(),
        );
        let answer = connection.answer();
        assert!(matches!(answer.status, 401 | 429), "{answer:?}");
    }
    assert_eq!(guess(&gate, &owner, "192.168.7.7", 1), [429], "the real one still waits");
    let grown = resident(gate.running.id()).saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB more");
}

/// Resident memory in KiB.
fn resident(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("our own child");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

#[test]
fn limits_do_not_slow_or_stop_people_who_are_inside() {
    let gate = gate();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    spend_strangers(&gate, &owner);
    let ask = Ask::verify("/verify/caddy", "https://app.example.test/")
        .set("X-Forwarded-For", "203.0.113.1");
    assert_eq!(ask.cookie("auth_token", &token).send(gate.address).status, 204);
}
