//! Where state, configuration and control socket are.

use std::io::ErrorKind;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};

use super::exit::{CONFIG, Failure, IO, NO_PERMISSION};
use crate::config::{ConfigFile, Environment, LONGEST_SOCKET_PATH};

/// The system's own state directory.
pub const SYSTEM_STATE: &str = "/var/lib/portcullis";
/// The configuration that is read where none is named.
pub const SYSTEM_CONFIG: &str = "/etc/portcullis/portcullis.toml";
/// The control socket of the gate on [`SYSTEM_STATE`].
pub const SYSTEM_CONTROL: &str = "/run/portcullis/control.sock";

/// Where one gate keeps its state and takes commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Holds the store and its keys.
    pub state_dir: PathBuf,
    /// The control socket.
    pub control: PathBuf,
}

impl Places {
    /// From options, environment and user; nothing is looked at yet.
    ///
    /// # Errors
    /// A user without a home directory; a path that is too long for the control socket.
    pub fn find(
        state_dir: Option<&Path>,
        control: Option<&Path>,
        environment: &Environment,
        user: Uid,
    ) -> Result<Self, Failure> {
        let state_dir = match state_dir {
            Some(path) => path.to_owned(),
            None => state_directory(environment, user)?,
        };
        let system = state_dir == Path::new(SYSTEM_STATE)
            || state_dir == Path::new("/var/lib/private/portcullis");
        let control = match control {
            Some(path) => path.to_owned(),
            None if system => PathBuf::from(SYSTEM_CONTROL),
            None => state_dir.join("control.sock"),
        };
        let bytes = control.as_os_str().len();
        if bytes > LONGEST_SOCKET_PATH {
            let path = control.display();
            let message = format!(
                "the control socket would be {path}: {bytes} bytes, and a socket's path has at most \
                 {LONGEST_SOCKET_PATH}; name a shorter one with --control, the same for the daemon and for commands"
            );
            return Err(Failure::new(CONFIG, message));
        }
        Ok(Self { state_dir, control })
    }

