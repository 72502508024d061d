//! Looks at the machine, the store and the gate, and writes down what there is: the only part of
//! `doctor` that is not pure. Reads a few small files; of the store what
//! [`crate::ledger::Ledger::examine`] reads.

use crate::app::messages::running::{ReadSettings, Running};
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{Gid, Group, geteuid};

use crate::app::doctor::emptied::Emptied;
use crate::app::doctor::facts::{
    Budget, ClockFacts, Disk, Facts, Failing, File, FileRole, Kept, LimitFacts, PassFacts, Pending,
    Process, UserFacts,
};
use crate::app::doctor::surroundings::Surroundings;
use crate::app::home;
use crate::app::worker::state::{WorkerState, sync_required};
use crate::auth::access_pass::record::AccessPass;
use crate::auth::guess_budget::{BudgetKey, NetworkZone};
use crate::auth::seed::Seed;
use crate::auth::session::Session;
use crate::auth::trusted_time::{self, BUILT, ClockFault};
use crate::clock::{Moment, Timestamp};
use crate::config::Config;

/// What was done to the settings since the gate took over those `in_use`.
fn pending(settings: &ReadSettings, in_use: &Config) -> Option<Pending> {
    match settings() {
        Ok(config) if config == *in_use => None,
        Ok(_) => Some(Pending::Changed),
        Err(error) => Some(Pending::Broken(error)),
    }
}

impl Facts {
    /// What can be known without opening the store. `synchronised` is the clock's own word of it.
    pub fn of_files(
        config: Result<Config, String>,
        about: &Surroundings,
        now: Timestamp,
        synchronised: Option<bool>,
    ) -> Self {
        let sync_required = config.as_ref().is_ok_and(sync_required);
        let fault = trusted_time::judge(now, Timestamp::default()).err();
        let unsure =
            (sync_required && synchronised != Some(true)).then_some(ClockFault::NotSynchronised);
        let files: Vec<_> =
            files(about).into_iter().filter_map(|(path, role)| file(path, role)).collect();
        // Who looks would make the state directory where there is none.
        let state = files.iter().find(|file| file.role == FileRole::State);
        let owner = Some(state.map_or(geteuid().as_raw(), |file| file.user));
        Self {
            config,
            pending: None,
            running_since: None,
            process: None,
            clock: Some(ClockFacts {
                now,
                floor: None,
                built: BUILT,
                synchronised,
                sync_required,
                fault: fault.or(unsure),
                ahead: Vec::new(),
            }),
            secret: about.secret.clone(),
            files,
            owner,
            disk: disk(&about.state_dir),
            store: None,
            people: None,
            passes: Vec::new(),
            limits: None,
            proxies: None,
        }
    }

    /// Everything that the worker knows, and the running gate if one runs.
    pub fn of_worker(worker: &mut WorkerState, running: Option<Running>, now: Moment) -> Self {
        let about = worker.surroundings.clone();
        let mut facts = Self::of_files(
            Ok((*worker.config).clone()),
            &about,
            now.wall,
            worker.clock.synchronised(),
        );
        facts.add_store(worker, now);
        if let Some(Running { proxies, settings, .. }) = running {
            facts.owner = Some(geteuid().as_raw());
            facts.process = Some(process(about.by_systemd));
            facts.running_since = Some(proxies.since);
            facts.pending = pending(&settings, &worker.config);
            if let Some(limits) = &mut facts.limits {
                limits.shared_addresses =
                    proxies.shared.iter().map(|shared| (shared.address, shared.changes)).collect();
            }
            facts.proxies = Some(proxies);
        }
        facts
    }

    /// Adds what a store tells that was opened in a copy; `known` puts the original's name into a
    /// text.
    pub fn add_trial(
        &mut self,
        worker: &mut WorkerState,
        now: Moment,
        known: impl Fn(&str) -> String,
    ) {
        self.add_store(worker, now);
        if let Some(Ok(kept)) = &mut self.store {
            kept.trial = true;
            kept.recovered = kept.recovered.as_deref().map(known);
            // The copy's own place; what the original lies on is looked at as a disk.
            kept.refuses = None;
        }
    }

