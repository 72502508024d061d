//! Every check by facts that are made up: nothing is looked at.

use std::path::Path;

use super::*;
use crate::app::doctor::facts::{
    Budget, ClockFacts, Disk, Failing, File, FileRole, Kept, LimitFacts, NoSecret, PassFacts,
    Pending, Process, Shut, Strength, UserFacts,
};
use crate::app::doctor::finding::word;
use crate::app::proxy_diagnostics::diagnostics::{AskedEndpoint, ProxyDiagnostics};
use crate::app::proxy_diagnostics::noted_problem::{NotedProblem, ProblemPlace, ProxyProblem};
use crate::app::proxy_diagnostics::occurrences::Occurrences;
use crate::app::proxy_diagnostics::untrusted_peer::UntrustedPeer;
use crate::app::rounds::Cause;
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::trusted_time::ClockFault;
use crate::auth::user::UserName;
use crate::clock::Timestamp;
use crate::config::advice::Advice;
use crate::config::sources::{ConfigFile, Sources};
use crate::config::{Config, Environment};
use crate::ledger::{Examination, StoreError};
use crate::original::forwarding_header::ForwardingHeader;
use crate::original::problem::ForwardingProblem;
use crate::proxies::all::{ANY, endpoint_at};

const T0: Timestamp = Timestamp::from_unix(2_000_000_000);

fn config(text: &str) -> Config {
    let file = ConfigFile { path: "p.toml".into(), text: text.to_owned() };
    let sources =
        Sources { listen: Vec::new(), environment: Environment::default(), file: Some(file) };
    Config::load(&sources).unwrap_or_else(|error| panic!("{error}")).config
}

fn kept() -> Kept {
    let examination = Examination {
        records: 4,
        unsealed: Ok(4),
        database: Ok(524_288),
        high_water_mark: Ok(()),
        snapshot: Ok(T0),
        written: 12_288,
        commits: 1,
    };
    Kept {
        examination,
        refuses: None,
        recovered: None,
        open_for: std::time::Duration::from_secs(60),
        trial: false,
    }
}

fn shut(why: &str) -> Shut {
    Shut { why: why.to_owned(), remedy: Shut::remedy(&StoreError::Damaged(String::new())) }
}

fn disk() -> Disk {
    let (free, size) = (10_000_000_000, 30_000_000_000);
    Disk {
        path: "/s".into(),
        free,
        size,
        files_left: Some(9_999),
        read_only: false,
        kind: Some("ext4".to_owned()),
    }
}

fn clock() -> ClockFacts {
    ClockFacts {
        now: T0,
        floor: Some(T0),
        built: T0,
        synchronised: Some(true),
        sync_required: true,
        fault: None,
        ahead: Vec::new(),
    }
}

fn file(role: FileRole, mode: u32) -> File {
    File { path: "/s/f".into(), role, mode, user: 990, group: 990, group_name: None }
}

fn seen(count: u64) -> Occurrences {
    Occurrences { count, first: T0, last: T0 }
}

fn proxies() -> ProxyDiagnostics {
    let mut proxies = ProxyDiagnostics::new(T0);
    let _ =
        proxies.asked.push(AskedEndpoint { endpoint: endpoint_at("/verify/caddy"), seen: seen(7) });
    proxies
}

/// A gate that has nothing to complain of.
fn healthy() -> Facts {
    let strength =
        Strength::of(b"mWv0Xq1Zc8r3TfYb5uNk7Lj2HgDsPa9E", "jwt.secret".to_owned(), false);
    let process = Process {
        user: 990,
        descriptors: 4_096,
        by_systemd: true,
        capable: Some(false),
        ..Process::default()
    };
    Facts {
        config: Ok(config(
            "public_url = \"https://auth.example.com\"\n[session]\ncookie_domain = \"example.com\"",
        )),
        pending: None,
        running_since: Some(T0),
        process: Some(process),
        clock: Some(clock()),
        secret: Some(Ok(strength)),
        files: vec![
            file(FileRole::State, 0o40_700),
            file(FileRole::StoreKey, 0o600),
            file(FileRole::Control, 0o660),
        ],
        owner: Some(990),
        disk: Some(disk()),
        store: Some(Ok(kept())),
        people: Some(UserFacts { all: 1, enabled: [1, 0], admins: 1, ..UserFacts::default() }),
        passes: Vec::new(),
        limits: Some(LimitFacts::default()),
        proxies: Some(proxies()),
    }
}

/// The findings about one subject that are no `ok`.
fn complaints(facts: &Facts) -> Vec<Finding> {
    examine(facts).into_iter().filter(|finding| finding.severity != Severity::Ok).collect()
}

