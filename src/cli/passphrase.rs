//! The passphrase of a backup: typed on the terminal, where it is not shown, or read from a file
//! that not everybody can read. Never a word of the command line, which every process of the
//! machine can see.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::statfs::{FsType, MSDOS_SUPER_MAGIC, fstatfs};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::exit::{DATA, Failure, IO, NO_INPUT, USAGE};
use crate::config::secrets::way_to_narrow;
use crate::secret::Secret;

/// Characters that a new passphrase needs at least: whoever has the file can try as many as he can
/// pay for.
const LEAST: usize = 12;
/// The longest, in bytes.
const LONGEST: usize = 1024;
/// exFAT, which knows no permissions either (EXFAT_SUPER_MAGIC in the kernel's magic.h).
const EXFAT_SUPER_MAGIC: FsType = FsType(0x2011_BAB0);

/// What the passphrase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new file: asked twice, and not too short.
    Seal,
    /// A file that is there.
    Open,
}

/// Reads the passphrase from `file`, or asks for it on the terminal.
///
/// # Errors
/// There is no terminal, the file cannot be used, or the passphrase cannot.
pub fn ask(file: Option<&Path>, purpose: Purpose) -> Result<Secret, Failure> {
    let passphrase = match file {
        Some(path) => of_file(path)?,
        None => typed(purpose)?,
    };
    check(passphrase, purpose)
}

fn check(passphrase: Secret, purpose: Purpose) -> Result<Secret, Failure> {
    let bytes = passphrase.expose();
    let characters = std::str::from_utf8(bytes).map_or(bytes.len(), |text| text.chars().count());
    let refused = |why: String| Err(Failure::new(DATA, why));
    match characters {
        0 => refused("an empty passphrase protects nothing: give one".to_owned()),
        few if few < LEAST && purpose == Purpose::Seal => refused(format!(
            "the passphrase has {few} characters and needs at least {LEAST}: whoever finds the file can try \
             millions of them. Five or six unrelated words are good; so is `openssl rand -base64 18`"
        )),
        _ if bytes.len() > LONGEST => refused(format!("a passphrase has at most {LONGEST} bytes")),
        _ if bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')) => {
            refused("the passphrase has more than one line: put it alone into its file".to_owned())
        }
        _ => Ok(passphrase),
    }
}

