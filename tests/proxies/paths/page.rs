//! docs/paths.md: its tables are written from what was found.
//!
//! The table of spellings holds for this gate, so it is compared as it is. What a server does
//! depends on its version: its line is compared where the page has one of the same version.

use std::path::Path;

use super::answers::Served;
use super::differential::{Findings, Outcome};

/// The tables as they were found.
pub struct Page {
    spellings: String,
    servers: String,
}

const WAY_OUT: &str = "if that is right, copy target/paths.md to docs/paths.md";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn kept() -> String {
    std::fs::read_to_string(project().join("docs/paths.md")).expect("a page about paths")
}

/// Writes the page anew to target/paths.md, and all that was found to target/paths.tsv.
pub fn draw(findings: &Findings) -> Page {
    let page = Page { spellings: spellings(findings), servers: servers(findings) };
    let text = with_table(&kept(), "spellings", &page.spellings);
    let text = with_table(&text, "servers", &page.servers);
    let target = project().join("target");
    std::fs::write(target.join("paths.md"), text).expect("target can be written");
    std::fs::write(target.join("paths.tsv"), every_line(findings)).expect("the same");
    page
}

/// Everything, a line for each spelling and server, to look something up.
fn every_line(findings: &Findings) -> String {
    let mut text = "spelling\tfamily\topen\tnot denied\tserver\tset up with\tserved\n".to_owned();
    for Outcome { spelling, served, is_open, is_allowed } in &findings.outcomes {
        let target = spelling.target.escape_ascii();
        let begin = format!("{target}\t{}\t{is_open}\t{is_allowed}", spelling.family);
        for ((server, manner), served) in findings.set_ups.iter().zip(served) {
            text += &format!("{begin}\t{server}\t{manner}\t{served:?}\n");
        }
    }
    text
}

/// Compares it with the one that is kept.
pub fn compare(Page { spellings, servers }: &Page) {
    let kept = kept();
    let shown = table(&kept, "spellings").trim();
    assert_eq!(shown, spellings.trim(), "docs/paths.md shows another gate: {WAY_OUT}");
    let lines = |text: &str| text.lines().skip(2).map(ToOwned::to_owned).collect::<Vec<_>>();
    let (shown, found) = (lines(table(&kept, "servers").trim()), lines(servers));
    let names = |lines: &[String]| lines.iter().map(|line| set_up(line).1).collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&found), "docs/paths.md shows other servers: {WAY_OUT}");
    for (shown, found) in shown.iter().zip(&found) {
        if set_up(shown).0 == set_up(found).0 {
            assert_eq!(shown, found, "a server does something else: {WAY_OUT}");
        }
    }
}

/// Server and version of a line, and the set-up without its version.
fn set_up(line: &str) -> (String, (String, String)) {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let (server, manner) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let name = server.split(' ').next().unwrap_or_default();
    (server.to_owned(), (name.to_owned(), manner.to_owned()))
}

fn marks(name: &str) -> (String, &'static str) {
    (format!("<!-- found: {name} -->\n"), "<!-- end -->")
}

/// The text between the marks of that name.
fn table<'a>(page: &'a str, name: &str) -> &'a str {
    let (start, end) = marks(name);
    let inside = page.split_once(&start).and_then(|(_, rest)| rest.split_once(end));
    inside.unwrap_or_else(|| panic!("docs/paths.md has no {}", start.trim())).0
}

fn with_table(page: &str, name: &str, text: &str) -> String {
    let (start, end) = marks(name);
    let old = format!("{start}{}{end}", table(page, name));
    page.replace(&old, &format!("{start}\n{text}\n{end}"))
}

/// The families, in the order in which they come.
fn families(findings: &Findings) -> Vec<&'static str> {
    let mut families = Vec::new();
    for Outcome { spelling, .. } in &findings.outcomes {
        if !families.contains(&spelling.family) {
            families.push(spelling.family);
        }
    }
    families
}

/// A line for each family of spellings: how many there are, and what the gate says to them.
fn spellings(findings: &Findings) -> String {
    let mut text = "| spellings | for example | tried | open | not denied |\n".to_owned();
    text += "|---|---|---|---|---|\n";
    let mut sums = [0; 3];
    for family in families(findings) {
        let of: Vec<_> = findings.outcomes.iter().filter(|o| o.spelling.family == family).collect();
        let counts = [
            of.len(),
            of.iter().filter(|outcome| outcome.is_open).count(),
            of.iter().filter(|outcome| outcome.is_allowed).count(),
        ];
        sums = std::array::from_fn(|at| sums[at] + counts[at]);
        // One that stands for the others: the first may still be near to what is usual.
        let example = of[of.len() / 2].spelling.target.escape_ascii().to_string();
        let example = example.replace("\\\\", "\\").replace('|', "\\|");
        let [tried, open, allowed] = counts;
        text += &format!("| {family} | `{example}` | {tried} | {open} | {allowed} |\n");
    }
    let [tried, open, allowed] = sums;
    text + &format!("| all | | {tried} | {open} | {allowed} |\n")
}

/// A line for each set-up: how much of what was tried it serves as private, and by which families.
fn servers(findings: &Findings) -> String {
    let mut text =
        "| server | set up with | as private | of `/public/…` | by these spellings |\n".to_owned();
    text += "|---|---|---|---|---|\n";
    for (at, (server, manner)) in findings.set_ups.iter().enumerate() {
        let private: Vec<_> =
            findings.outcomes.iter().filter(|o| o.served[at] == Served::Private).collect();
        let below = private.iter().filter(|o| o.spelling.target.starts_with(b"/public/")).count();
        let by: Vec<_> = families(findings)
            .into_iter()
            .filter_map(|family| {
                let count = private.iter().filter(|o| o.spelling.family == family).count();
                (count > 0).then(|| format!("{family} {count}"))
            })
            .collect();
        let (count, by) = (private.len(), by.join(", "));
        text += &format!("| {server} | {manner} | {count} | {below} | {by} |\n");
    }
    text
}
