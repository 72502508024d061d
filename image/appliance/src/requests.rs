//! What the holder of the card may ask for, by putting a file on the boot partition. Whoever holds
//! the card could do as much by other means; this is the way that breaks nothing.
//!
//! Each file is taken off the card before its wish is granted: nothing repeats for ever, and a
//! passphrase is gone from there whatever comes of it. Backup comes first, so that it holds what
//! the next ones set aside, and where it fails they are not granted; restoring comes after
//! `enrol-again`, which makes room for it.
//!
//! Of all wishes `enrol-again` alone has a state between: while it is granted, a marker in the
//! appliance's own state stands for the file, and a start that finds it goes on where a power cut
//! ended the last one.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::card::{self, Card};
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::program;
use crate::setup_code;

/// The sealed backup on the boot partition.
pub const BACKUP: &str = "portcullis-backup.bin";
/// The largest backup that is read, in bytes.
const LARGEST: u64 = 32 << 20;
/// What the marker of `enrol-again` says while a backup has to come before it.
const AFTER_BACKUP: &[u8] = b"after the backup\n";
/// For the gate's program, which derives a key from the passphrase on a small board.
const LIMIT: Duration = Duration::from_secs(180);

/// A wish, in the order in which they are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Backup,
    EnrolAgain,
    Restore,
    RescueShell,
}

impl Wish {
    const ALL: [Self; 4] = [Self::Backup, Self::EnrolAgain, Self::Restore, Self::RescueShell];

    /// Names of its file; the first is the one that is reported.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Backup => &["backup-passphrase.txt"],
            Self::EnrolAgain => &["enrol-again", "enroll-again"],
            Self::Restore => &["restore-passphrase.txt"],
            Self::RescueShell => &["rescue-shell"],
        }
    }

    const fn name(self) -> &'static str {
        match self.names() {
            [first, ..] => first,
            [] => "",
        }
    }

    const fn has_passphrase(self) -> bool {
        matches!(self, Self::Backup | Self::Restore)
    }
}

/// A wish that was found on the card.
struct Request {
    wish: Wish,
    files: Vec<PathBuf>,
    /// The passphrase, or why there is none.
    passphrase: Result<String, String>,
}

/// Grants every wish on the card; one sentence each says what came of it.
pub fn serve(places: &Places) -> Vec<String> {
    let card = Card::of(places);
    let mut requests = found(places, &card);
    if requests.is_empty() {
        return Vec::new();
    }
    let asked = |wish: Wish| requests.iter().any(|request| request.wish == wish);
    let owed = fs::read(places.enrol_again()).is_ok_and(|text| text == AFTER_BACKUP);
    // A cut between the two took the backup's passphrase along.
    let mut backup_failed = owed && !asked(Wish::Backup);
    let promised = match (asked(Wish::EnrolAgain), owed || asked(Wish::Backup)) {
        (true, true) => promise(places, AFTER_BACKUP),
        (true, false) => promise(places, b""),
        (false, _) => Ok(()),
    };
    let taken = match requests.iter().all(|request| request.files.is_empty()) {
        true => Ok(()),
        false => card.change(|| requests.iter_mut().try_for_each(take_off)),
    };
    requests
        .iter()
        .map(|request| {
            let name = request.wish.name();
            let mut granted = match request.wish {
                Wish::EnrolAgain | Wish::Restore if backup_failed => {
                    Err("the backup failed".to_owned())
                }
                _ => grant(places, &card, request, &taken, &promised),
            };
            backup_failed |= request.wish == Wish::Backup && granted.is_err();
            if request.wish == Wish::EnrolAgain {
                // Last, and whatever came of it: nothing repeats for ever.
                let closed = durable::remove(&places.enrol_again());
                granted = granted
                    .and_then(|done| closed.map(|()| done).map_err(|error| error.to_string()));
            }
            match granted {
                Ok(done) => format!("{name}: {done}"),
                Err(why) => format!("{name}: NOT done: {why}"),
            }
        })
        .collect()
}

