//! `policy …`: what the rules say of requests that nobody has made.
//!
//! Needs nothing but the settings; a user's groups come from the daemon or the store.

use std::ffi::OsString;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use clap::Subcommand;

use super::backend::Backend;
use super::console::Console;
use super::exit::{DATA, Failure, USAGE};
use super::program::Program;
use crate::app::messages::answers::users::UserDetails;
use crate::app::messages::command::Command;
use crate::app::policy::Verdict;
use crate::app::policy::printable::printable;
use crate::app::policy::typed_url::TypedUrl;
use crate::app::policy::url_ruling::{ReadingRuling, SessionOwner, UrlRequest, UrlRuling};
use crate::telemetry::escape;

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
}

/// A method (RFC 9110 section 9.1), as it is written.
fn method(text: &str) -> Result<String, &'static str> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(token) {
        Ok(text.to_owned())
    } else {
        Err("write a method such as POST")
    }
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
                let rulings: Vec<_> =
                    urls.iter().map(|url| UrlRuling::of(&config.rules, url, &request)).collect();
                let text = || rulings.iter().map(|ruling| block(ruling, &request)).collect();
                self.say(&rulings, text, console)
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

/// What people read of one address.
fn block(ruling: &UrlRuling, request: &UrlRequest<'_>) -> String {
    let mut lines = vec![
        format!("{} {}", ruling.method, escape::line(&ruling.url)),
        format!("  {}", in_words(ruling.decision, request.user)),
    ];
    lines.push(match (&ruling.rule, ruling.line) {
        (Some(rule), Some(line)) => {
            format!("  by rule {:?}, line {line}", escape::line(rule).to_string())
        }
        _ => "  no rule is for it".to_owned(),
    });
    let differs = |reading: &ReadingRuling| reading.decision != ruling.decision;
    if ruling.readings.iter().any(differs) {
        lines.push("  as servers may read the path:".to_owned());
        let words = |reading: &ReadingRuling| in_words(reading.decision, request.user);
        let width = ruling.readings.iter().map(|reading| words(reading).len()).max().unwrap_or(0);
        lines.extend(ruling.readings.iter().map(|reading| {
            format!("    {:<width$}  {}", words(reading), escape::line(&reading.path))
        }));
    }
    lines.extend(ruling.remarks.iter().map(|remark| format!("  note: {remark}")));
    lines.join("\n") + "\n"
}

/// A decision for people.
fn in_words(decision: Verdict, user: Option<&SessionOwner>) -> String {
    match (decision, user) {
        (Verdict::Open, _) => "open to everybody".to_owned(),
        (Verdict::Session, None) => "needs a login".to_owned(),
        (Verdict::Session, Some(user)) => format!("needs a login; open to {user}"),
        (Verdict::Forbidden, Some(user)) => format!("closed to {user}"),
        (Verdict::Forbidden, None) => "closed to this user".to_owned(),
        (Verdict::Deny, _) => "closed to everybody".to_owned(),
    }
}
