//! Real servers with a public and a private page, set up as people do.
//!
//! Each has files `public/x` and `private/secret` below one folder, or routes `/public/` and
//! `/private/`. Their configurations and applications are in the folder `servers`.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::answers::{PRIVATE_PAGE, PUBLIC_PAGE, Served, Visitor};
use super::rules::HOST;
use crate::support::caddy::{self, free_port};
use crate::support::haproxy;
use crate::support::process::Running;
use crate::support::scratch::Scratch;
use crate::support::tools;
use crate::support::traefik;
use crate::support::wait::{self, PATIENCE};

/// One way to set a server up, and where it listens.
pub struct SetUp {
    /// The server and its version.
    pub server: String,
    /// What is particular to it.
    pub manner: &'static str,
    pub address: SocketAddr,
}

/// All of them, until they are dropped.
pub struct Servers {
    pub set_ups: Vec<SetUp>,
    // Dropped before the folder that they work in.
    running: Vec<Running>,
    dir: Scratch,
}

/// Where the site's folder lies.
fn root(dir: &Scratch) -> PathBuf {
    dir.path().join("site")
}

/// A site as files.
fn make_site(root: &Path) {
    for name in ["public/x", "public/a b", "public/ä", "public/deep/x", "private/secret"] {
        let file = root.join(name);
        let folder = file.parent().expect("it lies in a folder");
        std::fs::create_dir_all(folder).expect("the test's own folder can be written");
        let page = if name.starts_with("public") { PUBLIC_PAGE } else { PRIVATE_PAGE };
        std::fs::write(&file, page).expect("the test's own folder can be written");
    }
}

impl Servers {
    fn none() -> Self {
        let dir = Scratch::new("paths");
        make_site(&root(&dir));
        Self { set_ups: Vec::new(), running: Vec::new(), dir }
    }

    /// Proxies and applications.
    pub fn start() -> Self {
        let mut servers = Self::none();
        servers.start_caddy();
        servers.start_nginx();
        servers.start_haproxy_and_traefik();
        servers.start_envoy();
        servers.start_applications();
        servers.become_ready();
        servers
    }

    /// The applications alone, for a proxy to lead to.
    pub fn start_only_applications() -> Self {
        let mut servers = Self::none();
        servers.start_applications();
        servers.become_ready();
        servers
    }

    /// Waits until each serves what is public.
    fn become_ready(&mut self) {
        for SetUp { server, manner, address } in &self.set_ups {
            wait::until(&format!("{server}, {manner}"), PATIENCE, || {
                for running in &mut self.running {
                    assert!(running.is_running(), "{server}, {manner}: {}", running.text());
                }
                TcpStream::connect(address).ok()?;
                let answer = Visitor::of(HOST).ask(*address, b"/public/x");
                (answer == Served::Public).then_some(())
            });
        }
    }

