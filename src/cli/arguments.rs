//! The command line as types: every verb, its options and its help.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::audit::AuditVerb;

/// Options and verb.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "Forward-auth gate for homelabs: one login by authenticator app in front of all your sites",
    after_help = "Examples:
  portcullis user add alice --admin      add a user and show the QR code to scan
  portcullis serve                       run the gate
  portcullis proxy print caddy           print the configuration of the proxy in front
  portcullis -generate                   add a user `user` and print secret and otpauth:// URL

`portcullis help VERB` tells more. Exit codes are those of sysexits.h.",
    disable_help_flag = false,
    subcommand_required = false,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Arguments {
    /// What applies to every verb.
    #[command(flatten)]
    pub global: Global,
    /// Add a user with a new secret and print it with its otpauth:// URL; also written -generate
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub generate: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Options that may stand before or after the verb.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every verb")]
pub struct Global {
    /// Configuration file [default: /etc/portcullis/portcullis.toml if it is there; env:
    /// PORTCULLIS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where users, sessions and keys are kept [default: /var/lib/portcullis for root; env:
    /// PORTCULLIS_STATE_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The daemon's control socket [default: /run/portcullis/control.sock, or control.sock in
    /// another state directory]
    #[arg(long, global = true, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the gate until it is told to stop
    #[command(after_help = "Examples:
  portcullis serve
  portcullis serve --listen 127.0.0.1:3000 --listen unix:/run/portcullis/gate.sock")]
    Serve {
        /// Answer here instead of where the configuration says: ip:port or unix:/path; may be
        /// repeated
        #[arg(long, value_name = "ADDR")]
        listen: Vec<String>,
    },
    /// Make the state directory, the store and its keys
    #[command(after_help = "Examples:
  portcullis init              make the store; while the gate runs: how its set-up page stands
  portcullis init --new-code   make another code for the set-up page of the running gate
  portcullis init --again      set the old store aside (it is kept) and start over without users")]
    Init {
        /// Set an existing store aside and start over
        #[arg(long)]
        again: bool,
        /// Make another set-up code for the running gate
        #[arg(long, conflicts_with = "again")]
        new_code: bool,
    },
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Wire a proxy to the gate
    #[command(subcommand)]
    Proxy(ProxyVerb),
    /// Users and their authenticator apps
    #[command(subcommand)]
    User(UserVerb),
    /// Who is logged in
    #[command(subcommand)]
    Session(SessionVerb),
    /// Whose failures are counted
    #[command(subcommand)]
    Limit(LimitVerb),
    /// The gate's idea of time
    #[command(subcommand)]
    Clock(ClockVerb),
    /// Put users and configuration into one file, sealed by a passphrase
    #[command(after_help = "Examples:
  portcullis backup /mnt/stick/gate.backup
  portcullis backup gate.backup --passphrase-file /root/passphrase --json

The file opens by its passphrase alone. Sessions, counters and the keys of this machine stay here.")]
    Backup(BackupFile),
    /// Bring users and configuration of a backup to a gate that never had a user
    #[command(after_help = "Examples:
  portcullis restore /mnt/stick/gate.backup
  portcullis init --again                    on a gate that has users: sets them aside first

A configuration that is there already is kept; that of the backup is then left in the state directory.")]
    Restore(BackupFile),
    /// Find out what is wrong with this gate, and what to do about it
    #[command(after_help = "Examples:
  portcullis doctor
  portcullis doctor --json

The exit code tells the worst that was found: 0 nothing to mend, 1 a warning, 2 an error; 64 and above: it could not
look.")]
    Doctor,
    /// Ask the running gate whether it serves; the exit code tells
    #[command(after_help = "Examples:
  portcullis healthcheck
  portcullis healthcheck --listen 127.0.0.1:3000")]
    Healthcheck {
        /// Ask here instead of at the first address of the configuration
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Print the version
    Version,
    /// What was done to the gate, and by whom
    #[command(subcommand)]
    Audit(AuditVerb),
}

/// A backup and what opens it.
#[derive(Debug, Args)]
pub struct BackupFile {
    /// The backup
    pub file: PathBuf,
    /// Read the passphrase here instead of asking for it; one line
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check all settings; exit code 78 where one cannot be used
    #[command(after_help = "Example:
  portcullis config check --config ./portcullis.toml")]
    Check,
    /// Print every setting and where it came from
    #[command(after_help = "Examples:
  portcullis config show
  PORTCULLIS_LISTEN=0.0.0.0:3000 portcullis config show --json")]
    Show,
}

/// `proxy …`
#[derive(Debug, Subcommand)]
pub enum ProxyVerb {
    /// Print a complete configuration for the proxy in front, from the present settings
    #[command(after_help = "Examples:
  portcullis proxy print caddy > Caddyfile
  portcullis proxy print nginx > nginx.conf")]
    Print {
        /// Which proxy
        proxy: ProxyName,
    },
    /// Tell what the gate would believe of a request with these headers
    #[command(after_help = "Example:
  portcullis proxy explain --peer 127.0.0.1 --path /verify/caddy \\
      --header 'X-Forwarded-Proto: https' --header 'X-Forwarded-Host: app.example.com' \\
      --header 'X-Forwarded-Uri: /' --header 'X-Forwarded-For: 203.0.113.7'")]
    Explain {
        /// Address that the request comes from, or `unix`
        #[arg(long, value_name = "ADDR")]
        peer: String,
        /// One header of the request; may be repeated
        #[arg(long, value_name = "NAME: VALUE")]
        header: Vec<String>,
        /// The path that the proxy asks for
        #[arg(long, value_name = "PATH", default_value = "/verify")]
        path: String,
    },
}

/// Proxies whose configuration can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProxyName {
    /// Caddy 2.11.4 or newer
    Caddy,
    /// nginx with auth_request
    Nginx,
    /// Traefik
    Traefik,
}

/// `user …`
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Add a user and show the secret, this once
    #[command(after_help = "Examples:
  portcullis user add alice
  portcullis user add bob --group family --group media --name 'Bob Example' --email bob@example.com --json")]
    Add {
        /// Lower-case letters, digits and ._- (at most 64)
        name: String,
        /// May open the administration pages
        #[arg(long)]
        admin: bool,
        /// Group for the Remote-Groups header; may be repeated
        #[arg(long, value_name = "GROUP")]
        group: Vec<String>,
        /// Full name for the Remote-Name header
        #[arg(
            long = "name",
            id = "display_name",
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        display_name: String,
        /// Mail address for the Remote-Email header
        #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
        email: String,
        /// sha1 (the only one that all apps know), sha256 or sha512
        #[arg(long, value_name = "ALGORITHM")]
        algorithm: Option<String>,
        /// Digits of a code: 6 or 8
        #[arg(long, value_name = "COUNT")]
        digits: Option<u8>,
    },
    /// List all users
    List,
    /// Show one user, without the secret
    Show {
        /// Whom
        name: String,
    },
    /// End a user's sessions and take no more codes
    Disable {
        /// Whom
        name: String,
    },
    /// Take a disabled user's codes again
    Enable {
        /// Whom
        name: String,
    },
    /// Remove a user for good
    Remove {
        /// Whom
        name: String,
    },
    /// Give a user a new secret; the old one and all sessions end
    Rotate {
        /// Whom
        name: String,
    },
    /// Print a user's secret and otpauth:// URL again
    Export {
        /// Whom
        name: String,
    },
}