/// Writes down that users are to be set aside, before the wish leaves the card.
fn promise(places: &Places, when: &[u8]) -> io::Result<()> {
    durable::replace(&places.enrol_again(), when, Readers::Owner).map(drop)
}

fn found(places: &Places, card: &Card) -> Vec<Request> {
    let files = |wish: Wish| -> Vec<PathBuf> {
        wish.names().iter().flat_map(|name| card.find(name).unwrap_or_default()).collect()
    };
    Wish::ALL
        .into_iter()
        .map(|wish| Request {
            wish,
            files: files(wish),
            passphrase: Err("no passphrase was read".to_owned()),
        })
        .filter(|request| {
            !request.files.is_empty()
                || request.wish == Wish::EnrolAgain && places.enrol_again().exists()
        })
        .collect()
}

fn take_off(request: &mut Request) -> io::Result<()> {
    for path in &request.files {
        if request.wish.has_passphrase() {
            request.passphrase = passphrase(path);
            let mut file = OpenOptions::new().write(true).open(path)?;
            durable::wipe(&mut file)?;
        }
        durable::remove(path)?;
    }
    Ok(())
}

/// The file's one line.
fn passphrase(path: &Path) -> Result<String, String> {
    let bytes = durable::read_at_most(path, 4000)
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    let bytes = bytes.unwrap_or_default();
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) {
        return Err(
            "an earlier start wiped the passphrase and was cut short: put the file there again"
                .to_owned(),
        );
    }
    let text = card::text(bytes).map_err(|why| format!("the file {why}"))?;
    let mut lines =
        text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        // Half wiped, or no text at all: nobody could type it again.
        (Some(line), None) if line.chars().any(char::is_control) => {
            Err("the file holds more than letters, digits and signs: write the passphrase into it, on one line"
                .to_owned())
        }
        (Some(line), None) => Ok(line.to_owned()),
        (None, _) => Err("the file is empty: write the passphrase into it, on one line".to_owned()),
        (Some(_), Some(_)) => Err("the file has several lines: write the passphrase on one".to_owned()),
    }
}

/// What came of it, or why it was not done.
fn grant(
    places: &Places,
    card: &Card,
    request: &Request,
    taken: &io::Result<()>,
    promised: &io::Result<()>,
) -> Result<String, String> {
    // A shell is what helps where the boot partition itself is broken, and asking twice does no
    // harm.
    if request.wish == Wish::RescueShell {
        return rescue_shell(places).map_err(|error| error.to_string());
    }
    if let Err(error) = taken
        && !request.files.is_empty()
    {
        return Err(format!(
            "the file could not be taken off the card, so it would happen at every start: {error}"
        ));
    }
    match request.wish {
        Wish::EnrolAgain => match promised {
            // The backup, if one was asked for, is there.
            Ok(()) => promise(places, b"")
                .map_err(|error| error.to_string())
                .and_then(|()| enrol_again(places)),
            Err(error) => Err(format!("it could not be written down: {error}")),
        },
        Wish::RescueShell => rescue_shell(places).map_err(|error| error.to_string()),
        Wish::Backup => with_workbench(places, request.passphrase.as_deref(), |bench| {
            backup(places, card, bench)
        }),
        Wish::Restore => with_workbench(places, request.passphrase.as_deref(), |bench| {
            restore(places, card, bench)
        }),
    }
}

fn rescue_shell(places: &Places) -> io::Result<String> {
    durable::replace(&places.rescue_shell(), b"", Readers::All)?;
    Ok("done: there is a root shell on the second console (Alt+F2) until the next start."
        .to_owned())
}

fn enrol_again(places: &Places) -> Result<String, String> {
    // First: a page that is taken for open beside a store with users is closed again by the
    // console, but nothing opens one that is taken for closed.
    setup_code::reopen(places).map_err(|error| error.to_string())?;
    call(places, &["init", "--again"], &[])?;
    Ok("done: all users were set aside, and the set-up page is open again.".to_owned())
}

