//! The session secret: `JWT_SECRET`, else the file that `JWT_SECRET_FILE` names, else the systemd
//! credential `jwt_secret`, else `jwt.secret` in the state directory, made once.
//!
//! Guarantees at least 32 bytes (RFC 7518 section 3.2 for HS256), and that no other user of the
//! machine can read the file it came from. The bytes are used as given: not decoded, a final line
//! end removed, and of a file the mark that some editors put in front.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::environment::Environment;
use crate::entropy::Entropy;
use crate::secret::Secret;

/// Where a secret came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `JWT_SECRET`
    Variable,
    /// The file that `JWT_SECRET_FILE` names.
    File(PathBuf),
    /// The systemd credential `jwt_secret`.
    Credential(PathBuf),
    /// `jwt.secret` in the state directory.
    State(PathBuf),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => f.write_str("JWT_SECRET"),
            Self::File(path) => write!(f, "{} (JWT_SECRET_FILE)", path.display()),
            Self::Credential(path) | Self::State(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why there is no secret to work with. Reveals nothing of the secret itself.
#[derive(Debug)]
pub enum SecretError {
    /// Two sources were given from outside.
    Several(SecretSource, SecretSource),
    /// A variable without a value, or a file without a byte.
    Empty(SecretSource),
    /// Fewer than 32 bytes.
    Short(SecretSource, usize),
    /// Bytes that are no text.
    NoText(SecretSource),
    /// Others may read the file; its permission bits.
    Open(SecretSource, u32),
    /// The file cannot be read.
    Unreadable(SecretSource, io::Error),
    /// The state directory takes no new secret.
    Unwritable(PathBuf, io::Error),
}

/// A command that makes a good secret.
const GOOD: &str = "openssl rand -base64 48";

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several(one, other) => {
                write!(
                    f,
                    "the session secret is given twice, by {one} and by {other}: keep one of the two"
                )
            }
            Self::Empty(SecretSource::File(path)) if path.as_os_str().is_empty() => {
                f.write_str("JWT_SECRET_FILE is empty: name a file in it, or remove it")
            }
            Self::Empty(SecretSource::Variable) => {
                write!(f, "JWT_SECRET is empty: remove it, or make a secret with `{GOOD}`")
            }
            Self::Empty(source) => {
                write!(f, "{source} is empty: make a session secret with `{GOOD}`")
            }
            Self::Short(source, bytes) => {
                write!(
                    f,
                    "{source}: the session secret has {bytes} bytes, at least {SHORTEST} are needed: make one with `{GOOD}`"
                )
            }
            Self::NoText(source) => {
                write!(f, "{source}: the session secret is not UTF-8 text: make one with `{GOOD}`")
            }
            Self::Open(
                SecretSource::File(path)
                | SecretSource::Credential(path)
                | SecretSource::State(path),
                mode,
            ) => {
                write!(
                    f,
                    "{}: every user of this machine may use this secret (mode {mode:04o}): {}",
                    path.display(),
                    way_to_narrow(path)
                )
            }
            Self::Open(source, mode) => {
                write!(f, "{source}: every user of this machine may use it (mode {mode:04o})")
            }
            Self::Unreadable(source, error) => {
                write!(f, "{source}: the session secret cannot be read: {error}")
            }
            Self::Unwritable(path, error) => {
                write!(
                    f,
                    "{}: a new session secret cannot be written: {error}; or set JWT_SECRET_FILE",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for SecretError {}

impl SecretError {
    /// A line to copy that leads out, where there is one; else what makes a good secret.
    pub fn remedy(&self) -> String {
        match self {
            Self::Open(
                SecretSource::File(path)
                | SecretSource::Credential(path)
                | SecretSource::State(path),
                _,
            ) => way_out_of_container(path)
                .unwrap_or_else(|| format!("chmod 0600 {}", path.display())),
            Self::Several(_, other) => {
                format!("systemctl edit portcullis  # and take {other} away")
            }
            Self::Unreadable(SecretSource::File(path) | SecretSource::State(path), _)
            | Self::Unwritable(path, _) => {
                format!("ls -ld {}", path.display())
            }
            Self::Empty(_)
            | Self::Short(..)
            | Self::NoText(_)
            | Self::Open(..)
            | Self::Unreadable(..) => GOOD.to_owned(),
        }
    }
}

/// How to keep others from a file.
pub fn way_to_narrow(path: &Path) -> String {
    way_out_of_container(path).unwrap_or_else(|| format!("run `chmod 0600 {}`", path.display()))
}

/// How to keep others from what a container is given below `/run/secrets`: it cannot change that
/// itself.
pub fn way_out_of_container(path: &Path) -> Option<String> {
    let user = nix::unistd::geteuid();
    path.starts_with("/run/secrets").then(|| {
        format!(
            "it was given to this container: where the secret is a file of the host, run `chown {user} FILE && chmod 0400 FILE` \
             there; else set `uid: \"{user}\"` and `mode: 0400` below `secrets:` of the service"
        )
    })
}

/// What some editors put in front of a text; nobody meant it.
pub(super) const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes of the shortest secret: as many as the MAC has (RFC 7518 section 3.2).
const SHORTEST: usize = 32;
const LONGEST: u64 = 65_536;

/// The secret that was given from outside, if one was.
pub fn explicit(environment: &Environment) -> Result<Option<(Secret, SecretSource)>, SecretError> {
    let variable = environment.value("JWT_SECRET").map(|_| SecretSource::Variable);
    let file =
        environment.value("JWT_SECRET_FILE").map(|path| SecretSource::File(PathBuf::from(path)));
    let credential = environment.credential("jwt_secret").map(SecretSource::Credential);
    let mut given = [variable.clone(), file.clone(), credential].into_iter().flatten();
    let Some(source) = given.next() else { return Ok(None) };
    // An empty variable is a mistake of its own, whatever else is given: compose sets one from a
    // variable that is not there.
    for (name, source) in [("JWT_SECRET", &variable), ("JWT_SECRET_FILE", &file)] {
        if let Some(source) = source
            && environment.value(name).is_some_and(OsStr::is_empty)
        {
            return Err(SecretError::Empty(source.clone()));
        }
    }
    if let Some(other) = given.next() {
        return Err(SecretError::Several(source, other));
    }
    let bytes = match &source {
        SecretSource::Variable => {
            let value = environment.value("JWT_SECRET").unwrap_or_default();
            value
                .to_str()
                .map(|text| text.as_bytes().to_vec())
                .ok_or(SecretError::NoText(SecretSource::Variable))?
        }
        SecretSource::File(path) | SecretSource::Credential(path) | SecretSource::State(path) => {
            read(path, &source)?
        }
    };
    checked(bytes, &source).map(|secret| Some((secret, source)))
}

/// The store's key, where systemd gives it as the credential `store_key`: the bytes as they are, of
/// any length.
///
/// # Errors
/// The credential cannot be read.
pub fn store_key(environment: &Environment) -> Result<Option<Secret>, SecretError> {
    let Some(path) = environment.credential("store_key") else { return Ok(None) };
    let source = SecretSource::Credential(path.clone());
    read(&path, &source).map(|bytes| Some(Secret::new(bytes)))
}

/// The secret that there is: one from outside wins over the one in the state directory. Makes none.
///
/// # Errors
/// What there is cannot be used.
pub fn existing(
    environment: &Environment,
    state_dir: &Path,
) -> Result<Option<(Secret, SecretSource)>, SecretError> {
    if let Some(given) = explicit(environment)? {
        return Ok(Some(given));
    }
    let path = state_dir.join("jwt.secret");
    let source = SecretSource::State(path.clone());
    match read(&path, &source) {
        Ok(bytes) => checked(bytes, &source).map(|secret| Some((secret, source))),
        Err(SecretError::Unreadable(_, error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The secret to sign sessions with: the one that there is, else one that is made in the state
/// directory. That must exist.
pub fn session_secret(
    environment: &Environment,
    state_dir: &Path,
    entropy: &mut impl Entropy,
) -> Result<(Secret, SecretSource), SecretError> {
    if let Some(found) = existing(environment, state_dir)? {
        return Ok(found);
    }
    let path = state_dir.join("jwt.secret");
    let source = SecretSource::State(path.clone());
    let text = Zeroizing::new(STANDARD.encode(Zeroizing::new(entropy.bytes::<48>()).as_slice()));
    write_new(state_dir, &path, text.as_bytes())
        .map_err(|error| SecretError::Unwritable(path, error))?;
    Ok((Secret::new(text.as_bytes().to_vec()), source))
}

fn read(path: &Path, source: &SecretSource) -> Result<Vec<u8>, SecretError> {
    let unreadable = |error| SecretError::Unreadable(source.clone(), error);
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let mode = about.permissions().mode() & 0o7777;
    // systemd guards its credentials by the directory; a pipe has no permissions of its own.
    let guarded_elsewhere = matches!(source, SecretSource::Credential(_)) || !about.is_file();
    if mode & 0o007 != 0 && !guarded_elsewhere {
        return Err(SecretError::Open(source.clone(), mode));
    }
    // Room for all of it at once: growing would leave copies behind.
    let mut bytes = Vec::with_capacity(usize::try_from(LONGEST).unwrap_or(0));
    file.take(LONGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn checked(mut bytes: Vec<u8>, source: &SecretSource) -> Result<Secret, SecretError> {
    if *source != SecretSource::Variable && bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    if std::str::from_utf8(&bytes).is_err() {
        return Err(SecretError::NoText(source.clone()));
    }
    if bytes.is_empty() {
        return Err(SecretError::Empty(source.clone()));
    }
    if bytes.len() < SHORTEST {
        return Err(SecretError::Short(source.clone(), bytes.len()));
    }
    Ok(Secret::new(bytes))
}

/// Writes the file so that after a pulled plug there is either none or a whole one.
fn write_new(state_dir: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let unfinished = state_dir.join("jwt.secret.new");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    File::open(state_dir)?.sync_all()
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
