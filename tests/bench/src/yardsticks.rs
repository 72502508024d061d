//! The servers that the gate is compared with, each answering 204 to everything.

use std::process::Command;

use crate::Fallible;
use crate::gate::SECRET;
use crate::machine::Machine;
use crate::process::{Server, free_address};
use crate::scratch::Scratch;

/// `may_minihttp`, which checks nothing.
pub fn may(machine: &Machine, dir: &Scratch) -> Fallible<Server> {
    let address = free_address()?;
    let mut command = machine.yardstick("bare_204");
    command.arg(address.to_string());
    Server::start(
        "may_minihttp",
        &command,
        &machine.server_core,
        address,
        &dir.path().join("may.log"),
    )
}

/// hyper with the gate's check (`own`), or with `jsonwebtoken::decode` (`decode`).
pub fn hyper(machine: &Machine, dir: &Scratch, how: &'static str, token: &str) -> Fallible<Server> {
    let address = free_address()?;
    let mut command = machine.yardstick("hyper_check");
    command.args([&address.to_string(), how]).env("JWT_SECRET", SECRET).env("SESSION_TOKEN", token);
    let name = if how == "own" {
        "hyper with the gate's check"
    } else {
        "hyper with jsonwebtoken::decode"
    };
    Server::start(
        name,
        &command,
        &machine.server_core,
        address,
        &dir.path().join(format!("hyper-{how}.log")),
    )
}

/// nginx with one worker: `return 204`.
pub fn nginx(machine: &Machine, dir: &Scratch) -> Fallible<Server> {
    let address = free_address()?;
    let inner = format!(
        "keepalive_requests 100000000;\nserver {{ listen {address} backlog=1024; location / {{ return 204; }} }}"
    );
    let place = dir.path().join("nginx");
    let text = format!(
        "events {{ worker_connections 1024; }}\nhttp {{\n{}{inner}\n}}\n",
        nginx_places(&place)
    );
    start_nginx(machine, &place, &text, "nginx `return 204`", address)
}

/// Caddy: `respond 204`.
pub fn caddy(machine: &Machine, dir: &Scratch) -> Fallible<Server> {
    let address = free_address()?;
    let text =
        format!("{{\n\tadmin off\n\tauto_https off\n}}\nhttp://{address} {{\n\trespond 204\n}}\n");
    start_caddy(machine, &dir.path().join("caddy"), &text, "Caddy `respond 204`", address)
}

/// What keeps nginx inside its folder, without a log of requests.
pub fn nginx_places(place: &std::path::Path) -> String {
    let place = place.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String =
        kinds.map(|kind| format!("{kind}_temp_path {place}/{kind};\n")).concat();
    format!("access_log off;\n{temporary}")
}

/// Starts nginx as one process, so that ending it leaves nothing behind.
pub fn start_nginx(
    machine: &Machine,
    place: &std::path::Path,
    text: &str,
    name: &'static str,
    address: std::net::SocketAddr,
) -> Fallible<Server> {
    std::fs::create_dir_all(place)?;
    let file = place.join("nginx.conf");
    std::fs::write(
        &file,
        format!("daemon off;\nmaster_process off;\npid {}/pid;\n{text}", place.display()),
    )?;
    let mut command: Command = machine.nginx();
    command.arg("-p").arg(place).arg("-c").arg(&file).args(["-e", "stderr"]);
    Server::start(name, &command, &machine.server_core, address, &place.join("log"))
}

pub fn start_caddy(
    machine: &Machine,
    place: &std::path::Path,
    text: &str,
    name: &'static str,
    address: std::net::SocketAddr,
) -> Fallible<Server> {
    std::fs::create_dir_all(place)?;
    let file = place.join("Caddyfile");
    std::fs::write(&file, text)?;
    let mut command = Command::new(&machine.caddy);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file).current_dir(place);
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, place);
    }
    Server::start(name, &command, &machine.server_core, address, &place.join("log"))
}