fn backup(places: &Places, card: &Card, bench: &Workbench) -> Result<String, String> {
    // It may be the only copy, and the passphrase in force may be another.
    if !card.find(BACKUP).map_err(|error| error.to_string())?.is_empty() {
        return Err(format!(
            "there is a {BACKUP} on the card already: move it to a safe place first"
        ));
    }
    let file = bench.folder.join(BACKUP);
    call(places, &["backup"], &[&file, Path::new("--passphrase-file"), &bench.passphrase])?;
    let bytes = durable::read_at_most(&file, LARGEST).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or("the gate wrote no file")?;
    card.replace(BACKUP, &bytes).map_err(|error| format!("{BACKUP} cannot be written: {error}"))?;
    Ok(format!(
        "done: {BACKUP} is beside this file. Copy it to a safe place; without the passphrase it is worth nothing."
    ))
}

fn restore(places: &Places, card: &Card, bench: &Workbench) -> Result<String, String> {
    let found = card.find(BACKUP).map_err(|error| error.to_string())?;
    let path = found.first().ok_or_else(|| format!("there is no {BACKUP} on the card"))?;
    let bytes = durable::read_at_most(path, LARGEST)
        .map_err(|error| format!("{BACKUP}: {error}"))?
        .unwrap_or_default();
    let file = bench.folder.join(BACKUP);
    durable::replace(&file, &bytes, Readers::Owner).map_err(|error| error.to_string())?;
    bench.hand_over(&file).map_err(|error| error.to_string())?;
    call(places, &["restore"], &[&file, Path::new("--passphrase-file"), &bench.passphrase])?;
    setup_code::close(places).map_err(|error| error.to_string())?;
    Ok(format!(
        "done: users and keys are those of the backup. {BACKUP} is still on the card; delete it if you like."
    ))
}

/// The gate's program on its own state and the settings that were just rendered. The error is what
/// it said.
fn call(places: &Places, verb: &[&str], paths: &[&Path]) -> Result<(), String> {
    let mut command = Command::new(&places.portcullis);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(verb).args(paths).arg("--state-dir").arg(&places.gate_state);
    command.arg("--config").arg(places.gate_settings());
    let ended = program::run(&mut command, LIMIT)
        .map_err(|error| format!("the gate's program: {error}"))?;
    if ended.well {
        return Ok(());
    }
    let said: Vec<_> =
        ended.err.lines().map(|line| line.trim_start_matches("portcullis: ")).take(4).collect();
    let said = said.join(" ");
    Err(if said.is_empty() { "the gate's program failed without a word".to_owned() } else { said })
}

/// A folder in memory that the gate's program may use, and the passphrase in a file there.
struct Workbench {
    folder: PathBuf,
    passphrase: PathBuf,
    /// The gate works as the owner of its state.
    owner: Option<(u32, u32)>,
}

impl Workbench {
    fn hand_over(&self, path: &Path) -> io::Result<()> {
        self.owner.map_or(Ok(()), |(user, group)| chown(path, Some(user), Some(group)))
    }
}

fn with_workbench(
    places: &Places,
    passphrase: Result<&str, &String>,
    work: impl FnOnce(&Workbench) -> Result<String, String>,
) -> Result<String, String> {
    let passphrase = passphrase.map_err(Clone::clone)?;
    let folder = places.workbench();
    let clear = || match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    };
    clear()?;
    let made = (|| {
        durable::make_folder(&folder, Readers::Owner)?;
        let about = fs::metadata(&places.gate_state).ok().filter(|_| geteuid().is_root());
        let owner = about.map(|about| (about.uid(), about.gid()));
        let bench =
            Workbench { passphrase: folder.join("passphrase"), folder: folder.clone(), owner };
        durable::replace(&bench.passphrase, passphrase.as_bytes(), Readers::Owner)?;
        bench.hand_over(&bench.passphrase)?;
        bench.hand_over(&bench.folder)?;
        Ok(bench)
    })();
    let done = made.map_err(|error: io::Error| error.to_string()).and_then(|bench| work(&bench));
    clear()?;
    done
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
