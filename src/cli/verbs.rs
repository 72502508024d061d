//! The verbs with their options and their help. Those of a noun stand with the noun, where it is
//! also said which command each becomes and how its answer looks.

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::audit::AuditVerb;
use super::backup::BackupFile;
use super::clock::ClockVerb;
use super::configuration::ConfigVerb;
use super::limits::LimitVerb;
use super::passes::PassVerb;
use super::policy::{PolicyVerb, method};
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
        /// Listen here instead of at the configured addresses: ip:port or unix:/path; may be
        /// repeated
        #[arg(long, value_name = "ADDR")]
        listen: Vec<String>,
    },
    /// Create the state directory, the store and its keys
    #[command(after_help = "Examples:
  portcullis init              create the store, or show the set-up page of the running gate
  portcullis init --new-code   make a new code for the set-up page of the running gate
  portcullis init --again      set the old store aside (it is kept), start over without users")]
    Init {
        /// Set the existing store aside and start over
        #[arg(long)]
        again: bool,
        /// Make a new set-up code for the running gate
        #[arg(long, conflicts_with = "again")]
        new_code: bool,
    },
    /// Check or show the settings
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Connect a proxy to the gate
    #[command(subcommand)]
    Proxy(ProxyVerb),
    /// Find out what the rules say, before a visitor does
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// Manage users and their authenticator apps
    #[command(subcommand)]
    User(UserVerb),
    /// Show who is logged in, end sessions
    #[command(subcommand)]
    Session(SessionVerb),
    /// Manage passes, for programs that cannot log in
    #[command(subcommand)]
    Pass(PassVerb),
    /// Show whose failed logins are counted, clear them
    #[command(subcommand)]
    Limit(LimitVerb),
    /// Correct the gate's idea of the time
    #[command(subcommand)]
    Clock(ClockVerb),
    /// Save users and configuration in one file, sealed with a passphrase
    #[command(after_help = "Examples:
  portcullis backup /mnt/stick/gate.backup
  portcullis backup gate.backup --passphrase-file /root/passphrase --json

The passphrase alone opens the file. The file contains no sessions, no counters and no keys of this
machine.")]
    Backup(BackupFile),
    /// Load users and configuration from a backup into a gate that has never had a user
    #[command(after_help = "Examples:
  portcullis restore /mnt/stick/gate.backup
  portcullis init --again                    on a gate that has users: set them aside first

An existing configuration is kept; the one from the backup is then left in the state directory.")]
    Restore(BackupFile),
    /// Find out what is wrong with this gate and how to fix it
    #[command(after_help = "Examples:
  portcullis doctor
  portcullis doctor --json

The exit code reports the worst finding: 0 nothing to fix, 1 a warning, 2 an error. 64 and above
mean that doctor could not look.")]
    Doctor,
    /// Ask the running gate whether it is serving; the exit code is the answer
    #[command(after_help = "Examples:
  portcullis healthcheck
  portcullis healthcheck --listen 127.0.0.1:3000")]
    Healthcheck {
        /// Ask here instead of at the first address in the configuration
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Print the version
    Version,
    /// Show or verify the log of what was done to the gate, and by whom
    #[command(subcommand)]
    Audit(AuditVerb),
}

/// `proxy …`
#[derive(Debug, Subcommand)]
pub enum ProxyVerb {
    /// Print a complete configuration for the proxy in front, made from the current settings
    #[command(after_help = "Examples:
  portcullis proxy print caddy > Caddyfile
  portcullis proxy print nginx > nginx.conf
  portcullis proxy print haproxy > haproxy.cfg
  portcullis proxy print haproxy --lua > portcullis.lua")]
    Print {
        /// The proxy in front
        #[arg(value_parser = printable_proxy())]
        proxy: &'static PrintedConfiguration,
        /// Print the Lua script that the configuration loads instead, for a proxy that needs one
        #[arg(long)]
        lua: bool,
    },
    /// Show what the gate would believe about a request with these headers
    #[command(after_help = "Example:
  portcullis proxy explain --peer 127.0.0.1 --path /verify/caddy \\
      --header 'X-Forwarded-Proto: https' --header 'X-Forwarded-Host: app.example.com' \\
      --header 'X-Forwarded-Uri: /' --header 'X-Forwarded-For: 203.0.113.7'
  portcullis proxy explain --peer 127.0.0.1 --method POST --path '/verify/envoy/photos?page=2' \
      --header 'Host: app.example.com' --header 'X-Forwarded-Proto: https'")]
    Explain {
        /// Address the request comes from, or `unix`
        #[arg(long, value_name = "ADDR")]
        peer: String,
        /// A header of the request; may be repeated
        #[arg(long, value_name = "NAME: VALUE")]
        header: Vec<String>,
        /// Method of the proxy's own request
        #[arg(long, value_name = "METHOD", default_value = "GET", value_parser = method)]
        method: String,
        /// Path the proxy asks for
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
