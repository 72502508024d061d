//! Ids of sessions that begin with a dash, on their way past what reads options.
//!
//! Guarantees: such an id reaches its verb as it was typed.

use std::convert::Infallible;

/// Stands before a session id that begins with a dash, which would be taken for options otherwise:
/// `-h…` would show the help, and a script would believe that the session has ended.
const MARK: &str = "id:";

/// Whether a word is a session's id (22 characters of base64url) that looks like options. No option
/// is as long.
pub fn is_one(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    word.len() == 22 && word.starts_with('-') && word.bytes().all(fits)
}

/// The word behind a mark, which is no option.
pub fn marked(id: &str) -> String {
    format!("{MARK}{id}")
}

/// The id as a command takes it: without the mark that [`marked`] gave it.
pub fn without_mark(id: &str) -> Result<String, Infallible> {
    Ok(id.strip_prefix(MARK).unwrap_or(id).to_owned())
}