/// `session …`
#[derive(Debug, Subcommand)]
pub enum SessionVerb {
    /// List all living sessions
    List,
    /// End sessions; they are refused from the next request on
    #[command(after_help = "Examples:
  portcullis session revoke 3zXk2fQ9TgWq1yB7nC5vHA
  portcullis session revoke --user alice
  portcullis session revoke --all        everybody, and no browser is a known device any more")]
    Revoke(Revoke),
}

/// Which sessions end: exactly one of the three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Revoke {
    /// Ids as `session list` shows them
    #[arg(value_name = "ID", value_parser = without_mark)]
    pub ids: Vec<String>,
    /// All of this user's
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// All
    #[arg(long)]
    pub all: bool,
}

/// `limit …`
#[derive(Debug, Subcommand)]
pub enum LimitVerb {
    /// List what counts failures now
    List,
    /// Forget failures
    #[command(after_help = "Examples:
  portcullis limit clear 203.0.113.7
  portcullis limit clear 2001:db8:1:2::1     clears its whole /64
  portcullis limit clear 2001:db8:1:200::/56   all of it; a /48 too
  portcullis limit clear alice
  portcullis limit clear strangers           those of the internet and at home
  portcullis limit clear home                those at home alone
  portcullis limit clear --all")]
    Clear(Clear),
}

/// Whose failures are forgotten: exactly one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Clear {
    /// An address, a user, or `strangers`
    #[arg(value_name = "ADDRESS|NAME|strangers")]
    pub what: Option<String>,
    /// All
    #[arg(long)]
    pub all: bool,
}

