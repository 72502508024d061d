//! `pass …`: what lets programs in that cannot log in.

use std::io;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::backend::Backend;
use super::console::Console;
use super::exit::Failure;
use super::output::{Table, or_dash};
use super::program::Program;
use crate::app::messages::answers::passes::{PassCreated, PassLine, PassesRevoked};
use crate::app::messages::command::Command;
use crate::config::typed_duration;
use crate::telemetry::escape;

/// `pass …`
#[derive(Debug, Subcommand)]
pub enum PassVerb {
    /// Make a pass for a program that cannot log in, and show its token
    #[command(after_help = "Examples:
  portcullis pass create 'photo backup' --user alice --host photos.example.com
  portcullis pass create calendar --user bob --host cloud.example.com --path '/remote.php/dav/**'
  portcullis pass create monitor --user alice --host '*.example.com' --network home --for 365d

The token is shown only once. If it is lost, end the pass and make another one.")]
    Create(PassToCreate),
    /// List all passes with their last use
    List,
    /// End passes at once: their next request is refused
    #[command(after_help = "Examples:
  portcullis pass revoke bcdfghjk
  portcullis pass revoke --user alice
  portcullis pass revoke --all")]
    Revoke(PassesToRevoke),
}

/// What the pass is to be good for.
#[derive(Debug, Args)]
pub struct PassToCreate {
    /// What the pass is for, such as the name of the program; at most 64 bytes
    pub name: String,
    /// The user as whom the program comes in
    #[arg(long, value_name = "USER")]
    pub user: String,
    /// Host to open, or *.example.com for all below a domain; may be repeated
    #[arg(long, value_name = "HOST", required = true)]
    pub host: Vec<String>,
    /// Only these paths: * for any characters within a segment, ** for any segments; may be
    /// repeated
    #[arg(long, value_name = "PATH")]
    pub path: Vec<String>,
    /// Only from this network, by its name in the configuration; may be repeated
    #[arg(long, value_name = "NETWORK")]
    pub network: Vec<String>,
    /// How long it is good: a whole number followed by s, m, h or d, at most 3650d [default: 90d]
    #[arg(long = "for", id = "lifetime", value_name = "TIME", value_parser = typed_duration)]
    pub lifetime: Option<Duration>,
}

/// Which passes end: exactly one of the three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PassesToRevoke {
    /// Pass ids, as listed by `pass list`
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// All passes of this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// All passes
    #[arg(long)]
    pub all: bool,
}

const PASSES: Table<PassLine> = Table {
    columns: &[
        ("ID", |pass| pass.id.clone()),
        ("NAME", |pass| pass.name.clone()),
        ("USER", |pass| pass.user.clone()),
        ("HOSTS", |pass| pass.hosts.join(", ")),
        ("PATHS", |pass| or_all(&pass.paths)),
        ("NETWORKS", |pass| or_all(&pass.networks)),
        ("CREATED", |pass| pass.created.clone()),
        ("EXPIRES", |pass| pass.expires.clone()),
        ("LAST USED", |pass| or_dash(pass.last_used.as_ref())),
    ],
    empty: "There are no passes: make one with `portcullis pass create NAME --user USER --host HOST`.",
};

/// A list in one cell; an empty one restricts nothing.
fn or_all(entries: &[String]) -> String {
    if entries.is_empty() { "all".to_owned() } else { entries.join(", ") }
}

impl<B: Backend> Program<'_, B> {
    /// `pass …`
    pub(super) fn pass(&self, verb: PassVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            PassVerb::Create(wanted) => self.create_pass(wanted, console),
            PassVerb::List => self.list(Command::PassList, &PASSES, console),
            PassVerb::Revoke(PassesToRevoke { ids, user, all }) => {
                self.order::<PassesRevoked>(Command::PassRevoke { ids, user, all }, console)
            }
        }
    }

    fn create_pass(&self, wanted: PassToCreate, console: &mut Console<'_>) -> Result<(), Failure> {
        let PassToCreate { name, user, host: hosts, path: paths, network: networks, lifetime } =
            wanted;
        let lifetime = lifetime.map(|lifetime| lifetime.as_secs());
        let command = Command::PassCreate { name, user, hosts, paths, networks, lifetime };
        let created: PassCreated = self.answer(command)?;
        if self.global.json {
            return Ok(console.say_json(&created)?);
        }
        show(console, &created)?;
        for warning in &created.warnings {
            console.remark(format_args!("warning: {}", escape::line(warning)));
        }
        Ok(())
    }
}

/// The new pass for people, and how a program sends it.
fn show(console: &mut Console<'_>, created: &PassCreated) -> io::Result<()> {
    let PassCreated { id, name, user, hosts, paths, networks, expires, .. } = created;
    let token = escape::line(created.token.expose());
    for (member, value) in [
        ("id", id),
        ("name", name),
        ("user", user),
        ("hosts", &hosts.join(", ")),
        ("paths", &or_all(paths)),
        ("networks", &or_all(networks)),
        ("expires", expires),
    ] {
        console.say(format_args!("{:<9} {}", format!("{member}:"), escape::line(value)))?;
    }
    console.say(format_args!("token:    {token}"))?;
    if created.taken_in_authorization {
        console.say(
            "The token is shown only once. A program sends it with each request, as one of:",
        )?;
        console.say(format_args!("  Authorization: Bearer {token}"))?;
        console.say("  the password of HTTP Basic authentication, with any user name")?;
        return console.say(format_args!("  X-Portcullis-Pass: {token}"));
    }
    console.say("The token is shown only once. A program sends it with each request, as:")?;
    console.say(format_args!("  X-Portcullis-Pass: {token}"))?;
    console.say(
        "and not as Authorization: the site sees that header, and could use the pass at the other hosts.",
    )
}
