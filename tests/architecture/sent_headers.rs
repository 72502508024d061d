//! A proxy that sends no header but those that it is told to send is told to send all that the
//! gate reads.
//!
//! Guarantees: each header that the program reads, whether by its number or by its name, fits the
//! printed list. Leaves out what a connection's two ends say to each other.

use std::collections::BTreeSet;

use portcullis::app::identity::header_names;
use portcullis::config::Config;
use portcullis::http::name::Name;
use portcullis::original::override_header::OVERRIDE_HEADERS;
use portcullis::proxies::all;
use portcullis::proxies::deployment::Deployment;

use super::lexer::{Piece, pieces};
use super::source::{File, library};

/// What every request has, and what each connection has by itself.
const BY_ITSELF: [&str; 5] =
    ["Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect"];

/// What stands in answers alone.
const ANSWERED: [&str; 8] = [
    "Accept-Post",
    "Cache-Control",
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "Retry-After",
    "Set-Cookie",
    "WWW-Authenticate",
];

/// One entry of the printed list.
#[derive(Debug)]
enum Entry {
    Exact(String),
    Prefix(String),
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let inside = line.trim().strip_prefix("- {")?.strip_suffix('}')?;
        let (kind, name) = inside.split_once(": ")?;
        match kind {
            "exact" => Some(Self::Exact(name.to_owned())),
            "prefix" => Some(Self::Prefix(name.to_owned())),
            _ => None,
        }
    }

    fn fits(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match self {
            Self::Exact(own) => name == *own,
            Self::Prefix(start) => name.starts_with(start.as_str()),
        }
    }
}

/// The printed list.
fn printed() -> Vec<Entry> {
    let asks_with_a_copy = |proxy: &portcullis::proxies::reverse_proxy::ReverseProxy| {
        proxy.endpoints.iter().any(|endpoint| endpoint.family.extends_the_address())
    };
    let (_, configuration) =
        all::printable().find(|(proxy, _)| asks_with_a_copy(proxy)).expect("there is one");
    let config = Config::default();
    let text = (configuration.print)(&Deployment::new(&config, header_names(&config), &["/login"]));
    let (_, list) = text.split_once("patterns:\n").expect("a list");
    let entries: Vec<_> = list.lines().map_while(Entry::parse).collect();
    assert!(entries.len() > 5, "{text}");
    entries
}

/// The headers that the code of a file names: words in capitals with a hyphen, and whatever is
/// asked for by name.
fn named(file: &File) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut before = "";
    for (piece, text) in pieces(file.text_without_tests()) {
        let text_of = text.trim_start_matches('b').trim_matches('"');
        let asked_for = [".all(", ".one("].iter().any(|call| before.trim_end().ends_with(call));
        if piece == Piece::Literal && (asked_for || is_header_name(text_of)) {
            names.insert(text_of.to_owned());
        }
        before = text;
    }
    names
}

fn is_header_name(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.chars().all(|sign| sign.is_ascii_alphanumeric())
    };
    text.contains('-')
        && text.split('-').all(is_word)
        && text.chars().any(|sign| sign.is_ascii_lowercase())
}

/// All that the program reads of a request.
fn read_headers() -> BTreeSet<String> {
    let config = Config::default();
    let parts = ["app", "original", "http"];
    let files = library().into_iter().filter(|file| parts.contains(&file.part()));
    // Fields of forms are asked for in the same words.
    let fields = ["next", "otp", "username", "token", "all", "setup_code"];
    let in_code =
        files.flat_map(|file| named(&file)).filter(|name| !fields.contains(&name.as_str()));
    let by_number = Name::ALL.iter().map(|name| name.as_str().to_owned());
    let overrides = OVERRIDE_HEADERS.iter().map(|(name, _)| (*name).to_owned());
    let identity = header_names(&config).into_iter().map(str::to_owned);
    in_code.chain(by_number).chain(overrides).chain(identity).collect()
}

#[test]
fn whatever_the_gate_reads_is_in_the_list_that_a_proxy_is_told_to_send() {
    let entries = printed();
    let is_of_answers = |name: &str| {
        BY_ITSELF.iter().chain(&ANSWERED).any(|other| other.eq_ignore_ascii_case(name))
    };
    let read = read_headers();
    assert!(read.len() > 30 && read.contains("Sec-Purpose") && read.contains("Origin"), "{read:?}");
    let left_out: Vec<_> = read
        .iter()
        .filter(|name| !is_of_answers(name) && !entries.iter().any(|entry| entry.fits(name)))
        .collect();
    assert!(left_out.is_empty(), "the gate reads {left_out:?}, which is not in {entries:?}");
}

/// A list that names too much would make the test above pass for ever.
#[test]
fn a_header_that_is_not_in_the_list_is_seen() {
    let file = File {
        path: "app/some.rs".to_owned(),
        text: "fn f() { h.all(\"Tenant\"); h.has(b\"Proxy-Authorization\"); }\n// \"If-Match\"\n"
            .to_owned(),
    };
    let names = named(&file);
    assert_eq!(names.iter().collect::<Vec<_>>(), ["Proxy-Authorization", "Tenant"]);
    let entries = printed();
    assert!(names.iter().all(|name| !entries.iter().any(|entry| entry.fits(name))), "{entries:?}");
}
