//! The unit files as systemd itself judges them, and the settings that come with them.

use std::path::PathBuf;
use std::process::Command;

use super::machine::project;
use crate::support::scratch::Scratch;

/// The worst score that `systemd-analyze security` may give: 0 is closed, 10 is open.
pub const WORST: f32 = 1.5;

/// The unit file as it is shipped.
fn unit(name: &str) -> String {
    std::fs::read_to_string(project().join("systemd").join(name)).expect("a unit file")
}

/// The score that `systemd-analyze security` printed.
pub fn exposure(printed: &str) -> f32 {
    let line =
        printed.lines().find(|line| line.contains("Overall exposure level")).expect("a summary");
    line.split_whitespace().find_map(|word| word.parse().ok()).expect("a score")
}

#[test]
fn the_service_is_exposed_no_more_than_promised() {
    let path = project().join("systemd/portcullis.service");
    let done = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--no-pager"])
        .arg(path)
        .output();
    let printed = String::from_utf8(done.expect("systemd-analyze").stdout).expect("text");
    let score = exposure(&printed);
    assert!(score <= WORST, "{score} is more than {WORST}:\n{printed}");
}

/// The units of any installation, with a program in place of ours: it need not be installed here
/// for them to be right.
fn plain_units() -> Vec<(String, String)> {
    let names = ["portcullis.service", "portcullis.socket"];
    names
        .map(|name| (name.to_owned(), unit(name).replace("/usr/bin/portcullis", "/bin/true")))
        .into()
}

/// Those that only the card has.
fn units_of_the_card() -> Vec<(String, String)> {
    let overlay = project().join("image/overlay");
    let mut files = vec![overlay.join("etc/systemd/system/emergency.service")];
    let folder =
        std::fs::read_dir(overlay.join("usr/lib/systemd/system")).expect("the card's units");
    files.extend(folder.map(|entry| entry.expect("an entry").path()));
    let of = |path: PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let text = std::fs::read_to_string(path).expect("a unit file");
        let text = text.replace("=/usr/bin/portcullis-appliance", "=/bin/true");
        (name, text.replace("=/usr/lib/appliance/", "=/bin/true "))
    };
    files.into_iter().map(of).collect()
}

/// What systemd says of these units; empty where all is well.
fn complaints(units: &[(String, String)]) -> String {
    let folder = Scratch::new("units");
    let paths: Vec<_> = units.iter().map(|(name, text)| folder.write(name, text)).collect();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--recursive-errors=yes"]).args(paths);
    let done = verify.output().expect("systemd-analyze");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    // The folder's name is in every line about one of ours.
    if done.status.success() && !said.contains("portcullis") {
        String::new()
    } else {
        format!("{}: {said}", done.status)
    }
}

/// The score alone would not notice most lines that go, and no test boots a machine for each of
/// them.
#[test]
fn no_line_of_the_units_goes_or_changes_unnoticed() {
    let promised =
        std::fs::read_to_string(project().join("tests/vectors/units")).expect("the promised lines");
    let in_force: String = ["portcullis.service", "portcullis.socket"]
        .iter()
        .flat_map(|name| {
            let lines: Vec<_> = unit(name).lines().map(str::to_owned).collect();
            let settings =
                lines.into_iter().filter(|line| !line.is_empty() && !line.starts_with('#'));
            std::iter::once(format!("== {name}"))
                .chain(settings)
                .map(|line| line + "\n")
                .collect::<Vec<_>>()
        })
        .collect();
    let missing = promised.lines().find(|line| !in_force.lines().any(|there| there == *line));
    assert_eq!(
        missing, None,
        "this line is promised in tests/vectors/units: a change of it is made in both"
    );
    assert_eq!(in_force, promised, "tests/vectors/units promises what the units say, line by line");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    assert_eq!(complaints(&plain_units()), "");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units_of_the_card() {
    let mut units = plain_units();
    units.extend(units_of_the_card());
    assert!(units.iter().any(|(name, _)| name == "appliance-render.service"));
    assert_eq!(complaints(&units), "");
    let slipped = units
        .iter()
        .map(|(name, text)| (name.clone(), text.replace("Type=oneshot", "Typ=oneshot")));
    assert!(complaints(&slipped.collect::<Vec<_>>()).contains("Typ"), "systemd does not look");
}

#[test]
fn each_group_of_settings_says_why() {
    for name in ["portcullis.service", "portcullis.socket"] {
        let text = unit(name);
        let (_, service) = text
            .split_once("\n[Service]\n")
            .or(text.split_once("\n[Socket]\n"))
            .expect("a section");
        let blocks = service.split("\n\n").skip(1).filter(|block| !block.starts_with('['));
        for block in blocks {
            assert!(block.starts_with("# "), "{name}: no reason before\n{block}");
        }
    }
}

#[test]
fn the_settings_that_are_shipped_are_good_as_they_are_and_with_every_example_in_force() {
    let shipped = unit("portcullis.toml");
    let example = |line: &str| {
        line.strip_prefix('#')
            .filter(|rest| rest.contains(" = ") && !rest.starts_with(' '))
            .map(str::to_owned)
    };
    let in_force: Vec<_> =
        shipped.lines().map(|line| example(line).unwrap_or_else(|| line.to_owned())).collect();
    assert!(in_force.len() > 10 && in_force.join("\n") != shipped.trim_end());
    let folder = Scratch::new("shipped");
    for (name, text) in [("shipped.toml", &shipped), ("in-force.toml", &in_force.join("\n"))] {
        let done = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["config", "check", "--config"])
            .arg(folder.write(name, text))
            .output()
            .expect("the built program runs");
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