    /// Adds what an open store tells.
    pub fn add_store(&mut self, worker: &mut WorkerState, now: Moment) {
        let refuses = worker.ledger.writable().err().map(|error| error.to_string());
        self.store = Some(Ok(Kept {
            examination: worker.ledger.examine(),
            refuses,
            recovered: worker.recovered.clone(),
            open_for: worker.open_for(),
            trial: false,
        }));
        self.people = Some(people(worker));
        self.passes = passes(worker, now.wall);
        self.limits = Some(limits(worker, now));
        if let Some(clock) = &mut self.clock {
            clock.floor = Some(worker.time.floor());
            clock.fault = worker.time.judge_codes(now.wall).err();
            // A code of the next step or the one after may be used by a phone that runs ahead.
            let soon = now.wall.plus(std::time::Duration::from_secs(90));
            let ahead = worker.users.values().filter(|user| user.enabled && !user.awaits_time());
            let ahead = ahead.filter_map(|user| Some((user.name.to_string(), user.spent?.start())));
            clock.ahead = ahead.filter(|(_, until)| *until > soon).collect();
        }
    }
}

fn people(worker: &WorkerState) -> UserFacts {
    let mut people = UserFacts {
        all: worker.users.len(),
        names: worker.users.keys().cloned().collect(),
        groups: worker.users.values().flat_map(|user| user.groups.iter().cloned()).collect(),
        ..UserFacts::default()
    };
    let [mut six, mut eight] = [0_usize; 2];
    for user in worker.users.values().filter(|user| user.enabled) {
        if user.authenticator.digits.count() == 8 {
            eight += 1
        } else {
            six += 1
        }
        people.admins += usize::from(user.admin);
        if user.authenticator.seed.bytes() < Seed::DEFAULT_BYTES {
            people.short_seeds.push(user.name.to_string());
        }
    }
    people.enabled = [six, eight];
    people
}

fn passes(worker: &WorkerState, now: Timestamp) -> Vec<PassFacts> {
    let living = worker.passes.values().filter(|pass| !pass.is_expired(now));
    let facts = |pass: &AccessPass| PassFacts {
        id: pass.id,
        name: pass.name.to_string(),
        user: pass.user.clone(),
        hosts: pass.scope.hosts.iter().map(ToString::to_string).collect(),
        paths: pass.scope.paths.iter().map(ToString::to_string).collect(),
        networks: pass.scope.networks.clone(),
        expires: pass.expires,
    };
    living.map(facts).collect()
}

fn limits(worker: &WorkerState, Moment { wall, steady }: Moment) -> LimitFacts {
    let counting = worker.budgets.entries().filter(|(_, bucket)| !bucket.is_full(steady));
    let budgets = counting.map(|(key, bucket)| {
        let left = bucket.available(steady);
        let emptied =
            key.zone().filter(|_| left == 0).and_then(|origin| emptied(worker, key, origin));
        Budget { kind: key.kind(), key: key.to_string(), left, emptied }
    });
    let addresses = worker.limiter.entries(steady).map(|(key, window)| Failing {
        key: key.to_string(),
        address: key.address(),
        failures: window.failures(worker.limiter.window(), steady),
        until: worker.limiter.check(key, steady).err().map(|wait| wall.plus(wait.0)),
    });
    let of_cdn = |session: &&Session| {
        worker.config.proxy.cloudflare_ranges.iter().any(|range| range.contains(&session.client_ip))
    };
    // One says as much as many.
    let clients = worker.sessions.iter().filter(of_cdn).take(1).map(|session| session.client_ip);
    LimitFacts {
        budgets: budgets.collect(),
        addresses: addresses.collect(),
        clients: clients.collect(),
        shared_addresses: Vec::new(),
    }
}

/// What the audit log tells of an empty bucket of strangers.
fn emptied(worker: &WorkerState, key: &BudgetKey, origin: NetworkZone) -> Option<Emptied> {
    let log = worker.ledger.audit();
    // What cannot be read is for `audit verify` to tell.
    let pieces = log.pieces().into_iter().rev().map(|piece| log.read(piece).unwrap_or_default());
    let newest_first = pieces.flat_map(|entries| entries.into_iter().rev());
    let prefixes = home::prefixes_of_this_machine();
    let concerns =
        |client: IpAddr| home::origin(client, &worker.config.limits.local, &prefixes) == origin;
    Emptied::read(newest_first, &key.to_string(), concerns)
}