    /// Whether anything was kept there yet.
    pub fn holds_a_store(&self) -> bool {
        std::fs::read_dir(&self.state_dir).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Makes the state directory, 0700, where there is none.
    ///
    /// # Errors
    /// It cannot be made, or is no directory.
    pub fn make_state_dir(&self) -> Result<(), Failure> {
        let path = &self.state_dir;
        let told = |error: std::io::Error| {
            let code = if error.kind() == ErrorKind::PermissionDenied { NO_PERMISSION } else { IO };
            let way = "name another with --state-dir, or run this as root";
            Failure::new(
                code,
                format!("the state directory {} cannot be used: {error}; {way}", path.display()),
            )
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(told)
    }

    /// Lets root work on another user's store without leaving files there that the user cannot
    /// read: this process becomes the owner of the state directory. Called before the store is
    /// opened, after all else was read; gives back the path to the state directory from then on.
    ///
    /// # Errors
    /// The system refuses.
    pub fn become_owner(&self) -> Result<PathBuf, Failure> {
        if !geteuid().is_root() {
            return Ok(self.state_dir.clone());
        }
        let told = |error: &dyn std::fmt::Display| {
            Failure::new(
                NO_PERMISSION,
                format!("cannot work as the owner of {}: {error}", self.state_dir.display()),
            )
        };
        let about = std::fs::metadata(&self.state_dir).map_err(|error| told(&error))?;
        let (user, group) = (Uid::from_raw(about.uid()), Gid::from_raw(about.gid()));
        if user.is_root() {
            return Ok(self.state_dir.clone());
        }
        // The owner may not be able to walk there: systemd keeps the state of a DynamicUser= below
        // /var/lib/private, which only root can enter. The descriptor stays open until the program
        // ends.
        let open =
            std::fs::File::open(&self.state_dir).map_err(|error| told(&error))?.into_raw_fd();
        setgroups(&[]).map_err(|error| told(&error))?;
        setresgid(group, group, group).map_err(|error| told(&error))?;
        setresuid(user, user, user).map_err(|error| told(&error))?;
        if std::fs::metadata(&self.state_dir).is_ok() {
            return Ok(self.state_dir.clone());
        }
        Ok(PathBuf::from(format!("/proc/self/fd/{open}")))
    }

    /// Puts the name that the operator knows in the place of the one that [`Places::become_owner`]
    /// gave.
    pub fn as_known(&self, used: &Path, text: &str) -> String {
        text.replace(&used.display().to_string(), &self.state_dir.display().to_string())
    }
}

fn state_directory(environment: &Environment, user: Uid) -> Result<PathBuf, Failure> {
    if let Some(path) = environment.path("PORTCULLIS_STATE_DIR") {
        return Ok(path.to_owned());
    }
    // systemd lists several directories with colons between them; ours is the first.
    if let Some(list) = environment.path("STATE_DIRECTORY") {
        let first =
            std::env::split_paths(list).next().filter(|first| !first.as_os_str().is_empty());
        return Ok(first.unwrap_or_else(|| list.to_owned()));
    }
    if user.is_root() {
        return Ok(PathBuf::from(SYSTEM_STATE));
    }
    // The XDG base directory specification: a relative path is to be ignored.
    let xdg =
        environment.path("XDG_STATE_HOME").filter(|path| path.is_absolute()).map(Path::to_owned);
    let home = || {
        environment
            .path("HOME")
            .filter(|path| path.is_absolute())
            .map(|home| home.join(".local/state"))
    };
    let base = xdg.or_else(home).ok_or_else(|| {
        Failure::new(CONFIG, "no state directory: HOME is not set; name one with --state-dir or PORTCULLIS_STATE_DIR")
    })?;
    Ok(base.join("portcullis"))
}

/// Where the configuration file is, if there is one: named, or the system's.
pub fn config_path(named: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let named = named.or_else(|| environment.path("PORTCULLIS_CONFIG")).map(Path::to_owned);
    named.or_else(|| Path::new(SYSTEM_CONFIG).exists().then(|| PathBuf::from(SYSTEM_CONFIG)))
}

/// The configuration file: the one that is named, which must be there, else the system's, if it is
/// there.
///
/// # Errors
/// It cannot be read, is larger than 1 MiB, or is no text.
pub fn config_file(
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Option<ConfigFile>, Failure> {
    let named = named.or_else(|| environment.path("PORTCULLIS_CONFIG"));
    read_config(named.unwrap_or(Path::new(SYSTEM_CONFIG)), named.is_some())
}

fn read_config(path: &Path, must_exist: bool) -> Result<Option<ConfigFile>, Failure> {
    let refused =
        |why: &dyn std::fmt::Display| Failure::new(CONFIG, format!("{}: {why}", path.display()));
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => return Ok(None),
        Err(error) => {
            return Err(refused(&format_args!("the configuration cannot be read: {error}")));
        }
    };
    if bytes.len() > 1 << 20 {
        return Err(refused(&"the file is larger than 1 MiB, which no configuration is"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(ConfigFile { path: path.to_owned(), text })),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line =
                error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
            Err(Failure::new(
                CONFIG,
                format!("{}:{line}: the configuration is not UTF-8 text", path.display()),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scratch;

    const SOMEONE: Uid = Uid::from_raw(1000);
    const ROOT: Uid = Uid::from_raw(0);

    fn found(option: Option<&str>, variables: &[(&str, &str)], user: Uid) -> Places {
        Places::find(option.map(Path::new), None, &Environment::of(variables.iter().copied()), user)
            .expect("a place")
    }

    fn state(option: Option<&str>, variables: &[(&str, &str)], user: Uid) -> String {
        found(option, variables, user).state_dir.display().to_string()
    }

    #[test]
    fn the_state_directory_is_searched_in_the_documented_order() {
        let all = [
            ("PORTCULLIS_STATE_DIR", "/ours"),
            ("STATE_DIRECTORY", "/systemd:/second"),
            ("XDG_STATE_HOME", "/xdg"),
            ("HOME", "/home/me"),
        ];
        assert_eq!(state(Some("/option"), &all, SOMEONE), "/option");
        assert_eq!(state(None, &all, SOMEONE), "/ours");
        assert_eq!(state(None, &all[1..], ROOT), "/systemd");
        assert_eq!(state(None, &all[2..], ROOT), "/var/lib/portcullis");
        assert_eq!(state(None, &all[2..], SOMEONE), "/xdg/portcullis");
        assert_eq!(state(None, &all[3..], SOMEONE), "/home/me/.local/state/portcullis");
        assert_eq!(
            state(None, &[("XDG_STATE_HOME", "relative"), ("HOME", "/h")], SOMEONE),
            "/h/.local/state/portcullis"
        );
    }

    #[test]
    fn a_user_without_a_home_is_told_the_option() {
        let failure =
            Places::find(None, None, &Environment::default(), SOMEONE).expect_err("no place");
        assert_eq!(failure.code, CONFIG);
        assert!(failure.message.contains("--state-dir"));
    }

    #[test]
    fn two_gates_never_share_a_control_socket() {
        assert_eq!(
            found(Some("/var/lib/portcullis/"), &[], SOMEONE).control,
            Path::new(SYSTEM_CONTROL)
        );
        assert_eq!(
            found(Some("/srv/gate"), &[], ROOT).control,
            Path::new("/srv/gate/control.sock")
        );
        let places = Places::find(None, Some(Path::new("/c")), &Environment::default(), ROOT)
            .expect("a place");
        assert_eq!(places.control, Path::new("/c"));
    }

    #[test]
    fn a_path_that_is_too_long_for_a_socket_is_told_with_the_option() {
        let deep = format!("/{}", "a".repeat(120));
        let refused = Places::find(Some(Path::new(&deep)), None, &Environment::default(), SOMEONE)
            .expect_err("too long");
        assert_eq!(refused.code, CONFIG);
        assert!(
            refused.message.contains("--control") && refused.message.contains("134 bytes"),
            "{refused}"
        );
        let short = Some(Path::new("/run/gate.sock"));
        assert!(
            Places::find(Some(Path::new(&deep)), short, &Environment::default(), SOMEONE).is_ok()
        );
        let fits = format!("/{}", "a".repeat(LONGEST_SOCKET_PATH - "//control.sock".len()));
        assert_eq!(found(Some(&fits), &[], SOMEONE).control.as_os_str().len(), LONGEST_SOCKET_PATH);
    }

    #[test]
    fn a_new_state_directory_belongs_to_its_owner_alone() {
        let directory = scratch::path("a/b");
        let places = found(directory.to_str(), &[], SOMEONE);
        places.make_state_dir().expect("made");
        places.make_state_dir().expect("already there");
        assert_eq!(std::fs::metadata(&places.state_dir).expect("there").mode() & 0o7777, 0o700);
    }

    #[test]
    fn messages_name_the_directory_that_the_operator_knows() {
        let places = found(Some("/srv/gate"), &[], SOMEONE);
        assert_eq!(
            places.as_known(Path::new("/proc/self/fd/3"), "in /proc/self/fd/3/db"),
            "in /srv/gate/db"
        );
        assert_eq!(places.as_known(Path::new("/srv/gate"), "in /srv/gate/db"), "in /srv/gate/db");
    }

    #[test]
    fn a_file_in_the_place_of_the_state_directory_is_named() {
        let path = scratch::file("file", b"", 0o600);
        let failure = found(path.to_str(), &[], SOMEONE).make_state_dir().expect_err("a file");
        assert!(failure.message.contains("--state-dir"), "{failure}");
    }

    #[test]
    fn a_named_configuration_must_be_there() {
        let named = Some(Path::new("/nonexistent/p.toml"));
        assert_eq!(config_file(named, &Environment::default()).expect_err("missing").code, CONFIG);
        let variable = Environment::of([("PORTCULLIS_CONFIG", "/nonexistent/p.toml")]);
        assert_eq!(config_file(None, &variable).expect_err("missing").code, CONFIG);
        assert!(
            read_config(Path::new("/nonexistent/p.toml"), false).is_ok_and(|file| file.is_none())
        );
    }

    #[test]
    fn a_configuration_that_is_no_text_names_the_line() {
        let path = scratch::file("p.toml", b"listen = []\n\n# \xFF", 0o600);
        assert!(
            read_config(&path, true).is_err_and(|failure| failure.message.contains("p.toml:3: "))
        );
    }
}