/// Changes one thing of a healthy gate: exactly one complaint follows, of this severity, that says
/// `found` and `remedy`.
fn one(severity: Severity, found: &str, remedy: &str, change: impl FnOnce(&mut Facts)) {
    let mut facts = healthy();
    change(&mut facts);
    let complaints = complaints(&facts);
    let [complaint] = complaints.as_slice() else { panic!("{found}: {complaints:#?}") };
    assert_eq!(complaint.severity, severity, "{complaint:?}");
    assert!(complaint.found.contains(found), "{found}: {complaint:?}");
    assert!(
        complaint.remedy.as_deref().unwrap_or_default().contains(remedy),
        "{remedy}: {complaint:?}"
    );
    pasted(complaint, facts.config.as_ref().expect("settings that load"));
}

/// Lines of the settings' file are taken as they are printed, by themselves and beside what is set
/// already.
fn pasted(finding: &Finding, config: &Config) {
    let Some(remedy) = finding.remedy.as_deref() else { return };
    let of_ours = |line: &&str| {
        let first = line.split([' ', '=']).next().unwrap_or_default();
        (first.starts_with('[') && first != "[Service]")
            || crate::config::keys::find(first).is_some()
    };
    let from = remedy.lines().take_while(|line| !of_ours(line)).map(|line| line.len() + 1).sum();
    let Some(lines) = remedy.get(from..).filter(|lines| !lines.is_empty()) else { return };
    assert!(!remedy.contains("ADDRESS"), "{finding:?}");
    let _ = self::config(lines);
    for entry in crate::config::toml_file::parse(lines).entries {
        assert!(Advice::checked(config, entry.key.name, entry.value).is_some(), "{finding:?}");
    }
}

#[test]
fn a_healthy_gate_gives_no_cause_for_complaint() {
    assert_eq!(complaints(&healthy()), []);
    let report = report(&healthy());
    assert_eq!(report.worst, Severity::Ok);
    let subjects: std::collections::BTreeSet<_> =
        report.findings.iter().map(|finding| finding.check.clone()).collect();
    assert_eq!(subjects.len(), 9, "{subjects:?}");
}

#[test]
fn all_that_is_worse_than_a_note_has_a_remedy() {
    let mut facts = healthy();
    facts.config = Ok(config(
        "listen = [\"0.0.0.0:1\"]\npublic_url = \"http://a.b.c\"\n[proxy]\ntrust = true",
    ));
    facts.pending = Some(Pending::Broken("x".to_owned()));
    facts.files = [
        FileRole::State,
        FileRole::StoreKey,
        FileRole::SessionSecret,
        FileRole::Store,
        FileRole::Config,
        FileRole::Control,
    ]
    .map(|role| file(role, 0o777))
    .to_vec();
    facts.owner = Some(1);
    facts.store = Some(Err(shut("broken")));
    facts.disk = Some(Disk { free: 1, read_only: true, kind: Some("tmpfs".to_owned()), ..disk() });
    facts.people = Some(UserFacts {
        all: 50,
        enabled: [40, 10],
        admins: 0,
        short_seeds: vec!["anna".to_owned()],
        ..UserFacts::default()
    });
    let complaints = complaints(&facts);
    assert!(complaints.len() > 15, "{complaints:#?}");
    let config = facts.config.as_ref().expect("settings that load");
    complaints.iter().for_each(|finding| pasted(finding, config));
    for finding in complaints.iter().filter(|finding| finding.severity > Severity::Note) {
        assert!(
            finding.remedy.as_deref().is_some_and(|remedy| !remedy.trim().is_empty()),
            "{finding:?}"
        );
    }
}

#[test]
fn the_process_is_judged() {
    one(Severity::Note, "no gate runs here", "systemctl start", |facts| facts.running_since = None);
    one(Severity::Warning, "runs as root", "portcullis.service", |facts| {
        facts.process = Some(Process { user: 0, descriptors: 4_096, ..Process::default() });
    });
    one(Severity::Warning, "512 open files", "LimitNOFILE=2048", |facts| {
        facts.process = Some(Process { user: 1, descriptors: 512, ..Process::default() });
    });
    one(Severity::Note, "more rights", "NoNewPrivileges=yes", |facts| {
        let process =
            Process { user: 1, descriptors: 9_999, by_systemd: true, ..Process::default() };
        facts.process = Some(Process { no_new_privileges: Some(false), ..process });
    });
}

