//! The yardstick: `may_minihttp` answering a bare 204 to everything, checking nothing.
//!
//! `cargo bench --bench bare_204 -- 127.0.0.1:PORT` serves until it is ended; `tests/bench/run` starts it.

use std::io;

use may_minihttp::{HttpServer, HttpService, Request, Response};

#[derive(Clone)]
struct Bare;

impl HttpService for Bare {
    fn call(&mut self, _: Request, response: &mut Response) -> io::Result<()> {
        response.status_code(204, "No Content");
        Ok(())
    }
}

fn main() -> io::Result<()> {
    // Cargo calls benches with `--bench`; without an address there is nothing to measure.
    let Some(address) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else { return Ok(()) };
    let server = HttpServer(Bare).start(address)?;
    server.join().map_err(|_| io::Error::other("the server ended"))
}
