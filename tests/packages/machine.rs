//! A Debian with a running systemd, in a container that `tests/packages/boot` makes and that ends
//! with the test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use serde_json::Value;

use crate::support::codes::Person;
use crate::support::process::Running;
use crate::support::wait::{self, PATIENCE};

/// The folder of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Machines that this process has booted.
static BOOTED: AtomicU32 = AtomicU32::new(0);

/// A booted machine.
pub struct DebianMachine {
    nspawn: Running,
    leader: u32,
    name: String,
}

impl DebianMachine {
    /// Boots that suite of Debian and waits until all its services are up.
    pub fn boot(suite: &str) -> Self {
        let number = BOOTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("portcullis-{suite}-{}-{number}", std::process::id());
        let script = project().join("tests/packages/boot");
        assert!(geteuid().is_root(), "booting a machine needs root");
        let nspawn = Running::start(
            "systemd-nspawn",
            Command::new(script).args([suite, &name, "systemd.show_status=no"]),
        );
        let leader = wait::until("the machine's first process", PATIENCE, || {
            descendant(nspawn.id(), "systemd").or_else(|| {
                assert!(!nspawn.text().contains("rror"), "no machine: {}", nspawn.text());
                None
            })
        });
        let machine = Self { nspawn, leader, name };
        wait::until("the machine to be up", PATIENCE, || {
            let state = machine.try_run("systemctl is-system-running --wait");
            let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
            assert_ne!(state, "degraded", "{}", machine.run("systemctl --failed"));
            (state == "running").then_some(())
        });
        machine
    }

    /// A shell's command line in the machine, as root, whatever its end.
    pub fn try_run(&self, line: &str) -> Output {
        self.command(line).output().expect("nsenter runs")
    }

    /// What a command line prints that must end well.
    pub fn run(&self, line: &str) -> String {
        let done = self.try_run(line);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&done.stdout), text(&done.stderr));
        assert!(
            done.status.success(),
            "`{line}` in {}: {}\n{out}{err}\n{}",
            self.name,
            done.status,
            self.journal()
        );
        out
    }

    /// Starts a command line and goes on.
    pub fn start(&self, line: &str) -> Running {
        Running::start("nsenter", &mut self.command(line))
    }

    /// Runs the command line until it ends well.
    pub fn until(&self, line: &str) {
        let probe = || self.try_run(line).status.success().then_some(());
        // So that a failure shows the journal.
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait::until(line, PATIENCE, probe)
        }));
        assert!(found.is_ok(), "`{line}` in {} never came true:\n{}", self.name, self.journal());
    }

    /// One property of the gate's service.
    pub fn property(&self, name: &str) -> String {
        self.run(&format!("systemctl show portcullis.service --property={name} --value"))
            .trim()
            .to_owned()
    }

    /// What the gate and systemd said about it.
    pub fn journal(&self) -> String {
        let done = self.try_run(
            "journalctl --no-pager --output=cat --unit=portcullis.service --unit=portcullis.socket",
        );
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Installs the package of that version.
    pub fn install(&self, version: &str) {
        self.run(&format!(
            "DEBIAN_FRONTEND=noninteractive dpkg --install /packages/portcullis_{version}_amd64.deb"
        ));
    }

    /// Adds a user as root does, through the daemon.
    pub fn add_user(&self, name: &str) -> Person {
        let answer = self.run(&format!("portcullis user add {name} --json"));
        Person::from_answer(&serde_json::from_str::<Value>(&answer).expect("JSON"))
    }

    /// Logs in through the gate's port; gives back the session's token.
    pub fn log_in(&self, person: &Person) -> String {
        let answer = self.run(&format!(
            "curl -si --data otp={} http://127.0.0.1:3000/login",
            person.fresh_code()
        ));
        let token = answer.split("auth_token=").nth(1).and_then(|rest| rest.split(';').next());
        token.unwrap_or_else(|| panic!("no session: {answer}")).to_owned()
    }

    /// The status of `/verify` with that session.
    pub fn verify(&self, token: &str) -> String {
        let curl = "curl -s -o /dev/null -w '%{http_code}'";
        self.run(&format!("{curl} -H 'Cookie: auth_token={token}' http://127.0.0.1:3000/verify"))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--cgroup",
            "--target",
            &self.leader.to_string(),
        ]);
        // Nothing of this machine's environment; nothing that hangs.
        command.args([
            "/usr/bin/env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "LANG=C.UTF-8",
        ]);
        command.args(["timeout", "90", "sh", "-c", line]);
        command
    }
}

impl Drop for DebianMachine {
    fn drop(&mut self) {
        // Powers it off; should that hang, its first process dies with nspawn, and all others with
        // that one.
        self.nspawn.signal(Signal::SIGTERM);
        wait::at_most(PATIENCE, || (!self.nspawn.is_running()).then_some(()));
        self.nspawn.kill();
        for hierarchy in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"] {
            remove_groups(&Path::new(hierarchy).join(&self.name));
        }
    }
}

/// The first process below `ancestor` of that name.
fn descendant(ancestor: u32, name: &str) -> Option<u32> {
    let mut open = vec![ancestor];
    while let Some(process) = open.pop() {
        let folder = PathBuf::from(format!("/proc/{process}"));
        if std::fs::read_to_string(folder.join("comm")).is_ok_and(|comm| comm.trim() == name) {
            return Some(process);
        }
        let children = std::fs::read_to_string(folder.join(format!("task/{process}/children")))
            .unwrap_or_default();
        open.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    None
}

/// Empty control groups can only be removed from the innermost one outwards. What is left is empty
/// and does no harm.
fn remove_groups(group: &Path) {
    for entry in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_groups(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(group);
}
