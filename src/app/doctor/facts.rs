//! What the checks of `doctor` judge: plain values, without secrets, that tests can make up.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::app::doctor::emptied::Emptied;
use crate::app::proxy_diagnostics::diagnostics::ProxyDiagnostics;
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::trusted_time::ClockFault;
use crate::auth::user::UserName;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ledger::Examination;

/// Everything that could be learnt; what is not known is missing.
pub struct Facts {
    /// The settings that count, or why there are none.
    pub config: Result<Config, String>,
    /// Of a running gate: what its sources say now, where that is not what it works with.
    pub pending: Option<Pending>,
    /// When the running gate started; `None` where none runs and the store was opened instead.
    pub running_since: Option<Timestamp>,
    /// The process of the running gate.
    pub process: Option<Process>,
    /// The clocks.
    pub clock: Option<ClockFacts>,
    /// The session secret.
    pub secret: Option<Result<Strength, NoSecret>>,
    /// Files and folders that exist.
    pub files: Vec<File>,
    /// Whom the state directory should belong to.
    pub owner: Option<u32>,
    /// What the state directory lies on.
    pub disk: Option<Disk>,
    /// The store; `None` where there is none yet.
    pub store: Option<Result<Kept, Shut>>,
    /// The users.
    pub people: Option<UserFacts>,
    /// The living passes.
    pub passes: Vec<PassFacts>,
    /// What counts failures.
    pub limits: Option<LimitFacts>,
    /// What was seen of proxies.
    pub proxies: Option<ProxyDiagnostics>,
}

/// Settings that were read but are not in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    /// Other ones.
    Changed,
    /// They cannot be used.
    Broken(String),
}

/// The process that serves.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Its user.
    pub user: u32,
    /// `RLIMIT_NOFILE`, the one in force.
    pub descriptors: u64,
    /// Whether systemd started it.
    pub by_systemd: bool,
    /// Whether it and its children can gain no rights (`NoNewPrivs` in proc_pid_status(5)); `None`
    /// where unknown.
    pub no_new_privileges: Option<bool>,
    /// Whether system calls are filtered (`Seccomp`).
    pub filtered: Option<bool>,
    /// Whether it has capabilities (`CapEff`).
    pub capable: Option<bool>,
    /// The board's name, where the kernel tells one.
    pub board: Option<String>,
}

/// The clocks, and what hangs on them.
#[derive(Clone, Debug)]
pub struct ClockFacts {
    /// The wall clock.
    pub now: Timestamp,
    /// The latest time that was certainly reached; `None` where no store could be opened.
    pub floor: Option<Timestamp>,
    /// When the program was built.
    pub built: Timestamp,
    /// The kernel's word.
    pub synchronised: Option<bool>,
    /// Whether codes wait for synchronisation.
    pub sync_required: bool,
    /// Why no code is taken now.
    pub fault: Option<ClockFault>,
    /// Users whose spent step lies in the future, and the furthest of these steps.
    pub ahead: Vec<(String, Timestamp)>,
}

/// A session secret that the gate cannot work with.
#[derive(Clone, Debug)]
pub struct NoSecret {
    /// Why.
    pub why: String,
    /// The line to copy.
    pub remedy: String,
}

/// What can be said of a secret without telling it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strength {
    /// Where it came from.
    pub source: String,
    /// Whether it stands in the environment.
    pub in_environment: bool,
    /// Bytes.
    pub length: usize,
    /// Different bytes.
    pub distinct: usize,
    /// The length of the piece that it repeats; its own length where it repeats none.
    pub period: usize,
    /// How many bytes are one more, one less or the same as the byte before.
    pub runs: usize,
    /// A word that stands in examples.
    pub example: Option<&'static str>,
}

/// What a file is to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// The state directory.
    State,
    /// The store's key.
    StoreKey,
    /// The session secret.
    SessionSecret,
    /// The database and what stands in for it; sealed.
    Store,
    /// The settings.
    Config,
    /// The control socket.
    Control,
}

/// A file's owner and mode.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub role: FileRole,
    /// Permission bits.
    pub mode: u32,
    /// The owner.
    pub user: u32,
    /// The group.
    pub group: u32,
    /// The group's name, where it has one.
    pub group_name: Option<String>,
}

/// The file system of the state directory.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The state directory.
    pub path: PathBuf,
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes in all.
    pub size: u64,
    /// Inodes left; `None` where the file system does not count them.
    pub files_left: Option<u64>,
    /// Mounted read-only.
    pub read_only: bool,
    /// `ext4`, `tmpfs`…; `None` where the kernel does not tell.
    pub kind: Option<String>,
}

/// A store that does not open.
#[derive(Clone, Debug)]
pub struct Shut {
    /// Why, and the way out.
    pub why: String,
    /// The lines to copy.
    pub remedy: &'static str,
}

/// What the store holds.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What a look at it found.
    pub examination: Examination,
    /// Why a change would be refused.
    pub refuses: Option<String>,
    /// What the operator was told when it was opened: the snapshot had to stand in.
    pub recovered: Option<String>,
    /// For how long it has been open.
    pub open_for: Duration,
    /// Whether this was a start on a copy: the store itself is as it was.
    pub trial: bool,
}

/// The users, counted.
#[derive(Clone, Debug, Default)]
pub struct UserFacts {
    /// All.
    pub all: usize,
    /// Those whose codes are taken, by the digits of their codes: six, eight.
    pub enabled: [usize; 2],
    /// Administrators among the enabled.
    pub admins: usize,
    /// Names of those with a seed of less than 160 bits.
    pub short_seeds: Vec<String>,
    /// Names of all.
    pub names: BTreeSet<UserName>,
    /// Groups that somebody is in.
    pub groups: BTreeSet<String>,
}

/// A living pass: whose, where and until when.
#[derive(Clone, Debug)]
pub struct PassFacts {
    /// How people name it.
    pub id: PassId,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user: UserName,
    /// Where it is good.
    pub hosts: Vec<String>,
    /// Patterns of paths; none: all.
    pub paths: Vec<String>,
    /// Names of networks; none: from anywhere.
    pub networks: Vec<String>,
    /// When it ends.
    pub expires: Timestamp,
}

/// A budget of guesses that is not full.
#[derive(Clone, Debug)]
pub struct Budget {
    /// `strangers`, `account` or `device`.
    pub kind: &'static str,
    /// Whose.
    pub key: String,
    /// Guesses left of a hundred.
    pub left: u32,
    /// Of one of strangers that is empty: what the audit log tells of it.
    pub emptied: Option<Emptied>,
}

/// An address that has failed.
#[derive(Clone, Debug)]
pub struct Failing {
    /// As `limit list` shows it.
    pub key: String,
    /// Some address of it.
    pub address: IpAddr,
    /// Failures that count now.
    pub failures: u32,
    /// Until when it must wait.
    pub until: Option<Timestamp>,
}

/// What counts failures now.
#[derive(Clone, Debug, Default)]
pub struct LimitFacts {
    /// Budgets that are not full.
    pub budgets: Vec<Budget>,
    /// Addresses.
    pub addresses: Vec<Failing>,
    /// Addresses of living sessions' logins.
    pub clients: Vec<IpAddr>,
    /// Addresses with changing entries to their left, and how often they changed.
    pub shared_addresses: Vec<(IpAddr, u32)>,
}
