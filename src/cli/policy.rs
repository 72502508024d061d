//! `policy …`: what the rules say of requests that nobody has made.
//!
//! Needs nothing but the settings; a user's groups come from the daemon or the store.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::backend::Backend;
use super::console::Console;
use super::exit::{DATA, Failure, NO_INPUT, USAGE};
use super::policy_text;
use super::program::Program;
use crate::app::messages::answers::users::UserDetails;
use crate::app::messages::command::Command;
use crate::app::policy::is_token;
use crate::app::policy::own_page::is_own_page;
use crate::app::policy::printable::printable;
use crate::app::policy::remark::Remark;
use crate::app::policy::replay::{Replay, ReplayError};
use crate::app::policy::requested_place::SiteOfLog;
use crate::app::policy::typed_url::TypedUrl;
use crate::app::policy::url_ruling::{SessionOwner, UrlRequest, UrlRuling};
use crate::proxies::all;

/// `policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Show what the rules say of an address, and which rule decides
    #[command(after_help = "Examples:
  portcullis policy test https://photos.example.com/share/abc
  portcullis policy test https://photos.example.com/admin --user ben --from 192.168.1.20
  portcullis policy test --config ./new.toml --json 'https://photos.example.com/share/..%2Fadmin'

Each path is judged as it is typed; quote what the shell would change.")]
    Test {
        /// Address of http or https, with its host
        #[arg(value_name = "URL", required = true)]
        urls: Vec<OsString>,
        /// Ask what this user gets, with a session
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// Address of the visitor [default: not known, so in no network]
        #[arg(long, value_name = "IP")]
        from: Option<IpAddr>,
        /// Method of the request
        #[arg(long, value_name = "METHOD", default_value = "GET", value_parser = method)]
        method: String,
    },
    /// Show what the rules would have said of the requests in an access log
    #[command(after_help = after_replay())]
    Replay {
        /// The access log, or - for standard input
        file: PathBuf,
        /// Site that the log is of, where its lines do not name it
        #[arg(long, value_name = "HOST[:PORT]")]
        host: Option<String>,
        /// Take all requests for those of this user, with a session
        #[arg(long, value_name = "USER")]
        user: Option<String>,
    },
}

fn after_replay() -> String {
    let programs: Vec<_> = all::with_readable_log().map(|proxy| proxy.program).collect();
    format!(
        "Examples:
  portcullis policy replay --config ./new.toml /var/log/access.log
  portcullis policy replay /var/log/access.log --host photos.example.com
  zcat /var/log/access.log.*.gz | portcullis policy replay - --json

Logs of {} are understood, one request a line, each line by itself. Nothing of a log is kept.",
        programs.join(", ")
    )
}

/// A method (RFC 9110 section 9.1), as it is written.
pub(super) fn method(text: &str) -> Result<String, &'static str> {
    if is_token(text.as_bytes()) { Ok(text.to_owned()) } else { Err("write a method such as POST") }
}

impl<B: Backend> Program<'_, B> {
    /// `policy …`
    pub(super) fn policy(
        &self,
        verb: PolicyVerb,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let config = self.load(Vec::new())?.config;
        match verb {
            PolicyVerb::Test { urls, user, from, method } => {
                let urls = urls.iter().map(typed_url).collect::<Result<Vec<_>, _>>()?;
                let user = user.map(|name| self.session_owner(name, console)).transpose()?;
                let request = UrlRequest { method: &method, client: from, user: user.as_ref() };
                let ruling = |url| {
                    let mut ruling = UrlRuling::of(&config.rules, url, &request);
                    ruling.remarks.extend(is_own_page(&config, url).then_some(Remark::OwnPage));
                    ruling
                };
                let rulings: Vec<_> = urls.iter().map(ruling).collect();
                let text =
                    || rulings.iter().map(|ruling| policy_text::of_url(ruling, &request)).collect();
                self.say(&rulings, text, console)
            }
            PolicyVerb::Replay { file, host, user } => {
                let site = host.as_deref().map(site_of_log).transpose()?;
                // Before the store is asked for the user: afterwards this process may be another
                // one, who may not read the log.
                let log = open_log(&file)?;
                let user = user.map(|name| self.session_owner(name, console)).transpose()?;
                let replay = Replay::of(&config.rules, log, site, user.as_ref())
                    .map_err(|error| not_replayed(&file, &error))?;
                if replay.requests == 0 && replay.unreadable > 0 {
                    let file = file.display();
                    console.remark(format_args!(
                        "no line of {file} holds a request; unpack it first if it is compressed"
                    ));
                }
                self.say(&replay, || policy_text::of_replay(&replay, user.as_ref()), console)
            }
        }
    }

    /// The user of this name, as if logged in.
    fn session_owner(
        &self,
        name: String,
        console: &mut Console<'_>,
    ) -> Result<SessionOwner, Failure> {
        let user: UserDetails = self.answer(Command::UserShow { name })?;
        if !user.enabled {
            let name = &user.name;
            console.remark(format_args!(
                "{name} is disabled and has no session; this is what the rules say once enabled"
            ));
        }
        SessionOwner::new(&user.name, user.groups).map_err(|error| Failure::new(DATA, error))
    }
}

fn typed_url(typed: &OsString) -> Result<TypedUrl<'_>, Failure> {
    TypedUrl::parse(typed.as_bytes()).map_err(|fault| {
        let typed = printable(typed.as_bytes());
        let way = "write an address such as https://photos.example.com/share";
        Failure::new(USAGE, format!("{typed:?} cannot be judged: {fault}; {way}"))
    })
}

fn site_of_log(host: &str) -> Result<SiteOfLog<'_>, Failure> {
    SiteOfLog::parse(host).ok_or_else(|| {
        let way = "write photos.example.com or photos.example.com:8443";
        Failure::new(USAGE, format!("--host {host:?} is no host; {way}"))
    })
}

fn open_log(file: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let log = File::open(file).map_err(|error| not_replayed(file, &ReplayError::Io(error)))?;
    Ok(Box::new(BufReader::with_capacity(64 * 1024, log)))
}

fn not_replayed(file: &Path, error: &ReplayError) -> Failure {
    let code = match error {
        ReplayError::NoHost(_) => USAGE,
        ReplayError::Io(_) => NO_INPUT,
    };
    Failure::new(code, format!("{}: {error}", file.display()))
}
