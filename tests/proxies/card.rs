//! The SD card: what `portcullis-appliance` makes of an `appliance.toml`, with the real Caddy and
//! the real gate. Only ports and places differ from the card's; visitors use the true addresses.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::caddy::{Ports, free_port, program as caddy_program};
use crate::support::clock::before_the_build;
use crate::support::curl::{self, Page};
use crate::support::daemon::{Daemon, Done, Place};
use crate::support::process::Running;
use crate::support::scratch::Scratch;
use crate::support::site::Site;
use crate::support::wait::{self, PATIENCE};

/// A card in a directory.
struct CardFolder(Scratch);

impl CardFolder {
    fn with(settings: &str) -> Self {
        let dir = Scratch::new("card");
        std::fs::create_dir(dir.path().join("boot")).expect("the test's own directory");
        dir.write("boot/appliance.toml", settings);
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs the card's program, which must succeed.
    fn run(&self, verb: &str) {
        let program =
            Path::new(env!("CARGO_BIN_EXE_portcullis")).with_file_name("portcullis-appliance");
        let mut command = Command::new(&program);
        command.arg(verb);
        let roots = [
            ("--boot", "boot"),
            ("--run", "run"),
            ("--state", "state"),
            ("--caddy-data", "home/.local/share/caddy"),
        ];
        for (option, name) in roots {
            command.arg(option).arg(self.path(name));
        }
        let output = command.output().unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo build --workspace` makes it", program.display());
        });
        let done = Done::from(output);
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{verb}");
        assert!(self.text("boot/portcullis-status.txt").contains("appliance.toml was read"));
    }

    /// Caddy as the card starts it, on the Caddyfile that is there now.
    fn caddy(&self, ports: Ports, gate: &str) -> Command {
        let Ports { https, http } = ports;
        let options = format!("{{\n\thttps_port {https}\n\thttp_port {http}\n\tadmin off");
        let text = self.text("run/appliance/Caddyfile").replacen("{\n\tadmin off", &options, 1);
        let file = self.0.write("Caddyfile", &text.replace("127.0.0.1:3000", gate));
        let mut command = Command::new(caddy_program());
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .current_dir(self.0.path());
        command
            .env("HOME", self.path("home"))
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    fn start_caddy(&self, ports: Ports, gate: &str) -> Running {
        let running = Running::start("caddy", &mut self.caddy(ports, gate));
        wait::until("Caddy's port", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", ports.https)).ok()
        });
        running
    }
}

/// A browser's requests, by curl: names and ports are the true ones, and lead here.
struct CardVisitor {
    ports: Ports,
    /// What it trusts; nothing is checked without.
    authority: Option<PathBuf>,
    cookies: PathBuf,
}

impl CardVisitor {
    /// Status, `Location` and body.
    fn ask(&self, url: &str, more: &[&str]) -> (u16, String, String) {
        let mut command = curl::command();
        command.args(["--connect-timeout", "10"]);
        let Ports { https, http } = self.ports;
        let plain = url.starts_with("http://");
        let own_port =
            url.split('/').nth(2).and_then(|host| host.split_once(':')).map(|(_, port)| port);
        let to = match own_port {
            Some(port) => port.to_owned(),
            None => if plain { http } else { https }.to_string(),
        };
        command.args(["--connect-to", &format!("::127.0.0.1:{to}")]);
        match &self.authority {
            Some(path) => command.arg("--cacert").arg(path),
            None => command.arg("--insecure"),
        };
        command.arg("--cookie").arg(&self.cookies).arg("--cookie-jar").arg(&self.cookies);
        command.args(["--header", "Accept: text/html"]).args(more);
        let Page { status, location, body } = curl::page(&mut command, url);
        (status, location, body)
    }
}

/// Files that differ in everything that shapes a Caddyfile.
fn variants() -> Vec<String> {
    let site = |host: &str, upstream: &str| {
        format!("[[site]]\nhost = \"{host}\"\nupstream = \"{upstream}\"\n")
    };
    let domain = "[gate]\nhost = \"auth.example.org\"\ndomain = \"example.org\"\ntitle = 'a \"b\" {c} # \\ d'\n";
    let sites = [
        site("photos.example.org", "http://192.168.1.20:2342"),
        site("xn--bcher-kva.example.org", "http://nas"),
        site("px.example.org:8443", "https://[fd00::1]:8006") + "verify_tls = false\n",
        site("auth.example.org:9443", "https://10.0.0.9"),
    ]
    .concat();
    vec![
        String::new(),
        "hostname = \"house-7\"\n".to_owned(),
        site("portcullis.local:8443", "http://192.168.1.20"),
        domain.to_owned(),
        format!("{domain}{sites}"),
        format!("{domain}[tls]\nmode = \"acme\"\n"),
        format!("{domain}[tls]\nmode = \"acme\"\nemail = \"me+x@example.org\"\n{sites}"),
        format!(
            "[gate]\nhost = \"portcullis.fritz.box\"\n{}",
            site("portcullis.fritz.box:1024", "http://10.0.0.2:81")
        ),
        include_str!("../../image/appliance/appliance.toml").to_owned(),
    ]
}

#[test]
fn caddy_takes_every_file_that_is_rendered_before_and_after_the_clock_is_set() {
    for settings in variants() {
        let card = CardFolder::with(&settings);
        for verb in ["render", "settled"] {
            card.run(verb);
            let mut command = Command::new(caddy_program());
            command
                .args(["validate", "--adapter", "caddyfile", "--config"])
                .arg(card.path("run/appliance/Caddyfile"));
            command
                .env("HOME", card.path("home"))
                .env_remove("XDG_DATA_HOME")
                .env_remove("XDG_CONFIG_HOME");
            let done = Done::from(command.output().expect("caddy runs; tests/run fetches it"));
            assert_eq!(
                done.status,
                0,
                "{settings}\n{verb}: {}\n{}",
                done.err,
                card.text("run/appliance/Caddyfile")
            );
            // Caddy makes its authority as soon as anything in the file needs it, validating
            // included.
            assert_eq!(
                card.path("home/.local/share/caddy/pki").exists(),
                verb == "settled",
                "{settings}\n{verb}"
            );
        }
    }
}

/// A cleaning deletes empty folders, even one in which Caddy is about to save a certificate; it
/// would try again only after a minute.
#[test]
fn caddy_does_not_clean_its_storage_while_it_saves_its_first_certificates() {
    const NEVER: &str = "\tstorage_clean_interval off\n";
    // The second time without that line, which shows that a cleaning would be seen.
    for cleans in [false, true] {
        let card = CardFolder::with("");
        card.run("render");
        card.run("settled");
        let text = card.text("run/appliance/Caddyfile");
        assert!(text.contains(NEVER), "{text}");
        if cleans {
            card.0.write("run/appliance/Caddyfile", &text.replace(NEVER, ""));
        }
        let mut caddy = card.start_caddy(Ports::free(), "127.0.0.1:3000");
        caddy.wait_for("that it has its certificate", PATIENCE, |text| {
            text.contains("certificate obtained successfully").then_some(())
        });
        let date = card.path("home/.local/share/caddy/last_clean.json");
        if cleans {
            wait::until("a cleaning", PATIENCE, || date.exists().then_some(()));
        }
        let seen = (caddy.text().contains("cleaning storage unit"), date.exists());
        assert_eq!(seen, (cleans, cleans), "{}", caddy.text());
    }
}

/// The gate on the card's own settings, with a clock that can be wrong.
fn gate(card: &CardFolder) -> Daemon {
    let settings = card.text("run/appliance/portcullis.toml") + "\n[clock]\nrequire_sync = false\n";
    Place::new(&settings).with_movable_clock().start()
}

#[test]
fn a_card_waits_for_its_clock_and_then_opens_a_site_to_who_logs_in() {
    let site = Site::start("photos");
    let port = free_port();
    let settings = format!(
        "[[site]]\nhost = \"portcullis.local:{port}\"\nupstream = \"http://{}\"\n",
        site.address
    );
    // The card refuses an upstream on itself, and here everything is on one machine.
    let card = CardFolder::with(&settings.replace("127.0.0.1", "10.0.0.2"));
    card.run("render");
    let to_site = |card: &CardFolder| {
        let text = card.text("run/appliance/Caddyfile").replace("10.0.0.2", "127.0.0.1");
        card.0.write("run/appliance/Caddyfile", &text);
    };
    to_site(&card);
    let gate = gate(&card);
    let owner = gate.place.add_user("owner");
    let ports = Ports::free();
    let address = gate.address.to_string();
    let page = format!("https://portcullis.local:{port}/page?a=1&b=2");
    let login = format!(
        "https://portcullis.local/login?next=https%3A%2F%2Fportcullis.local%3A{port}%2Fpage%3Fa%3D1%26b%3D2"
    );
    let post = |visitor: &CardVisitor, code: &str| {
        let (otp, next) = (format!("otp={code}"), format!("next={page}"));
        let form = ["--data-urlencode", &otp, "--data-urlencode", &next];
        visitor.ask("https://portcullis.local/login", &form)
    };

    // The clock is wrong: everything is there and says so, and no authority is made.
    gate.place.set_clock(before_the_build());
    let caddy = card.start_caddy(ports, &address);
    let stranger = CardVisitor { ports, authority: None, cookies: card.path("early") };
    let (status, location, _) = stranger.ask(&page, &[]);
    assert_eq!((status, location.as_str()), (302, login.as_str()));
    let (status, _, body) = post(&stranger, &owner.code_at(gate.place.step()));
    assert!(status == 503 && body.contains("clock is not set yet"), "{status}: {body}");
    drop(caddy);
    assert!(!card.path("home/.local/share/caddy/pki").exists());

    // A time server has answered.
    gate.place.shift_clock(0);
    card.run("settled");
    to_site(&card);
    let caddy = card.start_caddy(ports, &address);
    let authority = card.path("home/.local/share/caddy/pki/authorities/local/root.crt");
    wait::until("Caddy's authority", PATIENCE, || authority.exists().then_some(()));
    let visitor = CardVisitor { ports, authority: Some(authority), cookies: card.path("cookies") };
    wait::until("certificates", PATIENCE, || {
        (caddy.text().matches("certificate obtained successfully").count() > 0).then_some(())
    });
    let (status, location, _) = visitor.ask(&page, &[]);
    assert_eq!((status, location.as_str()), (302, login.as_str()));
    let (status, _, body) = visitor.ask(&login, &[]);
    assert!(status == 200 && body.contains("name=\"otp\""), "{status}: {body}");
    let (status, location, _) = post(&visitor, &owner.fresh_code());
    assert_eq!((status, location.as_str()), (302, page.as_str()));
    let forged = ["--header", "Remote-User: mallory"];
    let (status, _, body) = visitor.ask(&page, &forged);
    assert!(
        status == 200 && body.contains("<title>photos: /page?a=1&amp;b=2</title>"),
        "{status}: {body}"
    );
    let seen = site.seen_at("/page");
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(crate::support::site::values(&seen[0], "Remote-User"), ["owner"]);

    // Plain http leads to https, to the login page's host and not to the site beside it.
    let (status, location, _) = visitor.ask("http://portcullis.local/page", &[]);
    assert_eq!((status, location), (308, "https://portcullis.local/page".to_owned()));

    // The next start finds the authority and waits for nothing; its certificate goes to the boot
    // partition.
    drop(caddy);
    card.run("render");
    assert!(card.text("run/appliance/Caddyfile").contains("\ttls internal\n"));
    assert!(card.text("boot/portcullis-ca.crt").starts_with("-----BEGIN CERTIFICATE-----"));
}
