//! Compiles all mutants of some files into one program and switches them on one by one:
//! `switch LIST FOUND SKIPPED-TEST`, in the folder of a package, where LIST is what
//! `cargo mutants --list --json` printed for it.
//!
//! A function that has mutants gets one body for each of them beside its own, and the number in
//! `MUTANT` tells which is taken. So a mutant costs a run of the tests and no build. A body that
//! the compiler refuses is taken out again, until the program compiles. What cannot be switched is
//! left over: constants, `const fn`, and functions of which each body would have a type of its own
//! (`-> impl`).
//!
//! Writes the mutants' names into FOUND/{killed,timeout,survived,uncompilable,left}.txt.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Which body is taken: what the changed functions ask.
const SWITCH: &str = "
/// Which mutant runs; 0 is none.
pub mod mutant {
    /// The number in the environment.
    pub fn on() -> usize {
        static ON: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        *ON.get_or_init(|| std::env::var(\"MUTANT\").map_or(0, |number| number.parse().unwrap()))
    }
}
";

/// A file's own tests that run longer than this never end: without a mutant they take five seconds
/// at most.
const OWN_SECONDS: &str = "30";
/// The same for all tests, which take some ten seconds.
const ALL_SECONDS: &str = "90";
/// Nor does it need as much memory, in KiB.
const MOST_MEMORY: &str = "4000000";

/// Line and column, both from 1; columns count characters.
type Place = (usize, usize);

struct Mutant {
    name: String,
    file: String,
    replacement: String,
    at: (Place, Place),
    /// The function around it.
    within: Option<(Place, Place)>,
}

/// The bodies of one function.
struct Function {
    file: String,
    /// From its opening brace to behind its closing one, counted in characters.
    body: (usize, usize),
    /// Whether its result has a type that only its body tells.
    opaque: bool,
    mutants: Vec<usize>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, found, skipped] = arguments.as_slice() else {
        return Err("usage: switch LIST FOUND SKIPPED-TEST".into());
    };
    let mutants = read_list(&fs::read_to_string(list)?)?;
    let mut sources = BTreeMap::new();
    for mutant in &mutants {
        if !sources.contains_key(&mutant.file) {
            sources.insert(
                mutant.file.clone(),
                fs::read_to_string(&mutant.file)?.chars().collect::<Vec<_>>(),
            );
        }
    }
    let (functions, mut left) = group(&mutants, &sources);
    let root = fs::read_to_string("src/lib.rs")?;
    fs::write("src/lib.rs", root.clone() + SWITCH)?;

    let mut refused = BTreeSet::new();
    let program = loop {
        let lines = write(&mutants, &functions, &sources, &refused)?;
        match build(&lines)? {
            Ok(program) => break program,
            Err(more) => refused.extend(more),
        }
    };
    for file in sources.keys() {
        if run(&program, 0, file, skipped)? != "survived" {
            return Err(format!("the tests of {file} fail without a mutant").into());
        }
    }
    let mut report = Report { found: found.clone() };
    for function in &functions {
        for &number in &function.mutants {
            let name = &mutants[number - 1].name;
            if !refused.contains(&number) {
                report.add(run(&program, number, &function.file, skipped)?, name)?;
            } else if function.opaque {
                left.push(number);
            } else {
                report.add("uncompilable", name)?;
            }
        }
    }
    for number in left {
        report.add("left", &mutants[number - 1].name)?;
    }
    for (file, source) in sources {
        fs::write(file, source.into_iter().collect::<String>())?;
    }
    fs::write("src/lib.rs", root)?;
    Ok(())
}

fn read_list(json: &str) -> Outcome<Vec<Mutant>> {
    let list: Vec<Value> = serde_json::from_str(json)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |mutant: &Value| {
        Some(Mutant {
            name: text(&mutant["name"]),
            file: text(&mutant["file"]),
            replacement: text(&mutant["replacement"]),
            at: span(&mutant["span"])?,
            within: span(&mutant["function"]["span"]),
        })
    };
    list.iter()
        .map(|mutant| read(mutant).ok_or_else(|| format!("no mutant: {mutant}").into()))
        .collect()
}

fn span(value: &Value) -> Option<(Place, Place)> {
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let place = |end: &Value| Some((number(&end["line"])?, number(&end["column"])?));
    Some((place(&value["start"])?, place(&value["end"])?))
}

/// The functions with their mutants, and the mutants that cannot be switched.
fn group(mutants: &[Mutant], sources: &BTreeMap<String, Vec<char>>) -> (Vec<Function>, Vec<usize>) {
    let (mut functions, mut left) = (BTreeMap::new(), Vec::new());
    for (index, mutant) in mutants.iter().enumerate() {
        // A function within another is part of the outer one's body.
        let around = |span: &(Place, Place)| span.0 <= mutant.at.0 && mutant.at.1 <= span.1;
        let in_file = mutants.iter().filter(|other| other.file == mutant.file);
        let outermost =
            in_file.filter_map(|other| other.within).filter(around).min_by_key(|span| span.0);
        let source = &sources[&mutant.file];
        match outermost.and_then(|span| body_of(source, span)) {
            Some((body, opaque)) => functions
                .entry((mutant.file.clone(), body))
                .or_insert_with(|| Function {
                    file: mutant.file.clone(),
                    body,
                    opaque,
                    mutants: Vec::new(),
                })
                .mutants
                .push(index + 1),
            None => left.push(index + 1),
        }
    }
    (functions.into_values().collect(), left)
}

/// Where the body of a function is, and whether its result is opaque; `None` for a `const fn`.
fn body_of(source: &[char], (start, end): (Place, Place)) -> Option<((usize, usize), bool)> {
    let (mut at, end) = (offset(source, start), offset(source, end));
    let mut signature = String::new();
    for line in source[at..end].split_inclusive(|letter| *letter == '\n') {
        let text: String = line.iter().collect();
        // Documentation and attributes, each on lines of its own, may hold braces.
        if signature.is_empty() && text.trim_start().starts_with(['/', '#']) {
            at += line.len();
            continue;
        }
        let head = text.split('{').next().unwrap_or_default();
        signature.push_str(head);
        if head.len() < text.len() {
            at += head.chars().count();
            break;
        }
        at += line.len();
    }
    (!signature.contains("const fn")).then_some(((at, end), signature.contains("-> impl")))
}

fn offset(source: &[char], (line, column): Place) -> usize {
    let before: usize =
        source.split_inclusive(|letter| *letter == '\n').take(line - 1).map(<[char]>::len).sum();
    before + column - 1
}

/// Lines of a written file, counted from 1, that are the body of a mutant.
type Lines = BTreeMap<String, Vec<(usize, usize, usize)>>;

/// Writes all files with all bodies but the refused ones.
fn write(
    mutants: &[Mutant],
    functions: &[Function],
    sources: &BTreeMap<String, Vec<char>>,
    refused: &BTreeSet<usize>,
) -> Outcome<Lines> {
    let mut lines = Lines::new();
    for (file, source) in sources {
        let mut text = String::new();
        let mut done = 0;
        for function in functions.iter().filter(|function| function.file == *file) {
            let (start, end) = function.body;
            text.extend(&source[done..start]);
            // Its own body comes first, so that the others are measured by its type. The arms bind
            // no name: it might hide an argument.
            let numbers = &function.mutants;
            text += &format!(
                "{{ match crate::mutant::on() {{\n_ if !{numbers:?}.contains(&crate::mutant::on()) => "
            );
            text.extend(&source[start..end]);
            for &number in numbers.iter().filter(|number| !refused.contains(number)) {
                let mutant = &mutants[number - 1];
                let from = text.lines().count() + 1;
                text += &format!("\n{number} => ");
                let (cut, resume) = (offset(source, mutant.at.0), offset(source, mutant.at.1));
                text.extend(&source[start..cut]);
                text += &format!(" {} ", mutant.replacement);
                text.extend(&source[resume..end]);
                lines.entry(file.clone()).or_default().push((from, text.lines().count(), number));
            }
            text += "\n_ => unreachable!(),\n} }";
            done = end;
        }
        text.extend(&source[done..]);
        fs::write(file, text)?;
    }
    Ok(lines)
}

/// The test program, or the mutants that the compiler refuses.
fn build(lines: &Lines) -> Outcome<Result<String, BTreeSet<usize>>> {
    let cargo = ["test", "--lib", "--no-run", "--quiet", "--message-format=json"];
    let output = Command::new("cargo").args(cargo).output()?;
    let mut refused = BTreeSet::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        if let Some(program) = message["executable"].as_str() {
            return Ok(Ok(program.to_owned()));
        }
        let message = &message["message"];
        let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
        if message["level"] != "error" || spans.is_empty() {
            continue;
        }
        let primary = spans
            .iter()
            .filter(|span| span["is_primary"] == true)
            .find_map(|span| mutant_at(span, lines));
        let number = primary.or_else(|| spans.iter().find_map(|span| mutant_at(span, lines)));
        refused.insert(number.ok_or_else(|| message["rendered"].to_string())?);
    }
    // What is wrong elsewhere is told by cargo itself.
    if refused.is_empty() {
        Err(String::from_utf8(output.stderr)?.into())
    } else {
        Ok(Err(refused))
    }
}

