//! A real Envoy with TLS, on the configuration that `portcullis proxy print envoy` gives.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use super::caddy::Ports;
use super::daemon::Place;
use super::nginx::make_certificate;
use super::process::Running;
use super::scratch::Scratch;
use super::tools;
use super::wait::{self, PATIENCE};

/// An Envoy that runs until it is dropped.
pub struct Envoy {
    _running: Running,
    _dir: Scratch,
}

impl Envoy {
    /// Starts it with what the gate at `place` prints, changed by `edit` where a test wants that.
    /// Only what the tests' surroundings force is different besides: where it listens, a
    /// certificate, and the example site stands for each of `sites` (name, application), on https
    /// and http.
    pub fn start(
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
    ) -> Self {
        let printed = place.run(&["proxy", "print", "envoy"]);
        assert_eq!(printed.status, 0, "{}", printed.err);
        let dir = Scratch::new("envoy");
        make_certificate(&dir);
        let text = for_the_test(&edit(printed.out), &dir, ports, sites);
        let encrypted = text.contains(TLS);
        let file = dir.write("envoy.yaml", &text);
        let mut command = Command::new(program());
        // A hot restart's shared memory would be that of every other Envoy here.
        command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]);
        let mut running = Running::start("envoy", command.arg("--config-path").arg(file));
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        wait::until("Envoy's ports", PATIENCE, || {
            assert!(running.is_running(), "Envoy ended: {}\n{text}", running.text());
            let first = if encrypted { at(ports.https) } else { at(ports.http) };
            TcpStream::connect(first).and(TcpStream::connect(at(ports.http))).ok()
        });
        Self { _running: running, _dir: dir }
    }
}

/// `$ENVOY`, else what `tests/run` fetched.
pub fn program() -> PathBuf {
    tools::named_or_fetched("ENVOY", "envoy")
}

/// Where the part of a listener begins that makes it speak TLS.
const TLS: &str = "      transport_socket:\n";

fn for_the_test(
    printed: &str,
    dir: &Scratch,
    ports: Ports,
    sites: &[(&str, SocketAddr)],
) -> String {
    // It would wait a second for the visitor to close first.
    let prefix = "          stat_prefix: sites\n";
    let printed =
        printed.replace(prefix, &format!("{prefix}          delayed_close_timeout: 0s\n"));
    let (before, rest) = split(&printed, "  - name: sites\n");
    let (listener, clusters) = split(rest, "  clusters:\n");
    let (clusters, cluster) = split(clusters, "  - name: app\n");
    let listener = for_each_site(listener, sites);
    let mut text = before.to_owned();
    match listener.split_once(TLS) {
        Some((plain, tls)) => {
            let tls = tls.replace("/etc/envoy/certificates/sites", &shown(dir, "site"));
            text += &at_port(&format!("{plain}{TLS}{tls}"), ports.https, "sites");
            text += &at_port(plain, ports.http, "plain");
        }
        None => text += &at_port(&listener, ports.http, "sites"),
    }
    text += clusters;
    for (number, (_, application)) in sites.iter().enumerate() {
        let port = format!("port_value: {}", application.port());
        let cluster = cluster.replace(": app\n", &format!(": app-{number}\n"));
        text += &cluster.replace("port_value: 8080", &port);
    }
    text
}

/// The example site once for each of the sites.
fn for_each_site(listener: &str, sites: &[(&str, SocketAddr)]) -> String {
    let (before, example) = split(listener, "            - name: app\n");
    let (example, after) = split(example, "          http_filters:\n");
    let (_, name) = split(example, "domains: [\"");
    let name = name.split('"').nth(1).expect("the name of the example");
    let one = |(number, (site, _)): (usize, &(&str, SocketAddr))| {
        example
            .replace(&format!("\"{name}\""), &format!("\"{site}\""))
            .replace(&format!("\"{name}:*\""), &format!("\"{site}:*\""))
            .replace("name: app\n", &format!("name: app-{number}\n"))
            .replace("cluster: app,", &format!("cluster: app-{number},"))
    };
    let all: String = sites.iter().enumerate().map(one).collect();
    format!("{before}{all}{after}")
}

fn at_port(listener: &str, port: u16, name: &str) -> String {
    let (before, rest) = split(listener, "    address: {socket_address: ");
    let (_, after) = split(rest, "    filter_chains:\n");
    let address = format!("127.0.0.1, port_value: {port}");
    let before = before.replace("- name: sites\n", &format!("- name: {name}\n"));
    format!("{before}    address: {{socket_address: {{address: {address}}}}}\n{after}")
}

fn shown(dir: &Scratch, name: &str) -> String {
    dir.path().join(name).display().to_string()
}

/// The text before the first line that begins so, and from there on.
fn split<'t>(text: &'t str, line: &str) -> (&'t str, &'t str) {
    let at = text.find(line).unwrap_or_else(|| panic!("no {line:?} in:\n{text}"));
    text.split_at(at)
}
