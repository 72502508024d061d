//! A state directory that is not as it was written, under the whole gate: it starts and its doors
//! are as closed as before, or it says what is wrong and how to go on, and that way works. Never an
//! open gate, never a panic again and again. The store's own tests go through every length and
//! block.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::dice::Dice;
use crate::support::http::Ask;
use crate::support::scratch::Scratch;
use crate::support::wait::{self, PATIENCE, rounds};

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let done =
        std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(done.success());
}

/// What the daemon makes of the state directory as it is now: six starts, as a supervisor would.
fn start(
    place: &Place,
) -> Result<(crate::support::process::Running, std::net::SocketAddr), String> {
    let mut said = String::new();
    for _ in 0..6 {
        let mut running = place.launch();
        let found = wait::until("a start or an end", PATIENCE, || {
            let address = crate::support::daemon::listening_address(&running.text());
            (address.is_some() || !running.is_running()).then_some(address)
        });
        match found {
            Some(address) => return Ok((running, address)),
            None => {
                running.ended(PATIENCE);
                wait::until("its last words", PATIENCE, || {
                    (!running.text().is_empty()).then_some(())
                });
                said = running.text();
            }
        }
    }
    Err(said)
}

/// `DAMAGE_ROUNDS` sets the number.
#[test]
fn a_damaged_state_directory_never_opens_the_gate_and_the_way_out_that_is_named_works() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let (token, ended) = (gate.log_in(&owner), gate.log_in(&gate.place.add_user("gone")));
    gate.place.json(&["session", "revoke", "--user", "gone"]);
    let beside = gate.place.state().with_file_name("passphrase");
    fs::write(&beside, "five unrelated words, or so").expect("ours");
    let backup = gate.place.state().with_file_name("gate.backup");
    let (passphrase, backup) = (beside.display().to_string(), backup.display().to_string());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&beside, mode).expect("ours");
    gate.place.json(&["backup", &backup, "--passphrase-file", &passphrase]);
    gate.stop();

    let whole = Scratch::new("whole");
    let (state, kept) = (gate.place.state(), whole.path().join("state"));
    copy(&state, &kept);
    let names: Vec<_> = files(&kept)
        .into_iter()
        .filter(|file| fs::metadata(file).is_ok_and(|meta| meta.len() > 0))
        .collect();
    let (mut dice, mut counts) = (Dice::new(7), [0; 3]);
    let rounds = rounds("DAMAGE_ROUNDS", 24) as usize;
    for round in 0..rounds {
        copy(&kept, &state);
        // Each file in turn, each way in turn.
        let file = &names[round % names.len()];
        let target = state.join(file.strip_prefix(&kept).expect("a file of it"));
        let mut bytes = fs::read(&target).expect("ours");
        let way = match round / names.len() % 3 {
            0 => {
                let bit = dice.below(bytes.len() as u64 * 8) as usize;
                bytes[bit / 8] ^= 1 << (bit % 8);
                format!("bit {bit}")
            }
            1 => {
                let cut = 1 + dice.below(4096.min(bytes.len() as u64)) as usize;
                bytes.truncate(bytes.len() - cut);
                format!("{cut} bytes less")
            }
            _ => {
                let block = dice.below(bytes.len() as u64 / 4096 + 1) as usize * 4096;
                bytes.iter_mut().skip(block).take(4096).for_each(|byte| *byte = 0);
                format!("zeros at {block}")
            }
        };
        fs::write(&target, bytes).expect("ours");
        let what = format!("round {round}: {way} in {}", target.display());
        match start(&gate.place) {
            Ok((running, address)) => {
                counts[0] += 1;
                let verify = |token: &str| {
                    let ask =
                        Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load();
                    ask.cookie("auth_token", token).send(address)
                };
                assert_eq!(verify("").status, 302, "{what}: a stranger");
                let forged = format!("{}x", token.trim_end_matches(char::is_alphanumeric));
                assert_eq!(verify(&forged).status, 302, "{what}: a forged session");
                assert_eq!(verify(&ended).status, 302, "{what}: a session that was ended");
                assert_eq!(
                    Ask::get("/setup").send(address).status,
                    403,
                    "{what}: nobody may begin anew"
                );
                let mine = verify(&token);
                assert!(matches!(mine.status, 204 | 302), "{what}: {mine:?}");
                if mine.status == 204 {
                    assert_eq!(mine.header("remote-user"), Some("owner"), "{what}");
                }
                drop(running);
            }
            Err(said) => {
                counts[1] += 1;
                assert!(
                    said.contains("restore")
                        || said.contains("init --again")
                        || said.contains("secret"),
                    "{what}: {said}"
                );
                if said.contains("init --again") {
                    counts[2] += 1;
                    begin_anew(&gate.place, &backup, &passphrase, &what);
                }
            }
        }
    }
    println!("{} started, {} refused with a way out", counts[0], counts[1]);
    // A flipped bit of the key alone does that.
    assert!(counts[2] > 0 || rounds < names.len(), "no round has tried the way out");
    copy(&kept, &state);
}

/// The way that a refusal names: the old store aside, the users from the backup.
fn begin_anew(place: &Place, backup: &str, passphrase: &str, what: &str) {
    let again = place.run(&["init", "--again"]);
    assert_eq!(again.status, 0, "{what}: {again:?}");
    let restored = place.run(&["restore", backup, "--passphrase-file", passphrase]);
    assert_eq!(restored.status, 0, "{what}: {restored:?}");
    assert_eq!(place.json(&["user", "list"]).as_array().map(Vec::len), Some(2), "{what}");
    drop(start(place).unwrap_or_else(|said| panic!("{what}: {said}")));
}