#[test]
fn the_settings_are_judged_as_config_check_judges_them() {
    let changed = |text: &'static str| move |facts: &mut Facts| facts.config = Ok(config(text));
    one(
        Severity::Warning,
        "drop a Secure cookie",
        "https://a.example.com",
        changed(
            "public_url = \"http://a.example.com\"\n[session]\ncookie_domain = \"example.com\"",
        ),
    );
    one(
        Severity::Warning,
        "login host only",
        "[session]\ncookie_domain = \"example.com\"",
        changed("public_url = \"https://a.example.com\""),
    );
    one(
        Severity::Warning,
        "\"other.test\"",
        "redirect_hosts = [\"b.example.com\"]",
        changed(
            "redirect_hosts = [\"other.test\", \"b.example.com\"]\n[session]\ncookie_domain = \"example.com\"",
        ),
    );
    one(
        Severity::Warning,
        "is believed to be a proxy",
        "[proxy]\ntrust = ",
        changed("listen = [\"0.0.0.0:3000\"]\n[proxy]\ntrust = true"),
    );
    one(
        Severity::Note,
        "every machine of that network",
        "[proxy]\ntrust = ",
        changed("listen = [\"0.0.0.0:3000\"]\n[proxy]\ntrust = \"uniquelocal\""),
    );
    one(
        Severity::Warning,
        "metrics.listen is",
        "127.0.0.1:9100",
        changed("[metrics]\nlisten = \"0.0.0.0:9100\""),
    );
    one(
        Severity::Warning,
        "rule 1 (line 1) opens every site to everybody",
        "# name the hosts, paths or networks that it is for",
        changed("[[rule]]\naccess = \"open\""),
    );
    one(Severity::Warning, "still in use", "systemctl restart", |facts| {
        facts.pending = Some(Pending::Changed)
    });
    one(Severity::Error, "next start will fail. bad; worse", "config check", |facts| {
        facts.pending = Some(Pending::Broken("bad\nworse".to_owned()));
    });
    let mut facts = healthy();
    facts.config = Err("p.toml:1: listen: no\nX: unknown variable".to_owned());
    let errors = complaints(&facts);
    assert_eq!(
        errors.iter().filter(|finding| finding.severity == Severity::Error).count(),
        2,
        "{errors:#?}"
    );
}

#[test]
fn the_clock_is_judged() {
    let changed = |change: fn(&mut ClockFacts)| {
        move |facts: &mut Facts| facts.clock.iter_mut().for_each(change)
    };
    one(
        Severity::Error,
        "before this program was built",
        "timedatectl",
        changed(|clock| {
            clock.fault = Some(ClockFault::BeforeBuild);
        }),
    );
    one(
        Severity::Error,
        "was reached already",
        "portcullis clock reset",
        changed(|clock| {
            clock.fault = Some(ClockFault::BehindFloor);
        }),
    );
    one(
        Severity::Error,
        "not been synchronised since boot",
        "timedatectl",
        changed(|clock| {
            (clock.fault, clock.synchronised) = (Some(ClockFault::NotSynchronised), Some(false));
        }),
    );
    one(
        Severity::Warning,
        "no time server",
        "timedatectl",
        changed(|clock| clock.synchronised = Some(false)),
    );
    one(
        Severity::Note,
        "no time server",
        "timedatectl",
        changed(|clock| {
            (clock.synchronised, clock.sync_required) = (Some(false), false);
        }),
    );
    one(Severity::Note, "cannot be seen", "", changed(|clock| clock.synchronised = None));
    one(
        Severity::Error,
        "1 user used a code of a time that is still to come (anna)",
        "clock reset",
        changed(|clock| {
            clock.ahead = vec![("anna".to_owned(), Timestamp::from_unix(2_000_172_800))];
        }),
    );
}

#[test]
fn a_secret_that_can_be_guessed_is_found_and_never_shown() {
    for (secret, why) in [
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats the same 1 bytes"),
        ("0123456789012345678901234567890123456789", "repeats the same 10 bytes"),
        ("abcabbcaccbbaabcbacbbcabacbabcbbcacbacba", "3 different bytes"),
        ("abcdefghijklmnopqrstuvwxyz0123456789ABCD", "follow each other"),
        ("please-ChangeMe-before-you-use-it-xyz-41", "\"changeme\""),
        ("the quick brown password jumps over dogs", "\"password\""),
    ] {
        let strength = Strength::of(secret.as_bytes(), "JWT_SECRET".to_owned(), false);
        let found = secret::findings(&Ok(strength));
        assert_eq!(found[0].severity, Severity::Error, "{secret}: {found:?}");
        assert!(
            found[0].found.contains(why) && !found[0].found.contains(secret),
            "{secret}: {found:?}"
        );
        assert!(
            found[0].remedy.as_deref().is_some_and(|remedy| remedy.starts_with("openssl rand"))
        );
    }
    for good in [
        "mWv0Xq1Zc8r3TfYb5uNk7Lj2HgDsPa9E",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ] {
        let found = secret::findings(&Ok(Strength::of(good.as_bytes(), "f".to_owned(), true)));
        assert_eq!(
            found.iter().map(|finding| finding.severity).collect::<Vec<_>>(),
            [Severity::Ok, Severity::Note]
        );
    }
    let none = NoSecret { why: "mode 0444".to_owned(), remedy: "chmod 0600 /srv/jwt".to_owned() };
    one(Severity::Error, "cannot start: mode 0444", "chmod 0600 /srv/jwt", |facts| {
        facts.secret = Some(Err(none))
    });
}