/// In whose body something was found; what a macro wrote counts where the macro stands.
fn mutant_at(span: &Value, lines: &Lines) -> Option<usize> {
    let line = usize::try_from(span["line_start"].as_u64()?).ok()?;
    let bodies = lines.get(span["file_name"].as_str()?).map(Vec::as_slice).unwrap_or_default();
    let found = bodies
        .iter()
        .find(|(from, to, _)| (*from..=*to).contains(&line))
        .map(|(_, _, number)| *number);
    found.or_else(|| mutant_at(&span["expansion"]["span"], lines))
}

/// Runs the file's own tests with the mutant, which takes no time; what they miss, all.
fn run(program: &str, number: usize, file: &str, skipped: &str) -> Outcome<&'static str> {
    let module = file.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::") + "::";
    for (seconds, filter) in [
        (OWN_SECONDS, &[module.as_str(), "--skip", skipped][..]),
        (ALL_SECONDS, &["--skip", skipped]),
    ] {
        let limited = format!("ulimit -v {MOST_MEMORY} && exec timeout {seconds} \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &limited, program]).args(filter).env("MUTANT", number.to_string());
        match command.stdout(Stdio::null()).stderr(Stdio::null()).status()?.code() {
            Some(0) => {}
            Some(124) => return Ok("timeout"),
            _ => return Ok("killed"),
        }
    }
    Ok("survived")
}

struct Report {
    found: String,
}

impl Report {
    fn add(&mut self, what: &str, name: &str) -> Outcome<()> {
        let path = format!("{}/{what}.txt", self.found);
        Ok(writeln!(fs::OpenOptions::new().create(true).append(true).open(path)?, "{name}")?)
    }
}
