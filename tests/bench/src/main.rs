//! Measures the gate beside its yardsticks and writes the figures into `docs/performance.md`.
//!
//! `bench short|full [CHAPTER…]`, started by `tests/bench/run`, which builds and brings what it
//! needs. The full form writes into `docs`; the short one, and one with chapters named, into
//! `target/bench`, so that a check leaves no trace. Everything listens on loopback and ends with
//! the benchmark.

mod chapter;
mod chart;
mod gate;
mod http;
mod load;
mod machine;
#[path = "../../support/many_passes.rs"]
mod many_passes;
mod numbers;
mod page;
#[allow(dead_code, reason = "the other counts ask as nginx, too")]
#[path = "../../support/page_load.rs"]
mod page_load;
mod process;
mod scratch;
mod steady;
mod yardsticks;

use std::error::Error;
use std::process::ExitCode;

use portcullis::clock;

use crate::chapter::Figures;
use crate::machine::Machine;
use crate::page::Page;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What every chapter works with.
pub struct Bench {
    pub machine: Machine,
    /// Only to see that everything works.
    pub short: bool,
    /// How many files one process may have open.
    pub open_files: u64,
    pub page: Page,
    /// For the table of goals.
    pub figures: Figures,
}

impl Bench {
    /// One number in the full form, another in the short one.
    pub fn either<T>(&self, full: T, short: T) -> T {
        if self.short { short } else { full }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (form, wanted) = words.split_first().ok_or("usage: bench short|full [CHAPTER…]")?;
    let short = match form.as_str() {
        "short" => true,
        "full" => false,
        _ => return Err("usage: bench short|full [CHAPTER…]".into()),
    };
    if let Some(unknown) =
        wanted.iter().find(|name| !chapter::ALL.iter().any(|(known, _)| known == name))
    {
        let known: Vec<_> = chapter::ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!("no chapter {unknown}; there are {}", known.join(", ")).into());
    }
    let open_files = machine::raise_open_files()?;
    let machine = Machine::look()?;
    let page = Page::new(&machine.project, !short && wanted.is_empty())?;
    let mut bench = Bench { machine, short, open_files, page, figures: Figures::default() };
    let begun = clock::monotonic();
    for (name, measure) in chapter::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|other| other == name) {
            continue;
        }
        let since = clock::monotonic();
        let text = measure(&mut bench).map_err(|error| format!("{name}: {error}"))?;
        println!("\n== {name}, {:.0} s\n\n{text}", (clock::monotonic() - since).as_secs_f64());
        bench.page.put(name, &text)?;
    }
    let path = bench.page.write()?;
    println!("\n{} in {:.0} s", path.display(), (clock::monotonic() - begun).as_secs_f64());
    Ok(())
}
