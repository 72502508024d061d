//! The verbs with their options and their help. Those of a noun stand with the noun, where it is
//! also said which command each becomes and how its answer looks.

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::audit::AuditVerb;
use super::backup::BackupFile;
use super::clock::ClockVerb;
use super::configuration::ConfigVerb;
use super::limits::LimitVerb;
use super::sessions::SessionVerb;
use super::users::UserVerb;
use crate::proxies::all;
use crate::proxies::reverse_proxy::PrintedConfiguration;

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

/// `proxy …`
#[derive(Debug, Subcommand)]
pub enum ProxyVerb {
    /// Print a complete configuration for the proxy in front, from the present settings
    #[command(after_help = "Examples:
  portcullis proxy print caddy > Caddyfile
  portcullis proxy print nginx > nginx.conf")]
    Print {
        /// Which proxy
        #[arg(value_parser = printable_proxy())]
        proxy: &'static PrintedConfiguration,
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

/// Takes the names of the proxies whose configuration can be printed.
fn printable_proxy() -> impl TypedValueParser<Value = &'static PrintedConfiguration> {
    let names = all::printable()
        .map(|(proxy, configuration)| PossibleValue::new(proxy.name).help(configuration.help));
    PossibleValuesParser::new(names).try_map(|name| {
        let mut known = all::printable();
        let found = known.find(|(proxy, _)| proxy.name == name);
        found.map(|(_, configuration)| configuration).ok_or("no such proxy")
    })
}
