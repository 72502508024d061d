//! Every wait of the tests names what ends it, and no test says how fast a machine must be.
//!
//! Guarantees that tests wait in one place alone, tests/support/wait.rs, and that a measured time
//! is compared with a time of the same run or with a constant that has a name. Leaves out what a
//! proxy, a browser or a benchmark waits for by itself.

use super::source::{self, File, library, words};

/// Where tests wait; both poll, with a deadline.
const WAITERS: [&str; 2] = ["tests/support/wait.rs", "tests/support/process.rs"];

/// Programs of their own, which are no tests.
const OTHERS: [&str; 3] = ["tests/bench/", "tests/fuzz/", "tests/mutants/"];

/// What only waits for time to pass.
const SLEEPERS: [&str; 7] = [
    "sleep",
    "sleep_ms",
    "sleep_until",
    "park_timeout",
    "recv_timeout",
    "wait_timeout",
    "wait_timeout_while",
];

/// What takes a limit.
const LIMITED: [&str; 11] = [
    "until",
    "until_now_and_then",
    "at_most",
    "wait_for",
    "ended",
    "is_ended_within",
    "connect_timeout",
    "set_read_timeout",
    "set_write_timeout",
    "recv_deadline",
    "wait_for_page",
];

/// Where time is the subject, but not the test's own: file, part of the line, why.
const EXCUSED: [(&str, &str, &str); 3] = [
    (
        "tests/appliance/start.rs",
        "sleep",
        "a script in the machine measures a minute of its idleness",
    ),
    (
        "tests/appliance/time_server.rs",
        "set_read_timeout",
        "a server that looks now and then whether it shall end",
    ),
    ("tests/architecture/waits.rs", "sleep", "the rule itself, and texts that break it"),
];

/// What is wrong in a line.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Sleeps,
    /// A shell that a test starts.
    ShellSleeps,
    /// A loop or an assertion about the clock, with a number or to no end.
    BareLimit,
}

/// Code between two of `;`, `{` and `}`, texts taken out, with the line that it begins in.
struct Statement {
    line: usize,
    code: String,
}

/// A file's statements and its texts, each with its line.
fn read(text: &str) -> (Vec<Statement>, Vec<(usize, String)>) {
    let (mut statements, mut texts) = (Vec::new(), Vec::new());
    let mut statement = Statement { line: 1, code: String::new() };
    let (mut rest, mut line) = (text, 1);
    while let Some(sign) = rest.chars().next() {
        let (length, shown) = match sign {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), ""),
            '"' | 'r' if raw_text(rest).is_some() => {
                let (start, length, end) = raw_text(rest).expect("looked at");
                texts.push((line, rest[start..start + length].to_owned()));
                (start + length + end, "\"\"")
            }
            '\'' => (character(rest), "' '"),
            ';' | '{' | '}' => {
                statements.push(std::mem::replace(
                    &mut statement,
                    Statement { line, code: String::new() },
                ));
                (1, "")
            }
            _ => (sign.len_utf8(), &rest[..sign.len_utf8()]),
        };
        if statement.code.trim().is_empty() {
            statement.line = line;
        }
        statement.code.push_str(shown);
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    statements.push(statement);
    (statements, texts)
}

/// Where the text that begins here starts, how long it is, and how long its end: `"…"`, `r"…"`,
/// `r#"…"#`.
fn raw_text(rest: &str) -> Option<(usize, usize, usize)> {
    let marks = rest.strip_prefix('r').map(|rest| rest.len() - rest.trim_start_matches('#').len());
    let start = marks.map_or(0, |marks| 1 + marks);
    let inside = rest.get(start..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks.unwrap_or_default()));
    let length = match marks {
        Some(_) => inside.find(&end)?,
        None => {
            let mut escaped = false;
            inside.find(|sign| {
                let ends = sign == '"' && !escaped;
                escaped = sign == '\\' && !escaped;
                ends
            })?
        }
    };
    Some((start + 1, length, end.len()))
}