/// `clock …`
#[derive(Debug, Subcommand)]
pub enum ClockVerb {
    /// Take the present time for right after it was wrong: ends all sessions, forgets time steps of
    /// the future
    Reset,
}

/// Stands before a session id that begins with a dash, which would be taken for options otherwise:
/// `-h…` would show the help, and a script would believe that the session has ended.
const ID_MARK: &str = "id:";

/// Whether a word is a session's id (22 characters of base64url) that looks like options. No option
/// is as long.
fn is_dashed_id(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    word.len() == 22 && word.starts_with('-') && word.bytes().all(fits)
}

fn without_mark(id: &str) -> Result<String, Infallible> {
    Ok(id.strip_prefix(ID_MARK).unwrap_or(id).to_owned())
}

/// Reads the words after the program's name; `-generate` is understood like `--generate`.
///
/// # Errors
/// What clap says of them; asking for help or the version is an error there, too.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let words = words.into_iter().map(|word| match word.to_str() {
        Some("-generate") => OsString::from("--generate"),
        Some(text) if is_dashed_id(text) => OsString::from(format!("{ID_MARK}{text}")),
        Some(text) => match text.strip_prefix("-generate=") {
            Some(name) => OsString::from(format!("--generate={name}")),
            None => word,
        },
        None => word,
    });
    Arguments::try_parse_from(std::iter::once(OsString::from("portcullis")).chain(words))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Arguments {
        parse(line.split_whitespace().map(OsString::from))
            .unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn refused(line: &str) -> clap::Error {
        parse(line.split_whitespace().map(OsString::from)).expect_err(line)
    }

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_verb() {
        for line in [
            "--state-dir /s --control /c --config /f --json user list",
            "user --state-dir /s list --control /c --config /f --json",
            "user list --state-dir=/s --control=/c --config=/f --json",
        ] {
            let global = parsed(line).global;
            assert_eq!(global.state_dir, Some("/s".into()), "{line}");
            assert_eq!(global.control, Some("/c".into()), "{line}");
            assert_eq!(global.config, Some("/f".into()), "{line}");
            assert!(global.json, "{line}");
        }
    }

    #[test]
    fn generate_is_understood_with_one_dash_and_two() {
        for (line, name) in [
            ("-generate", ""),
            ("--generate", ""),
            ("-generate bob", "bob"),
            ("--generate=bob", "bob"),
            ("-generate=bob", "bob"),
            ("-generate --json", ""),
            ("--json -generate bob --state-dir /s", "bob"),
        ] {
            assert_eq!(parsed(line).generate.as_deref(), Some(name), "{line}");
        }
    }

    #[test]
    fn listen_may_be_repeated() {
        let Some(Verb::Serve { listen }) = parsed("serve --listen 1.1.1.1:1 --listen unix:/a").verb
        else {
            panic!("not serve")
        };
        assert_eq!(listen, ["1.1.1.1:1", "unix:/a"]);
    }

    #[test]
    fn a_session_id_that_begins_with_a_dash_is_an_id() {
        for id in ["-h", "-V", "--", "-generate"].map(|start| format!("{start:A<22}")) {
            for line in
                [format!("session revoke {id} --json"), format!("--json session revoke x {id}")]
            {
                let arguments = parsed(&line);
                let Some(Verb::Session(SessionVerb::Revoke(revoke))) = arguments.verb else {
                    panic!("{line}")
                };
                assert!(arguments.global.json && revoke.ids.contains(&id), "{line}");
            }
        }
        refused("session revoke --al");
    }

    #[test]
    fn one_target_is_needed_and_no_second_is_taken() {
        for line in [
            "session revoke",
            "session revoke --all --user a",
            "session revoke x --all",
            "limit clear",
            "limit clear a --all",
        ] {
            refused(line);
        }
        parsed("session revoke a b c");
        parsed("limit clear strangers");
    }

    #[test]
    fn every_verb_has_help_and_verbs_of_other_versions_are_unknown() {
        for line in [
            "help",
            "--help",
            "user add --help",
            "proxy explain --help",
            "limit clear --help",
            "help session revoke",
        ] {
            assert_eq!(refused(line).kind(), clap::error::ErrorKind::DisplayHelp, "{line}");
        }
        for line in ["pass list", "user import x", "proxy print envoy", "usr list"] {
            assert!(refused(line).use_stderr(), "{line}");
        }
    }
}
