//! A real Caddy with TLS, on the configuration that `portcullis proxy print caddy` gives.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::daemon::Place;
use super::process::Running;
use super::scratch::Scratch;
use super::tools;
use super::wait::{self, PATIENCE};

/// A Caddy that runs until it is dropped. Certificates come from an authority of its own.
pub struct Caddy {
    _running: Running,
    pub https: SocketAddr,
    dir: Scratch,
}

/// The ports of a Caddy to come: `public_url` names one before Caddy or the gate is there.
#[derive(Clone, Copy)]
pub struct Ports {
    pub https: u16,
    pub http: u16,
}

impl Ports {
    pub fn free() -> Self {
        Self { https: free_port(), http: free_port() }
    }
}

impl Caddy {
    /// Starts it with what the gate at `place` prints, changed by `edit` where a test wants that.
    /// Only what the tests' surroundings force is different besides: ports, certificates of its
    /// own in a storage that is not cleaned, and the example site stands for each of `sites` (name,
    /// application), on https and http.
    pub fn start(
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
    ) -> Self {
        let printed = place.run(&["proxy", "print", "caddy"]);
        assert_eq!(printed.status, 0, "{}", printed.err);
        Self::with_file(&for_the_test(&edit(printed.out), place, ports, sites), ports)
    }

    /// Starts it with a whole Caddyfile, and waits until every name has its certificate.
    fn with_file(text: &str, ports: Ports) -> Self {
        let dir = Scratch::new("caddy");
        let file = dir.write("Caddyfile", text);
        let mut command = Command::new(program());
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .current_dir(dir.path());
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, dir.path());
        }
        let mut running = Running::start("caddy", &mut command);
        running.wait_for("that it has all its certificates", PATIENCE, |text| {
            let (_, rest) = text.split_once("certificate management\",\"domains\":[")?;
            let wanted = rest.split(']').next()?.split(',').count();
            (text.matches("certificate obtained successfully").count() >= wanted).then_some(())
        });
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let caddy = Self { _running: running, https: at(ports.https), dir };
        wait::until("Caddy's port", PATIENCE, || TcpStream::connect(caddy.https).ok());
        caddy
    }

    /// The certificate of its authority, once it made one.
    pub fn authority(&self) -> PathBuf {
        let path = self.dir.path().join("caddy/pki/authorities/local/root.crt");
        wait::until("Caddy's authority", PATIENCE, || path.exists().then_some(()));
        path
    }
}

/// A port that is free and stays so: below those that the kernel gives to whoever binds port 0
/// (`ip_local_port_range`), of a stretch that this test process has for itself, and given only
/// once: a gate that is stopped for a while finds its port again. A used-up stretch stays held for
/// as long as the process lives.
pub fn free_port() -> u16 {
    static STRETCHES: Mutex<Vec<Stretch>> = Mutex::new(Vec::new());
    let mut stretches = STRETCHES.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(port) = stretches
            .last_mut()
            .and_then(|stretch| stretch.rest.find(|port| bound(*port).is_some()))
        {
            return port;
        }
        stretches.push(Stretch::hold());
    }
}

/// Neighbouring ports: the first is held, and keeps others away from the rest.
struct Stretch {
    _held: TcpListener,
    rest: RangeInclusive<u16>,
}

impl Stretch {
    const LENGTH: u16 = 64;
    const COUNT: u32 = 180;

    fn hold() -> Self {
        let start = std::process::id();
        let mut firsts =
            (0..Self::COUNT).map(|n| 20_000 + ((start + n) % Self::COUNT) as u16 * Self::LENGTH);
        let held =
            firsts.find_map(|first| Some((bound(first)?, first + 1..=first + Self::LENGTH - 1)));
        let (held, rest) = held.expect("a free stretch of ports");
        Self { _held: held, rest }
    }
}

fn bound(port: u16) -> Option<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).ok()
}

/// `$CADDY`, else what `tests/run` fetched.
pub fn program() -> PathBuf {
    tools::named_or_fetched("CADDY", "caddy")
}

/// The printed Caddyfile with the tests' ports, certificates and sites.
pub fn for_the_test(
    printed: &str,
    place: &Place,
    ports: Ports,
    sites: &[(&str, SocketAddr)],
) -> String {
    let gate = place.gate_address();
    let mut text = String::new();
    let mut examples = 0;
    let blocks = blocks(printed);
    assert!(blocks.iter().any(|block| block.name.is_empty()), "no global options in:\n{printed}");
    for block in &blocks {
        if block.name.is_empty() {
            let Ports { https, http } = ports;
            // For who asks an IPv6 address's site over IPv4, and names none.
            let default = sites.first().map_or("", |(name, _)| *name).trim_matches(['[', ']']);
            // At its start Caddy would delete empty folders from its storage, even one in which it
            // is about to save a certificate; it would try again only after a minute.
            let ours = format!(
                "\tadmin off\n\tstorage_clean_interval off\n\tskip_install_trust\n\tlocal_certs\n\thttps_port {https}\n\thttp_port {http}\n\tauto_https disable_redirects\n\tdefault_sni {default}\n"
            );
            text += &format!("{{\n{ours}{}}}\n", block.body);
        } else if block.name.starts_with('(') || !block.body.contains("import portcullis\n") {
            text += &format!("{} {{\n{}}}\n", block.name, block.body);
        } else {
            examples += 1;
            for (name, application) in if examples == 1 { sites } else { &[] } {
                let body = with_application(&block.body, &gate, application);
                text += &format!(
                    "https://{name}:{}, http://{name}:{} {{\n{body}}}\n",
                    ports.https, ports.http
                );
            }
        }
    }
    assert!(examples > 0, "no example of a protected site in:\n{printed}");
    text
}

/// Every `reverse_proxy` that does not lead to the gate leads to the application.
fn with_application(body: &str, gate: &str, application: &SocketAddr) -> String {
    let line = |line: &str| match line.split_once("reverse_proxy ") {
        Some((indent, target)) if !target.contains(gate) => {
            format!("{indent}reverse_proxy {application}\n")
        }
        _ => format!("{line}\n"),
    };
    body.lines().map(line).collect()
}

struct Block {
    name: String,
    body: String,
}

/// The top-level blocks of a Caddyfile, in order; comments between them are left out.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut depth = 0;
    for line in text.lines() {
        let bare = line.split(" #").next().unwrap_or_default().trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        if depth == 0 {
            let name = bare
                .strip_suffix('{')
                .unwrap_or_else(|| panic!("not the start of a block: {line}"));
            blocks.push(Block { name: name.trim().to_owned(), body: String::new() });
            depth = 1;
            continue;
        }
        if bare.ends_with('{') {
            depth += 1;
        } else if bare == "}" {
            depth -= 1;
        }
        if depth > 0 {
            let block = blocks.last_mut().expect("inside a block");
            block.body += line;
            block.body += "\n";
        }
    }
    assert_eq!(depth, 0, "blocks left open in:\n{text}");
    blocks
}