#[test]
fn files_that_others_may_use_are_found() {
    let changed = |file: File| move |facts: &mut Facts| facts.files = vec![file];
    one(
        Severity::Error,
        "every user of this machine may read the state directory",
        "chmod 0700 /s/f",
        changed(file(FileRole::State, 0o40_705)),
    );
    one(
        Severity::Error,
        "its group may read the store's key",
        "chmod go= /s/f",
        changed(file(FileRole::StoreKey, 0o640)),
    );
    one(
        Severity::Error,
        "may write the settings",
        "chmod go-w /s/f",
        changed(file(FileRole::Config, 0o646)),
    );
    one(
        Severity::Error,
        "may write the control socket",
        "chmod 0660",
        changed(file(FileRole::Control, 0o666)),
    );
    one(
        Severity::Warning,
        "may read the store",
        "chmod go=",
        changed(file(FileRole::Store, 0o644)),
    );
    one(
        Severity::Warning,
        "belongs to user 1000",
        "chown 990: '/s/a b'",
        changed(File { user: 1000, path: "/s/a b".into(), ..file(FileRole::StoreKey, 0o600) }),
    );
    // Where compose puts secrets, readable for all; a container cannot change that itself.
    let secret = |path: &str| File { path: path.into(), ..file(FileRole::SessionSecret, 0o444) };
    for (path, way) in [("/s/jwt", "chmod 0600 /s/jwt"), ("/run/secrets/jwt", "`secrets:` of the")]
    {
        let found = "every user of this machine may read the session secret";
        one(Severity::Error, found, way, changed(secret(path)));
    }
    let mut facts = healthy();
    facts.files = vec![
        File { user: 0, ..file(FileRole::Config, 0o644) },
        file(FileRole::SessionSecret, 0o640),
    ];
    assert_eq!(
        complaints(&facts),
        [],
        "root's settings may be read, and a group may share a secret"
    );
}

#[test]
fn the_store_and_its_disk_are_judged() {
    let broken = |change: fn(&mut Kept)| {
        move |facts: &mut Facts| {
            if let Some(Ok(kept)) = &mut facts.store {
                change(kept);
            }
        }
    };
    one(Severity::Note, "no store yet", "portcullis init", |facts| facts.store = None);
    one(Severity::Error, "another key", "init --again", |facts| {
        facts.store = Some(Err(shut("another key")))
    });
    one(
        Severity::Error,
        "records in memory",
        "restart",
        broken(|kept| kept.examination.unsealed = Err("no".to_owned())),
    );
    one(
        Severity::Error,
        "cannot be read again",
        "restart",
        broken(|kept| kept.examination.database = Err("no".to_owned())),
    );
    one(
        Severity::Error,
        "last commit",
        "restart",
        broken(|kept| kept.examination.high_water_mark = Err("no".to_owned())),
    );
    one(
        Severity::Error,
        "snapshot would not",
        "user",
        broken(|kept| kept.examination.snapshot = Err("no".to_owned())),
    );
    one(
        Severity::Error,
        "takes no change",
        "df",
        broken(|kept| kept.refuses = Some("no room".to_owned())),
    );
    one(
        Severity::Error,
        "stands in",
        "limit clear",
        broken(|kept| kept.recovered = Some("it was".to_owned())),
    );
    let tried = |kept: &mut Kept| (kept.recovered, kept.trial) = (Some("it was".to_owned()), true);
    one(Severity::Error, "the next start takes the snapshot", "systemctl start", broken(tried));
    let disk_with =
        |change: fn(&mut Disk)| move |facts: &mut Facts| facts.disk.iter_mut().for_each(change);
    one(Severity::Error, "read-only", "remount,rw", disk_with(|disk| disk.read_only = true));
    one(Severity::Warning, "32.0 MB free", "journalctl", disk_with(|disk| disk.free = 32_000_000));
    one(Severity::Error, "2.0 MB free", "journalctl", disk_with(|disk| disk.free = 2_000_000));
    one(Severity::Warning, "hardly any", "df -i", disk_with(|disk| disk.files_left = Some(3)));
    for (kind, why) in [
        ("tmpfs", "in memory"),
        ("overlay", "container"),
        ("nfs4", "network"),
        ("fuse.sshfs", "network"),
        ("vfat", "permissions"),
    ] {
        let found = file_system(kind);
        assert!(found.contains(why), "{kind}: {found}");
    }
}

