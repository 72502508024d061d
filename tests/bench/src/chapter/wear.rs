//! What is written to the card: by a login, by verifies, by an idle hour, by a day.
//!
//! Measured at the block device of an ext4 file system of its own, in a file on a loop device, with
//! the file system's usual settings; `syncfs` comes before each look, so that nothing is still
//! waiting in memory. That needs root; without it only what the kernel counts for the process is
//! told.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis::auth::totp::{STEP, TimeStep};
use portcullis::clock;

use crate::gate::{Gate, Place, Plan};
use crate::http::Connection;
use crate::load::{Question, header_lines, load};
use crate::machine::is_root;
use crate::numbers::{bytes, grouped, table};
use crate::page_load::{self, DOMAIN};
use crate::process::output;
use crate::scratch::Scratch;
use crate::{Bench, Fallible};

/// How much real time a simulated day is made of: the gate's housekeeping comes every ten minutes.
const TEN_MINUTES: u64 = 600;

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let mut rows = Vec::new();
    let logins = bench.either(100, 10);
    let (login, verify, verifies) = login_and_verify(bench, logins)?;
    rows.push(row(&format!("a login ({logins}, one after the other)"), login, logins as f64));
    let apart = bench.either(20, 3);
    let single = logins_apart(bench, apart)?;
    rows.push(row(
        &format!("a login on its own ({apart}, all else written before)"),
        single,
        apart as f64,
    ));
    rows.push(row(&format!("{} verifies", grouped(verifies)), verify, 1.0));
    let library = faketime();
    if let Some(library) = &library {
        let idle = day(bench, library, 0, false)?;
        rows.push(row("an idle hour (a day without anybody, divided by 24)", idle, 24.0));
        for requests in [500, 50_000] {
            let used = day(bench, library, bench.either(requests, requests / 100), true)?;
            rows.push(row(
                &format!(
                    "a day with one login and {} requests",
                    grouped(bench.either(requests, requests / 100) as f64)
                ),
                used,
                1.0,
            ));
        }
    }
    let at = |written: Written| written.device.unwrap_or(written.process) as f64;
    bench.figures.written =
        Some([at(verify) / verifies, at(login) / logins as f64, at(single) / apart as f64]);
    let mut text = table(&["what", "at the block device", "as counted for the process"], &rows);
    if library.is_none() {
        text += "\nHours and days were left out: there is no libfaketime.\n";
    }
    if login.device.is_none() {
        text += "\nThe block device was left out: it needs root, and a kernel with loop devices.\n";
    }
    Ok(text)
}

fn row(what: &str, written: Written, share: f64) -> Vec<String> {
    let cell = |number: u64| bytes(number as f64 / share);
    vec![what.to_owned(), written.device.map_or("left out".to_owned(), cell), cell(written.process)]
}

/// Bytes, at the device and as counted for the process.
#[derive(Clone, Copy)]
struct Written {
    device: Option<u64>,
    process: u64,
}

/// A gate whose state lies on a disk of its own.
struct Watched {
    gate: Gate,
    disk: Disk,
}

impl Watched {
    fn start(bench: &Bench, users: usize, environment: Vec<(String, String)>) -> Fallible<Self> {
        let disk = Disk::make(bench)?;
        let settings = format!(
            "[login]\nask_username = true\naccept_odds = true\n[session]\ncookie_domain = \"{DOMAIN}\"\nsecure = false\n"
        );
        let state = disk.folder.join("state");
        let place = Place::prepare(Plan {
            users,
            sessions: 1,
            passes: 0,
            settings,
            state: Some(&state),
            environment,
        })?;
        Ok(Self { gate: place.start(&bench.machine)?.0, disk })
    }

    fn look(&self) -> Fallible<Written> {
        Ok(Written { device: self.disk.written()?, process: self.gate.server.written()? })
    }

    fn since(&self, before: Written) -> Fallible<Written> {
        let now = self.look()?;
        let device = now.device.zip(before.device).map(|(now, before)| now - before);
        Ok(Written { device, process: now.process - before.process })
    }

    /// Logs a user in; the cookies from then on.
    fn log_in(&self, number: usize, step: TimeStep) -> Fallible<String> {
        let user = &self.gate.place.users[number];
        let answer = self.gate.log_in(user, step, "198.51.100.7", true)?;
        let cookie = answer
            .head
            .lines()
            .find_map(|line| line.split_once("auth_token="))
            .map(|(_, rest)| rest);
        let value = cookie.and_then(|rest| rest.split(';').next());
        value.map(page_load::cookies).ok_or_else(|| format!("no login:\n{}", answer.head).into())
    }
}

fn login_and_verify(bench: &Bench, logins: usize) -> Fallible<(Written, Written, f64)> {
    let watched = Watched::start(bench, logins + 1, Vec::new())?;
    let step = || TimeStep::at(clock::now());
    watched.log_in(0, step())?;
    let before = watched.look()?;
    for number in 1..=logins {
        watched.log_in(number, step())?;
    }
    let login = watched.since(before)?;
    let headers =
        header_lines(22, &watched.gate.server.address.to_string(), &watched.gate.cookie());
    let question = Question::new("/verify/caddy", headers);
    let before = watched.look()?;
    let asked =
        load(&bench.machine, &[&watched.gate.server], &question, 64, bench.either(3, 1))?.requests;
    Ok((login, watched.since(before)?, asked))
}

