//! A real nginx with TLS, on the configuration that `portcullis proxy print nginx` gives.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use super::caddy::Ports;
use super::daemon::Place;
use super::process::Running;
use super::scratch::Scratch;
use super::wait::{self, PATIENCE};

/// An nginx that runs until it is dropped, without a master process, so that ending it leaves
/// nothing behind.
pub struct Nginx {
    _running: Running,
    _dir: Scratch,
}

impl Nginx {
    /// Starts it with what the gate at `place` prints, changed by `edit` where a test wants that.
    /// Only what the tests' surroundings force is different besides: where files lie, a
    /// certificate, and the example site stands for each of `sites` (name, application), on https
    /// and http.
    pub fn start(
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
    ) -> Self {
        let printed = place.run(&["proxy", "print", "nginx"]);
        assert_eq!(printed.status, 0, "{}", printed.err);
        let dir = Scratch::new("nginx");
        make_certificate(&dir);
        let text = for_the_test(&edit(printed.out), &dir, ports, sites);
        let encrypted = text.contains(" ssl;");
        let file = dir.write("nginx.conf", &text);
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir.path()).arg("-c").arg(file).args(["-e", "stderr"]);
        command.env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
        let mut running = Running::start("nginx", &mut command);
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        wait::until("nginx's port", PATIENCE, || {
            assert!(running.is_running(), "nginx ended: {}", running.text());
            let first = if encrypted { at(ports.https) } else { at(ports.http) };
            TcpStream::connect(first).and(TcpStream::connect(at(ports.http))).ok()
        });
        Self { _running: running, _dir: dir }
    }
}

/// The printed text with more lines in the example of a protected site, before its last `location`.
pub fn with_locations(printed: &str, lines: &str) -> String {
    let at = printed.rfind("location / {").unwrap_or_else(|| panic!("no location in:\n{printed}"));
    let (before, after) = printed.split_at(at);
    format!("{before}{lines}\n{after}")
}

/// One certificate for all names below the tests' domain.
pub fn make_certificate(dir: &Scratch) {
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]);
    command.args(["-subj", "/CN=example.test", "-addext", "subjectAltName=DNS:*.example.test"]);
    command
        .arg("-keyout")
        .arg(dir.path().join("site.key"))
        .arg("-out")
        .arg(dir.path().join("site.crt"));
    let made = command.output().expect("openssl runs; tests/run installs what is missing");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn for_the_test(
    printed: &str,
    dir: &Scratch,
    ports: Ports,
    sites: &[(&str, SocketAddr)],
) -> String {
    let place = dir.path().display();
    let certificate = |line: &str| {
        let end = if line.trim_start().starts_with("ssl_certificate_key") { "key" } else { "crt" };
        let name = line.trim_start().split(' ').next().unwrap_or_default();
        format!("{name} {place}/site.{end};")
    };
    let [https, http] = [ports.https, ports.http].map(|port| port.to_string());
    let printed = printed.replace("listen 443 ssl", &format!("listen {https} ssl"));
    let also_plain = format!("listen {https} ssl default_server;\nlisten {http} default_server;");
    let printed = printed.replace(&format!("listen {https} ssl default_server;"), &also_plain);
    let printed = printed.replace("/var/cache/nginx-portcullis", &format!("{place}/cache"));
    // Everything is asked over IPv4 here.
    let printed = printed.replace("listen [::]:", "listen ");
    let printed = printed.replace("listen 80", &format!("listen {http}"));
    let lines: Vec<_> = printed
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("ssl_certificate") {
                certificate(line)
            } else {
                line.to_owned()
            }
        })
        .collect();
    let (before, example) = split_at_example(&lines.join("\n"));
    let name = server_name(&example);
    let plain = format!("listen {};", ports.http);
    let one_site = |(site, application): &(&str, SocketAddr)| {
        let text =
            example.replace(&format!("server_name {name};"), &format!("server_name {site};"));
        let text = text.replace("127.0.0.1:8080", &application.to_string());
        if text.contains(&plain) {
            return text;
        }
        text.replacen("server_name ", &format!("{plain}\nserver_name "), 1)
    };
    let all: String = sites.iter().map(one_site).collect();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
        .concat();
    let before = before.replacen("http {", &format!("http {{\naccess_log off;\n{temporary}"), 1);
    format!("daemon off;\nmaster_process off;\npid {place}/nginx.pid;\n{before}{all}}}\n")
}

/// The text up to the example of a protected site, and that `server` block; what follows is the end
/// of `http`.
fn split_at_example(text: &str) -> (String, String) {
    let start = text.rfind("server {").unwrap_or_else(|| panic!("no server in:\n{text}"));
    let (before, example) = text.split_at(start);
    let end = example
        .trim_end()
        .strip_suffix('}')
        .unwrap_or_else(|| panic!("no end of http in:\n{text}"));
    (before.to_owned(), end.to_owned())
}

fn server_name(server: &str) -> String {
    let (_, rest) = server.split_once("server_name ").expect("a server has a name");
    rest.split(';').next().unwrap_or_default().trim().to_owned()
}
