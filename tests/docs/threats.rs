//! The page that leads from each known threat to its test tells the truth: every row is there,
//! every test that it names exists and is a test, and a row without one says why.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use portcullis::auth::guess_budget::{CAPACITY, REFILL};
use portcullis::proxies::all::ENDPOINTS;

/// The record that each row of the first section is about, in their order.
const RECORDS: [&str; 79] = [
    "CVE-2017-1000070",
    "CVE-2017-1000069",
    "CVE-2020-5233",
    "CVE-2020-11053",
    "CVE-2020-4037",
    "CVE-2021-21291",
    "CVE-2025-54576",
    "CVE-2025-64484",
    "CVE-2026-34457",
    "CVE-2026-40575",
    "CVE-2026-41059",
    "CVE-2026-34454",
    "GHSA-c5c4-8r6x-56w3",
    "CVE-2026-83589",
    "Authelia PR #293",
    "CVE-2021-32637",
    "CVE-2025-24806",
    "GHSA-x883-2vmg-xwf7",
    "GHSA-gmfg-3v4q-9qr4",
    "CVE-2024-45410",
    "CVE-2024-52003",
    "CVE-2026-35051",
    "CVE-2026-54764",
    "CVE-2026-39858",
    "CVE-2026-40912",
    "CVE-2026-41181",
    "GHSA-7r4p-vjf4-gxv4",
    "GHSA-f59h-q822-g45g",
    "CVE-2026-25748",
    "CVE-2024-47070",
    "authentik #11620",
    "authentik #6886",
    "CVE-2022-24797",
    "CVE-2021-29652",
    "CVE-2021-39204",
    "CVE-2023-33189",
    "vouch-proxy #187",
    "vouch-proxy #313",
    "CVE-2026-77560",
    "CVE-2026-77561",
    "CVE-2026-33544",
    "GHSA-xg2q-62g2-cvcm",
    "tinyauth #123",
    "caddy-security #266",
    "ingress-nginx #8644",
    "nginx-http-auth-totp #4",
    "CVE-2025-6014",
    "CVE-2026-33473",
    "own-pay #145",
    "CVE-2025-64102",
    "Keycloak #46164",
    "CVE-2026-7820",
    "artifact-keeper #1820",
    "CVE-2022-29185",
    "CVE-2026-25537",
    "CVE-2021-32715",
    "CVE-2021-32714",
    "RUSTSEC-2021-0020",
    "CVE-2025-22871",
    "CVE-2023-39326",
    "express-rate-limit PR #667",
    "may #6",
    "CVE-2025-27144",
    "CVE-2026-88011",
    "uaa #1374",
    "FusionAuth #2443",
    "greasyfork #1446",
    "screentinker #384",
    "caddy PR #7941",
    "authelia #9113",
    "pangolin #1704",
    "clawpatrol #316",
    "CVE-2021-29651",
    "oxide.rs #1016",
    "CVE-2025-29928",
    "authelia #8548",
    "oauth2-proxy #1658",
    "HAProxy 2.6",
    "Envoy 1.40",
];

/// Kinds of requests in the second section.
const KINDS: usize = 22;

/// Lines of the third section: the number before the dot, and how many there are.
const LINES: [(&str, usize); 4] = [("3.1", 10), ("3.2", 10), ("3.3", 10), ("3.4", 3)];

/// The items of OWASP ASVS 5.0 in the fourth section. Several may share a row.
const ITEMS: [&str; 52] = [
    "2.3.4",
    "3.3.1",
    "3.3.2",
    "3.3.3",
    "3.3.4",
    "3.3.5",
    "3.4.3",
    "3.4.4",
    "3.4.5",
    "3.4.6",
    "3.4.8",
    "3.5.1",
    "3.5.3",
    "3.7.2",
    "4.1.3",
    "4.2.1",
    "4.2.2",
    "6.1.1",
    "6.3.4",
    "6.3.8",
    "6.5.1",
    "6.5.3",
    "6.5.5",
    "6.5.6",
    "6.5.8",
    "7.2.3",
    "7.2.4",
    "7.3.1",
    "7.3.2",
    "7.4.1",
    "7.4.2",
    "7.4.5",
    "9.1.1 to 9.2.4",
    "11.5.1",
    "13.4.4",
    "13.4.5",
    "13.4.6",
    "15.3.4",
    "15.4.2",
    "16.2.1",
    "16.2.2",
    "16.2.3",
    "16.2.4",
    "16.2.5",
    "16.3.1",
    "16.3.2",
    "16.3.3",
    "16.3.4",
    "16.4.1",
    "16.5.2",
    "16.5.3",
    "16.5.4",
];

/// What a row without a test must begin its reason with.
const REASONS: [&str; 2] = ["cannot apply: ", "not tested: "];

/// One line of a table: its cells, less the first and the last bar.
struct Row(Vec<String>);

impl Row {
    fn id(&self) -> &str {
        &self.0[0]
    }

    fn shown(&self) -> &str {
        self.0.last().expect("a cell")
    }
}

/// The rows of the section whose title begins with `number`, without head and rule.
fn rows(page: &str, number: &str) -> Vec<Row> {
    let section = page.split("\n## ").find(|section| section.starts_with(number)).expect(number);
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines
        .map(|line| {
            Row(line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        })
        .collect()
}

/// Names of tests in a text: between backticks, nothing but small letters, digits and at least two
/// underscores.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let plain = |name: &&str| {
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.split('`').skip(1).step_by(2).filter(plain).filter(|name| name.matches('_').count() >= 2)
}

