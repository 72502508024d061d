//! The set-up code that is given from outside: the systemd credential `setup_code`, else the file
//! that `PORTCULLIS_SETUP_CODE_FILE` names.
//!
//! Looked at only while no user has ever existed, so that whoever deletes the code afterwards is
//! right to do so.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::environment::Environment;
use super::keys::SETUP_CODE_FILE;
use super::secrets::way_to_narrow;
use crate::auth::setup_code::SetupCode;

/// Why a code that was given cannot be used. Reveals nothing of the code itself.
#[derive(Debug)]
pub struct SetupCodeError {
    source: String,
    fault: SetupCodeFault,
}

#[derive(Debug)]
enum SetupCodeFault {
    /// The variable names no file.
    Empty,
    /// The file cannot be read.
    Unreadable(io::Error),
    /// Others may read the file; its permission bits, and the way out.
    Open(u32, String),
    /// It holds no code.
    Malformed,
}

impl fmt::Display for SetupCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        match &self.fault {
            SetupCodeFault::Empty => {
                write!(f, "{SETUP_CODE_FILE} is empty: name a file in it, or remove it")
            }
            SetupCodeFault::Unreadable(error) => {
                write!(f, "{source}: the set-up code cannot be read: {error}")
            }
            SetupCodeFault::Open(mode, way) => {
                write!(
                    f,
                    "{source}: every user of this machine may use this set-up code (mode {mode:04o}): {way}"
                )
            }
            SetupCodeFault::Malformed => write!(
                f,
                "{source}: this is no set-up code: it has 16 letters of A-Z and 2-7, like ABCD-EFGH-IJKL-MNOP; \
                 without one the gate makes its own"
            ),
        }
    }
}

impl std::error::Error for SetupCodeError {}

/// Far more than a code has.
const LONGEST: u64 = 1_024;

/// The code that was given, if one was.
///
/// # Errors
/// It cannot be read, others may read it, or it is none.
pub fn given(environment: &Environment) -> Result<Option<SetupCode>, SetupCodeError> {
    let (path, source, guarded) =
        match (environment.credential("setup_code"), environment.value(SETUP_CODE_FILE)) {
            // systemd guards its credentials by the directory.
            (Some(path), _) => (path.clone(), path.display().to_string(), true),
            (None, Some(value)) if value.is_empty() => {
                return Err(SetupCodeError {
                    source: SETUP_CODE_FILE.to_owned(),
                    fault: SetupCodeFault::Empty,
                });
            }
            (None, Some(value)) => {
                let path = PathBuf::from(value);
                (path.clone(), format!("{} ({SETUP_CODE_FILE})", path.display()), false)
            }
            (None, None) => return Ok(None),
        };
    let fault = match read(&path, guarded) {
        Ok(code) => return Ok(Some(code)),
        Err(fault) => fault,
    };
    Err(SetupCodeError { source, fault })
}

fn read(path: &Path, guarded: bool) -> Result<SetupCode, SetupCodeFault> {
    let file = File::open(path).map_err(SetupCodeFault::Unreadable)?;
    let about = file.metadata().map_err(SetupCodeFault::Unreadable)?;
    let mode = about.permissions().mode() & 0o7777;
    if about.is_file() && !guarded && mode & 0o007 != 0 {
        return Err(SetupCodeFault::Open(mode, way_to_narrow(path)));
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or(0)));
    match file.take(LONGEST).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(SetupCodeFault::Malformed);
        }
        Err(error) => return Err(SetupCodeFault::Unreadable(error)),
        Ok(_) => {}
    }
    SetupCode::parse(&text).ok_or(SetupCodeFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::super::scratch::{self, ScratchPath};
    use super::*;

    fn file(text: &[u8], mode: u32) -> ScratchPath {
        scratch::file("setup_code", text, mode)
    }

    fn named(path: &Path) -> Environment {
        Environment::of([(SETUP_CODE_FILE, path)])
    }

    fn shown(environment: &Environment) -> Option<String> {
        given(environment).expect("usable").map(|code| code.to_string())
    }

    #[test]
    fn a_file_or_a_credential_gives_the_code_and_the_credential_wins() {
        assert_eq!(shown(&Environment::default()), None);
        let path = file("\u{feff}abcd efgh-ijklmnop\n".as_bytes(), 0o600);
        assert_eq!(shown(&named(&path)).as_deref(), Some("ABCD-EFGH-IJKL-MNOP"));
        let other = file(b"AAAABBBBCCCCDDDD", 0o644);
        let credentials = other.parent().expect("a directory");
        let both = Environment::of([
            (SETUP_CODE_FILE, path.as_os_str()),
            ("CREDENTIALS_DIRECTORY", credentials.as_os_str()),
        ]);
        assert_eq!(shown(&both).as_deref(), Some("AAAA-BBBB-CCCC-DDDD"));
    }

    #[test]
    fn what_is_no_code_is_refused_without_being_told() {
        for text in
            [&b""[..], b"\n", b"SECRET", b"ABCD-EFGH-IJKL-MNO1", b"\xff\xfe", &[b'A'; 5_000]]
        {
            let path = file(text, 0o600);
            let message = given(&named(&path)).err().expect("refused").to_string();
            assert!(
                message.contains(SETUP_CODE_FILE) && message.contains("ABCD-EFGH-IJKL-MNOP"),
                "{message}"
            );
            assert!(!message.contains("SECRET") && !message.contains("MNO1"), "{message}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_open_to_all_is_refused() {
        let missing =
            given(&named(Path::new("/nonexistent/code"))).err().expect("refused").to_string();
        assert!(missing.contains("/nonexistent/code"), "{missing}");
        let empty =
            given(&Environment::of([(SETUP_CODE_FILE, "")])).err().expect("refused").to_string();
        assert!(empty.contains("is empty"), "{empty}");
        let open =
            given(&named(&file(b"ABCDEFGHIJKLMNOP", 0o644))).err().expect("refused").to_string();
        assert!(open.contains("0644") && open.contains("chmod 0600 /"), "{open}");
    }
}
