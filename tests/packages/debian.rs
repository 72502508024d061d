//! The package on Debian: installed, living under its unit, upgraded, removed, purged; on trixie
//! and on bookworm.

use std::time::Duration;

use serde_json::Value;

use super::contents::version;
use super::machine::DebianMachine;
use super::units;
use crate::support::wait::{self, PATIENCE};

/// Each story on each suite, under the name of the suite.
macro_rules! on_each_suite {
    ($($story:ident)*) => {
        mod trixie {
            $(#[test] fn $story() { super::$story(&super::DebianMachine::boot("trixie")); })*
        }
        mod bookworm {
            $(#[test] fn $story() { super::$story(&super::DebianMachine::boot("bookworm")); })*
        }
    };
}

on_each_suite! {
    an_installed_gate_runs_under_its_unit_and_lets_people_in
    a_gate_that_dies_or_hangs_is_started_again
    visitors_wait_through_restarts_and_upgrades_and_keep_their_sessions
    removing_keeps_the_users_and_purging_takes_them
    secrets_from_outside_reach_the_gate_alone
    a_broken_setting_is_survived
    who_is_in_the_group_gives_orders_and_nobody_else
    only_this_machine_is_answered
}

/// The version that follows.
fn next_version() -> String {
    version() + "+next"
}

fn an_installed_gate_runs_under_its_unit_and_lets_people_in(machine: &DebianMachine) {
    machine.install(&version());
    // No start by hand: installing enabled and started both, and READY=1 has come.
    assert_eq!(
        machine.run("systemctl is-enabled portcullis.service portcullis.socket").trim(),
        "enabled\nenabled"
    );
    assert_eq!(machine.property("ActiveState"), "active");
    assert_eq!(machine.property("StatusText"), "Serving");
    assert_eq!(machine.run("curl -s http://127.0.0.1:3000/health"), "ok\n");
    // The sandbox lets it ask the kernel's clock: else it would say that it does not know.
    let ready = machine.run("curl -s http://127.0.0.1:3000/ready");
    assert!(
        ready.contains("clock: ok") && ready.contains("synchronised") && !ready.contains("unknown"),
        "{ready}"
    );

    let person = machine.add_user("alice");
    let session = machine.log_in(&person);
    assert_eq!(machine.verify(&session), "204");

    // Its state is its own, below the place that only root can enter.
    let kept = machine.run("find -L /var/lib/portcullis -ignore_readdir_race -perm /077");
    assert_eq!(kept, "", "others may look at these");
    let user = machine.run(
        "ps -o user= -C portcullis || stat -c %u /proc/$(systemctl show -P MainPID portcullis)",
    );
    assert!(!["root", "0"].contains(&user.trim()), "{user}");
    // What systemd of this suite says of the very files that were installed.
    let units =
        "/usr/lib/systemd/system/portcullis.service /usr/lib/systemd/system/portcullis.socket";
    assert_eq!(machine.run(&format!("systemd-analyze verify --man=no {units} 2>&1")), "");
    let score =
        units::exposure(&machine.run("systemd-analyze security --no-pager portcullis.service"));
    assert!(score <= units::WORST, "{score}");
    assert_eq!(machine.property("NRestarts"), "0");
}

/// Short, so that its rhythm shows soon; long enough for a machine that stands still for some
/// seconds.
const WATCHDOG: Duration = Duration::from_secs(12);
const SPARE: Duration = Duration::from_secs(1);

fn a_gate_that_dies_or_hangs_is_started_again(machine: &DebianMachine) {
    machine.run("mkdir -p /run/systemd/system/portcullis.service.d");
    let watchdog = format!("[Service]\\nWatchdogSec={}\\n", WATCHDOG.as_secs());
    machine
        .run(&format!("printf '{watchdog}' > /run/systemd/system/portcullis.service.d/short.conf"));
    machine.install(&version());
    let person = machine.add_user("alice");
    let session = machine.log_in(&person);
    let first = machine.property("MainPID");

    // Two of its intervals long it tells that it lives.
    wait::watch_that("the process that was started first", 2 * WATCHDOG + SPARE, || {
        (machine.property("MainPID"), machine.property("NRestarts"))
            == (first.clone(), "0".to_owned())
    });

    machine.run(&format!("kill -KILL {first}"));
    machine.until(
        "[ $(systemctl show -P NRestarts portcullis) = 1 ] && curl -s http://127.0.0.1:3000/health",
    );
    assert_eq!(machine.verify(&session), "204", "a session outlives the process");

    // Alive but mute.
    machine.run("kill -STOP $(systemctl show -P MainPID portcullis)");
    machine.until(
        "[ $(systemctl show -P NRestarts portcullis) = 2 ] && curl -s http://127.0.0.1:3000/health",
    );
    assert!(machine.journal().to_lowercase().contains("watchdog timeout"), "{}", machine.journal());
    assert_eq!(machine.verify(&session), "204");

    // A signal from somewhere ends it well, and that too is a gate that is not there.
    machine.run("kill -TERM $(systemctl show -P MainPID portcullis)");
    machine.until(
        "[ $(systemctl show -P NRestarts portcullis) = 3 ] && curl -s http://127.0.0.1:3000/health",
    );

    let before = machine.property("MainPID");
    machine.run("echo 'login.title = \"After the reload\"' > /etc/portcullis/portcullis.toml");
    machine.run("systemctl reload portcullis.service");
    machine.until("curl -s http://127.0.0.1:3000/login | grep -q 'After the reload'");
    assert_eq!(machine.property("MainPID"), before, "the same process");
}

fn visitors_wait_through_restarts_and_upgrades_and_keep_their_sessions(machine: &DebianMachine) {
    machine.install(&version());
    let person = machine.add_user("alice");
    let session = machine.log_in(&person);
    machine.run("sed -i 's/^#title.*/title = \"Ours\"/' /etc/portcullis/portcullis.toml");
    let mut visitors = machine.start(
        "while [ ! -e /run/enough ]; do \
             curl -s -o /dev/null -m 30 -w '%{http_code}\\n' http://127.0.0.1:3000/health || echo lost; \
         done | sort | uniq -c; echo all",
    );
    for _ in 0..3 {
        machine.run("systemctl restart portcullis.service");
    }
    machine.install(&next_version());
    machine.run("touch /run/enough");
    let counted = visitors
        .wait_for("how they fared", PATIENCE, |text| text.strip_suffix("all\n").map(str::to_owned));
    let counted: Vec<_> = counted.split_whitespace().collect();
    assert!(matches!(counted.as_slice(), [_, "200"]), "some were not served: {counted:?}");

    assert_eq!(machine.run("dpkg-query -W -f '${Version}' portcullis"), next_version());
    assert_eq!(machine.verify(&session), "204", "the session outlives the upgrade");
    assert!(
        machine.run("curl -s http://127.0.0.1:3000/login").contains("Ours"),
        "the settings outlive it too"
    );
    // And the new files are the ones that run.
    assert_eq!(machine.property("NeedDaemonReload"), "no");
    assert_eq!(machine.property("NRestarts"), "0", "nothing fell");
}

fn removing_keeps_the_users_and_purging_takes_them(machine: &DebianMachine) {
    machine.install(&version());
    let person = machine.add_user("alice");
    let session = machine.log_in(&person);
    machine.run("dpkg --remove portcullis");
    assert!(
        !machine.try_run("curl -s http://127.0.0.1:3000/health").status.success(),
        "nobody listens any more"
    );
    machine.run(
        "test -e /var/lib/private/portcullis/store.key && test -e /etc/portcullis/portcullis.toml",
    );

    machine.install(&version());
    assert_eq!(machine.verify(&session), "204", "nothing was lost");

    machine.run("dpkg --purge portcullis");
    let left = "find / -xdev -ignore_readdir_race '(' -path /proc -o -path /sys ')' -prune -o -name '*portcullis*' -print";
    let left = machine.run(left);
    // systemd's own memory of the unit's last run may stay until it sweeps; the group stays, as
    // groups do on Debian.
    assert_eq!(
        left.lines().filter(|path| !path.starts_with("/run/systemd")).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
    assert_eq!(machine.run("systemctl list-units --all --no-legend 'portcullis*'").trim(), "");
}

fn secrets_from_outside_reach_the_gate_alone(machine: &DebianMachine) {
    machine.run(
        "mkdir -p /etc/credstore /run/credstore && chmod 700 /etc/credstore /run/credstore && umask 077 && \
                 echo 0123456789abcdef0123456789abcdef0123456789 > /etc/credstore/jwt_secret && \
                 head -c 32 /dev/urandom > /run/credstore/store_key && \
             echo ABCD-EFGH-IJKL-MNOP > /run/credstore/setup_code",
    );
    machine.install(&version());
    let said = machine.journal();
    assert!(said.contains("the set-up code that was given") && !said.contains("ABCD"), "{said}");
    let person = machine.add_user("alice");
    let session = machine.log_in(&person);
    // Both keys were used: nothing of the kind was made.
    machine.run("test ! -e /var/lib/private/portcullis/store.key && test ! -e /var/lib/private/portcullis/jwt.secret");
    // The session is signed with the secret that was given: another secret ends it, the users stay.
    machine.run("systemctl restart portcullis.service");
    assert_eq!(machine.verify(&session), "204");
    machine.run("echo fedcba9876543210fedcba9876543210fedcba98 > /etc/credstore/jwt_secret");
    machine.run("systemctl restart portcullis.service");
    assert_ne!(machine.verify(&session), "204");
    let users: Value =
        serde_json::from_str(&machine.run("portcullis user list --json")).expect("JSON");
    assert_eq!(users[0]["name"], "alice");
    // Its copies are for the gate's eyes only.
    let copies = "/run/credentials/portcullis.service";
    assert!(
        !machine
            .try_run(&format!("setpriv --reuid 65534 --clear-groups ls {copies}"))
            .status
            .success()
    );
}

fn a_broken_setting_is_survived(machine: &DebianMachine) {
    machine.install(&version());
    machine.run("echo 'listem = []' > /etc/portcullis/portcullis.toml");
    machine.try_run("systemctl restart portcullis.service");
    let mut visitor = machine.start("curl -s -m 80 http://127.0.0.1:3000/health && echo at last");
    // More often than systemd's own limit of starts, with somebody knocking all the time.
    machine.until("[ $(systemctl show -P NRestarts portcullis) -ge 7 ]");
    assert!(machine.journal().contains("listem"), "it says what is wrong: {}", machine.journal());
    machine.run("rm /etc/portcullis/portcullis.toml");
    // Nobody starts anything by hand, and who waited is served.
    visitor.wait_for("an answer", PATIENCE, |text| text.contains("at last").then_some(()));
    assert_eq!(
        machine.run("systemctl is-active portcullis.service portcullis.socket").trim(),
        "active\nactive"
    );
}

fn who_is_in_the_group_gives_orders_and_nobody_else(machine: &DebianMachine) {
    machine.install(&version());
    machine.add_user("alice");
    machine.run(
        "useradd --create-home --groups portcullis-operators tom && useradd --create-home eve",
    );
    let list = |user: &str| {
        machine.try_run(&format!(
            "setpriv --reuid {user} --regid {user} --init-groups \
         env HOME=/home/{user} portcullis --control /run/portcullis/control.sock user list"
        ))
    };
    let tom = list("tom");
    assert!(
        String::from_utf8_lossy(&tom.stdout).contains("alice"),
        "{}",
        String::from_utf8_lossy(&tom.stderr)
    );
    assert_eq!(list("eve").status.code(), Some(77));
    // Orders, and no look at the files.
    let look =
        machine.try_run("setpriv --reuid tom --regid tom --init-groups ls /var/lib/portcullis/");
    assert!(!look.status.success());
}

fn only_this_machine_is_answered(machine: &DebianMachine) {
    // A machine that opens the gate's port to its network, and has an address there.
    machine.run("ip address add 10.9.8.7/32 dev lo");
    machine.run("mkdir -p /etc/systemd/system/portcullis.socket.d && \
                 printf '[Socket]\\nListenStream=\\nListenStream=0.0.0.0:3000\\n' > /etc/systemd/system/portcullis.socket.d/open.conf && \
                 mkdir -p /etc/portcullis");
    machine.install(&version());
    machine.run("echo 'listen = []' > /etc/portcullis/portcullis.toml && systemctl restart portcullis.service");
    assert_eq!(machine.run("curl -s http://127.0.0.1:3000/health"), "ok\n");
    let from_outside = "curl -s -m 2 http://10.9.8.7:3000/health";
    assert_eq!(machine.try_run(from_outside).status.code(), Some(28), "no answer at all");
    // The way out that the documentation names.
    machine.run("printf 'IPAddressAllow=10.9.8.7\\n' >> /etc/systemd/system/portcullis.socket.d/open.conf && \
                 systemctl daemon-reload && systemctl stop portcullis.socket portcullis.service && systemctl start portcullis.service");
    assert_eq!(machine.run("curl -s -m 30 http://10.9.8.7:3000/health"), "ok\n");
}
