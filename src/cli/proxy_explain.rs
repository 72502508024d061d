//! `proxy explain`: the request that it is about, from the command line.

use std::net::{IpAddr, SocketAddr};

use super::backend::ExplainRequest;
use super::exit::{Failure, USAGE};

/// The request that `proxy explain` is about.
///
/// # Errors
/// The peer is no address, a header has no colon or no name, or the path starts with no slash.
pub fn request(
    peer: &str,
    headers: &[String],
    method: String,
    path: String,
) -> Result<ExplainRequest, Failure> {
    let usage = |message: String| Failure::new(USAGE, message);
    let address =
        peer.parse::<IpAddr>().or_else(|_| peer.parse::<SocketAddr>().map(|socket| socket.ip()));
    let peer = match address {
        Ok(address) => Some(address.to_canonical()),
        Err(_) if peer == "unix" => None,
        Err(_) => {
            return Err(usage(format!(
                "--peer {peer:?} is no address; write 127.0.0.1, ::1 or unix"
            )));
        }
    };
    let headers =
        headers.iter().map(|line| header(line)).collect::<Result<_, _>>().map_err(usage)?;
    if !path.starts_with('/') || path.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return Err(usage(format!("--path {path:?} is no path such as /verify/caddy")));
    }
    Ok(ExplainRequest { peer, method, path, headers })
}

fn header(line: &str) -> Result<(String, String), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match line.split_once(':') {
        Some((name, value))
            if !name.is_empty()
                && name.bytes().all(token)
                && !value.bytes().any(|b| b.is_ascii_control()) =>
        {
            Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        }
        _ => Err(format!("--header {line:?} is no header; write 'X-Forwarded-Proto: https'")),
    }
}