fn file_system(kind: &str) -> String {
    let mut facts = healthy();
    facts.disk = Some(Disk { kind: Some(kind.to_owned()), ..disk() });
    complaints(&facts).pop().expect("a complaint").found
}

#[test]
fn the_users_and_the_odds_of_guessing_are_judged() {
    let people = |all: usize, enabled: [usize; 2], admins: usize| {
        move |facts: &mut Facts| {
            facts.people = Some(UserFacts { all, enabled, admins, ..UserFacts::default() });
        }
    };
    one(Severity::Warning, "no users", "user add", people(0, [0, 0], 0));
    one(Severity::Warning, "all users are disabled (2)", "user enable", people(2, [0, 0], 0));
    one(Severity::Note, "administrator", "--admin", people(2, [2, 0], 0));
    one(Severity::Warning, "at most 5.15 %", "ask_username = true", people(11, [11, 0], 1));
    one(Severity::Warning, "160 bits, by 1: anna", "user rotate", |facts| {
        facts.people.iter_mut().for_each(|people| people.short_seeds = vec!["anna".to_owned()]);
    });
    let said = |settings: &str, enabled: [usize; 2]| {
        let people =
            UserFacts { all: enabled.iter().sum(), enabled, admins: 1, ..UserFacts::default() };
        let findings = people::findings(&people, &config(settings));
        let odds =
            findings.into_iter().find(|finding| finding.found.contains("guessing")).expect("odds");
        let chance = odds.found.split("at most ").nth(1).and_then(|rest| rest.split(" (").next());
        (odds.severity, chance.expect("a chance").to_owned())
    };
    assert_eq!(said("", [1, 0]), (Severity::Ok, "0.47 %".to_owned()));
    assert_eq!(said("[login]\nskew = 2", [1, 0]), (Severity::Ok, "0.78 %".to_owned()));
    assert_eq!(said("[login]\nskew = 0", [4, 0]), (Severity::Ok, "0.62 %".to_owned()));
    assert_eq!(said("", [0, 1]), (Severity::Ok, "0.00 %".to_owned()), "eight digits");
    assert_eq!(said("[login]\nask_username = true", [500, 0]), (Severity::Ok, "0.47 %".to_owned()));
    assert_eq!(
        said("[login]\naccept_odds = true", [5_000, 0]),
        (Severity::Warning, "certain".to_owned())
    );
    let crowd = UserFacts { all: 21, enabled: [21, 0], admins: 1, ..UserFacts::default() };
    let found = people::findings(&crowd, &config(""));
    assert!(
        found.iter().any(|finding| finding.severity == Severity::Error
            && finding.found.contains("20 are the most"))
    );
}

fn failing(key: &str, waits: bool) -> Failing {
    let until = waits.then_some(T0);
    Failing { key: key.to_owned(), address: key.parse().expect("an address"), failures: 5, until }
}

#[test]
fn limits_that_hit_the_wrong_ones_are_found() {
    let limits = |limits: LimitFacts| move |facts: &mut Facts| facts.limits = Some(limits);
    let budget = |kind, key: &str, left| LimitFacts {
        budgets: vec![Budget { kind, key: key.to_owned(), left, emptied: None }],
        ..LimitFacts::default()
    };
    one(
        Severity::Warning,
        "strangers from the internet",
        "limit clear strangers",
        limits(budget("strangers", "internet", 0)),
    );
    one(
        Severity::Warning,
        "have 20 of 100",
        "limit clear strangers",
        limits(budget("strangers", "internet", 20)),
    );
    one(
        Severity::Warning,
        "strangers at home",
        "limit clear home",
        limits(budget("strangers", "home", 0)),
    );
    one(
        Severity::Warning,
        "the account anna",
        "limit clear anna",
        limits(budget("account", "anna", 1)),
    );
    one(
        Severity::Note,
        "wait after wrong codes: 1 (192.0.2.9)",
        "limit clear 192.0.2.9",
        limits(LimitFacts {
            addresses: vec![failing("192.0.2.9", true), failing("192.0.2.10", false)],
            ..LimitFacts::default()
        }),
    );
    one(
        Severity::Warning,
        "count for 192.0.2.9 alone",
        "trust = [\"loopback\", \"192.0.2.9\"]",
        limits(LimitFacts {
            addresses: vec![failing("192.0.2.9", false)],
            shared_addresses: vec![("192.0.2.9".parse().expect("an address"), 3)],
            ..LimitFacts::default()
        }),
    );
    one(
        Severity::Warning,
        "Cloudflare",
        "CF-Connecting-IP",
        limits(LimitFacts {
            clients: vec!["104.16.1.2".parse().expect("an address")],
            ..LimitFacts::default()
        }),
    );
    let mut facts = healthy();
    facts.limits = Some(budget("strangers", "internet", 21));
    assert_eq!(complaints(&facts), []);
}

