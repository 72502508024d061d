//! A machine of the emulator with a card in it. Ending it is pulling the plug: the system is not
//! told.
//!
//! What the guest has handed to its disk is in the card's file then, even what the guest has not
//! flushed: the file is written through the host's page cache (`cache=writeback`), which outlives
//! the emulator. So these cuts are those of a card that keeps what it was given; for one that loses
//! its cache see tests/store.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::card::{Card, built};
use crate::support::caddy::free_port;
use crate::support::process::Running;
use crate::support::tools;

/// For a whole start under emulation on a busy machine with two cores.
pub const START: Duration = Duration::from_secs(420);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    Virt,
    Pi3,
}

impl Board {
    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Virt => "qemu-virt",
            Self::Pi3 => "qemu-raspi3b",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join("board").join(name)
    }
}

pub struct EmulatedMachine {
    pub running: Running,
    /// The forwarded port: 443 of the machine.
    pub https: SocketAddr,
}

impl EmulatedMachine {
    /// Puts the card in and switches on. `words` are added to the kernel's command line.
    pub fn start(board: Board, card: &Card, words: &str) -> Self {
        let port = free_port();
        let folder = board.folder();
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the board's files");
        let dtbs = built("emulator/dtbs");
        let fill = |word: &str| {
            word.replace("@CARD@", &card.path().display().to_string())
                .replace("@CACHE@", "writeback")
                .replace("@NET@", &format!("hostfwd=tcp:127.0.0.1:{port}-:443"))
                .replace("@DTBS@", &dtbs.display().to_string())
        };
        let arguments = read("qemu.args");
        let arguments =
            arguments.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
        let mut command = Command::new(emulator());
        command.args(arguments.map(fill));
        command.args([
            "-accel",
            "tcg,thread=multi",
            "-display",
            "none",
            "-no-reboot",
            "-monitor",
            "none",
        ]);
        command.args(["-serial", "stdio", "-kernel"]).arg(built("emulator/Image"));
        command.arg("-initrd").arg(built("emulator/initrd.img"));
        // The log comes out at the serial line, so that a test that fails can show it.
        let line =
            format!("{} systemd.journald.forward_to_console=1 {words}", read("cmdline.txt").trim());
        command.args(["-append", &line]);
        let running = Running::start("the machine", &mut command);
        Self { running, https: (Ipv4Addr::LOCALHOST, port).into() }
    }

    /// Pulls the plug.
    pub fn cut(mut self) -> String {
        self.running.kill();
        self.running.text()
    }
}

/// `$QEMU`, else what `tests/run` fetched.
fn emulator() -> PathBuf {
    tools::named_or_fetched("QEMU", "qemu-system-aarch64")
}
