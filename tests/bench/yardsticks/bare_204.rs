//! The yardstick: `may_minihttp` answering a bare 204 to everything, checking nothing:
//! `bare_204 127.0.0.1:PORT`.

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
    let address =
        std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: bare_204 ADDRESS"))?;
    let server = HttpServer(Bare).start(address)?;
    server.join().map_err(|_| io::Error::other("the server ended"))
}