    fn start_caddy(&mut self) {
        let program = caddy::program();
        let version = version_of(Command::new(&program).arg("version"));
        let [files, routes] = self.set_up("Caddy", &version, ["files", "routes"]);
        let file = include_str!("servers/Caddyfile");
        let file = self.write("Caddyfile", file, &[("FILES", files), ("ROUTES", routes)]);
        let mut command = Command::new(program);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, self.dir.path());
        }
        self.running.push(Running::start("caddy", &mut command));
    }

    fn start_nginx(&mut self) {
        let program = || {
            let mut command = Command::new("nginx");
            command.env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
            command
        };
        let version = version_of(program().arg("-v"));
        let manners =
            ["files", "files, `merge_slashes off`", "locations", "locations, `merge_slashes off`"];
        let [merged, unmerged, routes, routes_unmerged] = self.set_up("nginx", &version, manners);
        let ports = [
            ("MERGED", merged),
            ("UNMERGED", unmerged),
            ("ROUTES", routes),
            ("ROUTES_UNMERGED", routes_unmerged),
        ];
        let file = self.write("nginx.conf", include_str!("servers/nginx.conf"), &ports);
        let mut command = program();
        command.arg("-p").arg(self.dir.path()).arg("-c").arg(file).args(["-e", "stderr"]);
        self.running.push(Running::start("nginx", &mut command));
    }

    /// HAProxy answers for Traefik, which has no pages of its own.
    fn start_haproxy_and_traefik(&mut self) {
        let version = version_of(haproxy::program().arg("-v"));
        let manners = ["`path_beg`", "`path_beg -i` behind `normalize-uri`"];
        let [usual, normalized] = self.set_up("HAProxy", &version, manners);
        let behind @ [public, private] = [free_port(), free_port()];
        let ports = [
            ("USUAL", usual),
            ("NORMALIZED", normalized),
            ("PUBLIC", public),
            ("PRIVATE", private),
        ];
        let file = self.write("haproxy.cfg", include_str!("servers/haproxy.cfg"), &ports);
        self.running
            .push(Running::start("haproxy", haproxy::program().arg("-db").arg("-f").arg(file)));
        self.start_traefik(behind);
    }

    fn start_traefik(&mut self, [public, private]: [u16; 2]) {
        let program = traefik::program();
        let version = version_of(Command::new(&program).arg("version"));
        let manners = ["`PathPrefix`", "`PathPrefix`, `sanitizePath: false`"];
        let [usual, unsanitized] = self.set_up("Traefik", &version, manners);
        let routes = include_str!("servers/traefik-routes.yml");
        self.write("routes.yml", routes, &[("PUBLIC", public), ("PRIVATE", private)]);
        let file = include_str!("servers/traefik.yml");
        let file =
            self.write("traefik.yml", file, &[("USUAL", usual), ("UNSANITIZED", unsanitized)]);
        let mut command = Command::new(program);
        command.arg(format!("--configFile={}", file.display())).current_dir(self.dir.path());
        self.running.push(Running::start("traefik", &mut command));
    }

    fn start_envoy(&mut self) {
        let program = tools::named_or_fetched("ENVOY", "envoy");
        let version = version_of(Command::new(&program).arg("--version"));
        let manners = [
            ("`normalize_path`", "false", "KEEP_UNCHANGED"),
            ("`normalize_path`, `merge_slashes`", "true", "KEEP_UNCHANGED"),
            ("`normalize_path`, `UNESCAPE_AND_FORWARD`", "false", "UNESCAPE_AND_FORWARD"),
            (
                "`normalize_path`, `merge_slashes`, `UNESCAPE_AND_FORWARD`",
                "true",
                "UNESCAPE_AND_FORWARD",
            ),
        ];
        let ports = self.set_up("Envoy", &version, manners.map(|(manner, _, _)| manner));
        let mut text = "static_resources:\n  listeners:\n".to_owned();
        for (port, (manner, merge, escaped)) in ports.into_iter().zip(manners) {
            text += &include_str!("servers/envoy-listener.yaml")
                .replace("@NAME@", manner)
                .replace("@PORT@", &port.to_string())
                .replace("@MERGE@", merge)
                .replace("@ESCAPED@", escaped);
        }
        let file = self.dir.write("envoy.yaml", &text);
        let mut command = Command::new(program);
        // A hot restart's shared memory would be that of every other Envoy here.
        command.args(["--disable-hot-restart", "--concurrency", "1", "--config-path"]).arg(file);
        self.running.push(Running::start("envoy", &mut command));
    }

    fn start_applications(&mut self) {
        self.start_php();
        self.start_python();
        self.start_node();
    }

    /// PHP has a router script, no script at all, or an `index.php` for what is no file.
    fn start_php(&mut self) {
        let version = version_of(Command::new("php").arg("--version"));
        let script = self.write("index.php", include_str!("servers/application.php"), &[]);
        let script = script.display().to_string();
        let site = root(&self.dir).display().to_string();
        let beside = self.dir.path().display().to_string();
        let kinds: [(&str, &str, &[&str]); 4] = [
            ("its own server, files", "", &["-t", &site]),
            ("routes by `REQUEST_URI`", "routes", &[&script]),
            ("files by `REQUEST_URI`", "files", &[&script]),
            ("files by `PATH_INFO`, decoded again", "path_info", &["-t", &beside]),
        ];
        let ports = self.set_up("PHP", &version, kinds.map(|(manner, _, _)| manner));
        for (port, (_, manner, arguments)) in ports.into_iter().zip(kinds) {
            let mut command = Command::new("php");
            command.args(["-q", "-S", &format!("127.0.0.1:{port}")]).args(arguments);
            command.env("ROOT", &site).env("MANNER", manner);
            self.running.push(Running::start("php", &mut command));
        }
    }

    fn start_python(&mut self) {
        let version = version_of(Command::new("python3").arg("--version"));
        let kinds = [("routes", "WSGI, routes by `PATH_INFO`"), ("files", "WSGI, files")];
        let ports = self.set_up("Python", &version, kinds.map(|(_, manner)| manner));
        let script = self.write("application.py", include_str!("servers/application.py"), &[]);
        for (port, (kind, _)) in ports.into_iter().zip(kinds) {
            let mut command = Command::new("python3");
            command.arg(&script).arg(root(&self.dir)).arg(kind).arg(port.to_string());
            self.running.push(Running::start("python", &mut command));
        }
    }

    fn start_node(&mut self) {
        let version = version_of(Command::new("node").arg("--version"));
        let manners = ["files by `new URL`", "files by the target", "routes that ignore case"];
        let ports = self.set_up("Node", &version, manners);
        let script = self.write("application.js", include_str!("servers/application.js"), &[]);
        let mut command = Command::new("node");
        command.arg(script).arg(root(&self.dir)).args(ports.map(|port| port.to_string()));
        self.running.push(Running::start("node", &mut command));
    }

    /// Notes down a server's set-ups and gives each a port.
    fn set_up<const N: usize>(
        &mut self,
        name: &str,
        version: &str,
        manners: [&'static str; N],
    ) -> [u16; N] {
        manners.map(|manner| {
            let port = free_port();
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            self.set_ups.push(SetUp { server: format!("{name} {version}"), manner, address });
            port
        })
    }

    /// Writes a file with the folder of the site and these ports filled in.
    fn write(&self, name: &str, text: &str, ports: &[(&str, u16)]) -> PathBuf {
        let mut text = text.replace("@ROOT@", &root(&self.dir).display().to_string());
        for (word, port) in ports {
            text = text.replace(&format!("@{word}@"), &port.to_string());
        }
        self.dir.write(name, &text)
    }
}

/// The first number with a point in what it says of itself.
fn version_of(command: &mut Command) -> String {
    let said = command.output().unwrap_or_else(|error| {
        panic!("{command:?} does not start ({error}); tests/run installs what is missing")
    });
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let mut words = said.split(|sign: char| sign.is_whitespace() || sign == '/');
    let version = words.find_map(|word| {
        let word = word.trim_start_matches('v');
        (word.starts_with(|sign: char| sign.is_ascii_digit()) && word.contains('.')).then_some(word)
    });
    version.unwrap_or_else(|| panic!("no version in {said:?}")).to_owned()
}