/// The files that matter, whether they exist or not.
fn files(about: &Surroundings) -> Vec<(PathBuf, FileRole)> {
    let state = &about.state_dir;
    let mut files = vec![
        (state.clone(), FileRole::State),
        (state.join("store.key"), FileRole::StoreKey),
        (state.join("db"), FileRole::Store),
        (state.join("snapshot"), FileRole::Store),
        (about.control.clone(), FileRole::Control),
    ];
    files.extend(about.secret_file.iter().map(|path| (path.clone(), FileRole::SessionSecret)));
    files.extend(about.config_file.iter().map(|path| (path.clone(), FileRole::Config)));
    files
}

fn file(path: PathBuf, role: FileRole) -> Option<File> {
    let about = fs::metadata(&path).ok()?;
    let named =
        || Group::from_gid(Gid::from_raw(about.gid())).ok().flatten().map(|group| group.name);
    let group_name = if role == FileRole::Control { named() } else { None };
    Some(File { path, role, mode: about.mode(), user: about.uid(), group: about.gid(), group_name })
}

fn disk(path: &Path) -> Option<Disk> {
    let told = statvfs(path).ok()?;
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    #[allow(clippy::useless_conversion, reason = "on some machines these are 32 bits wide")]
    let (block, free, size, files, left) = (
        u64::from(told.fragment_size()),
        u64::from(told.blocks_available()),
        u64::from(told.blocks()),
        u64::from(told.files()),
        u64::from(told.files_available()),
    );
    Some(Disk {
        path: path.to_owned(),
        free: free.saturating_mul(block),
        size: size.saturating_mul(block),
        files_left: (files > 0).then_some(left),
        read_only: told.flags().contains(FsFlags::ST_RDONLY),
        kind: fs::read_to_string("/proc/self/mountinfo")
            .ok()
            .and_then(|table| kind_of(&table, &real)),
    })
}

/// The kind of the file system that `path` lies on, by proc_pid_mountinfo(5): that of the longest
/// mount point above it, the last one of several.
fn kind_of(table: &str, path: &Path) -> Option<String> {
    let mounts = table.lines().filter_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&point)
            .then(|| (point.len(), system.split(' ').next().unwrap_or_default()))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind.to_owned())
}

fn process(by_systemd: bool) -> Process {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let model = fs::read_to_string("/sys/firmware/devicetree/base/model").ok();
    Process {
        user: geteuid().as_raw(),
        descriptors: getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft),
        by_systemd,
        no_new_privileges: status_of(&status, "NoNewPrivs").map(|value| value == "1"),
        filtered: status_of(&status, "Seccomp").map(|value| value != "0"),
        capable: status_of(&status, "CapEff").map(|value| value.bytes().any(|digit| digit != b'0')),
        board: model
            .map(|model| model.trim_end_matches('\0').trim().to_owned())
            .filter(|model| !model.is_empty()),
    }
}

/// One value of proc_pid_status(5).
fn status_of<'s>(status: &'s str, name: &str) -> Option<&'s str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let table = "22 1 8:1 / / rw - ext4 /dev/root rw\n30 22 0:26 / /var rw,nosuid shared:1 - tmpfs tmpfs rw\n\
                     31 30 0:27 / /var/with\\040blank rw - nfs4 host:/x rw\n32 22 0:28 / /variety rw - vfat /dev/a rw\nrubbish\n";
        for (path, kind) in [
            ("/home/a", "ext4"),
            ("/var/lib/p", "tmpfs"),
            ("/var/with blank/p", "nfs4"),
            ("/variety", "vfat"),
        ] {
            assert_eq!(kind_of(table, Path::new(path)).as_deref(), Some(kind), "{path}");
        }
        assert_eq!(kind_of("", &PathBuf::from("/")), None);
        let status = "Name:\tportcullis\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";
        assert_eq!(
            (status_of(status, "NoNewPrivs"), status_of(status, "Seccomp")),
            (Some("1"), Some("2"))
        );
        assert_eq!(status_of(status, "CapEff"), None);
    }
}
