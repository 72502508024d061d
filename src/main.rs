//! The `portcullis` program: hands the command line to the library and turns the result into an
//! exit code.

use std::process::ExitCode;

use nix::sys::prctl::set_dumpable;

#[global_allocator]
static ALLOCATOR: portcullis::sys::LargeFromKernel = portcullis::sys::LargeFromKernel;

fn main() -> ExitCode {
    // Keys and seeds are in memory: no core dump, and no look at it, or at the environment, for
    // other processes of the same user. The unit and the container bring more of this; here it
    // holds wherever the program is started.
    if let Err(error) = set_dumpable(false) {
        eprintln!("portcullis: other processes of this user may look into its memory: {error}");
    }
    let words = std::env::args_os().skip(1);
    ExitCode::from(portcullis::cli::run(words, &portcullis::run::Daemon))
}
