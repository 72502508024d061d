//! Programs that are measured: each on the servers' core, ended with the benchmark, asked through
//! `/proc`.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portcullis::clock;

use crate::Fallible;

/// Long enough for any step on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs until it is dropped.
pub struct Server {
    pub name: &'static str,
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts `command` on `cores` and waits until something listens on `address`. What it says
    /// goes to `log`.
    pub fn start(
        name: &'static str,
        command: &Command,
        cores: &str,
        address: SocketAddr,
        log: &Path,
    ) -> Fallible<Self> {
        let mut server = Self { name, address, child: launch(command, cores, log)? };
        let end = clock::monotonic() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            let ended = server.child.try_wait()?.is_some();
            if ended || clock::monotonic() > end {
                return Err(format!("{name} does not start:\n{}", fs::read_to_string(log)?).into());
            }
            pause(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// A process that listens already.
    pub fn from_child(name: &'static str, child: Child, address: SocketAddr) -> Self {
        Self { name, address, child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time that all its threads have used.
    pub fn cpu(&self) -> Fallible<Duration> {
        let mut nanoseconds = 0;
        for task in self.tasks()? {
            let text = fs::read_to_string(task.join("schedstat"))?;
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// How often its threads went to sleep by themselves: each time something woke them.
    pub fn wakeups(&self) -> Fallible<u64> {
        let mut count = 0;
        for task in self.tasks()? {
            count += field(&fs::read_to_string(task.join("status"))?, "voluntary_ctxt_switches:")?;
        }
        Ok(count)
    }

    /// Resident memory in KiB, by a field of `/proc/PID/status`: `VmRSS:` all, `RssAnon:` without
    /// mapped files.
    pub fn memory(&self, name: &str) -> Fallible<u64> {
        field(&fs::read_to_string(format!("/proc/{}/status", self.id()))?, name)
    }

    /// Bytes it caused to be written to a disk, as the kernel counts for the process.
    pub fn written(&self) -> Fallible<u64> {
        field(&fs::read_to_string(format!("/proc/{}/io", self.id()))?, "write_bytes:")
    }

    fn tasks(&self) -> Fallible<Vec<std::path::PathBuf>> {
        let entries = fs::read_dir(format!("/proc/{}/task", self.id()))?;
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `command` on `cores`, to be killed when the benchmark ends however it ends.
pub fn launch(command: &Command, cores: &str, log: &Path) -> Fallible<Child> {
    let mut outer = Command::new("setpriv");
    outer.args(["--pdeathsig", "KILL", "taskset", "--cpu-list", cores]);
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        outer.env(name, value.unwrap_or_default());
    }
    if let Some(dir) = command.get_current_dir() {
        outer.current_dir(dir);
    }
    let file = fs::OpenOptions::new().create(true).append(true).open(log)?;
    outer.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    outer
        .spawn()
        .map_err(|error| format!("{:?} does not start: {error}", command.get_program()).into())
}

fn field(text: &str, name: &str) -> Fallible<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or_else(|| format!("no {name}"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

/// A port of the loopback that was free a moment ago.
pub fn free_address() -> Fallible<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Lets time pass where time itself is what is measured, or between two looks at something.
pub fn pause(time: Duration) {
    let end = clock::monotonic() + time;
    while let Some(left) = end.checked_sub(clock::monotonic()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// Runs a command to its end and gives its standard output.
pub fn output(command: &mut Command) -> Fallible<String> {
    let done = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{command:?} ended with {}: {said}", done.status).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}