fn of_file(path: &Path) -> Result<Secret, Failure> {
    let name = path.display();
    let unreadable = |error: io::Error| {
        Failure::new(NO_INPUT, format!("{name}: the passphrase cannot be read: {error}"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    // A pipe has no permissions of its own, and on a memory card's FAT nobody can change them.
    if about.is_file() && knows_permissions(&file) {
        refuse_open(path, about.permissions().mode() & 0o7777)?;
    }
    // Room for all of it at once: growing would leave copies behind.
    let room = LONGEST + 4;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(u64::try_from(room).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(Secret::new(without_line_end(&bytes).to_vec()))
}

/// Refuses a file whose mode lets every user of the machine read it. What to do about it depends on
/// where the file is.
fn refuse_open(path: &Path, mode: u32) -> Result<(), Failure> {
    if mode & 0o007 == 0 {
        return Ok(());
    }
    let message = format!(
        "{}: every user of this machine can use this passphrase (mode {mode:04o}): {}",
        path.display(),
        way_to_narrow(path)
    );
    Err(Failure::new(DATA, message))
}

fn knows_permissions(file: &File) -> bool {
    fstatfs(file).is_ok_and(|about| {
        ![MSDOS_SUPER_MAGIC, EXFAT_SUPER_MAGIC].contains(&about.filesystem_type())
    })
}

/// One line end less, and no mark of an editor in front: neither was meant.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn typed(purpose: Purpose) -> Result<Secret, Failure> {
    let mut terminal = Terminal::open()?;
    let failed =
        |error: io::Error| Failure::new(IO, format!("the passphrase cannot be asked for: {error}"));
    let first = terminal.ask("Passphrase: ").map_err(failed)?;
    if purpose == Purpose::Seal && check(first.clone(), purpose).is_ok() {
        let again = terminal.ask("The same again: ").map_err(failed)?;
        if again != first {
            return Err(Failure::new(DATA, "the two passphrases differ: nothing was written"));
        }
    }
    Ok(first)
}

/// The terminal without echo, until it is dropped.
struct Terminal {
    device: File,
    before: Termios,
}

impl Terminal {
    fn open() -> Result<Self, Failure> {
        let none = |error: &dyn std::fmt::Display| {
            let way = "name a file with --passphrase-file";
            Failure::new(
                USAGE,
                format!("there is no terminal to ask for the passphrase ({error}): {way}"),
            )
        };
        // Not standard input and output: a script may have redirected them.
        let device = File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map_err(|error| none(&error))?;
        let before = tcgetattr(&device).map_err(|error| none(&error))?;
        // Raw, so that Ctrl-C comes here as a byte, and the echo is back before the program ends.
        let mut silent = before.clone();
        cfmakeraw(&mut silent);
        tcsetattr(&device, SetArg::TCSAFLUSH, &silent).map_err(|error| none(&error))?;
        Ok(Self { device, before })
    }

    fn ask(&mut self, prompt: &str) -> io::Result<Secret> {
        self.device.write_all(prompt.as_bytes())?;
        let line = line(&mut self.device);
        self.device.write_all(b"\r\n")?;
        line
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(&self.device, SetArg::TCSAFLUSH, &self.before);
    }
}

/// One line as it is typed on a raw terminal.
fn line(input: &mut impl Read) -> io::Result<Secret> {
    const END_OF_TEXT: u8 = 3;
    const END_OF_INPUT: u8 = 4;
    const BACKSPACE: u8 = 8;
    const KILL: u8 = 21;
    const DELETE: u8 = 127;
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        match byte {
            [b'\r' | b'\n'] => return Ok(Secret::new(typed.to_vec())),
            [END_OF_TEXT | END_OF_INPUT] => return Err(io::Error::other("cancelled")),
            [KILL] => typed.clear(),
            // A whole character: the octets of one that follow its first begin with 10 (RFC 3629).
            [BACKSPACE | DELETE] => while typed.pop().is_some_and(|octet| octet & 0xC0 == 0x80) {},
            [octet] if typed.len() <= LONGEST => typed.push(octet),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scratch;

    fn in_file(text: &[u8], mode: u32) -> Result<Vec<u8>, Failure> {
        let path = scratch::file("passphrase", text, mode);
        ask(Some(&path), Purpose::Seal).map(|secret| secret.expose().to_vec())
    }

    fn as_typed(keys: &[u8]) -> Option<Vec<u8>> {
        line(&mut &*keys).ok().map(|secret| secret.expose().to_vec())
    }

    #[test]
    fn one_line_end_is_no_part_of_it_and_everything_else_is() {
        for (text, passphrase) in [
            (&b"twelve bytes"[..], &b"twelve bytes"[..]),
            (b"twelve bytes\n", b"twelve bytes"),
            (b"twelve bytes\r\n", b"twelve bytes"),
            (b"\xEF\xBB\xBFtwelve bytes\r\n", b"twelve bytes"),
            (b" twelve bytes \n", b" twelve bytes "),
        ] {
            assert_eq!(in_file(text, 0o600).as_deref(), Ok(passphrase));
        }
        for several in
            [&b"twelve bytes\n\n"[..], b"twelve\nbytes, or more", b"twelve bytes\nlogin: x\n"]
        {
            assert!(
                in_file(several, 0o600).is_err_and(|failure| failure.message.contains("one line"))
            );
        }
    }

    #[test]
    fn short_and_empty_ones_are_refused_for_a_new_file_only() {
        for (text, named) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"eleven char", "11"),
            ("elf Zeichen".as_bytes(), "11"),
        ] {
            let failure = in_file(text, 0o600).expect_err("refused");
            assert!(failure.code == DATA && failure.message.contains(named), "{failure}");
        }
        assert!(in_file("zwölf Zeiche".as_bytes(), 0o600).is_ok(), "characters count, not bytes");
        let short = || Secret::new(b"short".to_vec());
        assert!(check(short(), Purpose::Open).is_ok() && check(short(), Purpose::Seal).is_err());
        assert!(check(Secret::new(Vec::new()), Purpose::Open).is_err());
    }

    #[test]
    fn a_file_that_everybody_can_read_is_refused_with_the_command_that_mends_it() {
        let failure = in_file(b"twelve bytes", 0o644).expect_err("refused");
        assert!(failure.message.contains("chmod 0600"), "{failure}");
        assert!(in_file(b"twelve bytes", 0o640).is_ok());
    }

    #[test]
    fn a_secret_of_a_container_is_narrowed_outside_of_it() {
        let given = Path::new("/run/secrets/passphrase");
        assert_eq!(refuse_open(given, 0o440), Ok(()));
        let failure = refuse_open(given, 0o444).expect_err("refused");
        assert!(failure.code == DATA && failure.message.contains("mode 0444"), "{failure}");
        for word in
            ["/run/secrets/passphrase: ", "given to this container", "chown", "`mode: 0400`"]
        {
            assert!(failure.message.contains(word), "{failure}");
        }
        let own = refuse_open(Path::new("/run/secretsfile"), 0o604).expect_err("refused");
        assert!(own.message.contains("run `chmod 0600 /run/secretsfile`"), "{own}");
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let failure = ask(Some(Path::new("/nonexistent/p")), Purpose::Open).err().expect("refused");
        assert!(
            failure.code == NO_INPUT && failure.message.contains("/nonexistent/p"),
            "{failure}"
        );
    }

    #[test]
    fn typing_can_be_corrected_and_cancelled() {
        assert_eq!(as_typed(b"secret\r").as_deref(), Some(&b"secret"[..]));
        assert_eq!(as_typed(b"secrez\x7ft\n").as_deref(), Some(&b"secret"[..]));
        assert_eq!(as_typed("sé\x08ecret\r".as_bytes()).as_deref(), Some(&b"secret"[..]));
        assert_eq!(as_typed(b"\x7f\x7fno\x15secret\r").as_deref(), Some(&b"secret"[..]));
        assert_eq!(as_typed(b"secret\x03\r"), None);
        assert_eq!(as_typed(b"secret\x04"), None);
        assert_eq!(as_typed(b"secret"), None, "the terminal went away");
    }
}
