//! Every verb with its options and its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::dashed_id;
use crate::config::typed_duration;

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
    #[arg(value_name = "ID", value_parser = dashed_id::without_mark)]
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

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Show who did what, newest last
    #[command(after_help = "Examples:
  portcullis audit show
  portcullis audit show --since 7d --user alice
  portcullis audit show --since 90d --json > audit.json")]
    Show {
        /// Only what is not older: a whole number and s, m, h or d
        #[arg(long, value_name = "TIME", value_parser = typed_duration)]
        since: Option<Duration>,
        /// Only what this user did, or what was done to this user
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// At most so many lines, the newest [default: 100; with --since all]
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Check that no line was removed, changed, reordered, cut off or lost with the database; exit
    /// code 65 where one was
    #[command(after_help = "Examples:
  portcullis audit verify
  portcullis audit verify --expect 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

The head that it prints is the hash of the newest line. Keep it elsewhere: with --expect the log must still hold a line
with that hash, so that even who has the store's key cannot write the log anew unnoticed.")]
    Verify {
        /// A hash that was noted earlier
        #[arg(long, value_name = "HASH")]
        expect: Option<String>,
    },
}
