//! The certificate for the time before the clock is set. An authority that began on a wrong date
//! would be worth nothing afterwards, so until then the sites show this one, which says nothing but
//! "here is the card", and behind it the gate explains what it waits for.

use std::io;
use std::process::Command;
use std::time::Duration;

use nix::unistd::{User, chown};

use crate::durable::{self, Readers};
use crate::places::Places;
use crate::program;

/// Makes key and certificate for these names. The wrong clock is behind the true one, so it has
/// begun by any.
///
/// # Errors
/// openssl is missing or refuses, or a file cannot be written.
pub fn make(places: &Places, names: &[String]) -> io::Result<()> {
    let (certificate, key) = (places.waiting_certificate(), places.waiting_key());
    let settings = places.run_dir().join("waiting.cnf");
    let names: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let text = format!(
        "[req]\ndistinguished_name = subject\nx509_extensions = extensions\nprompt = no\n\
         [subject]\nCN = Portcullis before its clock is set\n\
         [extensions]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = {}\n",
        names.join(", ")
    );
    durable::replace(&settings, text.as_bytes(), Readers::Owner)?;
    // openssl would keep the mode of a file that is there.
    durable::replace(&key, b"", Readers::Owner)?;
    let mut command = Command::new(&places.openssl);
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-sha256",
    ]);
    command.args(["-days", "36500", "-config"]).arg(&settings);
    command.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let ended = program::run(&mut command, Duration::from_secs(60))?;
    if !ended.well {
        return Err(io::Error::other(format!("openssl: {}", ended.err.trim())));
    }
    if let Ok(Some(user)) = User::from_name(&places.caddy_user) {
        chown(&key, Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}