fn logins_apart(bench: &Bench, logins: usize) -> Fallible<Written> {
    let watched = Watched::start(bench, logins + 1, Vec::new())?;
    watched.log_in(0, TimeStep::at(clock::now()))?;
    let before = watched.look()?;
    for number in 1..=logins {
        watched.log_in(number, TimeStep::at(clock::now()))?;
        watched.look()?;
    }
    watched.since(before)
}

/// A whole day in steps of ten minutes, by a clock that is put forward. Each step is written
/// through to the disk, as it would be in ten true minutes.
fn day(bench: &Bench, library: &Path, requests: usize, login: bool) -> Fallible<Written> {
    let dir = Scratch::new("clock")?;
    let clock_file = dir.write("clock", "+0")?;
    let environment = [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", clock_file.as_path()),
        ("FAKETIME_NO_CACHE", Path::new("1")),
        ("FAKETIME_DISABLE_SHM", Path::new("1")),
    ];
    let environment =
        environment.map(|(name, value)| (name.to_owned(), value.display().to_string()));
    let watched = Watched::start(bench, 1, environment.to_vec())?;
    let address = watched.gate.server.address;
    let before = watched.look()?;
    let cookie = if login { watched.log_in(0, TimeStep::at(clock::now()))? } else { String::new() };
    let question = Question::new("/verify/caddy", header_lines(22, "localhost", &cookie));
    let every = bench.either(TEN_MINUTES, 6 * TEN_MINUTES);
    let steps = usize::try_from(86_400 / every)?;
    let mut asked = 0;
    for step in 1..=steps {
        let mut connection = Connection::open(address)?;
        while asked < requests * step / steps {
            let answer = connection.ask(&question.bytes())?;
            if answer.status != 204 {
                return Err(format!("not let pass at step {step}:\n{}", answer.head).into());
            }
            asked += 1;
        }
        // The last step stays within the session's day. Renamed into place: the gate must never
        // read half of it.
        let passed = every * u64::try_from(step)? - STEP.as_secs();
        fs::rename(dir.write("clock.new", &format!("+{passed}"))?, &clock_file)?;
        // The worker's timer runs by the true clock; a question that it must answer wakes it, and
        // what is due is done behind it: housekeeping after the first, the job that writes when
        // sessions were last seen after the next.
        for _ in 0..3 {
            Connection::open(address)?.get("/ready", &[])?;
        }
        watched.look()?;
    }
    watched.since(before)
}

/// An ext4 file system of its own; a plain folder without root.
struct Disk {
    /// Where things are put.
    folder: PathBuf,
    /// `/dev/loopN`.
    device: Option<String>,
    /// On a disk, which `/tmp` need not be.
    top: PathBuf,
}

impl Disk {
    fn make(bench: &Bench) -> Fallible<Self> {
        let top = bench.machine.project.join(format!("target/bench/disk-{}", std::process::id()));
        let folder = top.join("mounted");
        fs::create_dir_all(&folder)?;
        let mut disk = Self { folder, device: None, top };
        if is_root()
            && let Err(error) = disk.mount()
        {
            eprintln!("wear is not measured at a block device: {error}");
        }
        Ok(disk)
    }

    fn mount(&mut self) -> Fallible<()> {
        let image = self.top.join("image");
        File::create(&image)?.set_len(64 * 1024 * 1024)?;
        let options = ["-q", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        output(Command::new("mkfs.ext4").args(options).arg(&image))?;
        let device = output(Command::new("losetup").args(["--find", "--show"]).arg(&image))?
            .trim()
            .to_owned();
        if let Err(error) = output(Command::new("mount").arg(&device).arg(&self.folder)) {
            let _ = Command::new("losetup").args(["-d", &device]).status();
            return Err(error);
        }
        self.device = Some(device);
        Ok(())
    }

    /// Bytes that have reached the device, once nothing is waiting any more.
    fn written(&self) -> Fallible<Option<u64>> {
        let Some(device) = &self.device else { return Ok(None) };
        nix::unistd::syncfs(File::open(&self.folder)?)?;
        let name = device.strip_prefix("/dev/").unwrap_or(device);
        let stat = fs::read_to_string(format!("/sys/block/{name}/stat"))?;
        let sectors: u64 = stat.split_whitespace().nth(6).unwrap_or_default().parse()?;
        Ok(Some(sectors * 512))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(device) = &self.device {
            let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
            let _ = Command::new("losetup").args(["-d", device]).status();
        }
        let _ = fs::remove_dir_all(&self.top);
    }
}

/// Debian's package `faketime` brings it.
fn faketime() -> Option<PathBuf> {
    let entries = fs::read_dir("/usr/lib").ok()?;
    entries
        .flatten()
        .map(|entry| entry.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists())
}
