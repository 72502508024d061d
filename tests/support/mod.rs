//! What the system tests share: the built program with a state directory of its own, a site behind
//! it, real proxies, a browser, and small clients that can say what no library would let them say.
//!
//! Nothing here sleeps: everything waits for what happens, with a deadline. Every process that is
//! started is ended by its own id. The programs themselves (Caddy, nginx, Chromium …) are brought
//! by `tests/run`.

pub mod ask;
pub mod authenticator;
pub mod browser;
pub mod caddy;
pub mod clock;
pub mod codes;
pub mod curl;
pub mod daemon;
pub mod dice;
pub mod doctor;
pub mod envoy;
pub mod faults;
pub mod hanging;
pub mod haproxy;
pub mod http;
pub mod many_passes;
pub mod measure;
pub mod nginx;
#[allow(dead_code, reason = "the benchmark uses the rest of it")]
pub mod page_load;
pub mod process;
pub mod scrape;
pub mod scratch;
pub mod setup;
pub mod site;
pub mod small_disk;
pub mod test_stack;
pub mod tools;
pub mod traefik;
pub mod wait;