#[test]
fn a_vpn_is_taken_for_home_beside_what_is_home_already() {
    one(
        Severity::Note,
        "100.64.7.7 counts as",
        "local = [\"10.9.0.0/16\", \"100.64.0.0/10\"]",
        |facts| {
            facts.config = Ok(config(
                "public_url = \"https://auth.example.com\"\nlimits.local = [\"10.9.0.0/16\"]\nsession.cookie_domain = \"example.com\"",
            ));
            let addresses = vec![failing("100.64.7.7", false)];
            facts.limits = Some(LimitFacts { addresses, ..LimitFacts::default() });
        },
    );
}

#[test]
fn what_a_proxy_did_wrong_comes_with_the_line_of_that_proxy() {
    let note =
        |place, problem, fixed| NotedProblem { place, problem, seen: seen(3), peer: None, fixed };
    let noted = |note: NotedProblem| {
        move |facts: &mut Facts| {
            facts.proxies.iter_mut().for_each(|proxies| proxies.problems.notes = vec![note.clone()])
        }
    };
    let uri = ProxyProblem::Headers(ForwardingProblem::Missing(ForwardingHeader::ForwardedUri));
    one(
        Severity::Error,
        "/verify/caddy: X-Forwarded-Uri is missing (3 times",
        "header_up X-Forwarded-Uri {http.request.orig_uri}",
        noted(note(ProblemPlace::Verify(endpoint_at("/verify/caddy")), uri, false)),
    );
    for (endpoint, line) in [
        (endpoint_at("/verify/haproxy"), "http-request set-header X-Forwarded-Uri %[pathq]"),
        (endpoint_at("/verify/traefik"), "forwardAuth.trustForwardHeader = false"),
    ] {
        let mut facts = healthy();
        noted(note(ProblemPlace::Verify(endpoint), uri, false))(&mut facts);
        assert_eq!(complaints(&facts)[0].remedy.as_deref(), Some(line), "{endpoint:?}");
    }
    one(
        Severity::Error,
        "brought Remote-User itself",
        "http-request del-header Remote-User",
        noted(note(
            ProblemPlace::Verify(endpoint_at("/verify/haproxy")),
            ProxyProblem::Forged("Remote-User"),
            false,
        )),
    );
    one(
        Severity::Error,
        "brought X-Forwarded-User itself",
        "request_header -X-Forwarded-User",
        noted(note(
            ProblemPlace::Verify(endpoint_at("/verify/caddy")),
            ProxyProblem::Forged("X-Forwarded-User"),
            false,
        )),
    );
    one(
        Severity::Warning,
        "questions since then were right",
        "header_up",
        noted(note(ProblemPlace::Verify(endpoint_at("/verify/caddy")), uri, true)),
    );
    one(
        Severity::Error,
        "X-Original-URL is missing",
        "proxy_set_header X-Original-URL $scheme",
        noted(note(
            ProblemPlace::Verify(endpoint_at("/verify/nginx")),
            ProxyProblem::Headers(ForwardingProblem::Missing(ForwardingHeader::OriginalUrl)),
            false,
        )),
    );
    one(
        Severity::Error,
        "the login host",
        "middlewares = []",
        noted(note(
            ProblemPlace::Verify(endpoint_at("/verify/traefik")),
            ProxyProblem::Headers(ForwardingProblem::LoginHost),
            false,
        )),
    );
    one(
        Severity::Error,
        "disagree",
        "uri /verify/caddy?",
        noted(note(
            ProblemPlace::Verify(&ANY),
            ProxyProblem::Headers(ForwardingProblem::Contradiction(
                ForwardingHeader::ForwardedUri,
                ForwardingHeader::OriginalUrl,
            )),
            false,
        )),
    );
    one(
        Severity::Error,
        "brought Remote-Email itself",
        "proxy_set_header Remote-Email \"\";",
        noted(note(
            ProblemPlace::Verify(endpoint_at("/verify/nginx")),
            ProxyProblem::Forged("Remote-Email"),
            false,
        )),
    );
    one(
        Severity::Warning,
        "one of Cloudflare's",
        "client_ip_header = \"CF-Connecting-IP\"",
        noted(note(ProblemPlace::Page, ProxyProblem::FromCdn, false)),
    );
    // The header is believed already, and the proxy does not hand it on.
    for (endpoint, line) in [
        (endpoint_at("/verify/traefik"), "portcullis proxy print traefik"),
        (endpoint_at("/verify/nginx"), "portcullis proxy print nginx"),
        (endpoint_at("/verify/haproxy"), "portcullis proxy print haproxy"),
    ] {
        let mut facts = healthy();
        facts.config = Ok(config("proxy.client_ip_header = \"CF-Connecting-IP\""));
        noted(note(ProblemPlace::Verify(endpoint), ProxyProblem::FromCdn, false))(&mut facts);
        let complaints = complaints(&facts);
        let told = complaints
            .iter()
            .find(|finding| finding.found.contains("one of Cloudflare's"))
            .expect("it is told");
        assert_eq!(told.remedy.as_deref(), Some(line), "{endpoint:?}");
    }
    one(
        Severity::Warning,
        "10.0.0.2 sends forwarding headers",
        "trust = [\"loopback\", \"10.0.0.2\"]",
        |facts| {
            let stranger = UntrustedPeer { address: [10, 0, 0, 2].into(), seen: seen(1) };
            facts
                .proxies
                .iter_mut()
                .for_each(|proxies| proxies.untrusted.near = [stranger].into_iter().collect());
        },
    );
    one(Severity::Warning, "reached the gate past the proxy", "listen = [\"127.0.0.1", |facts| {
        let stranger = UntrustedPeer { address: [203, 0, 113, 2].into(), seen: seen(1) };
        facts
            .proxies
            .iter_mut()
            .for_each(|proxies| proxies.untrusted.far = [stranger].into_iter().collect());
    });
    one(Severity::Note, "no proxy has asked since", "portcullis proxy print", |facts| {
        facts.proxies = Some(ProxyDiagnostics::new(T0));
    });
    one(Severity::Note, "calls itself traefik-1", "", |facts| {
        facts.proxies.iter_mut().for_each(|proxies| drop(proxies.last_proxy.push_str("traefik-1")));
    });
}

