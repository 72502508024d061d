//! The command line as a type: the options of every verb and its help; the verbs themselves stand
//! in [`super::verbs`].

use std::ffi::OsString;

use clap::Parser;

use super::dashed_id;
use super::global_options::GlobalOptions;
use super::verbs::Verb;

/// Options and verb.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "Forward-auth gate for homelabs: one login by authenticator app in front of all your sites",
    after_help = "Examples:
  portcullis user add alice --admin      add a user and show the QR code to scan
  portcullis serve                       run the gate
  portcullis proxy print caddy           print a configuration for the proxy in front
  portcullis -generate                   add a user named `user`, print secret and otpauth:// URL

`portcullis help VERB` says more. Exit codes follow sysexits.h.",
    disable_help_flag = false,
    subcommand_required = false,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Arguments {
    /// What applies to every verb.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// Add a user with a new secret and print it with its otpauth:// URL; also written -generate
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub generate: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Reads the words after the program's name; `-generate` is understood like `--generate`.
///
/// # Errors
/// What clap says of them; asking for help or the version is an error there, too.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let words = words.into_iter().map(|word| match word.to_str() {
        Some("-generate") => OsString::from("--generate"),
        Some(text) if dashed_id::is_one(text) => OsString::from(dashed_id::marked(text)),
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

    use super::super::sessions::SessionVerb;
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
            "pass revoke",
            "pass revoke --all --user a",
            "pass revoke x --all",
            "pass create a --user b",
            "pass create a --host b.example",
            "pass create --user b --host b.example",
            "pass create a --user b --host b.example --for 0d",
            "pass create a --user b --host b.example --for 3651d",
            "pass create a --user b --host b.example --for 90",
        ] {
            refused(line);
        }
        parsed("session revoke a b c");
        parsed("limit clear strangers");
        parsed("pass revoke a b");
        parsed("pass create a --user b --host b.example --for 3650d");
    }

    #[test]
    fn every_verb_has_help_and_verbs_of_other_versions_are_unknown() {
        for line in [
            "help",
            "--help",
            "user add --help",
            "proxy explain --help",
            "policy test --help",
            "policy replay --help",
            "limit clear --help",
            "help session revoke",
            "pass create --help",
        ] {
            assert_eq!(refused(line).kind(), clap::error::ErrorKind::DisplayHelp, "{line}");
        }
        for line in ["device list", "user import x", "proxy print squid", "usr list"] {
            assert!(refused(line).use_stderr(), "{line}");
        }
    }
}
