//! A real Traefik with TLS, on the configuration that `portcullis proxy print traefik` gives: the
//! file, and the static part that stands in the comment above it.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use super::caddy::Ports;
use super::daemon::Place;
use super::http::Ask;
use super::process::Running;
use super::scratch::Scratch;
use super::tools;
use super::wait::{self, PATIENCE};

/// A Traefik that runs until it is dropped, with a certificate that it makes for itself.
pub struct Traefik {
    _running: Running,
    _dir: Scratch,
}

impl Traefik {
    /// Starts it with what the gate at `place` prints, changed by `edit` where a test wants that.
    /// Only what the tests' surroundings force is different besides: where it listens, and the
    /// example site stands for each of `sites` (name, application), on https and http.
    pub fn start(
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
    ) -> Self {
        let printed = place.run(&["proxy", "print", "traefik"]);
        assert_eq!(printed.status, 0, "{}", printed.err);
        let text = edit(printed.out);
        let dir = Scratch::new("traefik");
        let dynamic = dir.write("portcullis.yml", &dynamic(&text, sites));
        let file = dir.write("traefik.yml", &fixed(&text, &dynamic.display().to_string(), ports));
        let mut command = Command::new(program());
        command.arg(format!("--configFile={}", file.display())).current_dir(dir.path());
        let mut running = Running::start("traefik", &mut command);
        // It listens before it has read the file.
        let [http, https] =
            [ports.http, ports.https].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let probe = Ask::get("/").header("Host", "ready.example.test");
        wait::until("that Traefik has read its file", PATIENCE, || {
            let said = running.text();
            assert!(
                running.is_running() && !said.contains("Error while building configuration"),
                "{said}\n{text}"
            );
            TcpStream::connect(https).ok()?;
            probe.try_send(http).ok().filter(|answer| answer.status == 200)
        });
        Self { _running: running, _dir: dir }
    }
}

/// `$TRAEFIK`, else what `tests/run` fetched.
pub fn program() -> PathBuf {
    tools::named_or_fetched("TRAEFIK", "traefik")
}

/// The static part from the comment. Visitors of the tests come by http as well, so nothing leads
/// them to https.
fn fixed(text: &str, dynamic: &str, ports: Ports) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("#   "));
    let mut fixed = String::new();
    for line in lines.filter(|line| !line.contains("redirections:")) {
        let line = match line.split_once("address: ") {
            Some((indent, "\":80\"")) => format!("{indent}address: \"127.0.0.1:{}\"", ports.http),
            Some((indent, "\":443\"")) => format!("{indent}address: \"127.0.0.1:{}\"", ports.https),
            _ => line.replace("directory: /etc/traefik/dynamic", &format!("filename: {dynamic}")),
        };
        fixed += &line;
        fixed.push('\n');
    }
    assert!(fixed.contains(dynamic) && fixed.contains("websecure:"), "no static part in:\n{text}");
    fixed
        + "global: {checkNewVersion: false, sendAnonymousUsage: false}\nlog: {level: INFO, format: json}\n\
             ping: {manualRouting: true}\n"
}

/// The file, its example once for each site on both entry points, and a router that tells when it
/// was read.
fn dynamic(text: &str, sites: &[(&str, SocketAddr)]) -> String {
    let (before, rest) =
        text.split_once("  routers:\n").unwrap_or_else(|| panic!("no routers in:\n{text}"));
    let (routers, services) =
        rest.split_once("  services:\n").unwrap_or_else(|| panic!("no services in:\n{text}"));
    let routers = blocks(routers);
    let services = blocks(services);
    let (_, example) =
        routers.iter().find(|(name, _)| name == "app").expect("an example of a protected site");
    let host = example
        .split("Host(`")
        .nth(1)
        .and_then(|rest| rest.split('`').next())
        .expect("its name")
        .to_owned();
    let mut made = format!("{before}  routers:\n    ready:\n{READY}");
    for (name, body) in &routers {
        if !body.contains(&format!("`{host}`")) {
            made += &format!("    {name}:\n{body}");
            continue;
        }
        for (number, (site, _)) in sites.iter().enumerate() {
            let body = body
                .replace(&host, site.trim_matches(['[', ']']))
                .replace("service: app", &format!("service: app-{number}"));
            let plain = body.replace("- websecure", "- web").replace("      tls: {}\n", "");
            let secure = format!("{}      tls: {{}}\n", plain.replace("- web\n", "- websecure\n"));
            made += &format!("    {name}-{number}-plain:\n{plain}    {name}-{number}:\n{secure}");
        }
    }
    made += "  services:\n";
    for (name, body) in &services {
        if name != "app" {
            made += &format!("    {name}:\n{body}");
            continue;
        }
        for (number, (_, application)) in sites.iter().enumerate() {
            let body = body.replace("127.0.0.1:8080", &application.to_string());
            // Writing to a string never fails.
            let _ = write!(made, "    app-{number}:\n{body}");
        }
    }
    made
}

const READY: &str = "      rule: \"Host(`ready.example.test`)\"\n      entryPoints:\n        - web\n      service: ping@internal\n";

/// Name and lines of each entry of a section; comments are left out.
fn blocks(section: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for line in
        section.lines().filter(|line| !line.trim_start().starts_with('#') && !line.is_empty())
    {
        match line
            .strip_prefix("    ")
            .filter(|rest| !rest.starts_with(' '))
            .and_then(|rest| rest.strip_suffix(':'))
        {
            Some(name) => blocks.push((name.to_owned(), String::new())),
            None => blocks.last_mut().expect("an entry has a name").1 += &format!("{line}\n"),
        }
    }
    blocks
}