#[test]
fn what_brings_the_cookie_to_a_site_is_advised_as_the_settings_allow() {
    let note = |problem| NotedProblem {
        place: ProblemPlace::Page,
        problem,
        seen: seen(3),
        peer: None,
        fixed: false,
    };
    let told = |text: &str, problem| {
        let mut facts = healthy();
        facts.config = Ok(config(text));
        facts.proxies.iter_mut().for_each(|proxies| proxies.problems.notes = vec![note(problem)]);
        let remedies = complaints(&facts)
            .into_iter()
            .filter(|finding| finding.check == "wiring")
            .map(|finding| {
                pasted(&finding, facts.config.as_ref().expect("settings that load"));
                finding.remedy.unwrap_or_default()
            });
        remedies.collect::<String>()
    };
    let proxy =
        "X-Forwarded-Proto: https  # from the proxy that ends TLS (docs/chained-proxies.md)";
    let everywhere = "[session]\nsecure = false  # where everything is plain http";
    for problem in [ProxyProblem::PlainHttp, ProxyProblem::LoginLoop(Cause::PlainHttp)] {
        assert_eq!(told("public_url = \"https://auth.example.com\"", problem), proxy);
        assert_eq!(told("session.same_site = \"none\"", problem), proxy);
        assert_eq!(
            told("public_url = \"http://auth.example.com\"", problem),
            format!("{proxy}\n{everywhere}")
        );
        assert_eq!(told("", problem), format!("{proxy}\n{everywhere}"));
    }
    let shared = "docs/configuration.md: all sites below session.cookie_domain";
    for (settings, remedy) in [
        (
            "public_url = \"https://auth.home.example\"",
            "[session]\ncookie_domain = \"home.example\"  # login page and sites share it",
        ),
        (
            "public_url = \"https://mylab.duckdns.org\"",
            "[session]\ncookie_domain = \"mylab.duckdns.org\"  # login page and sites share it",
        ),
        ("public_url = \"https://auth.home.example\"\nsession.cookie_prefix = \"host\"", shared),
        ("public_url = \"https://192.168.1.10:8443\"", shared),
        ("public_url = \"https://nas\"", shared),
    ] {
        assert_eq!(told(settings, ProxyProblem::LoginLoop(Cause::NoDomain)), remedy, "{settings}");
    }
}

#[test]
fn a_path_is_one_word_of_the_shell() {
    assert_eq!(word(Path::new("/var/lib/portcullis")), "/var/lib/portcullis");
    assert_eq!(word(Path::new("/a b/it's")), r"'/a b/it'\''s'");
}