/// How long the character is that begins here; 1 for a lifetime.
fn character(rest: &str) -> usize {
    let mut signs = rest.char_indices().skip(1);
    match signs.next() {
        Some((_, '\\')) => rest[2..]
            .char_indices()
            .skip(1)
            .find(|(_, sign)| *sign == '\'')
            .map_or(1, |(at, _)| at + 3),
        _ => signs.next().filter(|(_, sign)| *sign == '\'').map_or(1, |(at, _)| at + 1),
    }
}

/// Whether two values are compared: rustfmt puts spaces around these, and none around a type's
/// brackets.
fn compares(code: &str) -> bool {
    [" < ", " > ", " <= ", " >= ", ".contains(&"].iter().any(|sign| code.contains(sign))
        || code.lines().any(|line| {
            ["< ", "> ", "<= ", ">= "].iter().any(|sign| line.trim_start().starts_with(sign))
        })
}

fn is_number(word: &str) -> bool {
    word.starts_with(|sign: char| sign.is_ascii_digit())
}

/// A length of time as a number: `Duration::from_secs(5)`, `as_secs() < 60`, and the names in
/// `named`.
fn counts_time(code: &str, named: &[String]) -> bool {
    let all: Vec<_> = words(code).collect();
    let made = all.iter().any(|word| word.starts_with("from_secs") || word.starts_with("from_m"))
        && code.contains("Duration::from_");
    let unit = |word: &&str| {
        ["as_secs", "as_millis", "as_micros", "as_nanos", "as_secs_f64"].contains(word)
    };
    let taken = all.iter().any(unit) && all.iter().any(|word| is_number(word) && *word != "0");
    made || taken || all.iter().any(|word| named.iter().any(|name| name == word))
}

/// The name in `let name = Duration::from_secs(5)`: a number by another name.
fn bare_name(code: &str) -> Option<String> {
    let (name, value) = code.trim().strip_prefix("let ")?.split_once(" = ")?;
    let (_, number) = value.trim().strip_prefix("Duration::from_")?.split_once('(')?;
    let number = number.strip_suffix(')')?;
    words(number).all(is_number).then(|| name.trim_start_matches("mut ").to_owned())
}

/// Whether a shell is told to sleep for some time: `sleep 5`, not `sleep infinity`, which something
/// else ends.
fn sleeps_in_shell(text: &str) -> bool {
    text.split("sleep ")
        .skip(1)
        .any(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit() || "$.{".contains(sign)))
}

/// The faults of a file, with their lines.
fn faults(file: &File) -> Vec<(usize, Fault)> {
    let (statements, texts) = read(&file.text);
    let named: Vec<_> =
        statements.iter().filter_map(|statement| bare_name(&statement.code)).collect();
    let mut found = Vec::new();
    for Statement { line, code } in &statements {
        let has = |names: &[&str]| words(code).any(|word| names.contains(&word));
        let limited =
            has(&LIMITED) && !code.trim_start().starts_with("fn ") && !code.contains("pub fn ");
        if has(&SLEEPERS) {
            found.push((*line, Fault::Sleeps));
        } else if (compares(code) || limited) && counts_time(code, &named)
            || has(&["monotonic"]) && has(&["while"])
        {
            found.push((*line, Fault::BareLimit));
        }
    }
    found.extend(
        texts
            .iter()
            .filter(|(_, text)| sleeps_in_shell(text))
            .map(|(line, _)| (*line, Fault::ShellSleeps)),
    );
    found
}

/// All tests: the files below tests, and the modules of tests of the library.
fn tests() -> Vec<File> {
    let named = |folder: &str, file: File| File { path: format!("{folder}/{}", file.path), ..file };
    let mut files: Vec<_> = source::tests().into_iter().map(|file| named("tests", file)).collect();
    files.retain(|file| !OTHERS.iter().any(|other| file.path.starts_with(other)));
    assert!(files.len() > 80, "the tests were not found");
    let units = library().into_iter().filter_map(|file| {
        let own = file.lines_without_tests();
        // Lines keep their numbers.
        let text: String = (file.text.lines().enumerate())
            .map(|(at, line)| if at < own { "\n".to_owned() } else { format!("{line}\n") })
            .collect();
        (!text.trim().is_empty()).then(|| named("src", File { text, ..file }))
    });
    let units: Vec<_> = units.collect();
    assert!(units.len() > 20, "the units' tests were not found");
    files.extend(units);
    files
}

