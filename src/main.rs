//! The `portcullis` program: hands the command line to the library and turns the result into an exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: portcullis::sys::LargeFromKernel = portcullis::sys::LargeFromKernel;

fn main() -> ExitCode {
    let words = std::env::args_os().skip(1);
    ExitCode::from(portcullis::cli::run(words, &portcullis::run::Daemon))
}