const RULES: &str = "public_url = \"https://auth.example.com\"\n\
    [session]\ncookie_domain = \"example.com\"\n\
    [networks]\nhome = [\"192.0.2.0/24\"]\n\
    [[rule]]\nname = \"the two of us\"\nhosts = [\"money.example.com\"]\naccess = \"session\"\n\
    users = [\"anna\"]\ngroups = [\"family\"]\n\
    [[rule]]\nname = \"at home\"\nhosts = [\"tv.example.com\"]\nnetworks = [\"home\"]\naccess = \"open\"\n";

fn with_rules(facts: &mut Facts, users: &[&str], groups: &[&str]) {
    facts.config = Ok(config(RULES));
    let name = |name: &&str| UserName::parse(name).expect("a name");
    facts.people = Some(UserFacts {
        all: 1,
        enabled: [1, 0],
        admins: 1,
        names: users.iter().map(name).collect(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..UserFacts::default()
    });
}

#[test]
fn rules_are_for_somebody_and_for_a_network_that_is_one() {
    let mut facts = healthy();
    with_rules(&mut facts, &["anna"], &["family"]);
    assert_eq!(complaints(&facts), []);
    let said = examine(&facts);
    assert!(said.iter().any(|finding| finding.found == "2 rules in force"), "{said:#?}");

    one(Severity::Warning, "admits anna, and there is no such user", "user add anna", |facts| {
        with_rules(facts, &["ben"], &["family"]);
    });
    one(Severity::Warning, "the group family, and no user is in it", "--group family", |facts| {
        with_rules(facts, &["anna"], &[]);
    });
    let shared = |facts: &mut Facts| {
        with_rules(facts, &["anna"], &["family"]);
        let shared_addresses = vec![("192.0.2.9".parse().expect("an address"), 3)];
        facts.limits = Some(LimitFacts { shared_addresses, ..LimitFacts::default() });
    };
    let trust = "trust = [\"loopback\", \"192.0.2.9\"]";
    one(
        Severity::Warning,
        "rule \"at home\" (line 12) opens its places to 192.0.2.9",
        trust,
        shared,
    );
}

#[test]
fn without_rules_nothing_is_said_of_them() {
    assert!(examine(&healthy()).iter().all(|finding| finding.check != "rules"));
}

fn pass(id: &str, days: u64, networks: &[&str]) -> PassFacts {
    PassFacts {
        id: PassId::parse(id).expect("an id"),
        name: "photo backup".to_owned(),
        user: UserName::parse("anna").expect("a name"),
        hosts: vec!["*.example.com".to_owned()],
        paths: vec!["/api/**".to_owned()],
        networks: networks.iter().map(ToString::to_string).collect(),
        expires: T0.plus(std::time::Duration::from_secs(days * 86_400)),
    }
}

#[test]
fn a_pass_that_ends_soon_is_told_with_the_line_that_makes_another() {
    one(
        Severity::Note,
        "bcdfghjk (photo backup, of anna) expires at 2033-05-31T03:33:20Z",
        "portcullis pass create NAME --user anna --host '*.example.com' --path '/api/**' \
         --network uniquelocal\nportcullis pass revoke bcdfghjk",
        |facts| facts.passes = vec![pass("bcdfghjk", 13, &["uniquelocal"])],
    );
    let mut facts = healthy();
    facts.passes = vec![pass("bcdfghjk", 14, &[]), pass("bcdfghjl", 90, &[])];
    assert_eq!(complaints(&facts), []);
    let said = examine(&facts);
    let found = "2 passes, none of which expires within 14 days";
    assert!(said.iter().any(|finding| finding.found == found), "{said:#?}");
}

#[test]
fn of_many_passes_that_end_soon_the_first_are_told() {
    let mut facts = healthy();
    facts.passes = (0..7).rev().map(|days| pass("bcdfghjk", days, &[])).collect();
    let said = complaints(&facts);
    assert_eq!(said.len(), 6);
    let ends = |day: u64| pass("bcdfghjk", day, &[]).expires.to_string();
    for (finding, day) in said.iter().zip(0..5) {
        assert!(finding.found.contains(&ends(day)), "{finding:?}");
    }
    assert_eq!(said[5].found, "2 more expire within 14 days");
}

#[test]
fn a_pass_for_a_network_without_a_name_is_good_nowhere() {
    one(
        Severity::Warning,
        "bcdfghjk (photo backup, of anna): there is no network \"loopbakc\": did you mean \"loopback\"?",
        "portcullis pass revoke bcdfghjk",
        |facts| facts.passes = vec![pass("bcdfghjk", 90, &["uniquelocal", "loopbakc"])],
    );
}

#[test]
fn without_passes_nothing_is_said_of_them() {
    assert!(examine(&healthy()).iter().all(|finding| finding.check != "passes"));
}