#[test]
fn every_wait_names_what_ends_it() {
    let mut wrong = Vec::new();
    for file in tests().iter().filter(|file| !WAITERS.contains(&file.path.as_str())) {
        let excuses: Vec<_> = EXCUSED.iter().filter(|(path, _, _)| *path == file.path).collect();
        for (line, fault) in faults(file) {
            let text = file.text.lines().nth(line - 1).unwrap_or_default();
            if !excuses.iter().any(|(_, part, _)| text.contains(part)) {
                wrong.push(format!("{}:{line}: {fault:?}: {}", file.path, text.trim()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "wait by tests/support/wait.rs, by a limit that has a name:\n{}",
        wrong.join("\n")
    );
}

fn faults_of(text: &str) -> Vec<(usize, Fault)> {
    faults(&File { path: "tests/gate/some.rs".to_owned(), text: text.to_owned() })
}

#[test]
fn a_sleep_is_seen_in_every_way_of_writing_it() {
    for text in [
        "std::thread::sleep(Duration::from_secs(1));",
        "    thread::park_timeout(pause);",
        "let next = queue\n    .recv_timeout(pause);",
        "condition.wait_timeout(guard, A_WHILE).is_ok()",
    ] {
        assert!(
            matches!(faults_of(text)[..], [(1, Fault::Sleeps)]),
            "{text}: {:?}",
            faults_of(text)
        );
    }
    for text in [
        "machine.run(\"sleep 25\");",
        "run(r#\"echo \"so\"; sleep 0.5\"#)",
        "\n\nstart(\n\"while true; do sleep $pause; done\")",
        "format!(\"sleep {}\", 5)",
    ] {
        assert!(
            matches!(faults_of(text)[..], [(_, Fault::ShellSleeps)]),
            "{text}: {:?}",
            faults_of(text)
        );
    }
}

#[test]
fn a_bare_limit_is_seen_in_every_way_of_writing_it() {
    for text in [
        "assert!(took < Duration::from_secs(5));",
        "assert!(\n    usual\n        < Duration::from_millis(5_000),\n    \"slow\"\n);",
        "assert!((monotonic() - before).as_secs() < 60);",
        "assert!(took.as_millis() <= 300, \"late\");",
        "if Duration::from_secs(1) > took {}",
        "assert!((Duration::ZERO..Duration::from_secs(5)).contains(&took));",
        "let limit = Duration::from_secs(5); assert!(took < limit);",
        "while clock::monotonic() < end { probe(); }",
        "wait::until(\"an answer\", Duration::from_secs(5), || None)",
        "running.wait_for(\n    \"a word\", Duration::from_secs(60), |text| Some(()));",
        "stream.set_read_timeout(Some(Duration::from_millis(5))).expect(\"a limit\");",
    ] {
        assert!(
            matches!(faults_of(text)[..], [(_, Fault::BareLimit)]),
            "{text}: {:?}",
            faults_of(text)
        );
    }
}

#[test]
fn a_limit_with_a_name_and_a_time_that_is_an_argument_are_no_fault() {
    for text in [
        "// thread::sleep would be wrong here, and so would sleep 5\nwait::until(\"an answer\", PATIENCE, probe);",
        "assert!(loaded < bound, \"{loaded:?} instead of < 5\");",
        "assert!(monotonic() - before >= SHORT, \"too early\");",
        "const SHORT: Duration = Duration::from_millis(300);",
        "assert_eq!(LIFETIME.as_secs(), 15_552_000);",
        "assert!(session.is_expired(now.plus(day).plus(Duration::from_secs(1))));",
        "shell(\"exec sleep infinity\")",
        "let letters = ['\\'', '\"', 'x', '\\u{7f}']; assert!(took < PATIENCE, \"sleep well\");",
        "fn name<'a>(text: &'a str) -> Vec<&'a str> { text.split('\"').collect() }",
        "#[test]\nfn people_who_sleep_are_not_woken() {}",
        "settings.drain_timeout = Duration::from_millis(500);",
    ] {
        assert_eq!(faults_of(text), [], "{text}");
    }
}
