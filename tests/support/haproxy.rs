//! A real HAProxy with TLS, on the configuration and the script that `portcullis proxy print
//! haproxy` gives.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use super::caddy::Ports;
use super::daemon::Place;
use super::nginx::make_certificate;
use super::process::Running;
use super::scratch::Scratch;
use super::wait::{self, PATIENCE};

/// A HAProxy that runs until it is dropped, in one process.
pub struct Haproxy {
    pub running: Running,
    _dir: Scratch,
}

impl Haproxy {
    /// Starts it with what the gate at `place` prints, its configuration changed by `edit` where a
    /// test wants that. Only what the tests' surroundings force is different besides: where it
    /// listens and files lie, a certificate, its user, nobody is led to https since visitors of
    /// the tests come by http as well, and the example site stands for each of `sites` (name,
    /// application).
    pub fn start(
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
    ) -> Self {
        Self::with_script(place, ports, sites, edit, |script| script)
    }

    /// The same, with the script changed, too.
    pub fn with_script(
        place: &Place,
        ports: Ports,
        sites: &[(&str, SocketAddr)],
        edit: impl Fn(String) -> String,
        edit_script: impl Fn(String) -> String,
    ) -> Self {
        let dir = Scratch::new("haproxy");
        let script = edit_script(printed(place, &["--lua"]));
        let text = edit(printed(place, &[]));
        let text = for_the_test(&in_folder(&dir, &text, &script), ports, sites);
        let encrypted = text.contains(" ssl crt ");
        let file = dir.write("haproxy.cfg", &text);
        let mut command = program();
        let mut running = Running::start("haproxy", command.arg("-db").arg("-f").arg(file));
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        wait::until("HAProxy's port", PATIENCE, || {
            assert!(running.is_running(), "HAProxy ended: {}\n{text}", running.text());
            let first = if encrypted { at(ports.https) } else { at(ports.http) };
            TcpStream::connect(first).and(TcpStream::connect(at(ports.http))).ok()
        });
        Self { running, _dir: dir }
    }
}

/// The printed line that leads visitors to https.
pub const TO_HTTPS: &str = "    http-request redirect scheme https code 308 unless { ssl_fc }";

/// `$HAPROXY`, else the machine's own, which Debian keeps where only root looks.
pub fn program() -> Command {
    let mut command = Command::new(std::env::var_os("HAPROXY").unwrap_or("haproxy".into()));
    command.env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
    command
}

/// What the gate prints.
pub fn printed(place: &Place, options: &[&str]) -> String {
    let printed = place.run(&[&["proxy", "print", "haproxy"], options].concat());
    assert_eq!(printed.status, 0, "{}", printed.err);
    printed.out
}

/// Writes the script and a certificate into the folder, and gives back the configuration that finds
/// them there.
pub fn in_folder(dir: &Scratch, text: &str, script: &str) -> String {
    make_certificate(dir);
    let pem = ["crt", "key"].map(|end| dir.path().join("site").with_extension(end));
    let pem = pem.map(|file| std::fs::read_to_string(file).expect("it was just made"));
    std::fs::create_dir(dir.path().join("certificates")).expect("the test's own directory");
    dir.write("certificates/site.pem", &pem.concat());
    dir.write("portcullis.lua", script);
    text.replace("/etc/haproxy/", &format!("{}/", dir.path().display()))
}

fn for_the_test(printed: &str, ports: Ports, sites: &[(&str, SocketAddr)]) -> String {
    let (printed, example) = printed
        .split_once("\nbackend app\n")
        .unwrap_or_else(|| panic!("no backend of an example in:\n{printed}"));
    let host = example_host(printed);
    let names: Vec<_> = sites.iter().map(|(name, _)| *name).collect();
    let mut text = String::new();
    for line in printed.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["user" | "group", _] => {}
            _ if line == TO_HTTPS => {}
            ["bind", _, options @ ..] if options.contains(&"ssl") => {
                let options: Vec<_> = options.iter().copied().filter(|o| *o != "v4v6").collect();
                text += &format!("bind 127.0.0.1:{} {}\n", ports.https, options.join(" "));
            }
            ["bind", ..] => {}
            ["frontend", ..] => text += &format!("{line}\nbind 127.0.0.1:{}\n", ports.http),
            ["acl", "portcullis_site", rest @ .., last] => {
                assert_eq!(*last, host, "the example's name is the last in:\n{printed}");
                text += &format!("acl portcullis_site {} {}\n", rest.join(" "), names.join(" "));
            }
            ["use_backend", "app", rest @ .., last, "}"] if *last == host => {
                for (number, name) in names.iter().enumerate() {
                    text += &format!("use_backend app{number} {} {name} }}\n", rest.join(" "));
                }
            }
            _ => text += &format!("{line}\n"),
        }
    }
    for (number, (_, application)) in sites.iter().enumerate() {
        let example = example.replace("127.0.0.1:8080", &application.to_string());
        text += &format!("\nbackend app{number}\n{example}");
    }
    text
}

fn example_host(printed: &str) -> String {
    let (_, rest) = printed.split_once("\n    use_backend app if ").expect("an example");
    let line = rest.lines().next().unwrap_or_default().trim_end_matches(" }");
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}