/// All functions of the project that the test runner calls.
fn tests() -> BTreeSet<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for path in
        ["src", "tests", "image/appliance/src"].iter().flat_map(|folder| sources(&top.join(folder)))
    {
        let text = read(&path);
        let mut lines = text.lines().map(str::trim_start);
        while let Some(line) = lines.next() {
            if line != "#[test]" {
                continue;
            }
            // Other attributes may stand between.
            let function = lines.by_ref().find_map(|line| line.strip_prefix("fn "));
            found.extend(function.and_then(|rest| rest.split('(').next()).map(str::to_owned));
        }
    }
    found
}

fn page() -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cves.md"))
}

#[test]
fn every_test_that_the_threat_list_names_exists() {
    let (tests, page) = (tests(), page());
    assert!(tests.len() > 500, "only {} tests were found", tests.len());
    let missing: Vec<_> = names(&page).filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_row_of_the_threat_list_is_missing() {
    let page = page();
    let first = rows(&page, "1. ");
    let numbers: Vec<_> = first.iter().map(|row| row.id().to_owned()).collect();
    assert_eq!(numbers, (1..=RECORDS.len()).map(|n| n.to_string()).collect::<Vec<_>>());
    for (row, record) in first.iter().zip(RECORDS) {
        assert!(row.0[1].contains(record), "row {} is about {record}: {}", row.id(), row.0[1]);
    }
    let ids =
        |number| rows(&page, number).iter().map(|row| row.id().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids("2. "), (1..=KINDS).map(|n| format!("2.{n}")).collect::<Vec<_>>());
    let mut expected: Vec<_> = LINES
        .iter()
        .flat_map(|(part, lines)| (1..=*lines).map(move |n| format!("{part}.{n}")))
        .collect();
    expected.push("3.5".to_owned());
    assert_eq!(ids("3. "), expected);
    let items: Vec<String> = ids("4. ")
        .iter()
        .flat_map(|cell| cell.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let (found, wanted) =
        (items.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(ITEMS));
    assert_eq!(found, wanted);
    assert_eq!(items.len(), wanted.len(), "an item stands twice");
}

#[test]
fn every_row_of_the_threat_list_has_a_test_or_a_reason() {
    let page = page();
    let all: Vec<Row> =
        ["1. ", "2. ", "3. ", "4. "].iter().flat_map(|number| rows(&page, number)).collect();
    let ids: BTreeSet<&str> = all.iter().flat_map(|row| row.id().split(", ")).collect();
    for row in &all {
        let shown = row.shown();
        let reason = REASONS.iter().any(|reason| shown.contains(reason));
        // `as row 25`, `as 3.1.9, 3.3.4`: one that has its own.
        let other = shown.strip_prefix("as row ").or(shown.strip_prefix("as "));
        let other = other.and_then(|rest| rest.split([',', ';', ' ']).next());
        let led = other.is_some_and(|id| id != row.id() && ids.contains(id));
        assert!(names(shown).next().is_some() || reason || led, "row {}: {shown}", row.id());
    }
}

#[test]
fn every_way_in_of_the_router_is_told_in_the_threat_model() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (page, router) =
        (read(&top.join("docs/threat-model.md")), read(&top.join("src/app/router.rs")));
    let told =
        page.split("\n## ").find(|section| section.starts_with("Ways in")).expect("a section");
    let served = router.split("#[cfg(test)]").next().unwrap_or_default();
    let paths: Vec<_> = served
        .split("b\"/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|path| format!("/{path}"))
        .chain(ENDPOINTS.iter().map(|endpoint| endpoint.path.to_owned()))
        .map(|path| format!("`{path}`"))
        .collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        // `/login` GET, POST
        assert!(told.contains(&path), "{path} is served and not told");
    }
}

/// The table below "Numbers": users, names asked for, skew, digits, a guess, first year, each
/// further year.
#[test]
fn the_odds_that_the_threat_model_tells_are_those_of_the_buckets() {
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/threat-model.md"));
    let a_year = 365 * 24 * 3_600 / REFILL.as_secs();
    let first_year = u64::from(CAPACITY) + a_year;
    let grouped = |number: u64| format!("{},{:03}", number / 1_000, number % 1_000);
    let head = format!(
        "first year, {} guesses | each further year, {} |",
        grouped(first_year),
        grouped(a_year)
    );
    assert!(page.contains(&head), "{head}");
    let told = rows(&page, "Numbers");
    assert!(told.len() > 5);
    for row in told {
        let number = |at: usize| row.0[at].parse::<f64>();
        // A name has the codes of one user, however many there are.
        let users = if row.0[1] == "yes" { 1.0 } else { number(0).expect("users") };
        let (skew, digits) = (number(2).expect("a skew"), number(3).expect("digits"));
        let guess = users * (2.0 * skew + 1.0) / 10_f64.powf(digits);
        for (cell, guesses) in [(&row.0[5], first_year), (&row.0[6], a_year)] {
            let odds = (guesses.to_string().parse::<f64>().expect("a number") * (-guess).ln_1p())
                .exp_m1()
                * -100.0;
            let shown = cell.strip_suffix(" %").expect("per cent");
            let places = shown.split('.').nth(1).map_or(0, str::len);
            assert_eq!(format!("{odds:.places$}"), shown, "{:?}", row.0);
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(top: &PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(top)
        .expect("a folder of the project")
        .flatten()
        .map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    // What a tool builds below a folder of its own is nobody's source.
    folders
        .iter()
        .filter(|folder| !folder.ends_with("target"))
        .flat_map(sources)
        .chain(here)
        .collect()
}
