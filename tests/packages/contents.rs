//! What is in the Debian packages: what people expect there, and nothing that Debian's own checker
//! calls an error.

use std::path::PathBuf;
use std::process::Command;

use super::machine::project;

/// The version in Debian's changelog.
pub fn version() -> String {
    let changelog =
        std::fs::read_to_string(project().join("systemd/debian/changelog")).expect("a changelog");
    let version =
        changelog.split_once('(').and_then(|(_, rest)| rest.split_once(')')).expect("a version").0;
    version.to_owned()
}

/// The packages of the present version that `image/package` has left.
fn packages() -> Vec<PathBuf> {
    let folder = project().join("target/packages");
    let ours =
        |path: &PathBuf| path.to_string_lossy().contains(&format!("portcullis_{}_", version()));
    let found =
        std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let packages: Vec<_> = found
        .filter(ours)
        .filter(|path| path.extension().is_some_and(|end| end == "deb"))
        .collect();
    assert!(
        !packages.is_empty(),
        "none in {}: run image/package x86_64-unknown-linux-musl",
        folder.display()
    );
    packages
}

fn printed(command: &mut Command) -> String {
    let done = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs it"));
    String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
}

#[test]
fn the_packages_version_is_the_programs() {
    let (upstream, revision) =
        version().rsplit_once('-').map(|(u, r)| (u.to_owned(), r.to_owned())).expect("two parts");
    assert_eq!(upstream, env!("CARGO_PKG_VERSION"));
    assert!(revision.parse::<u32>().is_ok(), "{revision}");
}

#[test]
fn lintian_finds_no_error() {
    for package in packages() {
        // As root it only warns that it is root.
        let said = printed(
            Command::new("lintian").args(["--fail-on", "error", "--allow-root"]).arg(&package),
        );
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("E: ")).collect();
        assert!(errors.is_empty(), "{}:\n{said}", package.display());
    }
}

#[test]
fn the_packages_hold_what_an_installation_needs() {
    for package in packages() {
        let listed = printed(Command::new("dpkg-deb").arg("--contents").arg(&package));
        let mode_of = |path: &str| {
            let line = listed.lines().find(|line| line.ends_with(&format!(" ./{path}")));
            line.unwrap_or_else(|| panic!("no {path} in {}:\n{listed}", package.display()))
                .split(' ')
                .next()
                .map(str::to_owned)
        };
        assert_eq!(mode_of("usr/bin/portcullis").as_deref(), Some("-rwxr-xr-x"));
        for file in [
            "usr/lib/systemd/system/portcullis.service",
            "usr/lib/systemd/system/portcullis.socket",
            "usr/lib/systemd/system-preset/50-portcullis.preset",
            "usr/lib/sysusers.d/portcullis.conf",
            "etc/portcullis/portcullis.toml",
            "usr/share/doc/portcullis/copyright",
            "usr/share/doc/portcullis/third-party-licences",
            "usr/share/doc/portcullis/changelog.Debian.gz",
            "usr/share/doc/portcullis/configuration.md",
            "usr/share/doc/portcullis/monitoring/alerts.yml",
            "usr/share/doc/portcullis/monitoring/dashboard.json",
            "usr/share/doc/portcullis/performance/requests.svg",
        ] {
            assert_eq!(mode_of(file).as_deref(), Some("-rw-r--r--"), "{file}");
        }
        // Root owns all of it.
        assert!(
            listed.lines().all(|line| line.contains(" 0/0 ") || line.contains(" root/root ")),
            "{listed}"
        );
        let settings =
            printed(Command::new("dpkg-deb").args(["--info"]).arg(&package).arg("conffiles"));
        assert_eq!(settings.trim(), "/etc/portcullis/portcullis.toml");
    }
}
