//! Is what is kept whole, and will the disk keep it?

use crate::app::doctor::facts::{Disk, Facts, Kept, Shut};
use crate::app::doctor::finding::{Subject, count, word};
use crate::app::messages::answers::doctor::Finding;
use crate::ledger::StoreError;

const STORE: Subject = Subject("store");

/// Bytes free below which the operator is warned: sixty-four snapshots of a large house.
const LITTLE: u64 = 64 * 1024 * 1024;

impl Shut {
    /// What to do about a store that does not open. Nothing that lets go of users comes first,
    /// unless they are gone.
    pub const fn remedy(error: &StoreError) -> &'static str {
        match error {
            StoreError::Empty(_) | StoreError::Damaged(_) => {
                "portcullis init --again  # keeps the old store aside\nportcullis restore FILE  # then, of a backup"
            }
            StoreError::KeyMissing(_) | StoreError::WrongKey | StoreError::BadKey(_) => {
                "systemctl start portcullis  # if systemd gives it a credential store_key\n\
                 ls -l store.key  # else: 32 bytes, mode 0600, the gate's user; put it back from a copy"
            }
            StoreError::Exposed { .. } => {
                "chmod -R go-w /var/lib/portcullis  # the state directory"
            }
            StoreError::Newer { .. } => "portcullis version  # install the newer release again",
            StoreError::Locked(_) => {
                "portcullis doctor --control PATH  # ask the gate that holds it"
            }
            StoreError::NoSnapshot(_) | StoreError::Contended => "systemctl restart portcullis",
            StoreError::Full(_) | StoreError::Failing(_) | StoreError::Io(_) => {
                "df -h; mount | grep ' ro'; dmesg | tail"
            }
        }
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = match &facts.store {
        None => vec![STORE.note("there is no store yet", Some("portcullis init".to_owned()))],
        Some(Err(shut)) => vec![STORE.error(&shut.why, shut.remedy)],
        Some(Ok(kept)) => kept_well(kept),
    };
    findings.extend(facts.disk.iter().flat_map(disk));
    findings
}

fn kept_well(kept: &Kept) -> Vec<Finding> {
    let look = &kept.examination;
    let mut findings = Vec::new();
    findings.extend(kept.recovered.as_ref().map(|told| {
        if kept.trial {
            let found = format!("the next start takes the snapshot for the database. Tried with a copy: {told}");
            return STORE
                .error(found, "systemctl start portcullis  # it keeps the damaged database under another name");
        }
        let found = format!("the database was lost and the snapshot stands in for it: {told}");
        STORE.error(found, "portcullis limit clear --all  # after a look at the disk; copies of the card wear out, too")
    }));
    findings.extend(kept.refuses.as_ref().map(|why| {
        STORE.error(
            format!("it takes no change, so nobody can log in: {why}"),
            "df -h; mount | grep ' ro'",
        )
    }));
    let restart = "systemctl restart portcullis  # reads the whole store; a damaged one is replaced by its snapshot";
    for (what, why) in [
        ("the records in memory are not whole", look.unsealed.as_ref().err()),
        ("the database cannot be read again", look.database.as_ref().err()),
        ("nothing vouches for the last commit", look.high_water_mark.as_ref().err()),
    ] {
        findings.extend(why.map(|why| STORE.error(format!("{what}: {why}"), restart)));
    }
    let copy = "portcullis user disable NAME && portcullis user enable NAME  # any change of a user writes it anew";
    findings.extend(
        look.snapshot
            .as_ref()
            .err()
            .map(|why| STORE.error(format!("the snapshot would not stand in: {why}"), copy)),
    );
    if findings.is_empty()
        && let (Ok(unsealed), Ok(length), Ok(taken)) =
            (&look.unsealed, &look.database, &look.snapshot)
    {
        findings.push(STORE.ok(format!(
            "whole: {unsealed} of {} unsealed and counted, {} of database read, snapshot of {taken}",
            count(u64::try_from(look.records).unwrap_or(u64::MAX), "record"),
            bytes(*length),
        )));
    }
    findings.extend((!kept.trial).then(|| wear(kept)));
    findings
}

fn wear(kept: &Kept) -> Finding {
    let (written, commits) = (kept.examination.written, kept.examination.commits);
    let per_day = written.checked_div(kept.open_for.as_secs() / 86_400);
    let per_day = per_day.map(|written| format!(", {} a day", bytes(written))).unwrap_or_default();
    STORE.ok(format!(
        "{} written to the disk in {}{per_day} since it was opened",
        bytes(written),
        count(commits, "commit")
    ))
}

fn disk(disk: &Disk) -> Vec<Finding> {
    let path = word(&disk.path);
    let mut findings = Vec::new();
    if disk.read_only {
        let found = format!("{} is mounted read-only: nobody can log in", disk.path.display());
        findings.push(STORE.error(
            found,
            format!("mount -o remount,rw \"$(df --output=target {path} | tail -1)\""),
        ));
    } else if disk.free < LITTLE {
        let found = format!(
            "{} free of {} for {}; with none nobody can log in",
            bytes(disk.free),
            bytes(disk.size),
            disk.path.display()
        );
        let remedy = "journalctl --vacuum-size=50M && apt-get clean";
        findings.push(if disk.free < LITTLE / 8 {
            STORE.error(found, remedy)
        } else {
            STORE.warning(found, remedy)
        });
    } else if disk.files_left.is_some_and(|left| left < 100) {
        let found =
            format!("the file system of {} takes hardly any further files", disk.path.display());
        findings.push(STORE.warning(found, format!("df -i {path}")));
    }
    findings.extend(disk.kind.as_deref().and_then(|kind| file_system(kind, disk)));
    if findings.is_empty() {
        let kind = disk.kind.as_deref().unwrap_or("an unknown file system");
        findings.push(STORE.ok(format!(
            "{} free of {} on {kind}",
            bytes(disk.free),
            bytes(disk.size)
        )));
    }
    findings
}

fn file_system(kind: &str, disk: &Disk) -> Option<Finding> {
    let path = disk.path.display();
    let why = match kind {
        "tmpfs" | "ramfs" => "lies in memory: users and sessions are gone at the next boot",
        "overlay" | "aufs" => {
            "lies in the layer of a container or an overlay: users and sessions are gone with it"
        }
        "vfat" | "msdos" | "exfat" => {
            "lies on a file system without permissions: everybody may read the keys"
        }
        _ if ["nfs", "cifs", "smb", "9p", "afs", "ceph", "fuse"]
            .iter()
            .any(|start| kind.starts_with(start)) =>
        {
            "lies on a network's or a program's file system: locks and syncs may not hold, and a second gate could write"
        }
        _ => return None,
    };
    let remedy = "--state-dir /var/lib/portcullis  # on a disk of this machine; in a container a volume: --volume gate:/data";
    Some(STORE.warning(format!("{path} {why} ({kind})"), remedy))
}

/// `3.4 MB`, in powers of ten.
fn bytes(number: u64) -> String {
    let [kilo, mega, giga] = [1_000, 1_000_000, 1_000_000_000];
    match number {
        0..1_000 => format!("{number} B"),
        _ if number < mega => format!("{} kB", number / kilo),
        _ if number < giga => format!("{}.{} MB", number / mega, number % mega / (mega / 10)),
        _ => format!("{}.{} GB", number / giga, number % giga / (giga / 10)),
    }
}
