//! The container image, run by Podman as root without a network: healthy, nobody's root, and the
//! same users after it was made anew.
//!
//! Podman keeps everything in a folder of the test's own. It runs in a mount name space where the
//! control groups are of the one kind that every runtime takes. Left out: Docker, which was not at
//! hand.

use std::process::Command;

use serde_json::Value;

use super::machine::project;
use crate::support::process::Running;
use crate::support::scratch::Scratch;
use crate::support::wait::{self, PATIENCE};

/// Podman with storage of its own, empty at first.
struct Podman {
    folder: Scratch,
    /// Holds the mount name space for as long as it runs.
    space: Running,
}

impl Podman {
    fn new() -> Self {
        // Podman's locks lie in /dev/shm under one name, whatever folder its storage has: here it
        // has one of its own.
        let hold = "mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /dev/shm && echo held && exec sleep infinity";
        let mut command = Command::new("unshare");
        let mut space = Running::start(
            "unshare",
            command.args(["--mount", "--propagation", "private", "sh", "-c", hold]),
        );
        space.wait_for("the name space", PATIENCE, |text| text.contains("held").then_some(()));
        Self { folder: Scratch::new("podman"), space }
    }

    /// What a command prints, and whether it ended well.
    fn try_run(&self, words: &[&str]) -> (bool, String) {
        let mut command = Command::new("nsenter");
        command.args([
            "--mount",
            "--target",
            &self.space.id().to_string(),
            "timeout",
            "60",
            "podman",
        ]);
        command.arg("--root").arg(self.folder.path().join("root"));
        command.arg("--runroot").arg(self.folder.path().join("run"));
        command
            .args([
                "--storage-driver",
                "vfs",
                "--cgroup-manager",
                "cgroupfs",
                "--events-backend",
                "none",
            ])
            .args(words);
        let done = command.output().expect("nsenter runs");
        let text = String::from_utf8_lossy(&done.stdout).into_owned()
            + &String::from_utf8_lossy(&done.stderr);
        (done.status.success(), text)
    }

    fn run(&self, words: &[&str]) -> String {
        let (well, text) = self.try_run(words);
        assert!(well, "podman {words:?}: {text}");
        text
    }

    /// Starts the gate on its volume and waits until the image's own check calls it healthy.
    fn start_gate(&self, image: &str) {
        let limits = [
            "--cgroups",
            "disabled",
            "--ulimit",
            "nofile=4096:4096",
            "--ulimit",
            "nproc=4096:4096",
        ];
        let mut words = vec![
            "run",
            "--detach",
            "--name",
            "gate",
            "--network",
            "none",
            "--read-only",
            "--cap-drop",
            "all",
        ];
        words.extend(["--security-opt", "no-new-privileges", "--volume", "gate-data:/data"]);
        words.extend(limits);
        words.push(image);
        // Without systemd there is no timer for the check, which is not worth an end: it is asked
        // for below.
        self.try_run(&words);
        self.become_healthy();
    }

    fn become_healthy(&self) {
        wait::until("a healthy gate", PATIENCE, || {
            self.try_run(&["healthcheck", "run", "gate"]).0.then_some(())
        });
    }

    fn users(&self) -> Value {
        let listed = self.run(&["exec", "gate", "portcullis", "user", "list", "--json"]);
        serde_json::from_str(listed.lines().next().unwrap_or_default()).expect("JSON")
    }

    /// The first thing that `inspect` says of the gate by that template.
    fn inspect(&self, template: &str) -> String {
        let said = self.run(&["inspect", "--format", template, "gate"]);
        said.lines().next().unwrap_or_default().to_owned()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.try_run(&["rm", "--all", "--force", "--time", "5"]);
    }
}

#[test]
fn a_container_is_healthy_and_keeps_its_users() {
    let podman = Podman::new();
    let archive = project().join("target/packages/portcullis-oci-amd64.tar");
    assert!(archive.exists(), "run image/container x86_64-unknown-linux-musl");
    let loaded = podman.run(&["load", "--input", archive.to_str().expect("text")]);
    let image = loaded
        .lines()
        .find_map(|line| line.strip_prefix("Loaded image: "))
        .expect("a name")
        .to_owned();
    assert_eq!(image, format!("localhost/portcullis:{}", env!("CARGO_PKG_VERSION")));

    podman.start_gate(&image);
    assert_eq!(podman.inspect("{{.State.Health.Status}}"), "healthy");
    let process =
        std::fs::read_to_string(format!("/proc/{}/status", podman.inspect("{{.State.Pid}}")))
            .expect("it runs");
    let user = process.lines().find_map(|line| line.strip_prefix("Uid:")).expect("a user");
    assert_eq!(user.split_whitespace().collect::<Vec<_>>(), ["65532"; 4], "nobody's root");

    podman.run(&["exec", "gate", "portcullis", "user", "add", "anna"]);
    assert_eq!(podman.users()[0]["name"], "anna");

    podman.try_run(&["restart", "gate"]);
    podman.become_healthy();
    assert_eq!(podman.users()[0]["name"], "anna", "after a restart");

    // As an update does it: another container on the same volume.
    podman.try_run(&["rm", "--force", "gate"]);
    podman.start_gate(&image);
    assert_eq!(podman.users()[0]["name"], "anna", "in a new container");

    // The check is not one that always says yes.
    podman.run(&["exec", "gate", "portcullis", "healthcheck"]);
    let (well, said) = podman.try_run(&[
        "exec",
        "gate",
        "portcullis",
        "healthcheck",
        "--listen",
        "127.0.0.1:3001",
    ]);
    assert!(!well && said.contains("does not answer"), "{said}");
}
