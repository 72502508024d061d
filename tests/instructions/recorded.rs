//! The figures that are expected, and who was asked for them.

use std::path::PathBuf;

/// How much more a verify may cost than recorded, in percent; compilers and C libraries differ by
/// less.
const MARGIN: u64 = 5;

const ANEW: &str =
    "`RECORD=1 cargo test --test system instructions::` records anew what is meant to be so";

/// The file beside this one: the line `rustc version …`, then a line `name instructions` a
/// question.
pub struct Recorded {
    compiler: String,
    figures: Vec<(String, u64)>,
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/instructions/recorded")
}

/// The compiler that made a program, as the program's file tells.
pub fn compiler_of(program: &str) -> String {
    const BEFORE: &[u8] = b"rustc version ";
    let bytes = std::fs::read(program).expect("the program can be read");
    let at = bytes
        .windows(BEFORE.len())
        .rposition(|window| window == BEFORE)
        .expect("a compiler that tells its version");
    let told =
        bytes.get(at..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(told).into_owned()
}

impl Recorded {
    /// Panics where a figure is too high, or was never recorded. With `RECORD` set, records
    /// instead.
    pub fn judge(measured: &[(&str, u64)], compiler: &str) {
        if std::env::var_os("RECORD").is_some() {
            let lines: String =
                measured.iter().map(|(name, figure)| format!("{name} {figure}\n")).collect();
            std::fs::write(file(), format!("{compiler}\n{lines}"))
                .expect("the file can be written");
            return;
        }
        let recorded = Self::read();
        let other = if compiler == recorded.compiler {
            String::new()
        } else {
            format!(
                "\nRecorded with {}, measured with {compiler}: if only that has changed, {ANEW}.",
                recorded.compiler
            )
        };
        if !other.is_empty() {
            eprintln!("{other}");
        }
        for (name, figure) in measured {
            let expected = recorded.figures.iter().find(|(recorded, _)| recorded == name);
            let expected =
                expected.unwrap_or_else(|| panic!("{name} was never recorded: {ANEW}")).1;
            assert!(
                figure * 100 <= expected * (100 + MARGIN),
                "{name}: {figure} instructions, recorded are {expected}: over {MARGIN} % more. {ANEW}.{other}"
            );
            if figure * (100 + MARGIN) < expected * 100 {
                eprintln!("{name}: {figure} instructions instead of {expected}: {ANEW}");
            }
        }
    }

    fn read() -> Self {
        let text = std::fs::read_to_string(file())
            .unwrap_or_else(|error| panic!("{}: {error}", file().display()));
        let (first, rest) = text.split_once('\n').expect("a first line");
        let figure = |line: &str| {
            let (name, figure) = line.split_once(' ').expect("a name and a figure");
            (name.to_owned(), figure.parse().expect("a figure"))
        };
        Self { compiler: first.to_owned(), figures: rest.lines().map(figure).collect() }
    }
}
