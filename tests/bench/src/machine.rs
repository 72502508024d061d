//! The machine: which cores serve and which ask, and what a reader must know of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Fallible;

/// Who runs where, and the programs at hand.
#[derive(Clone)]
pub struct Machine {
    /// The core that every server runs on; all programs of a chain share it.
    pub server_core: String,
    /// The cores of the client.
    pub client_cores: String,
    /// How many those are.
    pub clients: usize,
    /// The folder with `bench` and the yardsticks.
    pub programs: PathBuf,
    /// The gate.
    pub gate: PathBuf,
    pub caddy: PathBuf,
    /// The top of the project.
    pub project: PathBuf,
}

impl Machine {
    /// Reads `CADDY` and `GATE`, which `tests/bench/run` sets.
    pub fn look() -> Fallible<Self> {
        let variable = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .ok_or(format!("{name} is not set: call tests/bench/run"))
        };
        let programs = std::env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default();
        let allowed = cores(&status_line("Cpus_allowed_list:")?)?;
        let Some((server, others)) = allowed.split_first() else {
            return Err("no core to run on".into());
        };
        // A second thread of the server's own core would share its arithmetic.
        let siblings = cores(&read(&format!(
            "/sys/devices/system/cpu/cpu{server}/topology/thread_siblings_list"
        )))?;
        let apart: Vec<_> = others.iter().filter(|core| !siblings.contains(core)).collect();
        let clients: Vec<_> = if apart.is_empty() { others.iter().collect() } else { apart };
        let clients: Vec<String> = clients.into_iter().take(2).map(ToString::to_string).collect();
        if clients.is_empty() {
            eprintln!("only one core: client and servers share it, so nothing here is comparable");
        }
        Ok(Self {
            server_core: server.to_string(),
            client_cores: if clients.is_empty() { server.to_string() } else { clients.join(",") },
            clients: clients.len().max(1),
            programs,
            gate: variable("GATE")?,
            caddy: variable("CADDY")?,
            project: std::env::current_dir()?,
        })
    }

    /// One of the programs that were built with the benchmark.
    pub fn yardstick(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    pub fn nginx(&self) -> Command {
        let mut command = Command::new("nginx");
        command.env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
        command
    }

    /// A paragraph for the head of the page.
    pub fn description(&self) -> Fallible<String> {
        let processor = fs::read_to_string("/proc/cpuinfo")?;
        let model = processor
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .unwrap_or(": unknown processor");
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let kib = memory
            .split_whitespace()
            .nth(1)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or_default();
        let virtual_machine =
            if processor.contains("hypervisor") { ", a virtual machine" } else { "" };
        let first = |command: &mut Command| -> String {
            let said = command
                .output()
                .map(|done| [done.stdout, done.stderr].concat())
                .unwrap_or_default();
            String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned()
        };
        let commit = first(Command::new("git").args(["log", "-1", "--format=%h of %cs"]));
        let changed = !first(Command::new("git").args([
            "status",
            "--porcelain",
            "--untracked-files=no",
            "src",
            "Cargo.lock",
        ]))
        .is_empty();
        Ok(format!(
            "{model}, {online} cores, {memory:.0} GiB{virtual_machine}; Linux {kernel}; servers on core {server}, client on {client}.\n\
             Gate: commit {commit}{changed}, {gate_size} bytes.\n{nginx}, Caddy {caddy}, {wrk}.",
            model = model.trim_start_matches(['\t', ':', ' ']),
            online = std::thread::available_parallelism()?,
            memory = kib / 1_048_576.0,
            kernel = kernel.trim(),
            server = self.server_core,
            client = self.client_cores,
            changed = if changed { " with changes" } else { "" },
            gate_size = crate::numbers::grouped(fs::metadata(&self.gate)?.len() as f64),
            nginx = first(self.nginx().arg("-v")).replace("nginx version: ", ""),
            caddy = first(Command::new(&self.caddy).arg("version"))
                .split(' ')
                .next()
                .unwrap_or_default(),
            wrk = first(Command::new("wrk").arg("-v"))
                .split(" [")
                .next()
                .unwrap_or_default()
                .replace("debian/", ""),
        ))
    }

    /// The static gate for an architecture, which card, packages and container have, where
    /// `image/binary` has built one.
    pub fn static_gate(&self, architecture: &str) -> Option<PathBuf> {
        let path = self
            .project
            .join(format!("target/static/{architecture}-unknown-linux-musl/portcullis"));
        path.is_file().then_some(path)
    }

    /// The same machine with another gate.
    pub fn with_gate(&self, gate: PathBuf) -> Self {
        Self { gate, ..self.clone() }
    }
}

/// Lets this process run on `cores` until what it gives is dropped.
pub fn stay_on(list: &str) -> Fallible<Elsewhere> {
    let own = Pid::from_raw(0);
    let before = sched_getaffinity(own)?;
    let mut wanted = CpuSet::new();
    for core in cores(list)? {
        wanted.set(usize::try_from(core)?)?;
    }
    sched_setaffinity(own, &wanted)?;
    Ok(Elsewhere(before))
}

/// Puts the process back where it was.
pub struct Elsewhere(CpuSet);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = sched_setaffinity(Pid::from_raw(0), &self.0);
    }
}

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Raises the limit of open files as far as it goes, and gives it.
pub fn raise_open_files() -> Fallible<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, mut hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // Only root may go beyond the hard limit.
    if hard < 24_000 && setrlimit(Resource::RLIMIT_NOFILE, 24_000, 24_000).is_ok() {
        hard = 24_000;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}

/// The version of the kernel's list form: `0-3,6`.
fn cores(list: &str) -> Fallible<Vec<u32>> {
    let mut cores = Vec::new();
    for part in list.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<u32>()?..=last.parse()?);
    }
    Ok(cores)
}

fn status_line(name: &str) -> Fallible<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)).ok_or(format!("no {name}"))?;
    Ok(line.trim().to_owned())
}

/// A file of the kernel's; nothing where it has none.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
